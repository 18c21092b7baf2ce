"""A household's life on a recorded disk, with what everybody knew and was promised at each moment."""

from __future__ import annotations

import copy
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from harness.device import Device
from household import Household, Ledger
from report import Setup
from tape import Kind, Record, Tape

DOING = {"sync": 5, "upload": 2, "download": 1, "media": 3, "restart": 1}


@dataclass
class Request:
    """Something that a device asks for, and how everything was before it asked."""

    doing: str
    # Nobody's, when the server is stopped and started.
    device: str
    # What was confirmed until then, and what devices have deleted until then.
    ledger: Ledger
    # Folders with copies of the devices, by name.
    devices: dict[str, Path]
    # Devices that must download, because another one has uploaded.
    owed: frozenset[str]
    # What was confirmed when the last upload before it came: a backup must hold that.
    replaced: Ledger | None
    # The tape's length at its end. Its answer is the last thing sent until then.
    end: int = 0
    # How many records of the tape lie before its confirmation.
    done: int = 0


@dataclass
class Story:
    """What happened."""

    records: list[Record]
    # Before it lie the first steps, in which nobody has a copy to go on with.
    begin: int
    requests: list[Request]
    # How everything was in the end.
    last: Request
    token: str

    def request_at(self, position: int) -> Request:
        """The one that is not confirmed yet when so many records have happened."""
        return next((asked for asked in self.requests if asked.done > position), self.last)


@dataclass
class _Telling:
    home: Household
    tape: Tape
    copies: Path
    requests: list[Request] = field(default_factory=list)
    devices: dict[str, Path] = field(default_factory=dict)
    owed: frozenset[str] = frozenset()
    replaced: Ledger | None = None
    made: int = 0

    def keep(self, device: Device) -> None:
        """Remember the device as it is."""
        self.made += 1
        folder = self.copies / f"{self.made}-{device.name}"
        copy_device(device.folder, folder)
        self.devices[device.name] = folder

    def now(self, doing: str, device: str) -> Request:
        """Everything as it is."""
        ledger = copy.deepcopy(self.home.ledger)
        return Request(doing, device, ledger, dict(self.devices), self.owed, self.replaced)

    def ask(self, device: Device, doing: str) -> None:
        """A request that must go well."""
        self.keep(device)
        asked = self.now(doing, device.name)
        self.requests.append(asked)
        home = self.home
        if doing == "media":
            home.sync_media(device)
        elif doing == "download":
            device.call("full", one_way="download")
            home.ledger.confirm(device)
        elif doing == "upload":
            home.sync(device, "upload")
            self.owed = frozenset(one.name for one in home.devices if one is not device)
            self.replaced = asked.ledger
        else:
            home.sync(device, "download" if device.name in self.owed else None)
            self.owed -= {device.name}
        asked.end = self.tape.length()
        self.keep(device)

    def restart(self) -> None:
        """The server is stopped as at a shutdown of the system, and started again."""
        asked = self.now("restart", "")
        self.requests.append(asked)
        self.home.server.stop()
        asked.end = self.tape.length()
        self.home.server.start()


def tell(setup: Setup, root: Path, library: Path, seed: int, steps: int) -> Story:
    """Live through `steps` events, decided by the seed, with a recorder under the server."""
    chance = random.Random(seed)
    tape = Tape(library, root / "data", root / "tape")
    home = Household(setup.faulty or setup.binary, setup.anki, root, None)
    home.server.variables |= tape.variables
    telling = _Telling(home, tape, root / "copies")
    try:
        home.move_in()
        begin = tape.length()
        for device in home.devices:
            telling.keep(device)
        for _ in range(steps):
            _step(telling, chance)
        home.check_equal()
        home.server.stop()
        last = telling.now("nothing", "")
        return _finished(telling, begin, last)
    finally:
        home.close()


def _step(telling: _Telling, chance: random.Random) -> None:
    home = telling.home
    doing = chance.choices(list(DOING), list(DOING.values()))[0]
    device, *others = chance.sample(home.devices, len(home.devices))
    if doing == "restart":
        telling.restart()
        return
    if doing == "media":
        home.edit_media(device, chance)
        for one in (device, *others):
            telling.ask(one, "media")
        return
    if doing == "upload":
        # Else the upload would take back what the others have confirmed since: its right.
        telling.ask(device, "sync")
        device.force_one_way()
    if doing != "download":
        home.edit(device, chance, chance.randrange(1, 7))
    telling.ask(device, doing)
    for other in others:
        telling.ask(other, "sync")


def _finished(telling: _Telling, begin: int, last: Request) -> Story:
    records = telling.tape.records()
    for asked in telling.requests:
        asked.done = max(
            number
            for number, record in enumerate(records, 1)
            if record.end <= asked.end and (record.kind == Kind.SENT or asked.doing == "restart")
        )
    first = sum(record.end <= begin for record in records)
    return Story(records, first, telling.requests, last, telling.home.token)


def copy_device(source: Path, target: Path) -> None:
    """Copy a device's folder; times count, since Anki knows changed media by them."""
    unneeded = shutil.ignore_patterns("*.log", "*-shm", "backups", ".*")
    shutil.copytree(source, target, ignore=unneeded)
