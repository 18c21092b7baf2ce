"""Another program opens the endpoint's own file while it is stopped, and changes something.

A real client leaves its changes pending in the file. They reach every device, as those of one more
device would.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness.device import Device
from harness.dump import copy_collection
from harness.world import USER, World

pytestmark = pytest.mark.beyond_reference("its syncs end in the sanity check for good")


@contextmanager
def another_program(world: World) -> Iterator[Device]:
    """A real client that has the server's file open; the server stops for it."""
    world.stop_server()
    program = Device(world.python, world.root / "another-program", "another", world.tick)
    program.call("close")
    program.call("open", path=str(world.server.collection(USER)))
    try:
        yield program
    finally:
        program.stop()


def fill(world: World) -> tuple[Device, Device]:
    """Two devices in sync, with something to change and to delete."""
    a, b = world.two_devices()
    a.add_note(guid="second", fields=["x", "y"], deck="Home")
    a.add_note(guid="third", fields=["x", "y"], deck="Home::Below")
    a.add_preset(name="Hard")
    a.set_config(key="addon", value="old")
    world.sync(a, b)
    return a, b


def _wait_past_an_upload(world: World) -> None:
    """What another program changes counts as made at most 5 s after the last upload."""
    with TemporaryDirectory() as folder:
        copy = copy_collection(world.server.collection(USER), Path(folder))
        ((modified_ms,),) = sqlite3.connect(copy).execute("SELECT mod FROM col")
    while time.time() * 1000 <= modified_ms + 5000:
        time.sleep(0.05)  # nothing tells that time has passed


def change_everything(program: Device) -> None:
    """One change of each kind that a merge can carry."""
    program.add_note(guid="added", fields=["new", "note"], deck="New::Deck", tags=["new-tag"])
    program.edit_note(guid="third", fields=["edited", "there"])
    program.delete_note(guid="second")
    program.answer(guid="first", ease=3)
    program.rename_deck(old="Home", new="Renamed")
    program.edit_preset(name="Hard", maxTaken=17)
    program.add_tags(guid="first", tags="late")
    program.edit_notetype(name="Basic", css=".card { color: red }")
    program.set_config(key="addon", value="new")


def assert_changed(device: Device) -> None:
    """What `change_everything` did is on the device."""
    guids = device.query("select guid from notes order by guid")
    assert guids == [["added"], ["first"], ["third"]]
    assert device.query("select count() from revlog") == [[1]]
    assert device.query("select count() from cards") == [[3]]
    ((names,),) = device.query("select group_concat(name, ' ') from decks")
    assert "Renamed" in names
    assert "New" in names
    assert "Home" not in names
    assert device.preset(name="Hard")["maxTaken"] == 17
    ((tags,),) = device.query("select group_concat(tag, ' ') from tags")
    assert "late" in tags
    assert "new-tag" in tags
    assert device.get_config(key="addon") == "new"


def test_what_another_program_changed_reaches_every_device(world: World) -> None:
    a, b = fill(world)
    with another_program(world) as program:
        change_everything(program)
    world.server.start()
    # Both are told by one sync each, also a device that has changes of its own.
    b.add_note(guid="of b", fields=["b", "b"], deck="Of b")
    b.edit_note(guid="third", fields=["edited", "later"])
    world.sync(a, b)
    assert_changed(a)
    b.delete_note(guid="of b")
    world.sync(b, a)
    for device in (a, b):
        assert_changed(device)
        ((fields,),) = device.query("select flds from notes where guid = 'third'")
        assert fields == "edited\x1flater"
    assert world.server.log.read_text().count("another program had changed notes (") == 1
    world.check()


def test_a_device_that_downloads_gets_no_pending_rows(world: World) -> None:
    a, b = fill(world)
    with another_program(world) as program:
        change_everything(program)
    world.server.start()
    c = world.device("c")
    assert c.sync(one_way="download")["required"] == "FULL_DOWNLOAD"
    c.edit_note(guid="added", fields=["by", "c"])
    world.sync(c, a, b)
    assert a.query("select flds from notes where guid = 'added'") == [["by\x1fc"]]
    world.check()


def test_check_tells_what_another_program_changed_and_finds_no_fault(world: World) -> None:
    a, b = fill(world)
    with another_program(world) as program:
        program.rename_deck(old="Home", new="Renamed")
        program.delete_note(guid="second")
    told = world.deckport.manage("check")
    assert "Another program had changed deletions (2), decks (2)" in told
    assert "Nothing is wrong." in told
    assert "Another program" not in world.deckport.manage("check")
    world.server.start()
    world.sync(a, b)
    world.check()


def test_a_device_keeps_its_settings_though_its_last_edit_is_older(world: World) -> None:
    a, b = fill(world)
    _wait_past_an_upload(world)
    a.set_config(key="of a", value=1)
    with another_program(world) as program:
        program.set_config(key="addon", value="new")
    world.server.start()
    # Its other settings, which it sends along, are old.
    world.sync(a, b, a)
    for device in (a, b):
        assert device.get_config(key="of a") == 1
        assert device.get_config(key="addon") == "new"
    b.set_config(key="addon", value="newest")
    world.sync(b, a)
    assert a.get_config(key="addon") == "newest"
    world.check()


def test_decks_that_exchanged_their_names_keep_them(world: World) -> None:
    a, b = fill(world)
    a.add_note(guid="one", fields=["1", ""], deck="One")
    a.add_note(guid="two", fields=["2", ""], deck="Two")
    world.sync(a, b)
    with another_program(world) as program:
        program.rename_deck(old="One", new="Away")
        program.rename_deck(old="Two", new="One")
        program.rename_deck(old="Away", new="Two")
    world.server.start()
    world.sync(a, b)
    for device in (a, b):
        assert device.query(
            "select name from decks where id = (select did from cards where nid ="
            " (select id from notes where guid = 'one'))"
        ) == [["Two"]]
    world.check()


def test_a_change_that_cannot_be_merged_makes_every_device_choose(world: World) -> None:
    a, b = fill(world)
    with another_program(world) as program:
        change_everything(program)
        program.add_field(notetype="Basic", field="Third")
    world.server.start()
    for device in (a, b):
        assert device.sync(one_way="download")["required"] == "FULL_SYNC"
        assert_changed(device)
    a.edit_note(guid="first", fields=["1", "2", "3"])
    world.sync(a, b)
    world.check()


def test_a_collection_that_never_synced_can_be_put_in_place(world: World) -> None:
    """As somebody moves to an own server by copying a file."""
    one = world.device("one")
    one.add_note(guid="only", fields=["x", "y"], deck="Home", tags=["tag"])
    one.answer(guid="only", ease=3)
    one.call("close")
    world.stop_server()
    place = world.server.collection(USER)
    place.parent.mkdir(exist_ok=True)
    shutil.copy(one.collection, place)
    one.call("open", path=str(one.collection))
    world.server.start()
    b = world.device("b")
    assert b.sync(one_way="download")["required"] == "FULL_DOWNLOAD"
    world.sync(b)
    b.edit_note(guid="only", fields=["edited", "by b"])
    # It is the same collection, so it can be merged with.
    world.sync(b, one, b)
    assert one.query("select flds from notes") == [["edited\x1fby b"]]
    world.check()
