"""The same thing changed on two devices: what wins, and that all devices agree afterwards.

Where the newer change wins by the protocol's own rules, the outcome must be the reference server's.
The reference's known disagreements (ties, equal names, settings) are promises of ours instead.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.device import Device
from harness.world import World, Worlds

Edit = Callable[[Device, str, int], None]


def _everything(device: Device) -> None:
    device.add_note(guid="n", fields=["front", "back"], deck="Home", tags=["tag"])
    device.set_due(guid="n", days="3")
    device.add_deck(name="Shared")
    device.add_preset(name="Preset")
    device.add_notetype(name="Type", fields=["A", "B"], templates=["T"])


EDITS: dict[str, Edit] = {
    "note": lambda d, who, at: d.call("edit_note", guid="n", fields=[f"by {who}", "b"], at=at),
    "card": lambda d, who, at: d.call("set_due", guid="n", days="7" if who == "a" else "9", at=at),
    "deck": lambda d, who, at: d.call("edit_deck", name="Shared", desc=f"by {who}", at=at),
    "preset": lambda d, who, at: d.call("edit_preset", name="Preset", maxTaken=ord(who), at=at),
    "notetype": lambda d, who, at: d.call("edit_notetype", name="Type", css=f"/*{who}*/", at=at),
    "deck name": lambda d, who, at: d.call("rename_deck", old="Shared", new=f"Of {who}", at=at),
}


def _conflict(world: World, kind: str, a_is_later_by: int) -> tuple[Device, Device]:
    """Both devices make the same kind of edit; `a` syncs first."""
    a, b = world.two_devices()
    _everything(a)
    world.sync(a, b)
    now = world.tick() + 100
    EDITS[kind](a, "a", now + a_is_later_by)
    EDITS[kind](b, "b", now)
    world.sync(a, b, a)
    return a, b


@pytest.mark.parametrize("later", ["a", "b"])
@pytest.mark.parametrize("kind", EDITS)
def test_the_later_edit_wins_whoever_syncs_first(worlds: Worlds, kind: str, later: str) -> None:
    def story(world: World) -> None:
        _conflict(world, kind, a_is_later_by=5 if later == "a" else -5)

    worlds.compare(story).check()


@pytest.mark.beyond_reference("on a tie its devices keep or swap their versions")
@pytest.mark.parametrize("kind", EDITS)
def test_edits_within_one_second_end_alike_on_all_devices(world: World, kind: str) -> None:
    _conflict(world, kind, a_is_later_by=0)
    world.check()


def test_reviews_of_one_card_on_two_devices_are_all_kept(worlds: Worlds) -> None:
    def story(world: World) -> None:
        a, b = world.two_devices()
        _everything(a)
        world.sync(a, b)
        a.answer(guid="first", ease=1)
        a.answer(guid="first", ease=3)
        b.answer(guid="first", ease=3)
        world.sync(a, b, a)
        # Two clients answered without knowing of each other: the revlog holds all three.
        assert b.query("select count() from revlog where type = 0") == [[3]]

    # The card's last review time is that of its newer copy, not of the merged log: a client's
    # Check Database may adjust it, whatever the server; so only the copies are compared here.
    world = worlds.compare(story)
    world.same()


@pytest.mark.parametrize("deleter", ["a", "b"])
def test_a_deletion_wins_over_an_edit(worlds: Worlds, deleter: str) -> None:
    def story(world: World) -> None:
        a, b = world.two_devices()
        _everything(a)
        world.sync(a, b)
        first, second = (a, b) if deleter == "a" else (b, a)
        first.delete_note(guid="n")
        second.edit_note(guid="n", fields=["edited", "later"])
        second.answer(guid="n", ease=1)
        world.sync(a, b, a, b)
        assert a.query("select guid from notes where guid = 'n'") == []

    worlds.compare(story).check()


def test_both_delete_the_same(worlds: Worlds) -> None:
    def story(world: World) -> None:
        a, b = world.two_devices()
        _everything(a)
        world.sync(a, b)
        for device in (a, b):
            device.delete_note(guid="n")
            device.delete_deck(name="Shared")
        world.sync(a, b, a)

    worlds.compare(story).check()


@pytest.mark.deckport_only("the reference lets the newer collection replace all settings")
@pytest.mark.parametrize("later", ["a", "b"])
def test_one_setting_changed_on_both_is_that_of_the_device_that_syncs_later(
    world: World, later: str
) -> None:
    a, b = world.two_devices()
    first, second = (b, a) if later == "a" else (a, b)
    second.set_config(key="addon", value=f"by {later}")
    first.set_config(key="addon", value="of the other")
    world.sync(first, second, first)
    for device in (a, b):
        assert device.query("select val from config where key = 'addon'") != [], device.name
    assert a.get_config(key="addon") == b.get_config(key="addon") == f"by {later}"
    world.check()


@pytest.mark.beyond_reference("the newer collection replaces all settings")
def test_different_settings_changed_on_two_devices_are_both_kept(world: World) -> None:
    a, b = world.two_devices()
    a.set_config(key="of a", value=1)
    world.sync(a)
    b.set_config(key="of b", value=2)
    world.sync(b, a)
    for device in (a, b):
        found = device.query("select key from config where key like 'of %' order by key")
        assert found == [["of a"], ["of b"]], device.name
    world.check()


@pytest.mark.beyond_reference("each side renames the other one's")
@pytest.mark.parametrize("kind", ["deck", "notetype"])
def test_equal_names_made_on_two_devices_become_two_names_everywhere(
    world: World, kind: str
) -> None:
    a, b = world.two_devices()
    for device in (a, b):
        if kind == "deck":
            device.add_note(guid=f"of {device.name}", fields=["x", "y"], deck="Same")
        else:
            device.add_notetype(name="Same", fields=["A"], templates=["T"])
            device.add_note(guid=f"of {device.name}", fields=["x"], notetype="Same")
    world.sync(a, b, a, b, a)
    table = "decks" if kind == "deck" else "notetypes"
    names = a.query(f"select name from {table} where name like 'Same%' order by id")
    assert len({name for (name,) in names}) == 2
    world.check()


@pytest.mark.beyond_reference("stores the second device's objects with an old number")
def test_a_sync_that_began_before_another_finished_loses_nothing(world: World) -> None:
    a, b = world.two_devices()
    relay = world.relay()
    b.use_token(relay.url, b.login_data[1])
    a.add_note(guid="of a", fields=["a", ""])
    b.add_note(guid="of b", fields=["b", ""])
    asked = relay.stall_after("meta")
    syncing = b.begin("sync")
    asked.wait_reached()
    world.sync(a)
    asked.release()
    told = syncing.error()
    # Being told to sync again is fine; losing the note is not.
    assert told is None or relay.statuses("start") == [409], told
    world.sync(b, a)
    assert a.query("select count() from notes") == [[3]]
    world.check()
