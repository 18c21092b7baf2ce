"""`power`: the electricity fails, and with it goes everything that was not on the disk yet.

A server runs on a recorded disk (`tape.py`) while real clients sync with it (`story.py`). Then,
for many moments of this story, what a disk may hold after a power cut at that moment is made
(`platter.py`), a server starts on it, and the devices, as they were at that moment, go on with it
(`aftermath.py`). Some of these servers lose power once more while they recover.

Whether all this would find anything is shown by controls: disks that ignore some of the fsyncs,
and a server that answers first and syncs then, must lose something.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aftermath
import tape
from platter import MAPPED, MOODS, Disk, Mood
from story import Request, Story
from story import tell as tell_story
from tape import Kind, Tape

import disturbance
from harness.device import ClientError
from harness.world import USER
from household import Household, WrongError
from report import Part, Setup, in_workers

CUTS_PER_STORY = 100
# One of so many cuts has a second one, in the recovery; and is followed by Check Database.
SECOND_EVERY = 6
CHECK_EVERY = 10
# A story with so many broken promises is not looked at any further.
ENOUGH = 5
# A control may need so many cuts until it loses something.
CONTROL_CUTS = 40
# How a broken promise shows: the last is from requests made by hand that are refused.
BROKEN = (WrongError, RuntimeError, ClientError, AssertionError)

# What a disk may ignore, by the path of what is synced and whether it is a folder.
CONTROLS: dict[str, Callable[[str, bool], bool]] = {
    "all files": lambda _, is_folder: not is_folder,
    "all folders": lambda _, is_folder: is_folder,
    "write-ahead logs": lambda path, _: path.endswith("-wal"),
    "the account's folder": lambda path, _: path == USER,
    "the folder of backups": lambda path, _: path == f"{USER}/backups",
    "folders of media": lambda path, is_folder: is_folder and path.startswith(f"{USER}/media"),
}
LATE = "none, but only after the answer"


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
    links: bool = True
    cuts: int = 0
    second: int = 0
    states: set[str] = field(default_factory=set)
    doing: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    # Requests that were told, and how often the server waited for the disk, by what was done.
    requests: Counter[str] = field(default_factory=Counter)
    fsyncs: Counter[str] = field(default_factory=Counter)
    syncs: int = 0
    slowest_start: float = 0.0
    wrong: list[str] = field(default_factory=list)
    # What was lost where fsyncs were ignored.
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
    with_controls: bool
    # Whether the disk has hard links; on phones there are none.
    links: bool


def run(setup: Setup, cuts: int, first: int) -> Part:
    """Cut the power `cuts` times, in stories of some hundred each."""
    part = Part("power")
    if not disturbance.is_possible():
        part.lines = ["This machine cannot run this part: it needs Linux and a C compiler."]
        return part
    root = Path(tempfile.mkdtemp(prefix="deckport-power-", dir=setup.fast_folder))
    library = tape.build(root)
    # One at least on a disk without links.
    stories = max(2, -(-cuts // CUTS_PER_STORY))
    each = -(-cuts // stories)
    tasks = [
        Task(
            setup,
            root / f"story-{n}",
            library,
            seed=first + n,
            cuts=each,
            steps=3 + each // 7,
            with_controls=n == 0,
            links=n % 2 == 0,
        )
        for n in range(stories)
    ]
    all_told: list[Told] = []
    try:
        for told in in_workers(live, tasks):
            all_told.append(told)
            _show(told, part)
    finally:
        if part.passed:
            shutil.rmtree(root, ignore_errors=True)
    part.lines = _lines(all_told)
    return part


def _show(told: Told, part: Part) -> None:
    print(f"  story {told.seed}: {told.cuts} power cuts", flush=True)
    for wrong in told.wrong:
        part.fail(f"story {told.seed}: {wrong}")
    for ignored, lost in told.controls.items():
        print(f"    control, fsync ignored of {ignored}: {lost}", flush=True)
        if not lost:
            part.fail(f"without fsync of {ignored} nothing is lost: this test tests nothing")


def live(task: Task) -> Told:
    """Tell one story, then cut the power in it again and again."""
    told = Told(task.seed)
    chance = random.Random(task.seed)
    task.root.mkdir(parents=True)
    setup = task.setup
    home: Household | None = None
    try:
        folder = task.root / "told"
        story = tell_story(setup, folder, task.library, task.seed, task.steps, task.links)
        _count(story, told)
        told.links = task.links
        _check_tape(story, folder / "data")
        home = Household(setup.faulty or setup.binary, setup.anki, task.root / "after", None)
        for cut, disk in _replay(story, _cuts(story, task.cuts, chance), Disk()):
            second = task.library if told.cuts % SECOND_EVERY == 0 else None
            _try(home, story.request_at(cut.position), cut, disk, told, second)
            if len(told.wrong) >= ENOUGH:
                break
        told.syncs = home.ledger.syncs
        if task.with_controls:
            for ignored in (*CONTROLS, LATE):
                told.controls[ignored] = _control(home, story, ignored, chance)
    except BROKEN as wrong:
        told.wrong.append(str(wrong))
    finally:
        if home is not None:
            home.close()
        if not told.wrong:
            shutil.rmtree(task.root, ignore_errors=True)
    return told


def _count(story: Story, told: Told) -> None:
    told.records.update(record.kind.name for record in story.records)
    told.requests.update(asked.doing for asked in story.requests)
    for number, record in enumerate(story.records):
        if record.kind in (Kind.SYNC, Kind.SYNC_ALL):
            told.fsyncs[story.request_at(number).doing] += 1


def _check_tape(story: Story, data: Path) -> None:
    """The tape tells everything: played to its end, it makes what the server left."""
    disk = Disk()
    for record in story.records:
        disk.do(record)
    found = {
        path.relative_to(data).as_posix(): path.read_bytes() if path.is_file() else None
        for path in data.rglob("*")
    }
    played = disk.tree()
    differ = [
        path
        for path in found | played
        if found.get(path, 0) != played.get(path, 0) and not path.endswith(MAPPED)
    ]
    if differ:
        raise WrongError(f"the tape does not tell everything: {', '.join(sorted(differ)[:8])}")


def _cuts(story: Story, count: int, chance: random.Random) -> list[Cut]:
    """Before and after what is synced and answered, and anywhere."""
    edges = [
        position
        for number, record in enumerate(story.records)
        if record.kind in (Kind.SYNC, Kind.SYNC_ALL, Kind.SENT)
        for position in (number, number + 1)
    ]
    positions = chance.sample(edges, min(len(edges), count * 3 // 4))
    positions += [chance.randint(0, len(story.records)) for _ in range(count - len(positions))]
    cuts = [
        Cut(position, MOODS[number % len(MOODS)], chance.getrandbits(32))
        for number, position in enumerate(positions)
    ]
    return sorted(cuts, key=lambda cut: cut.position)


def _replay(story: Story, cuts: list[Cut], disk: Disk) -> Iterator[tuple[Cut, Disk]]:
    """The disk at the moment of each cut."""
    position = 0
    for cut in cuts:
        while position < cut.position:
            disk.do(story.records[position])
            position += 1
        yield cut, disk


def _try(
    home: Household, asked: Request, cut: Cut, disk: Disk, told: Told, second: Path | None = None
) -> None:
    """One power cut; with a recorder also a second one, in the recovery from the first."""
    told.cuts += 1
    told.doing[asked.doing] += 1
    chance = random.Random(cut.seed)
    told.states.add(_lose_power(home, disk, cut, chance))
    try:
        if second is not None and asked.doing != "account":
            told.cuts += 1
            told.second += 1
            told.states.add(_lose_power_again(home, asked, cut, chance, second))
        took = aftermath.start(home, asked)
        told.slowest_start = max(told.slowest_start, took)
        aftermath.go_on(home, asked)
        if told.cuts % CHECK_EVERY == 0:
            home.check_database()
    except BROKEN as wrong:
        twice = " and again" if second else ""
        where = f"cut at {cut.position}{twice} in a {asked.doing} by {asked.device or 'a person'}"
        told.wrong.append(f"{where}, {cut.mood.name}: {wrong}")
    finally:
        if home.server.is_running():
            home.server.kill()


def _lose_power(home: Household, disk: Disk, cut: Cut, chance: random.Random) -> str:
    shutil.rmtree(home.server.data, ignore_errors=True)
    home.server.data.mkdir()
    return disk.lose_power(cut.mood, chance, home.server.data)


def _lose_power_again(
    home: Household, asked: Request, cut: Cut, chance: random.Random, library: Path
) -> str:
    """The server starts on what is left and answers its first device; before that has the answer
    everything is dark again.
    """
    recorder = Tape(library, home.server.data, home.root / "tape", cut.seed % 2 == 0)
    disk = Disk.of(home.server.data)
    home.server.variables |= recorder.variables
    try:
        aftermath.start(home, asked)
        device = aftermath.first_to_go_on(home, asked)[0]
        if asked.doing == "media":
            device.sync_media()
        else:
            aftermath.sync(home, device, asked)
    finally:
        for name in recorder.variables:
            del home.server.variables[name]
        home.server.kill()
    records = recorder.records()
    last = max(number for number, record in enumerate(records) if record.kind == Kind.SENT)
    for record in records[: chance.randint(0, last)]:
        disk.do(record)
    return _lose_power(home, disk, cut, chance)


def _control(home: Household, story: Story, ignored: str, chance: random.Random) -> str:
    """What is found where fsyncs are ignored once everybody has moved in; nothing if nothing is."""
    told = Told(0)
    safe = next(asked.done for asked in story.requests if asked.doing == "upload")
    if ignored == LATE:
        story = story.with_late_syncs()
    # Just after an answer nothing but luck keeps what was not synced.
    places = [asked.done for asked in story.requests if asked.done > safe]
    places = chance.sample(places, min(len(places), CONTROL_CUTS))
    cuts = [Cut(place, MOODS[0], 0) for place in sorted(places)]
    disk = Disk()
    for record in story.records[:safe]:
        disk.do(record)
    disk.make_safe()
    disk.ignores = CONTROLS.get(ignored)
    rest = Story(story.records[safe:], [], story.last)
    shifted = [Cut(cut.position - safe, cut.mood, cut.seed) for cut in cuts]
    for cut, (_, at) in zip(cuts, _replay(rest, shifted, disk), strict=True):
        _try(home, story.request_at(cut.position), cut, at, told)
        if told.wrong:
            return f"{told.wrong[0]} (cut {told.cuts} of {len(cuts)})"
    return ""


def _lines(stories: list[Told]) -> list[str]:
    doing: Counter[str] = sum((told.doing for told in stories), Counter())
    records: Counter[str] = sum((told.records for told in stories), Counter())
    operations = records.total() - records[Kind.SENT.name]
    fsyncs = records[Kind.SYNC.name] + records[Kind.SYNC_ALL.name]
    requests: Counter[str] = sum((told.requests for told in stories), Counter())
    waits: Counter[str] = sum((told.fsyncs for told in stories), Counter())
    states = set().union(*(told.states for told in stories))
    without_links = sum(told.cuts for told in stories if not told.links)
    return [
        f"Power cuts: {sum(told.cuts for told in stories):,}, of which"
        f" {sum(told.second for told in stories):,} in the recovery from another one,"
        f" in {len(stories)} stories with {operations:,} operations on files and {fsyncs:,} fsyncs;"
        f" {without_links:,} of them on a disk without hard links, as a phone's",
        "",
        "| | |",
        "|---|---:|",
        f"| different states in which they left the disk | {len(states):,} |",
        f"| syncs after them | {sum(told.syncs for told in stories):,} |",
        f"| power cuts with something confirmed and lost, a forced full sync, a file left behind,"
        f" unequal devices or a complaint of Check Database | "
        f"{sum(len(told.wrong) for told in stories)} |",
        f"| longest start after a cut | {max(told.slowest_start for told in stories):.2f} s |",
        "",
        "| what was going on | power cuts | fsyncs for one |",
        "|---|---:|---:|",
        *(
            f"| {name} | {doing[name]:,} | {waits[name] / requests[name]:.1f} |"
            for name in sorted(requests)
        ),
    ]
