"""Who may come in: guesses at tokens, and clients behind a reverse proxy."""

from __future__ import annotations

import hashlib
import http.client
import json
import time

import pytest

from harness.device import ClientError
from harness.raw import Raw, compress
from harness.world import PASSWORD, USER, World, Worlds

OWN = "the reference does not slow anybody down"
# Another machine, as far as the server can see.
ELSEWHERE = "127.0.0.2"
# Of documentation: whoever the relay says it speaks for.
FAR = "203.0.113.7"
FARTHER = "203.0.113.8"


def guess_token(world: World, token: str) -> float:
    """Try a token from another address; the seconds until it is refused."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", world.server.port, timeout=60, source_address=(ELSEWHERE, 0)
    )
    raw = Raw(world.server.url, token)
    began = time.monotonic()
    connection.request(
        "POST", "/sync/meta", body=compress(b'{"v":11,"cv":"x"}'), headers=raw.header()
    )
    assert connection.getresponse().status == 403
    connection.close()
    return time.monotonic() - began


@pytest.mark.deckport_only(OWN)
def test_guessing_the_references_tokens_is_slow_and_its_clients_sync_on(worlds: Worlds) -> None:
    world = worlds.make("deckport")
    world.deckport.variables["SYNC_USER1"] = f"{USER}:{PASSWORD}"
    world.server.start()
    a = world.device("a", login=False)
    a.use_token(world.server.url, hashlib.sha1(f"{USER}:{PASSWORD}".encode()).hexdigest())
    a.add_note(guid="first", fields=["front", "back"])
    a.sync(one_way="upload")

    guesses = [hashlib.sha1(f"{USER}:{n}".encode()).hexdigest() for n in range(7)]
    waits = [guess_token(world, guess) for guess in guesses]
    assert waits[5] >= 0.5 and waits[6] >= 1, waits
    began = time.monotonic()
    a.add_tags(guid="first", tags="meanwhile")
    world.sync(a)
    assert time.monotonic() - began < 5

    # The token is kept as slowly as the password, so it must be found again after a restart.
    world.server.stop()
    world.server.start()
    a.add_tags(guid="first", tags="later")
    world.sync(a)

    world.server.stop()
    world.deckport.variables["SYNC_USER1"] = f"{USER}:another password"
    world.server.start()
    with pytest.raises(ClientError) as told:
        a.sync()
    assert (told.value.type, told.value.kind) == ("SyncError", "AUTH")


@pytest.mark.deckport_only(OWN)
@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_clients_of_a_trusted_proxy_are_told_apart(worlds: Worlds, header: str) -> None:
    world = worlds.make("deckport")
    world.server.add_account(USER, PASSWORD)
    if header == "x-real-ip":  # as with the reference, which names no network
        world.deckport.variables["SYNC_IP_HEADER"] = "XRealIp"
        world.deckport.start()
    else:
        world.deckport.start("--trusted-proxy", "127.0.0.1")
    relays = {}
    for client in (FAR, FARTHER):
        relays[client] = world.relay()
        relays[client].added[header] = f"for={client}" if header == "forwarded" else client

    guesser = Raw(relays[FAR].url)
    for n in range(7):
        assert guesser.login(USER, f"guess {n}").status == 403
    began = time.monotonic()
    a = world.device("a", url=relays[FARTHER].url)
    a.add_note(guid="first", fields=["front", "back"])
    a.sync(one_way="upload")
    assert time.monotonic() - began < 5
    devices = json.loads(world.deckport.manage("device", "list", "--json"))
    assert [device["address"] for device in devices] == [FARTHER]
    world.check()


@pytest.mark.deckport_only("the reference has no devices")
def test_a_device_that_was_not_used_for_long_can_be_logged_out(world: World) -> None:
    a, b = world.two_devices()
    assert "0 logged out" in world.deckport.manage("device", "prune", "--unused", "1")
    world.sync(a, b)
    assert "2 logged out" in world.deckport.manage("device", "prune", "--unused", "0")
    with pytest.raises(ClientError) as told:
        a.sync()
    assert told.value.kind == "AUTH"
