"""A device's media: files in a plain folder, which Anki compares with what it knows.

The folder is changed from outside the client, as a person with a file manager does, so the same
words serve every version of Anki.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path


class MediaFolder:
    """The files beside one collection."""

    def __init__(self, collection: Path) -> None:
        self.path = collection.with_suffix(".media")
        self.trash = collection.parent / "media.trash"
        # Clients see a change by times in whole seconds (`media-sync` 10.4): each gets its own.
        self._now = int(time.time()) - 100_000

    def write(self, name: str, content: bytes | str) -> None:
        """Add or replace a file."""
        self.write_all({name: content})

    def write_all(self, files: dict[str, bytes | str]) -> None:
        """Add or replace files."""
        now = self._tick()
        for name, content in files.items():
            path = self.path / name
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            os.utime(path, (now, now))
        self._touched()

    def remove(self, *names: str) -> None:
        """Delete files."""
        for name in names:
            (self.path / name).unlink()
        self._touched()

    def rename(self, old: str, new: str) -> None:
        """Rename a file."""
        (self.path / old).rename(self.path / new)
        self._touched()

    def read(self, name: str) -> str:
        """A file's text."""
        return (self.path / name).read_text()

    def files(self) -> dict[str, str]:
        """SHA-1 of every file by its name."""
        return hashes(self.path)

    def trashed(self) -> set[str]:
        """Names in Anki's own trash."""
        return set(hashes(self.trash)) if self.trash.is_dir() else set()

    def _tick(self) -> int:
        self._now += 10
        return self._now

    def _touched(self) -> None:
        now = self._tick()
        os.utime(self.path, (now, now))


def hashes(folder: Path) -> dict[str, str]:
    """SHA-1 of every file of a folder by its name."""
    return {
        path.name: sha1(path.read_bytes()) for path in sorted(folder.iterdir()) if path.is_file()
    }


def sha1(content: bytes | str) -> str:
    """SHA-1 as the protocol writes it."""
    return hashlib.sha1(content.encode() if isinstance(content, str) else content).hexdigest()


def many(count: int, size: int = 20, prefix: str = "f") -> dict[str, bytes | str]:
    """Files that all differ."""
    return {
        f"{prefix}{number:05}.bin": f"{prefix}{number} ".encode().ljust(size, b"x")
        for number in range(count)
    }


def assert_equal(folders: Iterable[tuple[str, dict[str, str]]]) -> None:
    """All of these hold the same files."""
    (first, expected), *others = folders
    for name, files in others:
        assert files == expected, (first, name, sorted(set(files.items()) ^ set(expected.items())))


def copy_media(account: Path, folder: Path, back: bool = False) -> None:
    """Copy the media of an account's folder on the server elsewhere, or bring them back."""
    source, target = (folder, account) if back else (account, folder)
    target.mkdir(exist_ok=True)
    shutil.rmtree(target / "media", ignore_errors=True)
    shutil.copytree(source / "media", target / "media")
    for path in [*target.glob("media.db*")]:
        path.unlink()
    for path in source.glob("media.db*"):
        shutil.copy2(path, target)
