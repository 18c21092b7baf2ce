"""A model of a disk that loses power: from what a server did (`tape.py`) to what is left of it.

What the model promises is what POSIX promises, and little more:

* The content, size and time of a file are safe once an fsync or fdatasync of it began after the
  change. Until then every page of 4096 bytes may have any of the contents that it had since, or a
  mixture of two of them, in sectors of 512 bytes. The size (with the time) has any of its values
  since; where a file grew and a page of it did not arrive, there are zeros. So whole writes are
  lost, torn, or arrive in another order.
* A name (made, renamed, linked, removed) is safe once an fsync of its folder began after that. An
  fsync of the file itself does *not* save its name, although ext4 and f2fs do that. Until then
  each change of a name has happened or not, in any combination, except that changes of the same
  name stay in order, a rename is one change, safe with either of its two folders, and a folder
  goes only when it is empty. That is less than what file systems with a journal promise, where
  names change in order; in some of the cuts they do here, too.
* A folder that was lost is lost with all that is in it, synced or not.

Files that are used through mapped memory (SQLite's `-shm`) are not on the tape; after a power cut
such a file holds nonsense, which SQLite must not believe.
"""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tape import Kind, Record

PAGE = 4096
SECTOR = 512
MAPPED = "-shm"
ROOT = 0


@dataclass
class File:
    """A file's content as it is, and as it safely is on the disk with what was done since."""

    content: bytearray = field(default_factory=bytearray)
    time: int = 0
    safe: bytes = b""
    safe_time: int = 0
    since: list[Record] = field(default_factory=list)

    def do(self, record: Record) -> None:
        """Carry out a write or a change of the size."""
        _apply(self.content, record)
        self.time = record.time
        self.since.append(record)

    def sync(self) -> None:
        """Everything is safe."""
        if self.since:
            self.safe, self.safe_time = bytes(self.content), self.time
            self.since = []


@dataclass(frozen=True)
class Change:
    """Names that change together: (folder, name, what it names then)."""

    names: tuple[tuple[int, str, int | None], ...]
    # A folder that goes: everything else that happened in it comes first.
    empties: int | None = None


@dataclass(frozen=True)
class Mood:
    """How much of what is not safe survives a power cut."""

    name: str
    # How likely an unsafe change of a name has happened.
    names: float
    # Names survive in order: all up to some moment.
    in_order: bool
    # How likely a page is the newest, or the safe one; otherwise any between.
    newest: float
    oldest: float
    # Likewise the size. `None`: drawn like a page.
    size: float | None = None


MOODS = (
    Mood("only what is safe", 0.0, False, 0.0, 1.0),
    Mood("names without contents", 1.0, False, 0.0, 1.0),
    Mood("names and sizes without contents", 1.0, False, 0.0, 1.0, 1.0),
    Mood("contents without names", 0.0, False, 1.0, 0.0),
    Mood("names in order", 0.5, True, 0.3, 0.3),
    Mood("half of everything", 0.5, False, 0.3, 0.3),
    Mood("most of everything", 0.9, False, 0.8, 0.1),
    Mood("little of everything", 0.1, False, 0.1, 0.8),
)


class Disk:
    """The folder that was recorded, empty at first."""

    def __init__(self) -> None:
        # Which fsyncs do nothing, by the path and whether it is a folder.
        self.ignores: Callable[[str, bool], bool] | None = None
        self.files: dict[int, File] = {}
        # Folders by number: numbers of files and folders by name. As they are, and safely.
        self.folders: dict[int, dict[str, int]] = {ROOT: {}}
        self.safe: dict[int, dict[str, int]] = {ROOT: {}}
        self.since: list[Change] = []
        # Our numbers of the system's, which it gives away again.
        self.numbers: dict[int, int] = {}
        self.next = ROOT + 1

    @classmethod
    def of(cls, root: Path) -> Disk:
        """A disk that holds a folder that is there already, safely."""
        disk = cls()
        for path in sorted(root.rglob("*")):
            kind = Kind.MADE if path.is_file() else Kind.FOLDER
            name, found = path.relative_to(root).as_posix(), path.stat()
            if found.st_ino in disk.numbers and path.is_file():
                folder, last = disk._place(name)
                disk.folders[folder][last] = disk.numbers[found.st_ino]
                continue
            disk._make(Record(kind, name, "", b"", found.st_ino, 0, found.st_mtime_ns, 0))
            if path.is_file():
                data = path.read_bytes()
                disk.do(Record(Kind.WRITE, "", "", data, found.st_ino, 0, found.st_mtime_ns, 0))
        disk.make_safe()
        return disk

    def do(self, record: Record) -> None:
        """Carry out an operation."""
        match record.kind:
            case Kind.MADE | Kind.FOLDER:
                self._make(record)
            case Kind.WRITE | Kind.SIZE:
                self.files[self.numbers[record.file]].do(record)
            case Kind.RENAME:
                old, new = self._place(record.path), self._place(record.other)
                number = self.folders[old[0]][old[1]]
                if self.folders[new[0]].get(new[1]) != number:
                    self._change(Change(((*old, None), (*new, number))))
            case Kind.LINK:
                folder, name = self._place(record.path)
                self._change(Change(((*self._place(record.other), self.folders[folder][name]),)))
            case Kind.REMOVE:
                self._change(Change(((*self._place(record.path), None),)))
            case Kind.REMOVE_FOLDER:
                folder, name = self._place(record.path)
                self._change(Change(((folder, name, None),), self.folders[folder][name]))
            case Kind.SYNC:
                self._sync(self.numbers.get(record.file, ROOT))
            case Kind.SYNC_ALL:
                for number in list(self.files) + list(self.folders):
                    self._sync(number)
            case Kind.SENT:
                pass

    def _make(self, record: Record) -> None:
        number, self.next = self.next, self.next + 1
        self.numbers[record.file] = number
        if record.kind == Kind.MADE:
            self.files[number] = File(time=record.time, safe_time=record.time)
        else:
            self.folders[number], self.safe[number] = {}, {}
        self._change(Change(((*self._place(record.path), number),)))

    def _place(self, path: str) -> tuple[int, str]:
        *above, name = PurePosixPath(path).parts
        folder = ROOT
        for part in above:
            folder = self.folders[folder][part]
        return folder, name

    def _change(self, change: Change) -> None:
        _rename(self.folders, change)
        self.since.append(change)

    def _sync(self, number: int) -> None:
        if self._is_ignored(number):
            return
        if number in self.files:
            self.files[number].sync()
        else:
            self._sync_folder(number)

    def _is_ignored(self, number: int) -> bool:
        if self.ignores is None:
            return False
        paths = [path for path, found in _walk(self.folders, ROOT, "") if found == number]
        return any(self.ignores(path, number in self.folders) for path in paths or [""])

    def make_safe(self) -> None:
        """As if everything had been synced, also on a disk that ignores it."""
        for file in self.files.values():
            file.sync()
        self.safe = {number: dict(names) for number, names in self.folders.items()}
        self.since = []

    def _sync_folder(self, folder: int) -> None:
        """Changes in the folder are safe, and with them what they build on."""
        needed: set[tuple[int, str]] = set()
        folders = {folder}
        kept: list[Change] = []
        chosen: list[Change] = []
        for change in reversed(self.since):
            places = _places(change)
            if needed & places or any(place[0] in folders for place in places):
                needed |= places
                # A folder that goes is empty by then.
                folders |= {change.empties} - {None}
                chosen.append(change)
            else:
                kept.append(change)
        for change in reversed(chosen):
            _rename(self.safe, change)
        self.since = kept[::-1]

    # What is there

    def tree(self) -> dict[str, bytes | None]:
        """Everything as it is now: contents of files by path, nothing for folders."""
        return {path: self._now(number) for path, number in _walk(self.folders, ROOT, "")}

    def _now(self, number: int) -> bytes | None:
        return bytes(self.files[number].content) if number in self.files else None

    def lose_power(self, mood: Mood, chance: random.Random, to: Path) -> str:
        """Make what may be left in the empty folder `to`; what is equal has equal results."""
        folders = {number: dict(names) for number, names in self.safe.items()}
        for change in _surviving(self.since, mood, chance):
            _rename(folders, change)
        made: dict[int, Path] = {}
        seen = hashlib.sha1()
        for path, number in sorted(_walk(folders, ROOT, "")):
            place = to / path
            seen.update(path.encode())
            if number in self.folders:
                place.mkdir()
            elif number in made:
                os.link(made[number], place)
            else:
                content, time = _left(self.files[number], mood, chance)
                if path.endswith(MAPPED):
                    content = chance.randbytes(len(content) or PAGE)
                else:
                    seen.update(hashlib.sha1(content).digest())
                place.write_bytes(content)
                os.utime(place, ns=(time, time))
                made[number] = place
        return seen.hexdigest()


def _places(change: Change) -> set[tuple[int, str]]:
    return {(folder, name) for folder, name, _ in change.names}


def _rename(folders: dict[int, dict[str, int]], change: Change) -> None:
    for folder, name, number in change.names:
        if number is None:
            folders[folder].pop(name, None)
        else:
            folders[folder][name] = number


def _walk(folders: dict[int, dict[str, int]], folder: int, above: str) -> Iterator[tuple[str, int]]:
    for name, number in folders[folder].items():
        yield f"{above}{name}", number
        if number in folders:
            yield from _walk(folders, number, f"{above}{name}/")


def _surviving(changes: list[Change], mood: Mood, chance: random.Random) -> Iterator[Change]:
    """Which changes of names have happened."""
    if mood.in_order:
        yield from changes[: chance.randint(0, len(changes))]
        return
    lost: set[tuple[int, str]] = set()
    for change in changes:
        places = _places(change)
        must_wait = change.empties is not None and any(at == change.empties for at, _ in lost)
        if places & lost or must_wait or chance.random() >= mood.names:
            lost |= places
        else:
            yield change


def _left(file: File, mood: Mood, chance: random.Random) -> tuple[bytes, int]:
    """What the disk holds of a file, and its time."""
    since = file.since
    if not since:
        return file.safe, file.safe_time
    moment = _version(0, len(since), mood, chance, mood.size)
    size = _sizes(file)[moment]
    time = since[moment - 1].time if moment else file.safe_time
    bounds = _bounds(file, moment)
    # All versions of the file would be many; only those that some page takes are made.
    wanted: dict[int, list[tuple[int, int]]] = {}
    for page in range(-(-size // PAGE)):
        first, last = bounds(page)
        start = page * PAGE
        version = _version(first, last, mood, chance)
        wanted.setdefault(version, []).append((start, start + PAGE))
        if first < last and 0 < mood.newest < 1 and chance.random() < 0.3:
            other = chance.randint(first, last)
            sectors = [at for at in range(start, start + PAGE, SECTOR) if chance.random() < 0.5]
            wanted.setdefault(other, []).extend((at, at + SECTOR) for at in sectors)
    result = bytearray(size)
    content = bytearray(file.safe)
    # Torn pages mix two versions; which of them was written last does not matter.
    for version in range(len(since) + 1):
        if version:
            _apply(content, since[version - 1])
        for start, end in wanted.get(version, ()):
            part = content[start : min(end, size)]
            result[start : start + len(part)] = part
    return bytes(result), time


def _sizes(file: File) -> list[int]:
    """The file's size after each operation, the safe one first."""
    sizes = [len(file.safe)]
    for record in file.since:
        end = record.at + len(record.data)
        sizes.append(record.at if record.kind == Kind.SIZE else max(sizes[-1], end))
    return sizes


def _bounds(file: File, moment: int) -> Callable[[int], tuple[int, int]]:
    """For each page: the oldest and newest version it may have if the size is that of `moment`.

    A page that was cut off comes back as zeros, never with what was there before; and what was
    written after a cut that did not reach the disk did not, either.
    """
    cuts: list[tuple[int, int]] = []
    before = len(file.safe)
    for number, (record, after) in enumerate(zip(file.since, _sizes(file)[1:], strict=True), 1):
        if record.kind == Kind.SIZE and after < before:
            cuts.append((number, after))
        before = after

    def bounds(page: int) -> tuple[int, int]:
        end = (page + 1) * PAGE
        first = max((number for number, cut in cuts if number <= moment and cut < end), default=0)
        late = (number - 1 for number, cut in cuts if number > moment and cut < end)
        return first, min(late, default=len(file.since))

    return bounds


def _version(
    first: int, last: int, mood: Mood, chance: random.Random, newest: float | None = None
) -> int:
    newest_share = mood.newest if newest is None else newest
    drawn = chance.random()
    if first == last or drawn < newest_share:
        return last
    if newest is not None or drawn < newest_share + mood.oldest:
        return first
    return chance.randint(first, last)


def _apply(content: bytearray, record: Record) -> None:
    if record.kind == Kind.SIZE:
        if record.at < len(content):
            del content[record.at :]
        else:
            content.extend(bytes(record.at - len(content)))
        return
    if record.at > len(content):
        content.extend(bytes(record.at - len(content)))
    content[record.at : record.at + len(record.data)] = record.data
