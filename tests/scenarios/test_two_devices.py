"""Two devices of one person syncing at the same moment."""

from __future__ import annotations

import pytest

from harness.device import ClientError
from harness.world import World

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
