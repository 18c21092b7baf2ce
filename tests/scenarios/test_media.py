"""Media on ordinary days: files come, change and go on one device, and the others follow."""

from __future__ import annotations

import pytest

from harness.device import Device
from harness.media import many, sha1
from harness.world import World


def _two_devices(world: World, files: dict[str, bytes | str]) -> tuple[Device, Device]:
    """Two devices that both have these files."""
    a, b = world.device("a"), world.device("b")
    a.media.write_all(files)
    world.sync_media(a, b)
    assert b.media.files() == a.media.files()
    return a, b


def test_the_first_upload_reaches_a_second_device(world: World) -> None:
    files = many(60, 1000) | {f"m{n}.jpg": bytes([n]) * 1_000_000 for n in range(5)}
    a = world.device("a")
    a.media.write_all(files | {"big.mp4": b"5" * 5_000_000})
    world.sync_media(a, world.device("b"))
    assert len(world.check_media()) == 66


def test_additions_replacements_deletions_and_renames_arrive(world: World) -> None:
    a, b = _two_devices(world, {"kept": "1", "replaced": "1", "deleted": "1", "old name": "1"})
    a.media.write("added", "2")
    a.media.write("replaced", "2")
    a.media.remove("deleted")
    a.media.rename("old name", "new name")
    world.sync_media(a, b)
    assert b.media.trashed() == {"deleted", "old name"}
    b.media.write("deleted", "back")
    b.media.write("replaced", "3")
    world.sync_media(b, a)
    files = {"kept": "1", "replaced": "3", "deleted": "back", "new name": "1", "added": "2"}
    assert world.check_media() == {name: sha1(content) for name, content in files.items()}


def test_media_follow_a_normal_sync_and_cost_nothing_when_nothing_changed(world: World) -> None:
    a, b = world.two_devices()
    relay = world.relay()
    b.use_token(relay.url, b.login_data[1])
    a.media.write("a.jpg", "picture")
    a.sync(media=True)
    b.sync(media=True)
    assert "begin" not in relay.methods()  # `meta` told the usn
    assert b.media.read("a.jpg") == "picture"
    relay.seen.clear()
    b.sync(media=True)
    assert relay.methods() == ["meta"]
    world.check_media()


def test_conflicts_end_the_same_on_all_devices(world: World) -> None:
    names = ("different", "changed vs deleted", "deleted vs changed", "both deleted")
    a, b = _two_devices(world, dict.fromkeys(names, "old"))
    a.media.write("both added, different", "by a")
    b.media.write("both added, different", "by b")
    a.media.write("both added, same", "same")
    b.media.write("both added, same", "same")
    a.media.write("different", "by a")
    b.media.write("different", "by b")
    a.media.write("changed vs deleted", "by a")
    b.media.remove("changed vs deleted")
    a.media.remove("deleted vs changed")
    b.media.write("deleted vs changed", "by b")
    a.media.remove("both deleted")
    b.media.remove("both deleted")
    world.sync_media(a, b, a)
    files = {
        "both added, different": "by a",  # who syncs first
        "both added, same": "same",
        "different": "by a",
        "changed vs deleted": "by a",  # content beats a deletion
        "deleted vs changed": "by b",
    }
    assert world.check_media() == {name: sha1(content) for name, content in files.items()}


def test_empty_files_stay_where_they_are(world: World) -> None:
    a, b = _two_devices(world, {"emptied": "full", "other": "x"})
    a.media.write_all({"emptied": b"", "never full": b""})
    world.sync_media(a, b)
    assert b.media.files() == {"other": sha1("x")}  # an emptied file is a deletion for clients
    assert world.raw_media().listed() == b.media.files()


def test_more_than_a_thousand_deletions_arrive(world: World) -> None:
    a, b = _two_devices(world, many(1100))
    a.media.remove(*sorted(a.media.files())[:1050])
    world.sync_media(a, b)
    c = world.device("c")
    world.sync_media(c)
    assert len(world.check_media()) == 50
    assert len(b.media.trashed()) == 1050
    assert c.media.trashed() == set()


def test_media_sync_beside_a_collection_sync_of_the_same_account(world: World) -> None:
    a, b = world.two_devices()
    a.add_note(guid="of a", fields=["x", "y"])
    a.media.write("a.jpg", "by a")
    world.sync_media(a)
    relay = world.relay()
    token = a.login_data[1]
    a.use_token(relay.url, token)
    reached = relay.stall_after("applyChanges")
    syncing = a.begin("sync")
    reached.wait_reached()
    b.media.write("b.jpg", "by b")
    world.sync_media(b)
    assert b.media.read("a.jpg") == "by a"
    reached.release()
    assert syncing.result()["required"] == "NO_CHANGES"
    world.sync(b)
    world.sync_media(a)
    assert set(a.media.files()) == {"a.jpg", "b.jpg"}
    world.check()


@pytest.mark.beyond_reference("counts entries that changed nothing, so a change is missed (8.3)")
def test_a_change_by_another_device_in_between_is_not_missed(world: World) -> None:
    a, b = _two_devices(world, {"other": "old"})
    relay = world.relay()
    a.use_token(relay.url, a.login_data[1])
    relay.answer("begin", 503)
    a.media.write("never sent", "1")
    assert a.begin("sync_media").error() is not None  # but Anki has seen the file
    relay.clear()
    a.media.remove("never sent")  # it sends a deletion of what the server never had
    a.media.write("of a", "2")
    reached = relay.stall_before("uploadChanges")
    syncing = a.begin("sync_media")
    reached.wait_reached()
    b.media.write("other", "new")
    world.sync_media(b)
    reached.release()
    syncing.result()
    world.sync_media(a, b)
    assert a.media.read("other") == "new"
    world.check_media()


@pytest.mark.beyond_reference("compares with what the device has not seen yet (17.3)")
def test_files_added_by_others_meanwhile_make_no_false_alarm(world: World) -> None:
    a, b = _two_devices(world, {"first": "1"})
    relay = world.relay()
    a.use_token(relay.url, a.login_data[1])
    a.media.write("of a", "2")
    reached = relay.stall_before("mediaSanity")
    syncing = a.begin("sync_media")
    reached.wait_reached()
    b.media.write_all(many(3))
    world.sync_media(b)
    reached.release()
    syncing.result()
    world.sync_media(a, b)
    assert len(world.check_media()) == 5
