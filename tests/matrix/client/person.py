"""What a person does with a collection, on every Anki from 2.1.24 to today.

Methods were renamed over the years; `either` takes the first name a version knows.
"""

from __future__ import annotations

from typing import Any

try:
    from anki.collection import Collection
except ImportError:  # 2.1.24 and 2.1.25
    from anki.storage import Collection


def either(thing: Any, *names: str) -> Any:
    """The first of these attributes that this version has."""
    for name in names:
        found = getattr(thing, name, None)
        if found is not None:
            return found
    raise AttributeError(" or ".join(names))


class Person:
    """A collection and the edits made to it."""

    def __init__(self) -> None:
        self.col: Any = None
        self.path = ""

    def perform(self, name: str, args: dict[str, Any]) -> Any:
        """Carry out one public operation."""
        if name.startswith("_") or name == "perform":
            raise ValueError("no such operation: " + name)
        return getattr(self, name)(**args)

    def open(self, path: str) -> None:
        """Open the collection at `path`, making it when there is none."""
        self.path = path
        self.col = open_collection(path)

    def close(self) -> None:
        """Close the collection if one is open."""
        if self.col is not None:
            self.col.close()
            self.col = None

    def changed(self) -> None:
        """Called after each edit; newer versions save by themselves."""

    # Notes and cards

    def add_note(self, guid: str, fields: list[str], deck: str = "Default", tags: str = "") -> None:
        """Add a Basic note with a guid of our choice; the deck is made if missing."""
        deck_id = self.col.decks.id(deck)
        model = self._notetype("Basic")
        modern = getattr(self.col, "new_note", None)
        if modern is not None:
            note = modern(model)
        else:
            model["did"] = deck_id
            self.col.models.save(model)
            self.col.models.setCurrent(model)
            note = self.col.newNote(False)
        note.guid = guid
        note.fields = list(fields)
        note.tags = tags.split()
        if modern is not None:
            self.col.add_note(note, deck_id)
        else:
            self.col.addNote(note)
        self.changed()

    def edit_note(self, guid: str, fields: list[str], tags: str) -> None:
        """Replace a note's fields and tags."""
        note = either(self.col, "get_note", "getNote")(self._note(guid))
        note.fields = list(fields)
        note.tags = tags.split()
        update = getattr(self.col, "update_note", None)
        if update is None:
            note.flush()
        else:
            update(note)
        self.changed()

    def delete_note(self, guid: str) -> None:
        """Delete a note and its cards."""
        either(self.col, "remove_notes", "remNotes")([self._note(guid)])
        self.changed()

    def answer(self, guid: str, ease: int) -> None:
        """Answer a note's first card through the scheduler."""
        card_id = self.col.db.scalar(
            "select id from cards where ord = 0 and nid = ?", self._note(guid)
        )
        reset = getattr(self.col, "reset", None)
        if reset is not None:
            reset()
        card = either(self.col, "get_card", "getCard")(card_id)
        either(card, "start_timer", "startTimer")()
        self.col.sched.answerCard(card, ease)
        self.changed()

    # Decks, presets, notetypes, settings

    def rename_deck(self, old: str, new: str) -> None:
        """Rename a deck."""
        self.col.decks.rename(self._deck(old), new)
        self.changed()

    def delete_deck(self, name: str) -> None:
        """Delete a deck and its cards."""
        deck = self._deck(name)["id"]
        remove = getattr(self.col.decks, "remove", None)
        if remove is None:
            self.col.decks.rem(deck, cardsToo=True)
        else:
            remove([deck])
        self.changed()

    def edit_deck(self, name: str, changes: dict[str, Any]) -> None:
        """Set keys of a deck's JSON."""
        deck = self._deck(name)
        deck.update(changes)
        self.col.decks.save(deck)
        self.changed()

    def add_filtered_deck(self, name: str, search: str) -> None:
        """Make a filtered deck that stays empty."""
        deck = self.col.decks.get(either(self.col.decks, "new_filtered", "newDyn")(name))
        deck["terms"] = [[search, 10, 0]]
        self.col.decks.save(deck)
        self.changed()

    def add_preset(self, name: str, deck: str) -> None:
        """Make a preset of deck options and let a deck use it."""
        preset = self.col.decks.add_config(name)
        use = either(self.col.decks, "set_config_id_for_deck_dict", "setConf")
        use(self._deck(deck), preset["id"])
        self.changed()

    def edit_preset(self, name: str, changes: dict[str, Any]) -> None:
        """Set keys of a preset's JSON."""
        preset = self._preset(name)
        preset.update(changes)
        either(self.col.decks, "update_config", "updateConf", "save")(preset)
        self.changed()

    def edit_notetype(self, name: str, changes: dict[str, Any], field: dict[str, Any]) -> None:
        """Set keys of a notetype's JSON and of its first field's."""
        model = self._notetype(name)
        model.update(changes)
        model["flds"][0].update(field)
        either(self.col.models, "update_dict", "save")(model)
        self.changed()

    def add_copy(self, notetype: str, name: str) -> None:
        """Make a notetype like another one."""
        models = self.col.models
        model = models.copy(self._notetype(notetype))
        model["name"] = name
        either(models, "update_dict", "save")(model)
        self.changed()

    def add_field(self, notetype: str, field: str) -> None:
        """Add a field: a change that cannot be merged."""
        models = self.col.models
        model = self._notetype(notetype)
        made = either(models, "new_field", "newField")(field)
        modern = getattr(models, "update_dict", None)
        either(models, "add_field", "addField")(model, made)
        if modern is not None:
            modern(model)
        else:
            models.save(model)
        self.changed()

    def set_config(self, key: str, value: Any) -> None:
        """Set a key of the collection's settings."""
        modern = getattr(self.col, "set_config", None)
        if modern is not None:
            modern(key, value)
        else:
            self.col.conf[key] = value
        self.changed()

    # Looking

    def config(self, key: str) -> Any:
        """A key of the collection's settings."""
        modern = getattr(self.col, "get_config", None)
        return modern(key, None) if modern is not None else self.col.conf.get(key)

    def deck(self, name: str) -> Any:
        """A deck's JSON."""
        return self._deck(name)

    def preset(self, name: str) -> Any:
        """A preset's JSON."""
        return self._preset(name)

    def notetype(self, name: str) -> Any:
        """A notetype's JSON."""
        return self._notetype(name)

    def state(self) -> dict[str, Any]:
        """Everything that a finished sync makes equal on all devices, in comparable form."""
        rows = self.col.db.all
        return {
            "notes": rows("select id, guid, mid, mod, trim(tags), flds from notes order by id"),
            "cards": rows(
                "select id, nid, did, ord, mod, type, queue, due, ivl, factor, reps, lapses, left,"
                " odue, odid, flags from cards order by id"
            ),
            "reviews": rows(
                "select id, cid, ease, ivl, lastIvl, factor, time, type from revlog order by id"
            ),
            "decks": {str(deck["id"]): deck["name"] for deck in self.col.decks.all()},
            "presets": {
                str(preset["id"]): [preset["name"], preset["new"]["perDay"], preset["replayq"]]
                for preset in self._presets()
            },
            "notetypes": {
                str(model["id"]): [
                    model["name"],
                    [field["name"] for field in model["flds"]],
                    [[card["name"], card["qfmt"], card["afmt"]] for card in model["tmpls"]],
                ]
                for model in self.col.models.all()
            },
            "setting": self.config("matrix"),
        }

    def pending(self) -> list[int]:
        """How many notes, cards and reviews wait to be synced."""
        return [
            self.col.db.scalar("select count() from %s where usn = -1" % table)  # noqa: UP031
            for table in ("notes", "cards", "revlog")
        ]

    def blank_tags(self) -> int:
        """How many notes without tags are stored with blanks for them."""
        found = self.col.db.scalar("select count() from notes where tags != '' and trim(tags) = ''")
        return int(found)

    def check(self) -> str:
        """Run Check Database; returns the text it shows."""
        return str(either(self.col, "fix_integrity", "fixIntegrity")()[0])

    def check_file(self, path: str) -> str:
        """Run Check Database on a (copied) collection file beside the own one."""
        other = open_collection(path)
        try:
            return str(either(other, "fix_integrity", "fixIntegrity")()[0])
        finally:
            other.close()

    # Names to objects

    def _note(self, guid: str) -> int:
        found = self.col.db.scalar("select id from notes where guid = ?", guid)
        if found is None:
            raise KeyError(guid)
        return int(found)

    def _deck(self, name: str) -> Any:
        found = either(self.col.decks, "by_name", "byName")(name)
        if found is None:
            raise KeyError(name)
        return found

    def _notetype(self, name: str) -> Any:
        found = either(self.col.models, "by_name", "byName")(name)
        if found is None:
            raise KeyError(name)
        return found

    def _presets(self) -> Any:
        return either(self.col.decks, "all_config", "allConf")()

    def _preset(self, name: str) -> Any:
        for preset in self._presets():
            if preset["name"] == name:
                return preset
        raise KeyError(name)


def open_collection(path: str) -> Any:
    """Open a collection file."""
    return Collection(path)
