"""Files that the server lost or that rotted: found, and healed by the devices that have them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.device import Device
from harness.media import many, sha1
from harness.world import World

LOST = ["f00003.bin", "f00017.bin", "f00039.bin"]


def _rot(path: Path) -> None:
    """Another byte, and the same time and size."""
    stat = path.stat()
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "cut short": lambda path: os.truncate(path, path.stat().st_size // 2),
    "changed": lambda path: path.write_bytes(b"by some other program"),
    "rotten": _rot,
}


def _heal(world: World, a: Device) -> None:
    """A device that has the files sends them again, after being told once that files differ."""
    a.begin("sync_media").error()
    world.sync_media(a)
    world.device("b")
    world.sync_media(*world.devices.values())
    assert len(world.check_media()) == 40


def _device_with_files(world: World) -> Device:
    a = world.device("a")
    a.media.write_all(many(40, 300_000))
    world.sync_media(a)
    return a


@pytest.mark.deckport_only("the reference server dies of an emptied file and keeps wrong ones")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_while_the_server_is_down_is_healed(world: World, damage: str) -> None:
    a = _device_with_files(world)
    world.stop_server()
    for name in LOST:
        DAMAGES[damage](world.media_folder / name)
    world.server.start()
    a.use_token(world.server.url, a.login_data[1])
    if damage == "rotten":
        _want_everything(world, a)  # size and time are right: it is found by reading
    _heal(world, a)


@pytest.mark.deckport_only("the reference server dies of an emptied file and keeps wrong ones")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_under_the_running_server_is_healed(world: World, damage: str) -> None:
    a = _device_with_files(world)
    for name in LOST:
        DAMAGES[damage](world.media_folder / name)
    _want_everything(world, a)
    _heal(world, a)


def _want_everything(world: World, a: Device) -> None:
    """A new device gets all files that are left, and no wrong one."""
    early = world.device("early")
    # A file that turns out to be wrong while it is sent breaks that sync off: at most the first.
    early.begin("sync_media").error()
    world.sync_media(early)
    files = a.media.files()
    assert early.media.files() == {name: files[name] for name in files if name not in LOST}


def _fetch(world: World, names: list[str]) -> list[str]:
    """Ask for files among others; the names that came."""
    raw = world.raw_media()
    return [name for name, _ in raw.download(["f00000.bin", *names])]


@pytest.mark.deckport_only("knows no other way to lose a file than these")
def test_a_lost_file_can_be_deleted_and_sent_anew(world: World) -> None:
    a = _device_with_files(world)
    (world.media_folder / LOST[0]).unlink()
    (world.media_folder / LOST[1]).unlink()
    assert _fetch(world, LOST[:2])
    a.media.remove(LOST[0])
    a.media.write(LOST[1], "another")
    a.begin("sync_media").error()
    world.sync_media(a)
    b = world.device("b")
    world.sync_media(b, a)
    listed = world.check_media()
    assert len(listed) == 39
    assert listed[LOST[1]] == sha1("another")
