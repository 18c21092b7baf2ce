"""`power`: the electricity fails, and with it goes everything that was not on the disk yet.

A server runs on a recorded disk (`tape.py`) while real clients sync with it (`story.py`). Then, for
many moments of this story, what a disk may hold after a power cut at that moment is made (`platter.py`), a
server starts on it, and the devices, as they were at that moment, go on with it.
"""

from __future__ import annotations

import multiprocessing
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import disturbance
import tape
from harness import dump
from harness.device import ClientError
from harness.media import hashes
from harness.world import USER
from household import Household, WrongError
from platter import MOODS, Disk, Mood
from report import Part, Setup, end_on_sigterm
from story import Request, Story, copy_device
from story import tell as tell_story
from tape import Kind

CUTS_PER_STORY = 100
STEPS_PER_STORY = 20
WORKERS = 2
# How a broken promise shows: the last is from requests made by hand that are refused.
BROKEN = (WrongError, RuntimeError, ClientError, AssertionError)
# Of the cuts that are no test of the server but of this test, so many are tried at most.
CONTROL_CUTS = 40


@dataclass(frozen=True)
class Cut:
    """A power cut: after so many records, with so much luck."""

    position: int
    mood: Mood
    seed: int


@dataclass
class Told:
    """What one story showed."""

    seed: int
    cuts: int = 0
    states: set[str] = field(default_factory=set)
    moods: Counter[str] = field(default_factory=Counter)
    doing: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    syncs: int = 0
    slowest_start: float = 0.0
    wrong: list[str] = field(default_factory=list)
    # What a disk that ignores some fsyncs lost.
    controls: dict[str, str] = field(default_factory=dict)


@dataclass
class Task:
    """A story to be told by a worker process."""

    setup: Setup
    root: Path
    library: Path
    seed: int
    cuts: int
    steps: int


def run(setup: Setup, cuts: int, first: int) -> Part:
    """Cut the power `cuts` times, in stories of some hundred each."""
    part = Part("power")
    if not disturbance.is_possible():
        part.lines = ["This machine cannot run this part: it needs Linux and a C compiler."]
        return part
    root = Path(tempfile.mkdtemp(prefix="deckport-power-", dir=setup.fast_folder))
    library = tape.build(root)
    stories = -(-cuts // CUTS_PER_STORY)
    each = -(-cuts // stories)
    steps = min(STEPS_PER_STORY, 6 + each // 5)
    tasks = [
        Task(setup, root / f"story-{number}", library, first + number, each, steps)
        for number in range(stories)
    ]
    all_told: list[Told] = []
    try:
        with multiprocessing.get_context("spawn").Pool(
            min(WORKERS, len(tasks)), end_on_sigterm
        ) as pool:
            for told in pool.imap_unordered(live, tasks):
                all_told.append(told)
                print(f"  story {told.seed}: {told.cuts} power cuts", flush=True)
                for wrong in told.wrong:
                    part.fail(f"story {told.seed}: {wrong}")
                for ignored, lost in told.controls.items():
                    print(f"    without fsync of {ignored}: {lost or 'nothing'}", flush=True)
            pool.close()
            pool.join()
    finally:
        if part.passed:
            shutil.rmtree(root, ignore_errors=True)
    for ignored in ("files", "folders"):
        if not any(told.controls.get(ignored) for told in all_told):
            part.fail(f"a disk that ignores fsync of {ignored} lost nothing: this test tests nothing")
    part.lines = _lines(all_told)
    return part


def live(task: Task) -> Told:
    """Tell one story, then cut the power in it again and again."""
    told = Told(task.seed)
    chance = random.Random(task.seed)
    task.root.mkdir(parents=True)
    try:
        story = tell_story(task.setup, task.root / "told", task.library, task.seed, task.steps)
    except BROKEN as wrong:
        told.wrong.append(f"before any power cut: {wrong}")
        return told
    told.records.update(record.kind.name for record in story.records)
    home = Household(task.setup.faulty or task.setup.binary, task.setup.anki, task.root / "after", None)
    home.token = story.token
    try:
        _check_model(story, task.root / "told" / "data")
        for cut, disk in _replay(story, _cuts(story, task.cuts, chance), Disk()):
            _try(home, story, cut, disk, told)
        if task.seed % 5 == 0:
            for ignored in ("files", "folders"):
                told.controls[ignored] = _control(home, story, ignored, chance)
    except WrongError as wrong:
        told.wrong.append(str(wrong))
    finally:
        told.syncs = home.ledger.syncs
        home.close()
    return told


def _check_model(story: Story, data: Path) -> None:
    """The tape tells everything: played to its end, it makes what the server left."""
    disk = Disk()
    for record in story.records:
        disk.do(record)
    found = {
        path.relative_to(data).as_posix(): path.read_bytes() if path.is_file() else None
        for path in data.rglob("*")
        if not path.name.endswith("-shm")
    }
    played = {path: content for path, content in disk.tree().items() if not path.endswith("-shm")}
    if played != found:
        differ = sorted(
            path for path in played | found if played.get(path, 0) != found.get(path, 0)
        )
        raise WrongError(f"the tape does not tell everything: {', '.join(differ[:8])}")


def _cuts(story: Story, count: int, chance: random.Random) -> list[Cut]:
    """Before and after what is synced and told, and anywhere."""
    places = range(story.begin, len(story.records) + 1)
    edges = [
        position
        for number, record in enumerate(story.records)
        if record.kind in (Kind.SYNC, Kind.SYNC_ALL, Kind.SENT) and number >= story.begin
        for position in (number, number + 1)
    ]
    chosen = chance.sample(edges, min(len(edges), count * 3 // 4))
    chosen += [chance.choice(places) for _ in range(count - len(chosen))]
    moods = [MOODS[number % len(MOODS)] for number in range(count)]
    chance.shuffle(moods)
    return sorted(
        (Cut(position, mood, chance.getrandbits(32)) for position, mood in zip(chosen, moods)),
        key=lambda cut: cut.position,
    )


def _replay(story: Story, cuts: list[Cut], disk: Disk, safe_until: int = 0):  # noqa: ANN202
    """The disk at the moment of each cut; everything up to record `safe_until` is safe."""
    position = 0
    for cut in cuts:
        while position < cut.position:
            disk.do(story.records[position])
            position += 1
            if position == safe_until:
                disk.make_safe()
        yield cut, disk


def _try(home: Household, story: Story, cut: Cut, disk: Disk, told: Told) -> None:
    """One power cut."""
    asked = story.request_at(cut.position)
    data = home.server.data
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    state = disk.lose_power(cut.mood, random.Random(cut.seed), data)
    told.cuts += 1
    told.moods[cut.mood.name] += 1
    told.doing[asked.doing] += 1
    told.states.add(state)
    try:
        took = _go_on(home, asked)
        told.slowest_start = max(told.slowest_start, took)
        if told.cuts % 10 == 0:
            home.check_database()
    except BROKEN as wrong:
        where = f"cut at {cut.position} in a {asked.doing} by {asked.device or 'nobody'}"
        told.wrong.append(f"{where}, {cut.mood.name}: {wrong}")
    finally:
        if home.server.is_running():
            home.server.kill()


def _go_on(home: Household, asked: Request) -> float:
    """Everything that must hold after a power cut during this request."""
    home.ledger = _copy_of(asked, home)
    home.check_ledger()
    begin = time.monotonic()
    home.server.start()
    took = time.monotonic() - begin
    for device in home.devices:
        device.call("close")
        shutil.rmtree(device.folder)
        copy_device(asked.devices[device.name], device.folder)
        device.call("open", path=str(device.collection))
        device.use_token(url=home.server.url, token=home.token)
    order = sorted(home.devices, key=lambda device: device.name != asked.device)
    _check_media(home, order)
    for device in order:
        one_way = "download" if device.name in asked.owed or asked.doing == "upload" else None
        home.sync(device, "upload" if _uploads(asked, device.name) else one_way)
        if device is order[0]:
            home.check_leftovers()
    home.check_equal()
    home.check_ledger()
    _check_backup(home, asked)
    return took


def _uploads(asked: Request, device: str) -> bool:
    return asked.doing == "upload" and asked.device == device


def _copy_of(asked: Request, home: Household):  # noqa: ANN202
    import copy

    ledger = copy.deepcopy(asked.ledger)
    ledger.syncs = home.ledger.syncs
    return ledger


def _check_media(home: Household, order: list) -> None:
    home.check_media([])
    for device in order:
        home.sync_media(device)
    home.check_media(home.devices)
    # What the server lists was compared; now what it has.
    folder = home.server.collection(USER).parent / "media"
    stored, expected = hashes(folder), order[0].media.files()
    if stored != expected:
        differ = sorted({name for name, _ in stored.items() ^ expected.items()})
        raise WrongError(f"the server's media differ: {', '.join(differ[:8])}")


def _check_backup(home: Household, asked: Request) -> None:
    """What the last confirmed upload replaced can be brought back."""
    if asked.replaced is None:
        return
    folder = home.server.collection(USER).parent / "backups"
    lost = ["there is none"]
    for backup in sorted(folder.glob("*.anki2"), reverse=True):
        lost = asked.replaced.missing(dump.read_file(backup))
        if not lost:
            return
    raise WrongError(f"no backup holds what was replaced: {', '.join(lost[:5])}")


def _control(home: Household, story: Story, ignored: str, chance: random.Random) -> str:
    """What is found on a disk that ignores fsyncs from now on; nothing if nothing is."""
    told = Told(0)
    cuts = _cuts(story, CONTROL_CUTS, chance)
    for cut, disk in _replay(story, cuts, Disk(frozenset([ignored])), story.begin):
        _try(home, story, cut, disk, told)
        if told.wrong:
            return f"{told.wrong[0]} (cut {told.cuts})"
    return ""


def _lines(stories: list[Told]) -> list[str]:
    moods: Counter[str] = sum((told.moods for told in stories), Counter())
    doing: Counter[str] = sum((told.doing for told in stories), Counter())
    records: Counter[str] = sum((told.records for told in stories), Counter())
    cuts = sum(told.cuts for told in stories)
    return [
        f"Power cuts: {cuts:,}, in {len(stories)} stories",
        "",
        "| | |",
        "|---|---:|",
        f"| different states of the disk | {len(set().union(*(t.states for t in stories))):,} |",
        f"| operations recorded, of which fsyncs | {records.total() - records['SENT']:,}, "
        f"{records['SYNC'] + records['SYNC_ALL']:,} |",
        f"| syncs after power cuts | {sum(told.syncs for told in stories):,} |",
        f"| power cuts with something confirmed and lost, a forced full sync, a file left behind,"
        f" unequal devices or a complaint of Check Database | "
        f"{sum(len(told.wrong) for told in stories)} |",
        f"| longest start after a power cut | {max(told.slowest_start for told in stories):.2f} s |",
        "",
        "During: " + ", ".join(f"{name} {count}" for name, count in sorted(doing.items())),
        "",
        "What survived: " + ", ".join(f"{name} {count}" for name, count in sorted(moods.items())),
    ]
