"""`crowd`: many accounts with several devices each, all syncing at once, with and without a hostile
client that does its worst.
"""

from __future__ import annotations

import multiprocessing
import random
import shutil
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from harness import dump
from harness.device import ClientError, Device
from harness.raw import Raw
from harness.server import Deckport
from hostile import attack
from report import Part, Setup

PASSWORD = "correct horse"
MALLORY = "mallory"


@dataclass
class Family:
    """The devices of one account."""

    user: str
    devices: list[Device]
    made: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def study(self, device: Device) -> None:
        """A note more and a review. One device after the other: ids are milliseconds, and what two
        devices make in the same one is one thing to every server.
        """
        with self.lock:
            self.made += 1
            device.add_note(guid=f"n{self.made}", fields=[device.name, "back"])
            device.answer(guid="first", ease=1)
            time.sleep(0.002)


def run(setup: Setup, accounts: int, devices: int, seconds: float) -> Part:
    """Let the crowd sync for `seconds`, twice."""
    part = Part("crowd")
    root = Path(tempfile.mkdtemp(prefix="deckport-crowd-"))
    server = Deckport(setup.binary, root / "data", root / "server.log")
    families: list[Family] = []
    try:
        names = [f"account{number}" for number in range(accounts)]
        for name in [*names, MALLORY]:
            server.add_account(name, PASSWORD)
        server.start("--quiet")
        # No more logins at once than one address may have under way.
        with ThreadPoolExecutor(3) as pool:
            families = list(
                pool.map(lambda name: _family(setup, server, root, name, devices), names)
            )
        newcomer = Raw(server.url)
        assert newcomer.login(names[0], PASSWORD).status == 200
        calm = _study(families, newcomer, seconds, part)
        _check(families, server, part, "without the hostile client")
        raw = Raw(server.url)
        assert raw.login(MALLORY, PASSWORD).status == 200
        stop = multiprocessing.get_context("spawn").Event()
        process = multiprocessing.get_context("spawn").Process(
            target=attack, args=(server.port, raw.token, (MALLORY, PASSWORD), stop)
        )
        process.start()
        time.sleep(1)  # it has begun when the first figures count
        disturbed = _study(families, newcomer, seconds, part)
        stop.set()
        process.join(60)
        _check(families, server, part, "with the hostile client")
        if part.passed:
            part.lines = _lines(calm, disturbed, accounts, devices, seconds)
            _judge(calm, disturbed, part)
    finally:
        for family in families:
            for device in family.devices:
                device.kill()
        if server.is_running():
            server.kill()
        if part.passed:
            shutil.rmtree(root, ignore_errors=True)
    return part


def _family(setup: Setup, server: Deckport, root: Path, user: str, count: int) -> Family:
    devices = []
    for number in range(count):
        device = Device(setup.anki, root / user / str(number), f"{user}-{number}")
        device.login(url=server.url, user=user, password=PASSWORD)
        devices.append(device)
    devices[0].add_note(guid="first", fields=["front", "back"])
    devices[0].call("full", one_way="upload")
    for device in devices[1:]:
        device.call("full", one_way="download")
    return Family(user, devices)


@dataclass
class Latencies:
    """How long things took, in seconds."""

    syncs: list[float] = field(default_factory=list)
    # Checks on a new connection each; the devices keep theirs.
    newcomers: list[float] = field(default_factory=list)


def _study(families: list[Family], newcomer: Raw, seconds: float, part: Part) -> Latencies:
    """Every device edits and syncs again and again, and somebody asks on new connections."""
    latencies = Latencies()
    until = time.monotonic() + seconds

    def knock() -> None:
        while time.monotonic() < until:
            begin = time.monotonic()
            try:
                status = newcomer.call("meta", {"v": 11, "cv": "test"}).status
            except OSError as error:
                part.fail(f"a newcomer gets no answer: {error}")
                return
            latencies.newcomers.append(time.monotonic() - begin)
            if status != 200:
                part.fail(f"a newcomer is answered {status}")
            time.sleep(0.1)

    def live(family: Family, device: Device, chance: random.Random) -> None:
        while time.monotonic() < until:
            family.study(device)
            begin = time.monotonic()
            try:
                required = device.call("sync")["required"]
            except ClientError as error:
                part.fail(f"{device.name} cannot sync: {error}")
                return
            latencies.syncs.append(time.monotonic() - begin)
            if required != "NO_CHANGES":
                part.fail(f"{device.name} is asked for a one-way sync: {required}")
                return
            time.sleep(chance.uniform(0.5, 1.5))  # reading the next card

    threads = [
        threading.Thread(target=live, args=(family, device, random.Random(device.name)))
        for family in families
        for device in family.devices
    ]
    threads.append(threading.Thread(target=knock))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies


def _check(families: list[Family], server: Deckport, part: Part, when: str) -> None:
    """Every account has all that its devices made, on each of them."""
    for family in families:
        for device in [*family.devices, *family.devices[:-1]]:
            device.sync()
        stored = dump.exact(dump.read_file(server.collection(family.user)))
        for table, wanted in (("notes", family.made + 1), ("revlog", family.made)):
            if len(stored[table]) != wanted:
                part.fail(f"{family.user} {when}: {len(stored[table])} {table} instead of {wanted}")
        for device in family.devices:
            places = dump.differing(stored, dump.exact(device.dump()))
            if places:
                part.fail(f"{device.name} {when} differs: {', '.join(places[:5])}")


def _judge(calm: Latencies, disturbed: Latencies, part: Part) -> None:
    """A hostile client on the same machine takes processor time from all; more it may not do."""
    for what in ("syncs", "newcomers"):
        before, after = _percentiles(getattr(calm, what)), _percentiles(getattr(disturbed, what))
        for name, (factor, more) in {"median": (3, 0.05), "p99": (5, 0.5)}.items():
            if after[name] > factor * before[name] + more:
                part.fail(f"{what}: {name} rose from {before[name]:.3f} s to {after[name]:.3f} s")


def _percentiles(latencies: list[float]) -> dict[str, float]:
    hundredths = statistics.quantiles(latencies, n=100, method="inclusive")
    return {"median": hundredths[49], "p99": hundredths[98], "longest": max(latencies)}


def _lines(
    calm: Latencies, disturbed: Latencies, accounts: int, devices: int, seconds: float
) -> list[str]:
    lines = [
        f"{accounts} accounts with {devices} devices each; every device adds a note, answers a"
        f" card and syncs about once a second for {seconds:.0f} s. Besides, one client asks for the"
        f" state on a new connection every time.",
        "",
        "| | requests | median | p99 | longest |",
        "|---|---:|---:|---:|---:|",
    ]
    rows = {
        "syncs": calm.syncs,
        "syncs beside a hostile client": disturbed.syncs,
        "new connections": calm.newcomers,
        "new connections beside a hostile client": disturbed.newcomers,
    }
    for name, latencies in rows.items():
        told = [f"{seconds * 1000:.0f} ms" for seconds in _percentiles(latencies).values()]
        lines.append(f"| {name} | {len(latencies):,} | {' | '.join(told)} |")
    lines += [
        "",
        "The hostile client has an account of its own and one address. All at once it opens 2,000"
        " connections that say nothing, sends garbage, bodies byte by byte, claims of a terabyte,"
        " packed bombs in both framings, forms without a token (byte by byte, and as fast as they"
        " go), guesses at tokens and passwords with logins of its own in between, asks for what it"
        " does not read, and begins syncs that it leaves alone. In the end no request of the others"
        " failed, and each of their devices has all notes of its account.",
    ]
    return lines
