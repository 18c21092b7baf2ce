"""Protocol Buffers of schema 18 as plain values, so that dumps can be read and compared.

No schema compiler: the wire format names field numbers and shapes, and `MESSAGES` says which
length-delimited fields hold further messages. Everything else stays text or hex.
"""

from __future__ import annotations

import json
import struct
from typing import Any

# Which fields are messages, per blob. Field numbers: the `storage-blobs` tables.
MESSAGES: dict[str, dict[int, Any]] = {
    "notetypes.config": {8: {}},
    "fields.config": {},
    "templates.config": {},
    "decks.common": {},
    "decks.kind": {1: {8: {}, 9: {}}, 2: {2: {}}},
    "deck_config.config": {},
}

# Field 255 of every blob: JSON text of the keys the format has no field for.
OTHER = 255


def decode(blob: bytes, shape: dict[int, Any]) -> dict[str, Any]:
    """Fields of a message by number; repeated fields become lists in their order."""
    fields: dict[str, Any] = {}
    position = 0
    while position < len(blob):
        key, position = _varint(blob, position)
        number, wire_type = key >> 3, key & 7
        value: Any
        if wire_type == 0:
            value, position = _varint(blob, position)
            value = value - 2**64 if value >= 2**63 else value
        elif wire_type == 5:
            value = struct.unpack_from("<f", blob, position)[0]
            position += 4
        elif wire_type == 2:
            length, position = _varint(blob, position)
            value = _delimited(blob[position : position + length], number, shape)
            position += length
        else:
            raise ValueError(f"wire type {wire_type} does not occur in a collection")
        name = str(number)
        if name in fields:
            previous = fields[name]
            fields[name] = [*previous, value] if isinstance(previous, list) else [previous, value]
        else:
            fields[name] = value
    return fields


def _delimited(content: bytes, number: int, shape: dict[int, Any]) -> Any:
    if number in shape:
        return decode(content, shape[number])
    if number == OTHER:
        return json.loads(content)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"hex": content.hex()}


def _varint(blob: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = blob[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return result, position
        shift += 7
