"""A disk that fails on command: builds `shim.c` and steers it."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent / "shim.c"
LAYOUT = struct.Struct("=iiiiqqq")

COUNT, ONCE, FROM, KILL = range(4)
WRITE, SYNC, RENAME, CREATE, REMOVE = 1, 2, 4, 8, 16
EVERYTHING = WRITE | SYNC | RENAME | CREATE | REMOVE


def build(folder: Path) -> Path:
    """Compile the shim; needs a C compiler and Linux."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("these tests need a C compiler (cc on the PATH)")
    library = folder / "shim.so"
    if not library.exists():
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True)
    return library


class Disturbance:
    """The steering of one server's disk."""

    def __init__(self, library: Path, root: Path, control: Path) -> None:
        control.write_bytes(bytes(LAYOUT.size))
        # A server that gets these variables obeys.
        self.variables = {
            "LD_PRELOAD": str(library),
            "FAULT_CONTROL": str(control),
            "FAULT_ROOT": str(root),
        }
        with control.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), LAYOUT.size)

    def set(self, mode: int, kinds: int, at: int = 0, error: int = 0) -> None:
        """From now on count operations of these kinds; number `at`, or all from it, fail."""
        # In this order: nothing may happen under half a command.
        self._memory[: LAYOUT.size] = LAYOUT.pack(COUNT, error, 0, 0, at, 0, 0)
        self._memory[: LAYOUT.size] = LAYOUT.pack(mode, error, kinds, 0, at, 0, 0)

    def clear(self) -> None:
        """The disk is well again."""
        self.set(COUNT, EVERYTHING)

    def count(self) -> int:
        """Operations since the last command."""
        return int(LAYOUT.unpack(self._memory[: LAYOUT.size])[5])

    def failed(self) -> int:
        """How many of them failed."""
        return int(LAYOUT.unpack(self._memory[: LAYOUT.size])[6])

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()


def is_possible() -> bool:
    """Whether this machine can do it."""
    return os.uname().sysname == "Linux" and shutil.which("cc") is not None
