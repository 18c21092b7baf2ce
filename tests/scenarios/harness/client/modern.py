"""The operations of a device on today's Anki (protocol 11, schema 18).

Everything a test says is in a person's words (guid, deck name, notetype name, preset name), so the
same story can be told to clients of two servers although ids, being times, differ between them.
"""

from __future__ import annotations

import hashlib
import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import anki.lang  # noqa: F401  2.1.54 cannot import `_backend` first
from anki._backend import RustBackend
from anki.collection import Collection
from anki.sync import SyncAuth

Row = tuple[Any, ...]
Operation = TypeVar("Operation", bound=Callable[..., Any])

# Tables and their modification time in seconds; see `ModernAnki.stamp`.
STAMPED = {
    "notes": "mod",
    "cards": "mod",
    "decks": "mtime_secs",
    "notetypes": "mtime_secs",
    "deck_config": "mtime_secs",
}

# Every table of schema 18, each in its primary key's order.
TABLES = {
    "col": "id",
    "notes": "id",
    "cards": "id",
    "revlog": "id",
    "graves": "oid, type",
    "config": "KEY",
    "deck_config": "id",
    "decks": "id",
    "notetypes": "id",
    "fields": "ntid, ord",
    "templates": "ntid, ord",
    "tags": "tag",
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


class ModernAnki:
    """One device: a collection, a login, and the things a person does with them."""

    def __init__(self) -> None:
        self.path = ""
        self.opened: Collection | None = None
        self.auth: SyncAuth | None = None
        self.started = int(time.time())
        self.ended: queue.Queue[str] = queue.Queue()

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
        result = operation(**args)
        if getattr(operation, "is_edit", False):
            # New objects are numbered by milliseconds: a person is not fast enough to make two of
            # one number on two devices.
            await_next_millisecond()
            if at is not None:
                self.stamp(at)
        return result

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

    # The collection and its login

    def open(self, path: str) -> None:
        """Open the collection at `path`, making it when there is none."""
        self.path = path
        self.opened = Collection(path)

    def close(self) -> None:
        """Close the collection if one is open."""
        if self.opened is not None:
            self.opened.close()
            self.opened = None

    def login(self, url: str, user: str, password: str) -> str:
        """Log in as the settings window does; the token is kept and returned."""
        auth = self.col.sync_login(username=user, password=password, endpoint=url)
        self.use_token(url, auth.hkey)
        return auth.hkey

    def use_token(self, url: str, token: str, timeout: int = 60) -> None:
        """Be logged in with a token from an earlier login; `timeout` is Anki's network timeout."""
        self.auth = SyncAuth(hkey=token, endpoint=url, io_timeout_secs=timeout)

    # Syncing

    def sync(self, one_way: str | None = None, media: bool = False) -> dict[str, Any]:
        """Sync as the button does; `one_way` is the answer ("upload" or "download") if Anki asks.

        Where Anki offers one direction only, that is taken. Without an answer a one-way sync is
        not started. With `media`, a normal sync goes on with the media by itself. Returns what Anki
        asked for and showed.
        """
        out = self.col.sync_collection(self._auth(), media)
        if media:
            self._end_of_media_sync()
        required = type(out).ChangesRequired.Name(out.required)
        if required != "NO_CHANGES" and one_way is not None:
            offered = {"FULL_UPLOAD": "upload", "FULL_DOWNLOAD": "download"}
            self.full(offered.get(required, one_way))
        return {
            "required": required,
            "message": out.server_message,
            "endpoint": out.new_endpoint,
            "media_usn": out.server_media_usn,
        }

    def sync_media(self) -> None:
        """Sync the media alone, as an open Anki does now and then; returns when that has ended."""
        self.col.sync_media(self._auth())
        self._end_of_media_sync()

    def _end_of_media_sync(self) -> None:
        """Wait for the thread in which Anki syncs media; raises what it failed with."""
        while self.col.media_sync_status().active:
            time.sleep(0.005)  # nothing tells when it ends; Anki's own window asks, too

    def full(self, one_way: str) -> None:
        """Replace the server's collection ("upload") or this device's ("download")."""
        if one_way not in ("upload", "download"):
            raise ValueError(one_way)
        self.col.close_for_full_sync()
        try:
            self.col.full_upload_or_download(
                auth=self._auth(), server_usn=None, upload=one_way == "upload"
            )
        finally:
            self.col.reopen(after_full_sync=True)

    def status(self) -> str:
        """The colour of the sync button: the background check of an idle desktop."""
        out = self.col.sync_status(self._auth())
        return type(out).Required.Name(out.required)

    def begin_sync(self) -> None:
        """Press the sync button and return at once; see `cancel_sync`, `end_sync`."""
        self.ended = queue.Queue()
        threading.Thread(target=self._sync_and_tell, daemon=True).start()

    def cancel_sync(self) -> None:
        """Press Cancel while a sync is under way."""
        self.col.abort_sync()

    def end_sync(self) -> str:
        """Wait for the sync's end; returns the kind of error it ended with, or nothing."""
        return self.ended.get(timeout=60)

    def _sync_and_tell(self) -> None:
        try:
            self.sync()
        except Exception as error:  # the test asks which
            self.ended.put(type(error).__name__)
        else:
            self.ended.put("")

    def sync_times(self, count: int) -> float:
        """Sync `count` times with nothing to do; returns the seconds it took."""
        begin = time.monotonic()
        for _ in range(count):
            required = self.sync()["required"]
            if required != "NO_CHANGES":
                raise RuntimeError(f"expected nothing to do, Anki wants {required}")
        return time.monotonic() - begin

    def _auth(self) -> SyncAuth:
        if self.auth is None:
            raise RuntimeError("not logged in")
        return self.auth

    # Notes and cards

    @edit
    def add_note(
        self,
        guid: str,
        fields: list[str],
        deck: str = "Default",
        notetype: str = "Basic",
        tags: list[str] | None = None,
        make: bool = True,
    ) -> None:
        """Add a note with a guid of our choice; a missing deck is made if `make` allows it."""
        home = self.col.decks.id(deck) if make else self._deck(deck)
        model = self.col.models.by_name(notetype)
        if model is None:
            raise KeyError(notetype)
        note = self.col.new_note(model)
        note.guid = guid
        note.fields = list(fields)
        note.tags = list(tags or [])
        self.col.add_note(note, home)

    @edit
    def edit_note(
        self,
        guid: str,
        fields: list[str] | None = None,
        tags: list[str] | None = None,
        first: str | None = None,
    ) -> None:
        """Replace a note's fields, its tags, or its first field alone."""
        note = self.col.get_note(self._note(guid))
        if fields is not None:
            note.fields = list(fields)
        if first is not None:
            note.fields[0] = first
        if tags is not None:
            note.tags = list(tags)
        self.col.update_note(note)

    @edit
    def delete_note(self, guid: str) -> None:
        """Delete a note and its cards."""
        self.col.remove_notes([self._note(guid)])

    @edit
    def delete_card(self, guid: str, ord: int = 0) -> None:
        """Delete one card, and its note if it was the last."""
        self.col.remove_cards_and_orphaned_notes([self._card(guid, ord)])

    @edit
    def move_card(self, guid: str, deck: str, ord: int = 0, make: bool = True) -> None:
        """Move a card to another deck, which is made if missing and `make` allows it."""
        home = self.col.decks.id(deck) if make else self._deck(deck)
        self.col.set_deck([self._card(guid, ord)], home)

    @edit
    def flag_card(self, guid: str, flag: int, ord: int = 0) -> None:
        """Set a card's coloured flag."""
        self.col.set_user_flag_for_cards(flag, [self._card(guid, ord)])

    @edit
    def suspend_card(self, guid: str, ord: int = 0) -> None:
        """Suspend a card."""
        self.col.sched.suspend_cards([self._card(guid, ord)])

    @edit
    def bury_card(self, guid: str, ord: int = 0) -> None:
        """Bury a card by hand."""
        self.col.sched.bury_cards([self._card(guid, ord)], manual=True)

    @edit
    def set_due(self, guid: str, days: str, ord: int = 0) -> None:
        """Set a card's due date; makes it a review card and writes a manual review entry."""
        self.col.sched.set_due_date([self._card(guid, ord)], days)

    @edit
    def forget_card(self, guid: str, ord: int = 0) -> None:
        """Make a card new again."""
        self.col.sched.schedule_cards_as_new([self._card(guid, ord)])

    @edit
    def set_custom_data(self, guid: str, data: str, ord: int = 0) -> None:
        """Set a card's custom scheduling data."""
        card = self.col.get_card(self._card(guid, ord))
        card.custom_data = data
        self.col.update_card(card)

    @edit
    def answer(self, guid: str, ease: int, ord: int = 0) -> None:
        """Answer a card with button `ease` (1 Again … 4 Easy) through the scheduler."""
        card = self.col.get_card(self._card(guid, ord))
        card.start_timer()
        self.col.sched.answerCard(card, ease)

    # Decks and presets

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

    # Notetypes

    @edit
    def add_notetype(
        self, name: str, fields: list[str], templates: list[str], cloze: bool = False
    ) -> None:
        """Make a notetype; each template shows the first field (of a cloze: its gaps)."""
        models = self.col.models
        model = models.new(name)
        model["type"] = int(cloze)
        for field in fields:
            models.add_field(model, models.new_field(field))
        for number, template_name in enumerate(templates):
            template = models.new_template(template_name)
            front = fields[number % len(fields)]
            template["qfmt"] = f"{{{{cloze:{front}}}}}" if cloze else f"{{{{{front}}}}}"
            template["afmt"] = template["qfmt"] + "<hr id=answer>"
            models.add_template(model, template)
        models.add_dict(model)

    @edit
    def edit_notetype(self, name: str, **changes: Any) -> None:
        """Set keys of a notetype's JSON, known or unknown ones."""
        model = self._notetype(name)
        model.update(changes)
        self.col.models.update_dict(model)

    @edit
    def rename_notetype(self, old: str, new: str) -> None:
        """Rename a notetype."""
        model = self._notetype(old)
        model["name"] = new
        self.col.models.update_dict(model)

    @edit
    def edit_template(self, notetype: str, number: int, **changes: Any) -> None:
        """Set keys of one card template."""
        model = self._notetype(notetype)
        model["tmpls"][number].update(changes)
        self.col.models.update_dict(model)

    @edit
    def edit_field(self, notetype: str, number: int, **changes: Any) -> None:
        """Set keys of one field (its name too: renaming is no schema change)."""
        model = self._notetype(notetype)
        model["flds"][number].update(changes)
        self.col.models.update_dict(model)

    @edit
    def add_field(self, notetype: str, field: str) -> None:
        """Add a field: a change that cannot be merged."""
        model = self._notetype(notetype)
        self.col.models.add_field(model, self.col.models.new_field(field))
        self.col.models.update_dict(model)

    @edit
    def add_template(self, notetype: str, name: str, front: str) -> None:
        """Add a card template: a change that cannot be merged."""
        model = self._notetype(notetype)
        template = self.col.models.new_template(name)
        template["qfmt"] = front
        self.col.models.add_template(model, template)
        self.col.models.update_dict(model)

    @edit
    def delete_notetype(self, name: str) -> None:
        """Delete a notetype with its notes: a change that cannot be merged."""
        self.col.models.remove(self._notetype(name)["id"])

    # Tags and settings

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

    # Media and packages

    def add_media(self, name: str, text: str) -> None:
        """Put a file into the media folder, as pasting one does."""
        Path(self.col.media.dir(), name).write_text(text)

    def media_files(self) -> dict[str, str]:
        """Names and contents of the files in the media folder."""
        files = Path(self.col.media.dir()).iterdir()
        return {file.name: file.read_text() for file in files}

    def export_package(self, path: str, legacy: bool = False, media: bool = True) -> None:
        """File > Export: the whole collection."""
        self.col.export_collection_package(path, media, legacy)
        self.col.reopen()

    def import_package(self, path: str) -> None:
        """File > Import of a whole collection: replaces this one."""
        media = self.col.media.dir()
        self.close()
        RustBackend().import_collection_package(
            col_path=self.path,
            backup_path=path,
            media_folder=media,
            media_db=str(Path(self.path).with_suffix(".media.db2")),
        )
        self.open(self.path)

    # Direct access and inspection

    def execute(self, sql: str, args: list[Any]) -> None:
        """Run SQL on the collection, for states no button makes."""
        self.col.db.execute(sql, *args)

    def deck(self, name: str) -> dict[str, Any]:
        """A deck's JSON."""
        return self.col.decks.get(self._deck(name))

    def preset(self, name: str) -> dict[str, Any]:
        """A preset's JSON."""
        return self._preset(name)

    def query(self, sql: str, args: list[Any]) -> list[list[Any]]:
        """Rows of a query."""
        return self.col.db.all(sql, *args)

    def fix_integrity(self) -> str:
        """Run Check Database; returns the text it shows."""
        return self.col.fix_integrity()[0]

    def check_file(self, path: str) -> str:
        """Run Check Database on a (copied) collection file beside the own one."""
        other = Collection(path)
        try:
            return other.fix_integrity()[0]
        finally:
            other.close()

    def query_file(self, path: str, sql: str) -> list[list[Any]]:
        """Rows of a query on a (copied) collection file beside the own one."""
        other = Collection(path)
        try:
            return other.db.all(sql)
        finally:
            other.close()

    def dump(self) -> dict[str, list[list[Any]]]:
        """Every row of every table, blobs as `{"hex": …}`."""
        return {
            table: [[_portable(value) for value in row] for row in self._rows(table, order)]
            for table, order in TABLES.items()
        }

    def digest(self) -> dict[str, str]:
        """A checksum of each table: `dump` for collections too large to carry around."""
        sums = {}
        for table, order in TABLES.items():
            total = hashlib.sha256()
            for row in self._rows(table, order):
                total.update(repr(row).encode())
            sums[table] = total.hexdigest()
        return sums

    def _rows(self, table: str, order: str) -> list[list[Any]]:
        # sfld is declared integer: as text it compares alike whatever SQLite made of it.
        return self.col.db.all(f"select * from {table} order by {order}")

    # Large collections, by SQL on the closed file: by the editor they would take hours

    @edit
    def fill(self, notes: int, note_bytes: int = 735, deck: str = "Large") -> None:
        """Add many notes with one card each.

        Half of the cards are reviews with one matching review entry, so that Check Database finds
        nothing to complain about.
        """
        deck_id = self.col.decks.id(deck)
        notetype = self._notetype("Basic")["id"]
        first = self.started * 1000 - notes - 10_000_000
        day = self.col.sched.today
        note_rows: list[Row] = []
        card_rows: list[Row] = []
        review_rows: list[Row] = []
        for number in range(notes):
            front = f"question {number}"
            back = random.Random(number).randbytes(note_bytes // 2).hex()
            checksum = int(hashlib.sha1(front.encode()).hexdigest()[:8], 16)
            row_id = first + number
            seconds = row_id // 1000
            fields = f"{front}\x1f{back}"
            note_rows.append(
                (row_id, f"g{number}", notetype, seconds, -1, "", fields, front, checksum, 0, "")
            )
            if number % 2:
                state = (2, 2, day + number % 300, 30, 2500, 1)
                data = f'{{"lrt":{seconds}}}'
                review_rows.append((row_id, row_id, -1, 3, 30, 1, 2500, 4321, 1))
            else:
                state = (0, 0, number + 1, 0, 0, 0)
                data = "{}"
            card_rows.append((row_id, row_id, deck_id, 0, seconds, -1, *state, 0, 0, 0, 0, 0, data))
        with self._closed_file() as file:
            for table, rows in (
                ("notes", note_rows),
                ("cards", card_rows),
                ("revlog", review_rows),
            ):
                if rows:
                    marks = ", ".join("?" * len(rows[0]))
                    file.executemany(f"insert into {table} values ({marks})", rows)
        self.col.set_config("nextPos", notes + 1)

    @edit
    def study(self, cards: int, round: int = 1) -> None:
        """Change `cards` cards as a review does, each with a review entry."""
        moment = self.started * 1000 - 9_000_000 + round * cards
        with self._closed_file() as file:
            chosen = file.execute("select id from cards order by id limit ?", (cards,)).fetchall()
            file.executemany(
                "update cards set mod = ?, usn = -1, type = 2, queue = 2, ivl = ?, factor = 2500,"
                " due = 100, reps = reps + 1, data = ? where id = ?",
                (
                    (moment // 1000, round + 1, f'{{"lrt":{(moment + number) // 1000}}}', card)
                    for number, (card,) in enumerate(chosen)
                ),
            )
            file.executemany(
                "insert into revlog values (?, ?, -1, 3, ?, 1, 2500, 3210, 1)",
                ((moment + number, card, round + 1) for number, (card,) in enumerate(chosen)),
            )
        self.col.set_config("studyRound", round)

    @contextmanager
    def _closed_file(self) -> Iterator[sqlite3.Connection]:
        """The collection as a plain database while the client has it closed.

        The client's own interface takes milliseconds for each row. Tables that use Anki's
        collation must be left alone here: SQLite would not know their order.
        """
        self.close()
        file = sqlite3.connect(self.path)
        try:
            with file:
                yield file
        finally:
            file.close()
            self.open(self.path)

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


def _portable(value: Any) -> Any:
    """A value JSON can carry: Anki hands out blobs as lists of numbers."""
    return {"hex": bytes(value).hex()} if isinstance(value, (bytes, list)) else value
