"""Decks and their presets of options."""

from __future__ import annotations

from typing import Any

from opened import OpenedAnki, edit


class Decks(OpenedAnki):
    """What a person does with decks and presets."""

    @edit
    def add_deck(self, name: str, below: str = "") -> None:
        """Make a deck (and its missing parents), or a deck below one that is there."""
        if below:
            self._deck(below)
            name = f"{below}::{name}"
        self.col.decks.id(name)

    @edit
    def rename_deck(self, old: str, new: str) -> None:
        """Rename a deck and its children."""
        self.col.decks.rename(self._deck(old), new)

    @edit
    def edit_deck(self, name: str, **changes: Any) -> None:
        """Set keys of a deck's JSON, known or unknown ones."""
        deck = self.col.decks.get(self._deck(name))
        deck.update(changes)
        self.col.decks.save(deck)

    @edit
    def delete_deck(self, name: str) -> None:
        """Delete a deck with its children and all their cards."""
        self.col.decks.remove([self._deck(name)])

    @edit
    def add_filtered_deck(self, name: str, search: str, limit: int = 100, order: int = 0) -> None:
        """Make a filtered deck and fill it with what the search finds."""
        deck_id = self.col.decks.new_filtered(name)
        deck = self.col.decks.get(deck_id)
        deck["terms"] = [[search, limit, order]]
        self.col.decks.save(deck)
        self.col.sched.rebuild_filtered_deck(deck_id)

    @edit
    def rebuild_deck(self, name: str) -> None:
        """Fill a filtered deck again."""
        self.col.sched.rebuild_filtered_deck(self._deck(name))

    @edit
    def empty_deck(self, name: str) -> None:
        """Send a filtered deck's cards home."""
        self.col.sched.empty_filtered_deck(self._deck(name))

    @edit
    def add_preset(self, name: str) -> None:
        """Make a preset of deck options."""
        self.col.decks.add_config(name)

    @edit
    def edit_preset(self, name: str, **changes: Any) -> None:
        """Set keys of a preset's JSON; keys of sections as `new__perDay`."""
        preset = self._preset(name)
        for key, value in changes.items():
            target, *inner = key.split("__")
            if inner:
                preset[target][inner[0]] = value
            else:
                preset[target] = value
        self.col.decks.update_config(preset)

    @edit
    def use_preset(self, deck: str, preset: str) -> None:
        """Let a deck use a preset."""
        self.col.decks.set_config_id_for_deck_dict(
            self.col.decks.get(self._deck(deck)), self._preset(preset)["id"]
        )

    @edit
    def delete_preset(self, name: str) -> None:
        """Delete a preset: a change that cannot be merged."""
        self.col.decks.remove_config(self._preset(name)["id"])
