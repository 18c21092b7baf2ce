"""A household's life on a recorded disk, with what was promised to whom at each moment."""

from __future__ import annotations

import copy
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tape import Kind, Record, Tape

from harness.device import Device
from harness.world import PASSWORD, USER
from household import Household, Ledger
from report import Setup

# How often each happens. Restart: the server is stopped as at a shutdown of the system, and
# started again. Restore: a backup is made and put in the collection's place.
DOING = {"sync": 6, "upload": 2, "download": 1, "media": 4, "restart": 1, "restore": 1}
# Every story begins so.
FIRST_DOING = ("large media", "upload", "sync")
LARGE_FILE = 300_000
# In one of so many stories, too: a note gets a text so long that SQLite's log is written back,
# which otherwise happens when the collection is closed.
LONG_EVERY = 4
LONG_TEXT = "long " * 900_000


@dataclass
class Request:
    """Something that a device or a person asks for, and how everything was before."""

    doing: str
    # The device's name; nobody's, when a person asks.
    device: str
    # What was confirmed until then, and what devices have deleted until then.
    ledger: Ledger
    # Folders with copies of the devices, and their logins, by name.
    devices: dict[str, Path]
    tokens: dict[str, str]
    # Devices that must download, because the collection was replaced.
    owed: frozenset[str]
    # What was confirmed when it was replaced for the last time: a backup must hold that.
    replaced: Ledger | None
    # No collection has been confirmed yet.
    is_new: bool
    # The tape's length at its end. Its answer is the last thing sent until then.
    end: int = 0
    # How many records of the tape there are when its answer is out.
    done: int = 0


@dataclass
class Story:
    """What happened."""

    records: list[Record]
    requests: list[Request]
    # How everything was in the end.
    last: Request

    def request_at(self, position: int) -> Request:
        """The one that is not confirmed yet when so many records have happened."""
        return next((asked for asked in self.requests if asked.done > position), self.last)

    def with_late_syncs(self) -> Story:
        """The same with a server that answers first, and then sees to it that it is true."""
        records: list[Record] = []
        late: list[Record] = []
        for record in self.records:
            if record.kind in (Kind.SYNC, Kind.SYNC_ALL):
                late.append(record)
                continue
            records.append(record)
            if record.kind == Kind.SENT:
                records, late = records + late, []
        places = {id(record): place for place, record in enumerate(records + late, 1)}
        requests = [copy.copy(asked) for asked in self.requests]
        for asked in requests:
            asked.done = places[id(self.records[asked.done - 1])]
        return Story(records + late, requests, self.last)


@dataclass
class _Telling:
    home: Household
    tape: Tape
    copies: Path
    requests: list[Request] = field(default_factory=list)
    devices: dict[str, Path] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    owed: frozenset[str] = frozenset()
    replaced: Ledger | None = None
    is_new: bool = True
    made: int = 0

    def keep(self, device: Device) -> None:
        """Remember the device as it is."""
        self.made += 1
        folder = self.copies / f"{self.made}-{device.name}"
        copy_device(device.folder, folder)
        self.devices[device.name] = folder

    def begin(self, doing: str, device: str = "") -> Request:
        """Remember how everything is before a request."""
        asked = Request(
            doing,
            device,
            copy.deepcopy(self.home.ledger),
            dict(self.devices),
            dict(self.tokens),
            self.owed,
            self.replaced,
            self.is_new,
        )
        self.requests.append(asked)
        return asked

    def end(self, asked: Request, replaced_by: str | None = None) -> None:
        """The request's answer has come; another collection may be in place since."""
        asked.end = self.tape.length()
        if replaced_by is not None:
            names = {device.name for device in self.home.devices}
            self.owed = frozenset(names - {replaced_by})
            self.replaced = None if self.is_new else asked.ledger
            self.is_new = False

    def ask(self, device: Device, doing: str) -> None:
        """A device's request, which must go well."""
        home = self.home
        self.keep(device)
        asked = self.begin(doing, device.name)
        if doing == "login":
            url = home.server.url
            self.tokens[device.name] = device.login(url=url, user=USER, password=PASSWORD)
        elif doing == "media":
            home.sync_media(device)
        elif doing == "upload":
            home.sync(device, "upload")
        else:
            home.sync(device, "download" if device.name in self.owed else None)
            self.owed -= {device.name}
        self.end(asked, device.name if doing == "upload" else None)
        self.keep(device)

    def download(self, device: Device) -> None:
        """A download that nobody asked for."""
        self.keep(device)
        asked = self.begin("download", device.name)
        device.call("full", one_way="download")
        self.home.ledger.confirm(device)
        self.end(asked)
        self.keep(device)

    def restart(self) -> None:
        """Stop and start the server."""
        asked = self.begin("restart")
        self.home.server.stop()
        self.end(asked)
        self.home.server.start()

    def restore(self) -> None:
        """A person makes a backup and restores it, which makes everybody download."""
        server = self.home.server
        server.stop()
        asked = self.begin("restore")
        folder = server.collection(USER).parent / "backups"
        before = set(folder.glob("*.anki2"))
        server.manage("backup", "create")
        (made,) = set(folder.glob("*.anki2")) - before
        server.manage("backup", "restore", made.stem)
        self.end(asked, "")
        server.start()


def tell(
    setup: Setup, root: Path, library: Path, seed: int, steps: int, links: bool = True
) -> Story:
    """Live through some events, `steps` of them drawn by lot, with a recorder under the server.
    Without `links` its disk has no hard links.
    """
    chance = random.Random(seed)
    tape = Tape(library, root / "data", root / "tape", links)
    home = Household(setup.faulty or setup.binary, setup.anki, root, None)
    home.server.variables |= tape.variables
    telling = _Telling(home, tape, root / "copies")
    try:
        _move_in(telling)
        doing = DOING | ({"long": 2} if seed % LONG_EVERY == LONG_EVERY - 1 else {})
        drawn = chance.choices(list(doing), list(doing.values()), k=steps)
        for event in (*FIRST_DOING, *drawn):
            _step(telling, event, chance)
        for device in home.devices:
            telling.ask(device, "sync")
        home.check_equal()
        home.server.stop()
        last = telling.begin("nothing")
        telling.requests.pop()
        return _finished(telling, last)
    finally:
        home.close()


def _move_in(telling: _Telling) -> None:
    """As `Household.move_in`, one thing after the other."""
    home = telling.home
    first, *others = home.devices
    for _ in range(5):
        home.add_note(first)
    for device in home.devices:
        telling.keep(device)
    asked = telling.begin("account")
    home.server.add_account(USER, PASSWORD)
    telling.end(asked)
    home.server.start()
    for device in home.devices:
        telling.ask(device, "login")
    telling.ask(first, "upload")
    for device in others:
        telling.ask(device, "sync")


def _step(telling: _Telling, doing: str, chance: random.Random) -> None:
    home = telling.home
    device, *others = chance.sample(home.devices, len(home.devices))
    match doing:
        case "restart":
            telling.restart()
        case "restore":
            telling.restore()
            for one in home.devices:
                telling.ask(one, "sync")
        case "media" | "large media":
            home.edit_media(device, chance, LARGE_FILE if doing == "large media" else 0)
            for one in (device, *others):
                telling.ask(one, "media")
        case "download":
            telling.download(device)
        case "upload":
            # Else the upload would take back what the others have confirmed since: its right.
            telling.ask(device, "sync")
            device.force_one_way()
            home.edit(device, chance, chance.randrange(1, 7))
            for one in (device, *others):
                telling.ask(one, "upload" if one is device else "sync")
        case "long":
            for text in (LONG_TEXT, "short again"):
                telling.ask(device, "sync")
                (guid,) = device.query("select guid from notes order by id limit 1")[0]
                device.edit_note(guid=guid, first=text)
                telling.ask(device, "sync")
        case "sync":
            home.edit(device, chance, chance.choice([1, 2, 4, 60]))
            # Not always all of them: some devices stay behind for a while.
            for one in (device, *others[: chance.randrange(3)]):
                telling.ask(one, "sync")


def _finished(telling: _Telling, last: Request) -> Story:
    records = telling.tape.records()
    for asked in telling.requests:
        asked.done = max(
            number
            for number, record in enumerate(records, 1)
            if record.end <= asked.end and (record.kind == Kind.SENT or asked.doing == "restart")
        )
    return Story(records, telling.requests, last)


def copy_device(source: Path, target: Path) -> None:
    """Copy a device's folder; times count, since Anki knows changed media by them."""
    unneeded = shutil.ignore_patterns("*.log", "*-shm", "backups", ".*")
    shutil.copytree(source, target, ignore=unneeded)
