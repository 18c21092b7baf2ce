"""Syncs that break off: killed clients, lost answers, killed and stopped servers.

Whatever breaks, the next sync of the same device must simply work, and nothing may be lost.
"""

from __future__ import annotations

import http.client
import time

import pytest

from harness.device import ClientDiedError, ClientError, Device
from harness.relay import Relay
from harness.world import USER, World

STEPS = ["start", "applyGraves", "applyChanges", "chunk", "applyChunk", "sanityCheck2", "finish"]


def _two_devices_with_much_to_say(world: World) -> tuple[Device, Device, Relay]:
    """Changes of every kind wait on the server for `b`, which has as many of its own.

    `b` syncs through the relay.
    """
    a, b = world.two_devices()
    for number in range(4):
        a.add_note(guid=f"n{number}", fields=[f"front {number}", "back"], deck=f"Deck {number}")
    world.sync(a, b)
    a.edit_note(guid="n0", fields=["edited by a", ""])
    a.delete_note(guid="n1")
    a.add_note(guid="of a", fields=["x", "y"], deck="New of a", tags=["of-a"])
    world.sync(a)
    b.edit_note(guid="n2", fields=["edited by b", ""])
    b.delete_note(guid="n3")
    b.add_note(guid="of b", fields=["x", "y"], deck="New of b", tags=["of-b"])
    b.add_preset(name="Preset of b")
    relay = world.relay()
    b.use_token(relay.url, b.login_data[1])
    return a, b, relay


def _sync_on(world: World, a: Device, b: Device, relay: Relay) -> None:
    """The next syncs work, and all copies end with everything."""
    relay.clear()
    begin = time.monotonic()
    world.sync(b)
    # The device's own dead sync must not be waited for; another device would wait ten seconds.
    assert time.monotonic() - begin < 9
    world.sync(a, b)
    guids = [guid for (guid,) in a.query("select guid from notes order by guid")]
    assert guids == ["first", "n0", "n2", "of a", "of b"]
    world.check()


@pytest.mark.parametrize("step", STEPS)
def test_a_client_killed_after_a_step_syncs_on(world: World, step: str) -> None:
    a, b, relay = _two_devices_with_much_to_say(world)
    reached = relay.stall_after(step)
    syncing = b.begin("sync")
    reached.wait_reached()
    b.kill()
    with pytest.raises(ClientDiedError):
        syncing.result()
    relay.clear()
    b.restart()
    _sync_on(world, a, b, relay)


@pytest.mark.parametrize("step", STEPS)
def test_a_lost_answer_is_repaired_by_the_next_sync(world: World, step: str) -> None:
    a, b, relay = _two_devices_with_much_to_say(world)
    relay.cut_after(step)
    with pytest.raises(ClientError) as told:
        b.sync()
    assert told.value.type == "NetworkError"
    _sync_on(world, a, b, relay)


@pytest.mark.parametrize("step", STEPS)
def test_a_server_killed_after_a_step_syncs_on(world: World, step: str) -> None:
    a, b, relay = _two_devices_with_much_to_say(world)
    reached = relay.stall_after(step)
    syncing = b.begin("sync")
    reached.wait_reached()
    world.server.kill()
    relay.cut_after(step)
    relay.after[step].release()
    with pytest.raises(ClientError):
        syncing.result()
    world.server.start()
    _sync_on(world, a, b, relay)


@pytest.mark.parametrize("step", ["start", "applyChunk"])
def test_a_server_stopped_in_mid_sync_ends_cleanly_and_syncs_on(world: World, step: str) -> None:
    a, b, relay = _two_devices_with_much_to_say(world)
    reached = relay.stall_after(step)
    syncing = b.begin("sync")
    reached.wait_reached()
    world.stop_server()
    reached.release()
    with pytest.raises(ClientError):
        syncing.result()
    world.server.start()
    _sync_on(world, a, b, relay)


def test_a_cancelled_sync_leaves_nothing_behind(world: World) -> None:
    a, b, relay = _two_devices_with_much_to_say(world)
    reached = relay.stall_after("applyChanges")
    b.begin_sync()
    reached.wait_reached()
    b.cancel_sync()
    reached.release()
    assert b.end_sync() == "Interrupted"
    begin = time.monotonic()
    world.sync(a)  # the cancelled sync holds nothing up
    assert time.monotonic() - begin < 9
    _sync_on(world, a, b, relay)


def test_a_lost_answer_to_an_upload_leaves_both_sides_equal(world: World) -> None:
    a = world.device("a")
    a.add_note(guid="first", fields=["x", "y"])
    relay = world.relay()
    a.use_token(relay.url, a.login_data[1])
    relay.cut_after("upload")
    with pytest.raises(ClientError) as told:
        a.sync(one_way="upload")
    assert told.value.type == "NetworkError"
    relay.clear()
    world.sync(a)
    world.check()


def test_a_download_cut_off_leaves_the_device_as_it_was(world: World) -> None:
    a, b = world.two_devices()
    c = world.device("c")
    c.add_note(guid="of c", fields=["x", "y"])
    relay = world.relay()
    c.use_token(relay.url, c.login_data[1])
    relay.cut_after("download")
    with pytest.raises(ClientError):
        c.sync(one_way="download")
    assert c.query("select guid from notes") == [["of c"]]
    relay.clear()
    c.sync(one_way="download")
    world.sync(a, b)
    world.check()


def test_half_an_upload_changes_nothing(world: World) -> None:
    a, b = world.two_devices()
    raw = world.raw()
    connection = http.client.HTTPConnection("127.0.0.1", world.server.port, timeout=30)
    connection.putrequest("POST", "/sync/upload")
    for name, value in raw.header().items():
        connection.putheader(name, value)
    connection.putheader("transfer-encoding", "chunked")
    connection.endheaders(b"4\r\n\x28\xb5\x2f\xfd\r\n")
    connection.close()
    world.sync(a, b)
    folder = world.server.collection(USER).parent
    if world.kind == "deckport":
        world.stop_server()
        left = [path.name for path in folder.iterdir() if "tmp" in path.name or "part" in path.name]
        assert left == []
    world.check()
