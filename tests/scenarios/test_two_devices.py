"""Two devices of one person syncing at the same moment."""

from __future__ import annotations

import pytest

from harness.device import ClientError
from harness.world import World, Worlds

# What the client makes of the status that says: try again later.
ONLY_ONE = "Only one copy of Anki can sync to your account at once."


@pytest.mark.beyond_reference("any request of a second device aborts the first one's sync")
def test_a_second_device_does_not_disturb_the_first_and_is_told_to_wait(world: World) -> None:
    a, b = world.two_devices()
    first, second = world.relay(), world.relay()
    a.use_token(first.url, a.login_data[1])
    b.use_token(second.url, b.login_data[1])
    a.add_note(guid="of a", fields=["x", "y"])
    b.add_note(guid="of b", fields=["x", "y"])
    reached = first.stall_after("applyChanges")
    syncing = a.begin("sync")
    reached.wait_reached()
    with pytest.raises(ClientError) as told:
        b.sync()
    assert told.value.type == "SyncError"
    assert ONLY_ONE in told.value.message
    assert second.statuses("meta") == [200]
    assert second.statuses("start") == [409]
    reached.release()
    assert syncing.result()["required"] == "NO_CHANGES"
    world.sync(b, a)
    world.check()


@pytest.mark.beyond_reference("any request of a second device aborts the first one's sync")
def test_background_checks_of_other_devices_do_not_disturb_a_sync(world: World) -> None:
    a, b = world.two_devices()
    relay = world.relay()
    a.use_token(relay.url, a.login_data[1])
    a.add_note(guid="of a", fields=["x", "y"])
    reached = relay.stall_after("chunk")
    syncing = a.begin("sync")
    reached.wait_reached()
    b.restart()
    assert b.status() == "NO_CHANGES"  # the committed state: nothing of the sync under way
    reached.release()
    assert syncing.result()["required"] == "NO_CHANGES"
    world.sync(b)
    world.check()


@pytest.mark.beyond_reference("any request of a second device aborts the first one's sync")
def test_a_device_whose_turn_comes_while_it_waits_loses_nothing(world: World) -> None:
    a, b = world.two_devices()
    first, second = world.relay(), world.relay()
    a.use_token(first.url, a.login_data[1])
    b.use_token(second.url, b.login_data[1])
    a.add_note(guid="of a", fields=["x", "y"])
    b.add_note(guid="of b", fields=["x", "y"])
    reached = first.stall_after("applyChanges")
    first_sync = a.begin("sync")
    reached.wait_reached()
    asked = second.stall_after("meta")
    second_sync = b.begin("sync")
    asked.wait_reached()
    asked.release()
    reached.release()
    assert first_sync.result()["required"] == "NO_CHANGES"
    # The state `b` asked about may be gone: then it is sent round once more.
    told = second_sync.error()
    assert told is None or second.statuses("start") == [409], told
    world.sync(b, a)
    assert a.query("select count() from notes") == [[3]]
    world.check()


@pytest.mark.beyond_reference("any request of a second device aborts the first one's sync")
def test_a_one_way_sync_waits_for_a_running_sync(world: World) -> None:
    a, b = world.two_devices()
    relay = world.relay()
    a.use_token(relay.url, a.login_data[1])
    a.add_note(guid="of a", fields=["x", "y"])
    reached = relay.stall_after("applyChanges")
    syncing = a.begin("sync")
    reached.wait_reached()
    b.force_one_way()
    with pytest.raises(ClientError) as told:
        b.full(one_way="upload")
    assert ONLY_ONE in told.value.message
    reached.release()
    assert syncing.result()["required"] == "NO_CHANGES"
    assert b.sync(one_way="download")["required"] == "FULL_SYNC"
    world.sync(a, b)
    world.check()


def test_many_devices_syncing_all_the_time_lose_nothing(world: World) -> None:
    first, second = world.two_devices()
    devices = [first, second]
    for name in ("c", "d"):
        devices.append(world.device(name))
        devices[-1].sync(one_way="download")
    for turn in range(4):
        for device in devices:
            device.add_note(guid=f"{turn} of {device.name}", fields=["x", "y"])
        for device, syncing in [(device, device.begin("sync")) for device in devices]:
            told = syncing.error()
            assert told is None or ONLY_ONE in told.message, (device.name, told)
    world.sync(*devices, *devices)
    assert first.query("select count() from notes") == [[1 + 4 * 4]]
    world.check()


def test_accounts_do_not_wait_for_each_other(worlds: Worlds) -> None:
    world = worlds.make()
    world.server.add_account("bea", "other password")
    world.begin()
    a, _ = world.two_devices()
    other = world.device("other", login=False)
    other.login(world.server.url, "bea", "other password")
    other.add_note(guid="of bea", fields=["x", "y"])
    relay = world.relay()
    a.use_token(relay.url, a.login_data[1])
    a.add_note(guid="of a", fields=["x", "y"])
    reached = relay.stall_after("applyChanges")
    syncing = a.begin("sync")
    reached.wait_reached()
    other.sync(one_way="upload")
    other.edit_note(guid="of bea", fields=["edited", "y"])
    world.sync(other)
    reached.release()
    assert syncing.result()["required"] == "NO_CHANGES"
    other.stop()
    del world.devices["other"]
    world.sync(*world.devices.values())
    world.check()
