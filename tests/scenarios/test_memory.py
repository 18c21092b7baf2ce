"""How much memory the server takes, whatever those who are logged in send at the same time."""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from harness.forms import PYTHON, RUST, Old
from harness.raw import Raw, compress
from harness.world import PASSWORD, World

pytestmark = pytest.mark.deckport_only("measures its process")

CONNECTIONS = 32
# The whole process is to stay below 64 MiB, of which the code of a release build takes 11.
MOST = (64 - 11) << 20

# `start` of a sync, so that what follows is read.
START = {"minUsn": 0, "lnewer": True, "graves": None}


def _peak(world: World) -> int:
    """The most that the server ever had in memory, in bytes, without its own code.

    That of a build for tests is twice as large as that of a release.
    """
    assert world.server.process is not None
    status = Path(f"/proc/{world.server.process.pid}/status").read_text()
    amounts = dict(line.split(":", 1) for line in status.splitlines())
    peak, code = (int(amounts[name].split()[0]) * 1024 for name in ("VmHWM", "RssFile"))
    return peak - code


def _bombs() -> dict[str, tuple[str, bytes]]:
    """What is small and becomes large: by what it unpacks to, or by what is made of it."""
    maps = b",".join([b'{"":0}'] * 400_000)
    numbers = b",".join([b"1"] * 2_000_000)
    note = [1, "guid", 1, 1, -1, "", "x" * 1_500_000, "", "", 0, ""]
    notes = [[number, *note[1:]] for number in range(12)]
    long_note = [[1, "guid", 1, 1, -1, "", "x" * 4_500_000, "", "", 0, ""]]
    return {
        "blanks": ("applyChunk", b" " * 90_000_000),
        "a string": ("applyChunk", b'{"chunk":{"done":"' + b"x" * 60_000_000 + b'"}}'),
        "maps": ("applyChanges", b'{"changes":{"models":[' + maps + b'],"decks":[[],[]]}}'),
        "numbers": ("applyChanges", b'{"changes":{"tags":[' + numbers + b"]}}"),
        "deletions": (
            "applyGraves",
            b'{"chunk":{"cards":[' + numbers + b'],"notes":[],"decks":[]}}',
        ),
        "notes": ("applyChunk", json.dumps({"chunk": {"done": True, "notes": notes}}).encode()),
        "a long note": (
            "applyChunk",
            json.dumps({"chunk": {"done": True, "notes": long_note}}).encode(),
        ),
        "depth": ("applyChanges", b'{"changes":' + b'{"":' * 120 + b"[" * 1_000_000),
        "a collection": ("upload", os.urandom(3_000_000)),
        "a collection of blanks": ("upload", b" " * 90_000_000),
    }


def _all_at_once(attacks: list[Callable[[], None]]) -> None:
    """Everybody sends in the same moment."""
    together = threading.Barrier(len(attacks))

    def run(attack: Callable[[], None]) -> None:
        together.wait()
        with suppress(OSError):  # being thrown out is what it should get
            attack()

    with ThreadPoolExecutor(len(attacks)) as pool:
        list(pool.map(run, attacks))


@pytest.fixture
def accounts(world: World) -> list[str]:
    """Some accounts: each has a worker, which works on one request at a time."""
    names = [f"user{number}" for number in range(8)]
    world.stop_server()
    for name in names:
        world.server.add_account(name, PASSWORD)
    world.server.start()
    return names


def test_bombs_in_the_framing_of_today(world: World, accounts: list[str]) -> None:
    bombs = [(method, compress(body)) for method, body in _bombs().values()]
    attacks: list[Callable[[], None]] = []
    for number in range(CONNECTIONS):
        raw = Raw(world.server.url, session=f"s{number}")
        assert raw.login(accounts[number % len(accounts)], PASSWORD).status == 200
        if number < len(accounts):  # the others would wait for the lease
            raw.call("start", START)
        method, body = bombs[number % len(bombs)]

        def attack(raw: Raw = raw, method: str = method, body: bytes = body) -> None:
            raw.send(f"sync/{method}", body, raw.header())

        attacks.append(attack)
    _all_at_once(attacks)
    _is_well(world)


def test_bombs_in_the_forms_of_old_clients(world: World, accounts: list[str]) -> None:
    bombs = [(method, gzip.compress(body, 1)) for method, body in _bombs().values()]
    attacks: list[Callable[[], None]] = []
    for number in range(CONNECTIONS):
        old = Old(world.server.url, (PYTHON, RUST)[number % 2])
        assert old.login(accounts[number % len(accounts)], PASSWORD).status == 200
        if number < len(accounts):
            old.call("start", START)
        method, body = bombs[number % len(bombs)]

        def attack(old: Old = old, method: str = method, body: bytes = body) -> None:
            parts = {"k": old.token.encode(), "s": old.session.encode(), "c": b"1", "d": body}
            names = {"k": "k", "s": "s", "c": "c", "d": "data"}
            form = [(names[key], parts[key]) for key in old.style.order if key in parts]
            old.send(f"sync/{method}", form)

        attacks.append(attack)
    _all_at_once(attacks)
    _is_well(world)


def _is_well(world: World) -> None:
    """Nothing was too much, and an innocent device syncs."""
    peak = _peak(world)
    assert peak < MOST, f"{peak / 2**20:.1f} MiB"
    assert world.raw().call("meta", {"v": 11, "cv": "test"}).json()["cont"]


def test_a_request_that_is_too_large_asks_for_a_one_way_sync(world: World) -> None:
    """The status with which clients offer the one thing that helps."""
    raw = world.raw()
    assert raw.call("start", START).status == 200
    method, body = _bombs()["maps"]
    assert raw.send(f"sync/{method}", compress(body), raw.header()).status == 400


def test_notes_with_many_pictures_in_their_fields_arrive(world: World) -> None:
    """A real client's chunk of many megabytes, more than there is memory for."""
    a, b = world.two_devices()
    for number in range(12):
        a.add_note(guid=f"large {number}", fields=["x" * 1_000_000 + str(number), "back"])
    # One alone may take more than all of it.
    a.add_note(guid="largest", fields=["long " * 900_000, "back"])
    world.sync(a, b)
    assert _peak(world) < MOST, f"{_peak(world) / 2**20:.1f} MiB"
    world.check()
