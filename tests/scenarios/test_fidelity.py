"""Nothing a client stores is changed on its way through the server and back."""

from __future__ import annotations

import json
from typing import Any

import test_incremental as changes

from harness import dump
from harness.device import Device
from harness.world import World


def _every_kind(device: Device) -> None:
    """One of everything the scenarios know."""
    changes._note(device)
    changes._new_note(device)
    changes._reviewable(device)
    changes._reviews(device)
    changes._reviews_with_memory_state(device)
    changes._card_states(device)
    changes._tags(device)
    changes._presets(device)
    changes._decks(device)
    changes._filtered_deck(device)
    changes._notetypes(device)
    changes._edited_notetype(device)
    changes._settings(device)
    device.collapse_tag(tag="two", collapsed=False)
    device.delete_note(guid="first")


def test_a_file_that_goes_up_comes_down_the_same(world: World) -> None:
    """Upload and download: every value of every row, usn and times included."""
    a = world.device("a")
    changes._note(a)
    a.add_note(guid="first", fields=["front", "back"])
    _every_kind(a)
    a.sync(one_way="upload")
    b = world.device("b")
    b.sync(one_way="download")
    there, back = a.dump(), b.dump()
    for table in there:
        for sent, got in zip(there[table], back[table], strict=True):
            assert _meaningful(table, sent) == _meaningful(table, got), table
    world.sync(a, b)
    world.check()


# Times of this copy's own syncs; the reference counts a download as a change. The usn of a setting
# means nothing, and a client uploads it as it happens to be.
_MEANINGLESS = {"col": ("mod", "usn", "ls"), "config": ("usn",)}


def _meaningful(table: str, row: list[Any]) -> dict[str, Any]:
    values = zip(dump.COLUMNS[table], row, strict=True)
    return {name: value for name, value in values if name not in _MEANINGLESS.get(table, ())}


def test_rows_made_from_json_are_those_the_client_has(world: World) -> None:
    """Everything reaches the server as JSON and `b` as a file: every field as the client has it."""
    a = world.device("a")
    a.add_note(guid="first", fields=["front", "back"])
    a.sync(one_way="upload")
    _every_kind(a)
    world.sync(a)
    b = world.device("b")
    b.sync(one_way="download")
    there, back = a.dump(), b.dump()
    # The text, not only its meaning: clients older than a key must find it where it was.
    place = dump.COLUMNS["cards"].index("data")
    assert [row[place] for row in there["cards"]] == [row[place] for row in back["cards"]]
    world.sync(a, b)
    world.check()


def test_what_only_a_newer_client_knows_survives(world: World) -> None:
    """Keys of no known meaning pass through JSON, storage and JSON again, to the byte."""
    a, b = world.two_devices()
    odd = {"z": 1, "a": [1.5, -0.25, 1e300, None, True, "\u2028\U0001f600"], "n": -(2**63), "o": {}}
    a.edit_deck(name="Home", futureKey=odd)
    a.edit_preset(name="Default", futureKey=odd, new__futureKey=odd, rev__x=1, lapse__y="")
    a.edit_notetype(name="Basic", futureKey=odd)
    a.edit_template(notetype="Basic", number=0, futureKey=odd)
    a.edit_field(notetype="Basic", number=0, futureKey=odd)
    a.set_config(key="futureKey", value=odd)
    world.sync(a, b)
    for table, column in (
        ("decks", "common"),
        ("deck_config", "config"),
        ("notetypes", "config"),
        ("templates", "config"),
        ("fields", "config"),
    ):
        rows = [row[column] for row in dump.records(b.dump())[table]]
        found = [row["255"]["futureKey"] for row in rows if "futureKey" in row.get("255", {})]
        assert found == [odd], table
    assert json.loads(bytes(b.query("select val from config where key = 'futureKey'")[0][0])) == odd
    world.check()
