"""Tags and settings."""

from __future__ import annotations

import time
from typing import Any

from opened import OpenedAnki, edit


class Settings(OpenedAnki):
    """What a person does with tags and in the preferences."""

    @edit
    def add_tags(self, guid: str, tags: str) -> None:
        """Add blank-separated tags to a note."""
        self.col.tags.bulk_add([self._note(guid)], tags)

    @edit
    def remove_tags(self, guid: str, tags: str) -> None:
        """Remove blank-separated tags from a note."""
        self.col.tags.bulk_remove([self._note(guid)], tags)

    @edit
    def rename_tag(self, old: str, new: str) -> None:
        """Rename a tag on all notes."""
        self.col.tags.rename(old, new)

    @edit
    def collapse_tag(self, tag: str, collapsed: bool) -> None:
        """Fold or unfold a tag in the side bar."""
        self.col.tags.set_collapsed(tag, collapsed)

    @edit
    def clear_unused_tags(self) -> None:
        """Drop tags that no note has."""
        self.col.tags.clear_unused_tags()

    @edit
    def set_config(self, key: str, value: Any) -> None:
        """Set a key of the collection's settings, as Anki or an add-on does."""
        self.col.set_config(key, value)

    def get_config(self, key: str) -> Any:
        """The value of a setting, or nothing."""
        return self.col.get_config(key)

    @edit
    def remove_config(self, key: str) -> None:
        """Remove a key of the collection's settings."""
        self.col.remove_config(key)

    @edit
    def force_one_way(self, noticed: bool = False) -> None:
        """Choose "force one-way sync" in the preferences.

        By itself it is noticed only when something else changes, too; `noticed` makes sure of that.
        """
        self.col.mod_schema(check=False)
        if noticed:
            self.col.db.execute("update col set mod = ?", int(time.time() * 1000))
