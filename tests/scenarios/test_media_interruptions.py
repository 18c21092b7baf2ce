"""Media syncs that break off, and a server that went back in time: later syncs make it good."""

from __future__ import annotations

import json
import shutil

import pytest

from harness.device import ClientDiedError, Device
from harness.media import many, sha1
from harness.raw import compress
from harness.raw_media import zipped
from harness.relay import Relay
from harness.world import World

STEPS = ["begin", "mediaChanges", "downloadFiles", "uploadChanges", "mediaSanity"]


def _much_to_say(world: World) -> tuple[Device, Device, Relay]:
    """`b` syncs through a relay and has as much to fetch as to send, in several requests each."""
    a, b = world.device("a"), world.device("b")
    a.media.write_all({"deleted by a": "1", "replaced by b": "1"})
    world.sync_media(a, b)
    a.media.write_all(many(60, prefix="of-a-"))
    a.media.remove("deleted by a")
    world.sync_media(a)
    b.media.write_all(many(60, prefix="of-b-") | {"replaced by b": "2"})
    relay = world.relay()
    b.use_token(relay.url, b.login_data[1])
    return a, b, relay


def _sync_on(world: World, a: Device, b: Device, relay: Relay) -> None:
    relay.clear()
    world.sync_media(b, a)
    assert b.media.read("replaced by b") == "2"
    assert len(world.check_media()) == 121


@pytest.mark.parametrize("step", STEPS)
def test_a_lost_answer_is_repaired_by_the_next_media_sync(world: World, step: str) -> None:
    a, b, relay = _much_to_say(world)
    relay.cut_after(step)
    failed = b.begin("sync_media").error()
    assert failed is not None
    assert failed.type == "NetworkError"
    _sync_on(world, a, b, relay)


@pytest.mark.parametrize("step", ["downloadFiles", "uploadChanges"])
@pytest.mark.parametrize("who", ["client", "server"])
def test_a_killed_side_goes_on_where_it_was(world: World, who: str, step: str) -> None:
    a, b, relay = _much_to_say(world)
    reached = relay.stall_after(step)
    syncing = b.begin("sync_media")
    reached.wait_reached()
    if who == "client":
        b.kill()
        with pytest.raises(ClientDiedError):
            syncing.result()
        relay.clear()
        b.restart()
    else:
        world.server.kill()
        relay.cut_after(step)
        reached.release()
        assert syncing.error() is not None
        world.server.start()
    _sync_on(world, a, b, relay)


def test_what_was_stored_before_the_break_is_not_sent_again(world: World) -> None:
    a, b, relay = _much_to_say(world)
    relay.cut_after("uploadChanges")
    assert b.begin("sync_media").error() is not None
    relay.clear()
    relay.seen.clear()
    world.sync_media(b)
    sent = [seen.request for seen in relay.seen if seen.method == "uploadChanges"]
    assert sum(request.count(b"of-b-") for request in sent) < 2 * 61
    world.sync_media(a)
    world.check_media()


def test_half_a_batch_changes_nothing(world: World) -> None:
    raw = world.raw_media()
    raw.upload(("a", b"1"))
    whole = compress(zipped([("a", b"2"), *((name, b"x" * 500_000) for name in "bcdefghij")]))
    fields = {"v": 11, "k": raw.token, "c": "26.09.3,test,linux", "s": raw.session}
    raw.connection.putrequest("POST", "/msync/uploadChanges")
    raw.connection.putheader("anki-sync", json.dumps(fields))
    raw.connection.putheader("content-length", str(len(whole)))
    raw.connection.endheaders(whole[: len(whole) // 2])
    raw.connection.close()
    assert world.raw_media().listed() == {"a": sha1("1")}
    a = world.device("a")
    world.sync_media(a)
    assert world.check_media() == {"a": sha1("1")}
    left = [path.name for path in world.media_folder.parent.iterdir() if "tmp" in path.name]
    assert left == []


def test_a_failed_check_is_good_again_after_the_next_media_sync(world: World) -> None:
    a, b, relay = _much_to_say(world)
    relay.replace_body("mediaSanity", lambda _: json.dumps({"local": 7}).encode())
    assert b.begin("sync_media").error() is not None
    relay.seen.clear()
    _sync_on(world, a, b, relay)
    assert "uploadChanges" not in relay.methods()
    assert "downloadFiles" not in relay.methods()


def test_a_server_from_an_older_copy_gets_everything_again(world: World) -> None:
    a, b = world.device("a"), world.device("b")
    a.media.write_all(many(40, prefix="early-"))
    world.sync_media(a, b)
    world.stop_server()
    account, copy = world.media_folder.parent, world.root / "copy"
    shutil.copytree(account, copy)
    world.server.start()
    _address(world, a, b)
    b.media.write_all(many(30, prefix="late-"))
    world.sync_media(b, a)
    world.stop_server()
    shutil.rmtree(account)
    shutil.copytree(copy, account)
    world.server.start()
    _address(world, a, b)
    assert a.begin("sync_media").error() is not None  # told that files differ
    c = world.device("c")
    world.sync_media(a, b, c)
    assert len(world.check_media()) == 70


def _address(world: World, *devices: Device) -> None:
    """The server may have another port after a start."""
    for device in devices:
        device.use_token(world.server.url, device.login_data[1])
