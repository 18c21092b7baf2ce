"""Large collections, by SQL on the closed file: by the editor they would take hours."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opened import OpenedAnki, edit

Row = tuple[Any, ...]


class Large(OpenedAnki):
    """Fills and studies many cards at once."""

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
