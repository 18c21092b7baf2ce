"""Links that are slow: a phone at the edge of its network, and everything that stands in between.

The waiting times of the server are shortened, and the links are faster by as much. With `--long`
they are what they are: minutes, at 12 and 14 kB/s.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator

import pytest

from harness.device import Device
from harness.relay import SlowLink
from harness.world import PASSWORD, USER, World, Worlds

pytestmark = pytest.mark.deckport_only("its waiting times are set")

# How much faster everything is without `--long`.
FASTER = 25


@pytest.fixture
def pace(request: pytest.FixtureRequest) -> int:
    """By what the true times are divided, and the true rates multiplied."""
    return 1 if request.config.getoption("--long") else FASTER


@pytest.fixture
def slow_world(worlds: Worlds, pace: int) -> World:
    """A running server with one account whose waiting times are divided."""
    world = worlds.make()
    world.server.add_account(USER, PASSWORD)
    times = {"lease-idle": 60, "body-stall": 60, "keep-alive": 180}
    options = [f"--timing={name}={seconds / pace}" for name, seconds in times.items()]
    world.deckport.start(*options)
    return world


@pytest.fixture
def line(slow_world: World, pace: int) -> Iterator[SlowLink]:
    """A line to the server as slow as the slowest that people sync over."""
    link = SlowLink(slow_world.server.url, up=14_000 * pace, down=12_000 * pace)
    yield link
    link.close()


def _text(size: int) -> str:
    """Text that packing makes a quarter smaller at most."""
    return base64.b64encode(os.urandom(size * 3 // 4)).decode()


# Seconds without progress until the client gives up, as its preferences allow. This machine's
# systems take megabytes at once, so the client waits for an answer to what is still on its way.
CLIENT_TIMEOUT = 1200


def _over(device: Device, link: SlowLink) -> None:
    device.call("use_token", url=link.url, token=device.login_data[1], timeout=CLIENT_TIMEOUT)


def _slowly(device: Device, operation: str, **args: str) -> dict[str, str]:
    """Something that may take many minutes."""
    return device.begin(operation, **args).result(timeout=3600)


def test_large_notes_go_up_in_a_normal_sync(slow_world: World, line: SlowLink) -> None:
    """One request takes longer than a sync may be idle."""
    a, b = slow_world.two_devices()
    for number in range(2):
        a.add_note(guid=f"large {number}", fields=[_text(1_500_000), "back"])
    _over(a, line)
    assert _slowly(a, "sync")["required"] == "NO_CHANGES"
    assert line.carried["up"] > 2_000_000
    slow_world.sync(b)
    slow_world.check()


def test_large_notes_come_down_in_a_normal_sync(slow_world: World, line: SlowLink) -> None:
    """One answer takes longer than a sync may be idle."""
    a, b = slow_world.two_devices()
    for number in range(2):
        a.add_note(guid=f"large {number}", fields=[_text(1_500_000), "back"])
    slow_world.sync(a)
    _over(b, line)
    assert _slowly(b, "sync")["required"] == "NO_CHANGES"
    assert line.carried["down"] > 2_000_000
    slow_world.check()


def test_a_collection_goes_up_and_comes_down(slow_world: World, line: SlowLink) -> None:
    a = slow_world.device("a")
    for number in range(4):
        a.add_note(guid=f"large {number}", fields=[_text(1_200_000), "back"])
    _over(a, line)
    assert _slowly(a, "sync", one_way="upload")["required"] == "FULL_UPLOAD"
    b = slow_world.device("b")
    _over(b, line)
    assert _slowly(b, "sync", one_way="download")["required"] == "FULL_DOWNLOAD"
    slow_world.check()


def test_several_batches_of_media_come_down_over_one_connection(
    slow_world: World, line: SlowLink
) -> None:
    a, b = slow_world.device("a"), slow_world.device("b")
    a.media.write_all({f"{number}.jpg": os.urandom(1_000_000) for number in range(6)})
    slow_world.sync_media(a)
    _over(b, line)
    _slowly(b, "sync_media")
    assert line.carried["down"] > 6_000_000
    slow_world.check_media()
