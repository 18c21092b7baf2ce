"""What was replaced can be brought back, and the devices hear of it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from harness.device import Device
from harness.raw import Raw
from harness.world import HEALTHY, PASSWORD, USER, World, Worlds

pytestmark = pytest.mark.deckport_only("the reference keeps no backups")


def backups(world: World) -> list[dict[str, Any]]:
    """All backups, newest first."""
    done = world.deckport.run(["backup", "list", "--json"])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def restore(world: World, name: str) -> str:
    """Restore a backup while the endpoint runs."""
    done = world.deckport.run(["backup", "restore", name])
    assert done.returncode == 0, done.stderr
    return done.stdout


def restore_stopped(world: World, name: str) -> str:
    """Restore a backup while the endpoint does not run."""
    world.stop_server()
    said = restore(world, name)
    world.server.start()
    return said


def guids(device: Device) -> list[str]:
    return [row[0] for row in device.query("select guid from notes order by guid")]


def replaced_by_c(world: World) -> tuple[Device, Device, Device]:
    """`a` and `b` have synced `first` and `second`; `c` has replaced that by its own note."""
    a, b = world.two_devices()
    a.add_note(guid="second", fields=["x", "y"])
    a.answer(guid="first", ease=3)
    world.sync(a, b)
    c = world.device("c")
    c.add_note(guid="of c", fields=["x", "y"])
    assert c.sync(one_way="upload")["required"] == "FULL_SYNC"
    return a, b, c


def test_a_backup_tells_why_when_and_what(world: World) -> None:
    replaced_by_c(world)
    (kept,) = backups(world)
    assert kept["reason"] == "upload"
    assert kept["device"].startswith("Anki 26.")
    assert (kept["notes"], kept["cards"], kept["reviews"]) == (2, 2, 1)
    assert kept["last_study"] is not None
    assert not kept["compressed"]
    table = world.deckport.run(["backup", "list"]).stdout
    assert kept["name"] in table


@pytest.mark.parametrize("restored", [restore, restore_stopped])
def test_after_a_restore_every_device_is_asked_and_then_merges_again(
    world: World, restored: Callable[[World, str], str]
) -> None:
    a, b, c = replaced_by_c(world)
    # `a` follows the upload, `b` has not heard of it and has the very state that is restored.
    assert a.sync(one_way="download")["required"] == "FULL_SYNC"
    (kept,) = backups(world)
    said = restored(world, kept["name"])
    assert "2 notes" in said
    assert "Download" in said
    for device in (a, b, c):
        assert device.sync()["required"] == "FULL_SYNC", device.name
        device.full(one_way="download")
        assert guids(device) == ["first", "second"]
    a.add_note(guid="after", fields=["x", "y"])
    b.edit_note(guid="first", fields=["later", "back"])
    world.sync(a, b, c, a, b)
    assert guids(c) == ["after", "first", "second"]
    assert [backup["reason"] for backup in backups(world)] == ["restore", "upload"]
    world.check()


def test_a_device_with_unsynced_changes_is_asked_too(world: World) -> None:
    a, b, _ = replaced_by_c(world)
    (kept,) = backups(world)
    b.add_note(guid="unsynced", fields=["x", "y"])
    restore(world, kept["name"])
    assert b.sync()["required"] == "FULL_SYNC"
    b.full(one_way="download")
    assert guids(b) == ["first", "second"]
    # The other answer is a person's right; what it replaces is kept in turn.
    a.add_note(guid="unsynced", fields=["x", "y"])
    assert a.sync(one_way="upload")["required"] == "FULL_SYNC"
    assert b.sync(one_way="download")["required"] == "FULL_SYNC"
    assert guids(b) == ["first", "second", "unsynced"]
    newest = backups(world)[0]
    assert (newest["reason"], newest["notes"]) == ("upload", 2)
    del world.devices["c"]
    world.check()


def test_a_restore_can_be_undone(world: World) -> None:
    a, _, c = replaced_by_c(world)
    (kept,) = backups(world)
    restore(world, kept["name"])
    before = next(backup for backup in backups(world) if backup["reason"] == "restore")
    restore(world, before["file"])
    for device in (c, a):
        assert device.sync(one_way="download")["required"] == "FULL_SYNC"
        assert guids(device) == ["of c"]


def test_a_backup_is_exported_and_pruned_while_the_endpoint_runs(world: World) -> None:
    a, _, _ = replaced_by_c(world)
    (kept,) = backups(world)
    out = world.root / "exported.anki2"
    done = world.deckport.run(["backup", "export", kept["name"], str(out)])
    assert done.returncode == 0, done.stderr
    assert a.check_file(path=str(out)) == HEALTHY
    found = a.query_file(path=str(out), sql="select guid from notes order by guid")
    assert found == [["first"], ["second"]]
    assert world.deckport.run(["backup", "prune"]).returncode == 0
    assert backups(world) == [kept]


def test_work_waits_for_a_sync_and_says_so_when_that_takes_long(world: World) -> None:
    a, _ = world.two_devices()
    raw = Raw(world.server.url)
    raw.login(USER, PASSWORD)
    assert raw.call("meta", {"v": 11, "cv": "anki,26.09.3 (test),linux"}).status == 200
    assert raw.call("start", {"minUsn": 0, "lnewer": True, "graves": None}).status == 200
    done = world.deckport.run(["backup", "create"])
    assert done.returncode == 1
    assert "a device is syncing" in done.stderr
    (account,) = json.loads(world.deckport.manage("status", "--json"))["accounts"]
    assert account["syncing"] == "Anki 26.09.3 on linux"
    assert account["notes"] == 1
    assert raw.call("abort", {}).status == 200
    assert world.deckport.run(["backup", "create"]).returncode == 0
    a.delete_note(guid="first")
    world.sync(a)
    assert guids(a) == []


def test_a_backup_by_hand_is_the_state_of_the_moment(world: World) -> None:
    a, b = world.two_devices()
    assert world.deckport.run(["backup", "create"]).returncode == 0
    b.delete_note(guid="first")
    world.sync(b, a)
    assert guids(a) == []
    (kept,) = backups(world)
    assert (kept["reason"], kept["device"]) == ("manual", None)
    restore(world, kept["name"])
    for device in (a, b):
        # The restored side has cards and this one has none, so Anki does not even ask.
        assert device.sync(one_way="download")["required"] == "FULL_DOWNLOAD"
        assert guids(device) == ["first"]
    world.check()


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_a_device_that_replaced_much_by_little_is_told_once(world: World, restart: bool) -> None:
    a, b = world.two_devices()
    a.fill(notes=100)
    world.sync(a, b)
    c = world.device("c")
    c.add_note(guid="of c", fields=["x", "y"])
    assert c.sync(one_way="upload")["message"] == ""
    if restart:
        world.server.stop()
        world.server.start()
    # No other device is told.
    assert a.sync(one_way="download")["message"] == ""
    said = c.sync()["message"]
    (kept,) = backups(world)
    assert "101 cards" in said
    assert kept["name"] in said
    assert c.sync()["message"] == ""
    c.add_note(guid="more", fields=["x", "y"])
    assert c.sync()["message"] == ""
    world.sync(a)
    assert a.sync()["message"] == ""
    # Newer clients show the text as HTML. The command in it works as it stands.
    assert not set(said) & set("<>&\n")
    command = said.split("\u201c")[1].split("\u201d")[0]
    done = subprocess.run(
        [str(world.deckport.binary), *shlex.split(command)[1:]], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert c.sync(one_way="download")["required"] == "FULL_SYNC"
    assert len(guids(c)) == 101


def test_a_background_check_does_not_swallow_the_message(world: World) -> None:
    a, _ = world.two_devices()
    a.fill(notes=100)
    world.sync(a)
    c = world.device("c")
    c.add_note(guid="of c", fields=["x", "y"])
    assert c.sync(one_way="upload")["message"] == ""
    c.status()
    assert "101 cards" in c.sync()["message"]


def test_a_device_that_replaced_what_it_had_not_seen_is_told(world: World) -> None:
    a, b = world.two_devices()
    a.force_one_way()
    a.add_tags(guid="first", tags="of-a")
    # `a` asks, and while its person thinks about the answer, `b` syncs.
    assert a.sync()["required"] == "FULL_SYNC"
    b.add_note(guid="unseen", fields=["x", "y"])
    world.sync(b)
    a.full(one_way="upload")
    assert "had not seen" in a.sync()["message"]
    assert a.sync()["message"] == ""
    (kept,) = backups(world)
    assert kept["notes"] == 2


def test_an_ordinary_upload_says_nothing(world: World) -> None:
    a, b = world.two_devices()
    a.fill(notes=100)
    a.force_one_way()
    world.sync(b)
    assert a.sync(one_way="upload")["required"] == "FULL_SYNC"
    assert a.sync()["message"] == ""
    assert b.sync(one_way="download")["message"] == ""
    world.sync(a, b)


def test_with_several_accounts_one_must_be_named(worlds: Worlds) -> None:
    world = worlds.make().begin()
    world.two_devices()
    world.server.add_account("bert", "secret of bert")
    done = world.deckport.run(["backup", "prune"])
    assert done.returncode == 2
    assert "--account" in done.stderr
    done = world.deckport.run(["backup", "prune", "--account", "nobody"])
    assert done.returncode == 1
    assert "no account" in done.stderr
    assert world.deckport.run(["backup", "prune", "--account", "Bert"]).returncode == 0


def test_a_person_decides_how_many_backups_stay(world: World) -> None:
    a, _ = world.two_devices()
    world.server.stop()
    world.deckport.start("--keep-backups", "1")
    for number in range(4):
        a.force_one_way()
        a.add_note(guid=f"n{number}", fields=["x", "y"])
        assert a.sync(one_way="upload")["required"] == "FULL_SYNC"
    # The newest one, and the first of the day.
    assert [backup["notes"] for backup in backups(world)] == [4, 1]
