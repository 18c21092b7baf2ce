"""Direct access to the database, and looking at what is in it."""

from __future__ import annotations

import hashlib
from typing import Any

from anki.collection import Collection

from opened import OpenedAnki

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


class Inspection(OpenedAnki):
    """What a test asks of a collection."""

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


def _portable(value: Any) -> Any:
    """A value JSON can carry: Anki hands out blobs as lists of numbers."""
    return {"hex": bytes(value).hex()} if isinstance(value, (bytes, list)) else value
