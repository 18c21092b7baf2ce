"""The server's media are replaced by an older state: devices notice, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.device import Device
from harness.media import copy_media
from harness.world import World


def _copy(world: World, folder: Path, back: bool = False) -> None:
    world.stop_server()
    copy_media(world.media_folder.parent, folder, back)
    world.server.start()


def _devices(world: World) -> tuple[Device, Device]:
    """Two devices that have three files."""
    a, b = world.device("a"), world.device("b")
    a.media.write_all({"both": "b", "changed": "1", "removed since": "r"})
    world.sync_media(a, b)
    return a, b


def _settle(world: World, *devices: Device) -> None:
    """Each syncs, is told once that files differ, and syncs again."""
    for device in devices:
        device.begin("sync_media").error()
        world.sync_media(device)
    world.sync_media(*devices)


@pytest.mark.beyond_reference("a device whose number is higher hears of nothing")
def test_every_file_of_any_device_ends_everywhere(world: World, tmp_path: Path) -> None:
    a, b = _devices(world)
    _copy(world, tmp_path / "copy")
    # As many files as before: nothing can be seen by counting.
    a.media.remove("removed since")
    a.media.write("added since", "a")
    world.sync_media(a, b)
    _copy(world, tmp_path / "copy", back=True)
    b.media.write("new of b", "n")
    _settle(world, b, a)
    assert sorted(world.check_media()) == [
        "added since",
        "both",
        "changed",
        "new of b",
        "removed since",
    ]


def test_a_deletion_of_the_older_state_removes_nothing_that_was_added_since(
    world: World, tmp_path: Path
) -> None:
    a, b = _devices(world)
    a.media.remove("changed")
    world.sync_media(a, b)
    _copy(world, tmp_path / "copy")
    a.media.write("changed", "again")
    world.sync_media(a, b)
    _copy(world, tmp_path / "copy", back=True)
    _settle(world, a, b)
    assert sorted(world.check_media()) == ["both", "changed", "removed since"]
    assert "changed" not in a.media.trashed()


@pytest.mark.beyond_reference("a device whose number is higher hears of nothing")
def test_devices_that_have_the_same_files_notice_nothing(world: World, tmp_path: Path) -> None:
    a, b = _devices(world)
    _copy(world, tmp_path / "copy")
    a.media.write("for a moment", "m")
    world.sync_media(a)
    a.media.remove("for a moment")
    world.sync_media(a, b)
    _copy(world, tmp_path / "copy", back=True)
    world.sync_media(a, b)
    b.media.write("later", "l")
    world.sync_media(b, a)
    assert sorted(world.check_media()) == ["both", "changed", "later", "removed since"]


def test_a_new_server_gets_everything(world: World, tmp_path: Path) -> None:
    world.stop_server()
    empty = tmp_path / "copy"
    (empty / "media").mkdir(parents=True)
    world.server.start()
    a, b = _devices(world)
    a.media.write("one more", "o")
    world.sync_media(a, b)
    _copy(world, empty, back=True)
    _settle(world, b, a)
    assert len(world.check_media()) == 4
