"""Canonical dumps of collections: what two of them must have in common, and what may differ.

`exact` compares collections that synced with one another (devices, and the server's own file);
`portable` compares collections that lived the same story on two servers. Every mask below says why
the value may differ; whatever has no mask must be equal.
"""

from __future__ import annotations

import difflib
import json
import shutil
import sqlite3
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import blobs
from .tables import COLUMNS, TABLES

Raw = dict[str, list[list[Any]]]
Canonical = dict[str, dict[str, Any]]

# Between devices and server of one story:
EXACT_MASKS: dict[str, dict[str, str]] = {
    "col": {
        "ls": "time of this copy's own last sync",
        "usn": "a device that took part in an earlier sync only is behind the server's counter",
        "mod": "set by each device's last sync",
    },
    "notes": {"usn": "the number of the sync that brought the row; see `pending`"},
    "cards": {"usn": "as notes"},
    "revlog": {"usn": "as notes"},
    "graves": {"usn": "as notes"},
    "decks": {"usn": "as notes"},
    "notetypes": {"usn": "as notes"},
    "deck_config": {"usn": "as notes"},
    "config": {
        "usn": "settings travel as one object: the usn of single keys means nothing",
        "mtime_secs": "as usn: each side writes its own clock",
    },
    "tags": {
        "usn": "as notes",
        "collapsed": "folding of the side bar is not synced",
    },
}

# Further, between two tellings of one story (ids and real times differ):
PORTABLE_MASKS: dict[str, dict[str, str]] = {
    "col": {"scm": "real time of the last schema change"},
    "revlog": {"time": "real time the answer took"},
}

# The bulky part of the masks: paths inside decoded blobs, between two tellings.
PORTABLE_BLOB_MASKS: dict[str, dict[str, str]] = {
    "notetypes.config": {"10": "id of the notetype it was copied from"},
    "fields.config": {"9": "random id"},
    "templates.config": {"8": "random id"},
    "decks.common": {"7": "milliseconds studied: real time"},
}

# What Anki 2.1.45 to 2.1.66 does not know, or keeps in another place: field 255 holds its unknown
# keys. Compared where one of the devices is of that age.
OLDER_BLOB_MASKS: dict[str, set[str]] = {
    "cards.data": {"lrt", "cd", "s", "d", "dr", "decay"},
    "deck_config.config": {"4", "37", "40", "44", "255"},
    "decks.common": {"255"},
    "decks.kind": {"5", "7"},
    "fields.config": {"9", "10", "11", "255"},
    "notetypes.config": {"9", "255"},
    "templates.config": {"8", "255"},
}


def read_file(path: Path) -> Raw:
    """Every row of a collection file (with its `-wal`, if one is left), read from a private copy.

    The collation is only named by the schema, never needed: SQLite sorts and searches nothing here.
    """
    with TemporaryDirectory() as folder:
        copy = copy_collection(path, Path(folder))
        database = sqlite3.connect(copy)
        database.create_collation("unicase", lambda a, b: (a > b) - (a < b))
        try:
            return {table: _rows(database, table) for table in TABLES}
        finally:
            database.close()


def copy_collection(path: Path, folder: Path) -> Path:
    """Copy a collection that nobody writes to, with what its write-ahead log still holds."""
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            shutil.copyfile(part, folder / part.name)
    return folder / path.name


def _rows(database: sqlite3.Connection, table: str) -> list[list[Any]]:
    rows = [_portable_row(row) for row in database.execute(f"select * from {table}")]
    return sorted(rows, key=lambda row: [row[COLUMNS[table].index(key)] for key in TABLES[table]])


def _portable_row(row: tuple[Any, ...]) -> list[Any]:
    return [{"hex": value.hex()} if isinstance(value, bytes) else value for value in row]


def records(dump: Raw) -> dict[str, list[dict[str, Any]]]:
    """Rows as dictionaries, blobs decoded."""
    result: dict[str, list[dict[str, Any]]] = {}
    for table, rows in dump.items():
        result[table] = []
        for row in rows:
            record = dict(zip(COLUMNS[table], row, strict=True))
            for column, value in record.items():
                if isinstance(value, dict) and "hex" in value:
                    record[column] = _decode(f"{table}.{column}", bytes.fromhex(value["hex"]))
            if table == "notes":
                # Integer affinity makes 7 of "007"; as text both readers agree.
                record["sfld"] = str(record["sfld"])
            if table == "config" and (record["KEY"], record["val"]) == ("rollover", 4):
                # The default, which the reference writes into its own settings at every sync.
                continue
            if table == "cards":
                record["data"] = json.loads(record["data"]) if record["data"] else {}
            result[table].append(record)
    return result


def _decode(place: str, blob: bytes) -> Any:
    if place == "config.val":
        return json.loads(blob)
    return blobs.decode(blob, blobs.MESSAGES[place])


def pending(dump: Raw) -> dict[str, int]:
    """How many rows of each table wait to be synced (usn -1); after a sync there must be none."""
    counts = {}
    for table, rows in dump.items():
        if table != "config" and "usn" in COLUMNS[table]:
            column = COLUMNS[table].index("usn")
            waiting = sum(1 for row in rows if row[column] == -1)
            if waiting:
                counts[table] = waiting
    return counts


def exact(dump: Raw) -> Canonical:
    """The dump with `EXACT_MASKS` applied, keyed by primary key."""
    result: Canonical = {}
    for table, rows in records(dump).items():
        masks = EXACT_MASKS.get(table, {})
        result[table] = {
            "/".join(str(row[column]) for column in TABLES[table]): {
                column: value for column, value in row.items() if column not in masks
            }
            for row in rows
        }
    # A tag that no note has any more stays with whoever knows it: only new tags ever sync.
    used = {tag.lower() for row in result["notes"].values() for tag in row["tags"].split()}
    result["tags"] = {tag: row for tag, row in result["tags"].items() if tag.lower() in used}
    return result


def known_to_older(dump: Canonical) -> Canonical:
    """A canonical dump without what older clients do not know; changes it in place."""
    for place, masks in OLDER_BLOB_MASKS.items():
        table, column = place.split(".")
        for row in dump[table].values():
            parts = row[column].values() if column == "kind" else [row[column]]
            for part in parts:
                for mask in masks & part.keys():
                    del part[mask]
    return dump


def portable(dump: Raw) -> Canonical:
    """The dump as a story that can be compared with the same story on another server."""
    tables = records(dump)
    names = Names(tables)
    result: Canonical = {table: {} for table in TABLES}
    for table, rows in tables.items():
        masks = EXACT_MASKS.get(table, {}) | PORTABLE_MASKS.get(table, {})
        for row in rows:
            kept = {
                column: _without(f"{table}.{column}", value)
                for column, value in row.items()
                if column not in masks
            }
            key = names.rename(table, kept)
            result[table][key] = kept
    # Ids of deleted objects are gone, and with them their names: how many there are must do.
    result["graves"] = {
        f"kind {kind}": sum(1 for grave in tables["graves"] if grave["type"] == kind)
        for kind in (0, 1, 2)
    }
    return result


def _without(place: str, value: Any) -> Any:
    masks = PORTABLE_BLOB_MASKS.get(place, {})
    return {k: v for k, v in value.items() if k not in masks} if masks else value


class Names:
    """Ids of one collection as names that every telling of the story gives alike."""

    def __init__(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        self.notes = {row["id"]: row["guid"] for row in tables["notes"]}
        self.decks = {row["id"]: row["name"].replace("\x1f", "::") for row in tables["decks"]}
        self.notetypes = {row["id"]: row["name"] for row in tables["notetypes"]}
        self.presets = _numbered((row["id"], row["name"]) for row in tables["deck_config"])
        self.cards = {
            row["id"]: f"{self.notes.get(row['nid'], '?')}/{row['ord']}" for row in tables["cards"]
        }
        gone = sorted({row["cid"] for row in tables["revlog"]} - self.cards.keys())
        self.cards |= {card: f"deleted card {number}" for number, card in enumerate(gone)}
        self.reviews = _numbered((row["id"], self.cards[row["cid"]]) for row in tables["revlog"])

    def rename(self, table: str, row: dict[str, Any]) -> str:
        """Replace the ids in a row by names; returns the row's own key."""
        if table == "notes":
            row["id"] = self.notes[row["id"]]
            row["mid"] = self.notetypes.get(row["mid"], "?")
            return row["id"]
        if table == "cards":
            row["id"], row["nid"] = self.cards[row["id"]], self.notes.get(row["nid"], "?")
            row["did"], row["odid"] = self._deck(row["did"]), self._deck(row["odid"])
            for column in ("due", "odue"):
                # Learning cards are due at a second of the real clock.
                row[column] = "a time" if row[column] > 1_000_000_000 else row[column]
            if "lrt" in row["data"]:
                row["data"]["lrt"] = "a time"
            return row["id"]
        if table == "revlog":
            row["id"], row["cid"] = self.reviews[row["id"]], self.cards[row["cid"]]
            return row["id"]
        if table == "decks":
            row["id"] = self.decks[row["id"]]
            preset = row["kind"].get("1", {}).get("1")
            if preset is not None:
                row["kind"]["1"]["1"] = self.presets.get(preset, "?")
            return row["id"]
        if table == "notetypes":
            row["id"] = self.notetypes[row["id"]]
            return row["id"]
        if table in ("fields", "templates"):
            row["ntid"] = self.notetypes.get(row["ntid"], "?")
            return f"{row['ntid']}/{row['ord']}"
        if table == "deck_config":
            row["id"] = self.presets[row["id"]]
            return row["id"]
        if table == "config":
            self._rename_setting(row)
            return row["KEY"]
        return "/".join(str(row[column]) for column in TABLES[table])

    def _rename_setting(self, row: dict[str, Any]) -> None:
        key = row["KEY"]
        if key == "curDeck":
            row["val"] = self._deck(row["val"])
        elif key == "activeDecks":
            row["val"] = [self._deck(deck) for deck in row["val"]]
        elif key == "curModel":
            row["val"] = self.notetypes.get(row["val"], "?")
        elif key.startswith(("_nt_", "_deck_")):
            # Last used deck of a notetype and the like: the id is part of the key.
            kind, number, rest = key[1:].split("_", 2)
            owner = self.notetypes if kind == "nt" else self.decks
            row["KEY"] = f"_{kind}_{owner.get(int(number), '?')}_{rest}"
            # Its value is an id, too, of something that may have been deleted since.
            row["val"] = self.decks.get(row["val"]) or self.notetypes.get(row["val"], "?")

    def _deck(self, deck: int) -> str:
        return self.decks.get(deck, "?") if deck else ""


def _numbered(named: Any) -> dict[int, str]:
    """Names made unique by counting equal ones in the order of their ids."""
    seen: dict[str, int] = defaultdict(int)
    result = {}
    for number, name in sorted(named):
        seen[name] += 1
        result[number] = name if seen[name] == 1 else f"{name} #{seen[name]}"
    return result


def difference(left: Canonical, right: Canonical, left_name: str, right_name: str) -> str:
    """Nothing if both are equal, else the differing rows as a readable diff."""
    if left == right:
        return ""
    return "\n".join(
        difflib.unified_diff(_lines(left), _lines(right), left_name, right_name, lineterm="", n=1)
    )


def differing(left: Canonical, right: Canonical) -> list[str]:
    """The differing places, as `table key column`; a missing row's column is `row`."""
    found = []
    for table in {*left, *right}:
        ours, theirs = left.get(table, {}), right.get(table, {})
        for key in {*ours, *theirs}:
            one, other = ours.get(key), theirs.get(key)
            if not isinstance(one, dict) or not isinstance(other, dict):
                if one != other:
                    found.append(f"{table} {key} row")
                continue
            found += [
                f"{table} {key} {column}"
                for column in {*one, *other}
                if one.get(column) != other.get(column)
            ]
    return sorted(found)


def _lines(dump: Canonical) -> list[str]:
    return [
        f"{table} {key} {column} = {json.dumps(value, sort_keys=True, ensure_ascii=False)}"
        for table, rows in sorted(dump.items())
        for key, row in sorted(rows.items())
        for column, value in (row.items() if isinstance(row, dict) else [("count", row)])
    ]
