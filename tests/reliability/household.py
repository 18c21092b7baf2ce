"""A server that suffers, its devices, and a ledger of everything that it has confirmed."""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from disturbance import Disturbance
from harness import dump
from harness.device import ClientError, Device
from harness.media import many
from harness.raw import Raw
from harness.raw_media import RawMedia
from harness.server import Deckport
from harness.world import PASSWORD, USER, complaints

# What may lie in an account's folder when no request is under way, with the files of a database
# after each name of one.
EXPECTED = {
    name + suffix for name in ("collection.anki2", "media.db") for suffix in ("", "-wal", "-shm")
} | {"backups", "media", "collection.anki2.settings"}


class WrongError(Exception):
    """A promise was broken; the message says which."""


@dataclass
class Ledger:
    """What finished syncs confirmed."""

    reviews: set[int] = field(default_factory=set)
    # Notes and their modification times; a later sync may have brought a later one.
    notes: dict[str, int] = field(default_factory=dict)
    # Deleted by a device: whether the server knows is not certain.
    deleted: set[str] = field(default_factory=set)
    # SHA-1 of media files by name; those a device has changed since are in `deleted`.
    media: dict[str, str] = field(default_factory=dict)
    syncs: int = 0

    def confirm(self, device: Device) -> None:
        """A sync of the device has ended well: everything it holds is confirmed."""
        self.syncs += 1
        self.reviews.update(number for (number,) in device.query("select id from revlog"))
        for guid, modified in device.query("select guid, mod from notes"):
            self.notes[guid] = max(modified, self.notes.get(guid, 0))

    def confirm_media(self, device: Device) -> None:
        """A media sync of the device has ended well."""
        self.syncs += 1
        self.media = device.media.files()
        self.deleted -= {name for name in self.deleted if name.endswith(".bin")}

    def missing_media(self, listed: dict[str, str]) -> list[str]:
        """What is confirmed and not listed by the server."""
        return [
            f"file {name}"
            for name, sha1 in self.media.items()
            if name not in self.deleted and listed.get(name) != sha1
        ]

    def missing(self, copy: dump.Raw) -> list[str]:
        """What is confirmed and not in a copy."""
        lost = [f"review {number}" for number in self.reviews - {row[0] for row in copy["revlog"]}]
        found = {row[1]: row[3] for row in copy["notes"]}
        for guid, modified in self.notes.items():
            if guid in self.deleted:
                continue
            if guid not in found:
                lost.append(f"note {guid}")
            elif found[guid] < modified:
                lost.append(f"an edit of note {guid}")
        return lost


class Household:
    """One account with three devices; every edit gets a time of its own, in the past."""

    def __init__(self, binary: Path, anki: Path, root: Path, library: Path | None) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.server = Deckport(binary, root / "data", root / "server.log")
        self.disk: Disturbance | None = None
        if library is not None:
            self.disk = Disturbance(library, root / "data", root / "control")
            self.server.variables |= self.disk.variables
        self.ledger = Ledger()
        self.made = 0
        self.now = int(time.time()) - 1_000_000
        self.token = ""
        self.devices = [Device(anki, root / name, name, self.tick) for name in "abc"]

    def move_in(self) -> None:
        """Make the account, and let all devices have the same."""
        self.server.add_account(USER, PASSWORD)
        self.server.start()
        for device in self.devices:
            self.token = device.login(url=self.server.url, user=USER, password=PASSWORD)
        first = self.devices[0]
        for _ in range(5):
            self.add_note(first)
        first.call("full", one_way="upload")
        self.ledger.confirm(first)
        for device in self.devices[1:]:
            device.call("full", one_way="download")

    def tick(self) -> int:
        """The time of the next edit."""
        self.now += 2
        return self.now

    def add_note(self, device: Device) -> None:
        """A note with one card."""
        self.made += 1
        deck = f"Deck {self.made % 7}"
        device.add_note(guid=f"n{self.made}", fields=[f"front {self.made}", "back"], deck=deck)

    def edit(self, device: Device, chance: random.Random, count: int) -> None:
        """Some changes of all kinds, reviews most of all."""
        guids = [guid for (guid,) in device.query("select guid from notes order by id")]
        for _ in range(count):
            guid = chance.choice(guids)
            what = chance.random()
            if what < 0.5:
                device.answer(guid=guid, ease=chance.choice([1, 3, 4]))
            elif what < 0.7:
                device.edit_note(guid=guid, first=f"text {self.now}")
            elif what < 0.85:
                self.add_note(device)
            elif what < 0.9 and len(guids) > 10:
                guids.remove(guid)
                self.ledger.deleted.add(guid)
                device.delete_note(guid=guid)
            elif what < 0.95:
                device.edit_deck(name="Deck 1", desc=f"text {self.now}")
            else:
                device.edit_preset(name="Default", new__perDay=chance.randrange(1, 999))

    def edit_media(self, device: Device, chance: random.Random, size: int = 0) -> None:
        """Files more, of this size in bytes or any, and now and then one less or another one."""
        self.made += 1
        size = size or chance.choice([10, 2_000, 300_000])
        known = sorted(device.media.files())
        device.media.write_all(many(chance.randrange(1, 8), size, prefix=f"m{self.made}-"))
        if known and chance.random() < 0.4:
            name = chance.choice(known)
            self.ledger.deleted.add(name)
            if chance.random() < 0.5:
                device.media.remove(name)
            else:
                device.media.write(name, f"replaced {self.made}")

    def sync_media(self, device: Device) -> None:
        """A media sync that must go well."""
        try:
            device.sync_media()
        except ClientError as error:
            raise WrongError(f"{device.name} cannot sync its media: {error}") from error
        self.ledger.confirm_media(device)

    def check_media(self, devices: list[Device]) -> None:
        """Everything confirmed is listed; these devices have exactly what the server lists."""
        raw = Raw(self.server.url, self.token)
        media = RawMedia(raw)
        media.begin()
        listed = media.listed()
        media.close()
        lost = self.ledger.missing_media(listed)
        if lost:
            raise WrongError(f"confirmed and lost: {', '.join(lost[:10])}")
        for device in devices:
            files = device.media.files()
            if files != listed:
                differ = sorted({name for name, _ in files.items() ^ listed.items()})
                raise WrongError(f"media of {device.name} differ: {', '.join(differ[:8])}")

    def sync(self, device: Device, one_way: str | None = None) -> str:
        """A sync that must go well; without `one_way` it must be a merge."""
        try:
            required = str(device.call("sync", one_way=one_way)["required"])
        except ClientError as error:
            raise WrongError(f"{device.name} cannot sync: {error}") from error
        if one_way is None and required != "NO_CHANGES":
            raise WrongError(f"{device.name} is asked for a one-way sync: {required}")
        self.ledger.confirm(device)
        return required

    def stored(self) -> dump.Raw:
        """The rows of the server's file."""
        try:
            return dump.read_file(self.server.collection(USER))
        except (OSError, sqlite3.Error) as error:
            raise WrongError(f"the server's collection cannot be read: {error}") from error

    def is_between(self) -> bool:
        """Whether the collection is on its way to the backups, or back: the next start tells."""
        path = self.server.collection(USER)
        return not path.exists() and any((path.parent / "backups").glob("*.kept"))

    def check_ledger(self) -> None:
        """Everything confirmed is in the server's file, whatever has happened."""
        lost = self.ledger.missing(self.stored())
        if lost:
            raise WrongError(f"confirmed and lost: {', '.join(lost[:10])}")

    def check_leftovers(self) -> None:
        """No file of an interrupted request is left, and not more backups than promised."""
        folder = self.server.collection(USER).parent
        left = [path.name for path in folder.iterdir() if path.name not in EXPECTED]
        backups = folder / "backups"
        kept = list(backups.iterdir()) if backups.is_dir() else []
        left += [path.name for path in kept if path.suffix in (".tmp", ".part", ".kept")]
        left += [path.name for path in self.server.data.iterdir() if path.name.endswith(".probe")]
        if left:
            raise WrongError(f"left behind: {', '.join(left)}")

    def check_equal(self) -> None:
        """All devices and the server's file hold the same, and nothing waits to be synced."""
        stored = self.stored()
        server = dump.exact(stored)
        for device in self.devices:
            copy = device.dump()
            places = dump.differing(server, dump.exact(copy)) + list(dump.pending(copy))
            if places:
                raise WrongError(f"{device.name} differs: {', '.join(places[:8])}")

    def check_database(self) -> None:
        """Check Database finds nothing in the server's file and on the devices."""
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            copy = dump.copy_collection(self.server.collection(USER), Path(folder))
            told = complaints(self.devices[0].check_file(path=str(copy)))
        for device in self.devices:
            told += complaints(device.fix_integrity())
        if told:
            raise WrongError(f"Check Database: {'; '.join(told)}")

    def close(self) -> None:
        """End every process."""
        for device in self.devices:
            device.kill()
        if self.server.is_running():
            self.server.kill()
        if self.disk is not None:
            self.disk.close()
