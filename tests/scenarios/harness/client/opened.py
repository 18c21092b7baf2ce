"""A device's open collection: whose operations are performed, when they happened, what they name.

Everything a test says is in a person's words (guid, deck name, notetype name, preset name), so the
same story can be told to clients of two servers although ids, being times, differ between them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import anki.lang  # noqa: F401  2.1.54 cannot import `_backend` first
from anki.collection import Collection
from anki.sync import SyncAuth

Operation = TypeVar("Operation", bound=Callable[..., Any])

# Tables and their modification time in seconds; see `OpenedAnki.stamp`.
STAMPED = {
    "notes": "mod",
    "cards": "mod",
    "decks": "mtime_secs",
    "notetypes": "mtime_secs",
    "deck_config": "mtime_secs",
}


def await_next_millisecond() -> None:
    """Return when the clock shows another millisecond."""
    now = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == now:
        pass


def edit(operation: Operation) -> Operation:
    """Mark an operation as a change by the user, to be stamped with the story's time."""
    operation.is_edit = True  # type: ignore[attr-defined]
    return operation


class OpenedAnki:
    """A collection, a login, and what all operations have in common."""

    def __init__(self) -> None:
        self.path = ""
        self.opened: Collection | None = None
        self.auth: SyncAuth | None = None
        self.started = int(time.time())

    @property
    def col(self) -> Collection:
        """The open collection."""
        if self.opened is None:
            raise RuntimeError("no collection is open")
        return self.opened

    def perform(self, name: str, args: dict[str, Any], at: int | None) -> Any:
        """Carry out one public operation; edits get the time `at` if one is given."""
        if name.startswith("_") or name == "perform":
            raise ValueError(f"no such operation: {name}")
        operation = getattr(self, name)
        try:
            return operation(**args)
        finally:
            # Also what fails may have made something before.
            if getattr(operation, "is_edit", False):
                # New objects are numbered by milliseconds: a person is not fast enough to make two
                # of one number on two devices.
                await_next_millisecond()
                if at is not None:
                    self.stamp(at)

    def stamp(self, at: int) -> None:
        """Give everything just edited the modification time `at`.

        Modification times have whole seconds; two edits of one object within a second are a tie,
        which each side resolves for itself. Stories therefore carry their own clock, whose values
        all lie before this process began: a pending row with a later time was edited just now.
        """
        for table, column in STAMPED.items():
            self.col.db.execute(
                f"update {table} set {column} = ? where usn = -1 and {column} >= ?",
                at,
                self.started,
            )

    def open(self, path: str) -> None:
        """Open the collection at `path`, making it when there is none."""
        self.path = path
        self.opened = Collection(path)

    def close(self) -> None:
        """Close the collection if one is open."""
        if self.opened is not None:
            self.opened.close()
            self.opened = None

    # Names to ids

    def _note(self, guid: str) -> int:
        return self._id("select id from notes where guid = ?", guid)

    def _card(self, guid: str, ord: int) -> int:
        return self._id(
            "select id from cards where ord = ? and nid = (select id from notes where guid = ?)",
            ord,
            guid,
        )

    def _id(self, sql: str, *args: Any) -> int:
        found = self.col.db.scalar(sql, *args)
        if found is None:
            raise KeyError(args)
        return int(found)

    def _deck(self, name: str) -> int:
        found = self.col.decks.id_for_name(name)
        if not found:
            raise KeyError(name)
        return found

    def _notetype(self, name: str) -> Any:
        found = self.col.models.by_name(name)
        if found is None:
            raise KeyError(name)
        return found

    def _preset(self, name: str) -> Any:
        for preset in self.col.decks.all_config():
            if preset["name"] == name:
                return preset
        raise KeyError(name)
