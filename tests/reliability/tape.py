"""What a server did to the files of its folder, in order: builds `recorder.c`, reads its tape."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).parent / "recorder.c"
HEAD = struct.Struct("=IIIIQqq")


class Kind(IntEnum):
    """What happened. `path`, `other` and so on: the record's fields that belong to it."""

    MADE = 1  # a new, empty file: path, file
    WRITE = 2  # file, at, data, time
    SIZE = 3  # a file got another size: file, at, time
    RENAME = 4  # path, other
    LINK = 5  # path, other
    REMOVE = 6  # path
    FOLDER = 7  # a new folder: path, file
    REMOVE_FOLDER = 8  # path
    SYNC = 9  # of a file or a folder: file
    SYNC_ALL = 10
    SENT = 11  # the server sent something to somebody


@dataclass(frozen=True)
class Record:
    """One operation."""

    kind: Kind
    path: str
    other: str
    data: bytes
    # The inode's number, which the system may give to another file once this one is gone.
    file: int
    at: int
    # Of the file's last change, nanoseconds.
    time: int
    # Where the record ends on the tape.
    end: int


def build(folder: Path) -> Path:
    """Compile the recorder; needs a C compiler and Linux."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("these tests need a C compiler (cc on the PATH)")
    library = folder / "recorder.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library


class Tape:
    """The recording of one data folder."""

    def __init__(self, library: Path, root: Path, file: Path, links: bool = True) -> None:
        """Without `links`, hard links are refused."""
        root.mkdir(parents=True, exist_ok=True)
        self.root = root.resolve()
        self.file = file
        file.write_bytes(b"")
        # A server that gets these variables is recorded.
        self.variables = {
            "LD_PRELOAD": str(library),
            "TAPE_FILE": str(file),
            "TAPE_ROOT": str(root),
        }
        if not links:
            self.variables["TAPE_NO_LINKS"] = "1"

    def length(self) -> int:
        """Bytes so far."""
        return self.file.stat().st_size

    def records(self) -> list[Record]:
        """Everything so far; paths are relative to the folder."""
        return list(_records(self.file.read_bytes(), f"{self.root}/"))


def _records(tape: bytes, root: str) -> Iterator[Record]:
    place = 0
    while place < len(tape):
        kind, path_bytes, other_bytes, data_bytes, file, at, time = HEAD.unpack_from(tape, place)
        parts = []
        place += HEAD.size
        for size in (path_bytes, other_bytes, data_bytes):
            parts.append(tape[place : place + size])
            place += size
        path, other = (part.decode().removeprefix(root) for part in parts[:2])
        yield Record(Kind(kind), path, other, parts[2], file, at, time, place)
