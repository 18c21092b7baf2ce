"""Weak points of the protocol and the reference server that must not leave devices different.

One test for each, named after what it promises. Ties, equal names, settings and the sync that began
before another one finished are in `test_conflicts.py`.
"""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from harness.device import ClientError, Device
from harness.raw import Raw
from harness.world import USER, World


def guids(device: Device) -> list[str]:
    """The notes of a device."""
    return [row[0] for row in device.query("select guid from notes order by guid")]


def equal_names(world: World, names: dict[str, str]) -> list[list[str]]:
    """Both devices make a deck, `a` syncs first; the names that both end with."""
    a, b = world.two_devices()
    for device in (a, b):
        device.add_note(guid=f"of {device.name}", fields=["x", "y"], deck=names[device.name])
    world.sync(a, b, a, b)
    found = [
        [row[0].replace("\x1f", "::") for row in device.query("select name from decks order by id")]
        for device in (a, b)
    ]
    assert found[0] == found[1]
    world.check()
    return found


@pytest.mark.beyond_reference("each side renames the other one's")
def test_names_that_differ_in_case_alone_are_equal(world: World) -> None:
    (names, _) = equal_names(world, {"a": "STRASSE", "b": "straße"})
    assert "STRASSE+" in names
    assert "straße" in names


@pytest.mark.beyond_reference("each side renames the other one's")
def test_decks_below_equal_names_end_below_the_same(world: World) -> None:
    (names, _) = equal_names(world, {"a": "A::B", "b": "A::B"})
    assert [name for name in names if name.startswith("A")] == ["A+", "A::B+", "A", "A::B"]


@pytest.mark.beyond_reference("a third device renames one of them by itself")
def test_a_name_that_moved_from_one_deck_to_another_reaches_every_device(world: World) -> None:
    a, b = world.two_devices()
    a.add_deck(name="P")
    a.add_deck(name="Q")
    world.sync(a, b)
    a.rename_deck(old="Q", new="Away")
    a.rename_deck(old="P", new="Q")
    a.rename_deck(old="Away", new="P")
    world.sync(a, b)
    for device in (a, b):
        names = device.query("select name from decks where name in ('P', 'Q') order by id")
        assert names == [["Q"], ["P"]], device.name
    world.check()


@pytest.mark.beyond_reference("the newer collection replaces all settings")
def test_a_setting_removed_on_one_device_stays_removed(world: World) -> None:
    a, b = world.two_devices()
    a.set_config(key="old", value=1)
    world.sync(a, b)
    a.remove_config(key="old")
    world.sync(a)
    b.set_config(key="of b", value=2)
    world.sync(b, a)
    for device in (a, b):
        assert device.get_config(key="old") is None, device.name
        assert device.get_config(key="of b") == 2, device.name
    world.check()


@pytest.mark.deckport_only("the reference keeps all settings of one device")
def test_settings_are_merged_after_a_restart_too(world: World) -> None:
    a, b = world.two_devices()
    a.set_config(key="of a", value=1)
    world.sync(a)
    world.server.stop()
    world.server.start()
    b.set_config(key="of b", value=2)
    world.sync(b, a)
    for device in (a, b):
        assert (device.get_config(key="of a"), device.get_config(key="of b")) == (1, 2)
    world.check()


@pytest.mark.beyond_reference("the second deletion is never told")
def test_what_was_added_again_and_deleted_again_is_deleted_everywhere(world: World) -> None:
    a, b = world.two_devices()
    a.add_note(guid="n", fields=["x", "y"])
    world.sync(a, b)
    ((note, notetype),) = a.query("select id, mid from notes where guid = 'n'")
    a.delete_note(guid="n")
    world.sync(a, b)
    raw = world.raw()
    row = [note, "n", notetype, world.tick(), -1, "", "x\x1fy", "", "", 0, ""]
    merge_by_hand(raw, a, notes=[row])
    world.sync(a, b)
    assert guids(a) == guids(b) == ["first", "n"]
    merge_by_hand(raw, a, deleted=[note])
    world.sync(a, b)
    assert guids(a) == guids(b) == ["first"]


def test_a_row_deleted_while_it_is_sent_does_no_harm(world: World) -> None:
    a, b = world.two_devices()
    a.add_note(guid="n", fields=["x", "y"])
    world.sync(a)
    ((note, card),) = a.query(
        "select n.id, c.id from notes n join cards c on c.nid = n.id where guid = 'n'"
    )
    b.add_note(guid="of b", fields=["x", "y"])
    raw = world.raw()
    assert raw.call("meta", {"v": 11, "cv": "test"}).status == 200
    assert raw.call("start", {"minUsn": 0, "lnewer": False, "graves": None}).status == 200
    raw.call("applyChanges", {"changes": {"models": [], "decks": [[], []], "tags": []}})
    assert raw.call("chunk").status == 200
    graves = {"cards": [card], "notes": [note], "decks": []}
    assert raw.call("applyGraves", {"chunk": graves}).status == 200
    assert raw.call("chunk").status == 200
    assert raw.call("abort").status == 200
    world.sync(b, a)
    assert guids(a) == guids(b) == ["first", "n", "of b"]
    world.check()


@pytest.mark.beyond_reference("every sync ends with the same error")
@pytest.mark.parametrize("answer", ["upload", "download"])
def test_a_notetype_that_cannot_be_merged_leads_to_a_one_way_sync(
    world: World, answer: str
) -> None:
    a, b = world.two_devices()
    # A field more, and no trace of it: as after a damaged import.
    ((schema,),) = a.query("select scm from col")
    a.add_field(notetype="Basic", field="More")
    a.execute("update col set scm = ?", schema)
    a.add_note(guid="n", fields=["x", "y", "z"])
    with pytest.raises(ClientError):
        a.sync()
    # The reason outlives the server.
    world.server.stop()
    world.server.start()
    told = a.sync(one_way=answer)
    assert told["required"] == "FULL_SYNC"
    assert "other fields" in told["message"]
    world.sync(a)
    if answer == "upload":
        assert b.sync(one_way="download")["required"] == "FULL_SYNC"
    b.add_tags(guid="first", tags="later")
    world.sync(b, a)
    assert guids(a) == (["first", "n"] if answer == "upload" else ["first"])
    world.check()


@pytest.mark.deckport_only("the reference tells no reason")
def test_counts_that_differ_lead_to_a_one_way_sync_with_that_reason(world: World) -> None:
    a, b = world.two_devices()
    # A card of which the server knows nothing, as after a disk error.
    ((modified,),) = a.query("select mod from col")
    a.execute(
        "insert into cards select id + 1, nid, did, 7, mod, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,"
        " 0, '' from cards limit 1"
    )
    a.execute("update col set mod = ?", modified + 1)
    with pytest.raises(ClientError):
        a.sync()
    world.server.stop()
    world.server.start()
    told = a.sync(one_way="download")
    assert told["required"] == "FULL_SYNC"
    assert "same number" in told["message"]
    assert "notetype" not in told["message"]
    b.add_tags(guid="first", tags="later")
    world.sync(b, a)
    assert a.sync()["message"] == ""
    world.check()


@pytest.mark.beyond_reference("devices merge with an older state, and miss what they cannot know")
def test_after_a_restore_no_device_merges_with_the_older_state(world: World) -> None:
    a, b = world.two_devices()
    copy = world.root / "copy.anki2"
    keep(world, copy)
    a.add_note(guid="lost", fields=["x", "y"])
    world.sync(a, b)
    restore(world, copy)
    for device in (a, b):
        assert device.sync()["required"] == "FULL_SYNC", device.name


def keep(world: World, copy: Any) -> None:
    """A copy of what the server has, made as its person would."""
    world.server.stop()
    if world.kind == "deckport":
        done = world.deckport.run(["backup", "create"])
        assert done.returncode == 0, done.stderr
    else:
        shutil.copyfile(world.server.collection(USER), copy)
    world.server.start()


def restore(world: World, copy: Any) -> None:
    """The copy is the server's collection again."""
    world.server.stop()
    if world.kind == "deckport":
        listed = world.deckport.run(["backup", "list"]).stdout
        name = next(
            word for word in listed.split() if word.startswith("20") and word.count("-") > 2
        )
        done = world.deckport.run(["backup", "restore", name])
        assert done.returncode == 0, done.stderr
    else:
        shutil.copyfile(copy, world.server.collection(USER))
    world.server.start()


def merge_by_hand(raw: Raw, device: Device, notes: Any = (), deleted: Any = ()) -> None:
    """A sync of a third device that has all that `device` has."""
    usn = raw.call("meta", {"v": 11, "cv": "test"}).json()["usn"]
    graves = {"cards": [], "notes": list(deleted), "decks": []}
    start = {"minUsn": usn, "lnewer": False, "graves": None}
    assert raw.call("start", start).status == 200
    assert raw.call("applyGraves", {"chunk": graves}).status == 200
    raw.call("applyChanges", {"changes": {"models": [], "decks": [[], []], "tags": []}})
    assert raw.call("chunk").json()["done"]
    assert raw.call("applyChunk", {"chunk": {"done": True, "notes": list(notes)}}).status == 200
    tables = ("cards", "notes", "revlog", "graves", "notetypes", "decks", "deck_config")
    counts = [device.query(f"select count() from {table}")[0][0] for table in tables]
    counts[1] += len(notes) - len(deleted)
    sanity = raw.call("sanityCheck2", {"client": [[0, 0, 0], *counts]}).json()
    assert sanity["status"] == "ok", sanity
    assert raw.call("finish").status == 200
