"""`deckport check --compare`: which objects differ where no client and no server notices.

A device is made to differ behind its own back: counts, usns and modification times stay as they
were, so every sync goes on telling that there is nothing to do.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.device import Device
from harness.world import World

EQUAL = "No difference: the account and the file hold the same."

pytestmark = pytest.mark.deckport_only("a command of Deckport's own")


def silently(device: Device, edit: Callable[[], None]) -> None:
    """An edit that leaves no trace but itself."""
    tables = {"notetypes": "mtime_secs", "deck_config": "mtime_secs", "decks": "mtime_secs"}
    before = {
        table: device.query(f"select {time}, usn, id from {table}")
        for table, time in tables.items()
    }
    ((modified,),) = device.query("select mod from col")
    edit()
    for table, time in tables.items():
        for row in before[table]:
            device.execute(f"update {table} set {time} = ?, usn = ? where id = ?", *row)
    device.execute("update col set mod = ?", modified)


def compared(world: World, device: Device, folder: Path) -> tuple[int, list[str]]:
    """The exit code and lines of a comparison with the device's file."""
    copy = folder / f"{device.name}.anki2"
    device.call("close")
    shutil.copy(device.collection, copy)
    device.call("open", path=str(device.collection))
    world.stop_server()
    told = world.deckport.run(["check", "--compare", str(copy)])
    world.server.start()
    return told.returncode, told.stdout.splitlines()


def studied(world: World) -> tuple[Device, Device]:
    """Two devices with a bit of everything, synced."""
    a, b = world.two_devices()
    a.add_notetype(name="Own", fields=["A", "B"], templates=["T"])
    a.add_preset(name="Hard")
    a.add_note(guid="n", fields=["x", "y"], deck="Home::Below", tags=["tag"])
    a.set_config(key="addon", value={"x": [1, 2.5]})
    a.answer(guid="first", ease=3)
    b.answer(guid="first", ease=1)
    b.bury_card(guid="first")
    world.sync(a, b, a)
    return a, b


def test_nothing_differs_after_plain_syncs(world: World, tmp_path: Path) -> None:
    for device in studied(world):
        assert compared(world, device, tmp_path) == (0, [EQUAL])


def test_what_a_device_alone_shows_is_no_difference(world: World, tmp_path: Path) -> None:
    a, b = studied(world)
    # The deck in which a person is belongs to the device, and burying ends on each by itself.
    a.execute("update config set val = cast('7' as blob) where key = 'curDeck'")
    b.execute("update cards set queue = type where queue < 0")
    b.execute("insert or replace into config values ('lastUnburied', 0, 0, cast('5' as blob))")
    for device in (a, b):
        assert compared(world, device, tmp_path) == (0, [EQUAL])


def test_what_nobody_notices_is_named_object_by_object(world: World, tmp_path: Path) -> None:
    a, b = studied(world)
    ((note,),) = b.query("select id from notes where guid = 'n'")
    ((review, card),) = b.query("select max(id), cid from revlog")

    def edit() -> None:
        b.execute("update notes set flds = ? where id = ?", "x\x1fother", note)
        b.execute("update revlog set id = ? where id = ?", review + 1, review)
        b.edit_notetype(name="Own", css=".card { color: red }")
        b.edit_preset(name="Hard", maxTaken=17)
        b.edit_deck(name="Home", desc="of b")

    silently(b, edit)
    world.sync(a, b, a)
    assert compared(world, a, tmp_path) == (0, [EQUAL])
    code, lines = compared(world, b, tmp_path)
    assert code == 1
    assert lines == [
        f"note nid:{note}: different fields",
        f"review {review} of card cid:{card}: only in the account",
        f"review {review + 1} of card cid:{card}: only in the file",
        "deck “Home”: different description",
        "notetype “Own”: different styling",
        "option preset “Hard”: different longest answer time (60 in the account, 17 in the file)",
    ]
