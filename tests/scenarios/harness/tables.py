"""The tables of schema 18: their columns in order, and their primary keys (`storage-tables`)."""

TABLES: dict[str, list[str]] = {
    "col": ["id"],
    "notes": ["id"],
    "cards": ["id"],
    "revlog": ["id"],
    "graves": ["oid", "type"],
    "config": ["KEY"],
    "deck_config": ["id"],
    "decks": ["id"],
    "notetypes": ["id"],
    "fields": ["ntid", "ord"],
    "templates": ["ntid", "ord"],
    "tags": ["tag"],
}

_COLUMNS = {
    "col": "id crt mod scm ver dty usn ls conf models decks dconf tags",
    "notes": "id guid mid mod usn tags flds sfld csum flags data",
    "cards": "id nid did ord mod usn type queue due ivl factor reps lapses left odue odid flags"
    " data",
    "revlog": "id cid usn ease ivl lastIvl factor time type",
    "graves": "oid type usn",
    "config": "KEY usn mtime_secs val",
    "deck_config": "id name mtime_secs usn config",
    "decks": "id name mtime_secs usn common kind",
    "notetypes": "id name mtime_secs usn config",
    "fields": "ntid ord name config",
    "templates": "ntid ord name mtime_secs usn config",
    "tags": "tag usn collapsed config",
}

COLUMNS = {table: columns.split() for table, columns in _COLUMNS.items()}
