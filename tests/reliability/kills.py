"""`kills`: the server is killed at random and at named moments, while real clients sync with it."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import disturbance
from disturbance import EVERYTHING, KILL
from harness.device import ClientError, Device
from household import Household, WrongError
from report import Part, Setup, in_workers

# See `faults::point` in `rust/ground`; what each is reached by.
POINTS = {
    "sync": [
        "worker.opened",
        "sync.started",
        "sync.step_done:1",
        "sync.step_done:3",
        "sync.before_commit",
        "sync.committed",
    ],
    "upload": [
        "upload.received",
        "upload.checked",
        "upload.before_replace",
        "worker.before_close",
        "backup.linked",
        "backup.moved",
        "backup.move_synced",
        "backup.put_back",
        "upload.backup_kept",
        "upload.before_rename",
        "upload.renamed",
        "upload.replaced",
    ],
    "download": ["download.copied", "download.before_last"],
    "media": ["media.batch_received", "media.batch_stored"],
}

# Reached only on a disk that refuses hard links; the last one when the server starts again.
WITHOUT_LINKS = ("backup.moved", "backup.move_synced", "backup.put_back")

# How many operations on files each takes, at most; a number drawn beyond its end kills after it.
OPERATIONS = {"sync": 40, "upload": 150, "download": 12, "media": 60}
# How long each takes, likewise.
SECONDS = {"sync": 0.08, "upload": 0.12, "download": 0.04, "media": 0.12}

KILLS_PER_STORY = 50


@dataclass
class Told:
    """What happened in one story."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    # Kills on a disk without hard links.
    without_links: int = 0
    answered: int = 0
    reviews: int = 0
    files: int = 0
    syncs: int = 0
    slowest_start: float = 0.0
    wrong: str = ""


@dataclass
class Task:
    """A story to be told by a worker process."""

    setup: Setup
    root: Path
    library: Path | None
    seed: int
    kills: int


def run(setup: Setup, kills: int, first: int) -> Part:
    """Kill servers `kills` times, in stories of some dozens each."""
    part = Part("kills")
    root = Path(tempfile.mkdtemp(prefix="deckport-kills-"))
    library = disturbance.build(root) if disturbance.is_possible() else None
    counts = _split(kills)
    tasks = [
        Task(setup, root / f"story-{number}", library, first + number, count)
        for number, count in enumerate(counts)
    ]
    stories: list[Told] = []
    try:
        for told in in_workers(tell, tasks):
            stories.append(told)
            print(f"  story {told.seed}: {told.kills.total()} kills", flush=True)
            if told.wrong:
                part.fail(f"story {told.seed}: {told.wrong}")
    finally:
        if part.passed:
            shutil.rmtree(root, ignore_errors=True)
    part.lines = _lines(stories)
    return part


def _split(kills: int) -> list[int]:
    stories = max(1, -(-kills // KILLS_PER_STORY))
    return [kills // stories + (number < kills % stories) for number in range(stories)]


def tell(task: Task) -> Told:
    """One household and its kills, up to the first broken promise."""
    told = Told(task.seed)
    chance = random.Random(task.seed)
    binary = task.setup.faulty or task.setup.binary
    home = Household(binary, task.setup.anki, task.root, task.library)
    home.move_in()
    plan: tuple[str, str, str] = ("sync", "time", "")
    try:
        for number in range(task.kills):
            plan = _plan(task, chance)
            _arm(home, plan, chance, told)
            _suffer(home, plan, chance, told)
            if number % 25 == 24 or number == task.kills - 1:
                home.check_database()
    except (WrongError, RuntimeError) as wrong:  # the latter: it does not start any more
        told.wrong = f"after kill {told.kills.total()} ({' '.join(plan)}): {wrong}"
    finally:
        told.reviews, told.files = len(home.ledger.reviews), len(home.ledger.media)
        told.syncs = home.ledger.syncs
        home.close()
    return told


def _plan(task: Task, chance: random.Random) -> tuple[str, str, str]:
    """What is done, how the server is killed, and where."""
    doing = chance.choices(["sync", "upload", "download", "media"], [5, 2, 1, 2])[0]
    ways = ["time"]
    ways += ["file operation"] if task.library else []
    ways += ["point"] if task.setup.faulty else []
    way = chance.choice(ways)
    points = [point for point in POINTS[doing] if task.library or point not in WITHOUT_LINKS]
    return doing, way, chance.choice(points) if way == "point" else ""


def _arm(home: Household, plan: tuple[str, str, str], chance: random.Random, told: Told) -> None:
    """Start the server; a point must be told to it at its start, and what its disk can do."""
    if home.server.is_running():
        home.server.stop()
    home.server.variables.pop("DECKPORT_FAULT", None)
    home.server.variables.pop("FAULT_NO_LINKS", None)
    if home.disk is not None and (plan[2] in WITHOUT_LINKS or chance.random() < 0.5):
        home.server.variables["FAULT_NO_LINKS"] = "1"
        told.without_links += 1
    if plan[1] == "point":
        # The recovery from a kill has to be begun before it can be killed.
        first = "backup.move_synced" if plan[2] == "backup.put_back" else plan[2]
        home.server.variables["DECKPORT_FAULT"] = first
    _start(home, told)


def _start(home: Household, told: Told) -> None:
    begin = time.monotonic()
    home.server.start()
    told.slowest_start = max(told.slowest_start, time.monotonic() - begin)


def _suffer(home: Household, plan: tuple[str, str, str], chance: random.Random, told: Told) -> None:
    """One kill, and everything that must hold after it."""
    doing, way, point = plan
    device = chance.choice(home.devices)
    others = [other for other in home.devices if other is not device]
    if doing == "upload":
        # Else the upload would take back what the others have confirmed since: its right.
        if point != "worker.opened":
            home.sync(device)
        device.force_one_way()
    if doing in ("sync", "upload"):
        home.edit(device, chance, chance.randrange(1, 7))
    if doing == "media":
        home.edit_media(device, chance)
    killed_before = _act_and_kill(home, device, doing, way, chance)
    told.kills[way] += 1
    told.answered += not killed_before
    if point:
        told.points[point.partition(":")[0]] += home.server.process.returncode == -6
    _die_again(home, point)
    if not home.is_between():
        home.check_ledger()
    home.server.variables.pop("DECKPORT_FAULT", None)
    if home.disk is not None:
        home.disk.clear()
    _start(home, told)
    if doing == "media":
        home.check_media([])
        for one in (device, *others):
            home.sync_media(one)
        home.check_media(home.devices)
    home.sync(device, "upload" if doing == "upload" else None)
    home.check_leftovers()
    for other in others:
        home.sync(other, "download" if doing == "upload" else None)
    home.check_equal()
    home.check_ledger()


def _die_again(home: Household, point: str) -> None:
    """Kill the server while it puts the collection back."""
    if point != "backup.put_back":
        return
    home.server.variables["DECKPORT_FAULT"] = point
    with contextlib.suppress(RuntimeError):
        home.server.start()
        raise WrongError(f"{point} was not reached")


def _act_and_kill(
    home: Household, device: Device, doing: str, way: str, chance: random.Random
) -> bool:
    """Let the device do it and the server die; whether the device got no confirmation."""
    if way == "file operation":
        assert home.disk is not None
        home.disk.set(KILL, EVERYTHING, at=chance.randrange(1, OPERATIONS[doing]))
    timer = None
    if way == "time":
        timer = threading.Timer(chance.random() * SECONDS[doing], home.server.kill)
        timer.start()
    try:
        if doing == "download":
            device.call("full", one_way="download")
        elif doing == "media":
            device.sync_media()
        else:
            device.call("sync", one_way="upload")
        failed = False
    except ClientError:
        failed = True
    if timer is not None:
        timer.join()
    # It may have outlived its plan.
    home.server.kill()
    if not failed and doing == "media":
        home.ledger.confirm_media(device)
    elif not failed:
        home.ledger.confirm(device)
    return failed


def _lines(stories: list[Told]) -> list[str]:
    kills: Counter[str] = sum((told.kills for told in stories), Counter())
    points: Counter[str] = sum((told.points for told in stories), Counter())
    return [
        f"Kills: {kills.total():,}, of which {kills['time']:,} at a random time,"
        f" {kills['file operation']:,} in a random operation on a file (half written where it is a"
        f" write), {kills['point']:,} at a named point;"
        f" {sum(told.without_links for told in stories):,} on a disk without hard links",
        "",
        "| | |",
        "|---|---:|",
        f"| kills before the device had its answer | "
        f"{kills.total() - sum(told.answered for told in stories):,} |",
        f"| syncs that were confirmed | {sum(told.syncs for told in stories):,} |",
        f"| reviews that were confirmed | {sum(told.reviews for told in stories):,} |",
        f"| media files that were confirmed, and not removed again | "
        f"{sum(told.files for told in stories):,} |",
        f"| stories with something confirmed and lost, a forced full sync, a file left behind,"
        f" unequal devices or a complaint of Check Database | "
        f"{sum(bool(told.wrong) for told in stories)} |",
        f"| longest start after a kill | {max(told.slowest_start for told in stories):.2f} s |",
        "",
        "Named points that ended the server: "
        + ", ".join(f"{name} {count}" for name, count in sorted(points.items())),
    ]
