"""`lives`: random lives of three devices, on the reference server and on Deckport."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.judge import KNOWN, MENDED, OTHER, Verdict, judge
from harness.life import EQUAL_NAMES, TIES, Script
from harness.stage import Stage
from report import Part, Setup, end_on_sigterm, in_workers

STEPS = 60


@dataclass
class Task:
    """What one worker process needs to know."""

    setup: Setup
    root: Path
    steps: int


# One pair of stages in each worker process, for all the lives it tells.
_stages: dict[str, Stage] = {}
_task: Task


def run(setup: Setup, lives: int, first: int, strict: bool) -> Part:
    """Tell `lives` lives from seed `first` on, and judge them."""
    verdicts: list[Verdict] = []
    root = Path(tempfile.mkdtemp(prefix="deckport-lives-", dir=setup.fast_folder))
    task = Task(setup, root, STEPS)
    try:
        for verdict in in_workers(_live, range(first, first + lives), _prepare, (task,)):
            verdicts.append(verdict)
            for kind, text in verdict.findings:
                print(f"  life {verdict.seed} {verdict.older}: [{kind}] {text}", flush=True)
            if len(verdicts) % 50 == 0:
                print(f"  {len(verdicts)} lives", flush=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return _report(sorted(verdicts, key=lambda verdict: verdict.seed), strict)


def _prepare(task: Task) -> None:
    global _task
    _task = task
    end_on_sigterm()
    own = Path(tempfile.mkdtemp(dir=task.root))
    for kind in ("reference", "deckport"):
        _stages[kind] = Stage(kind, task.setup.anki, task.setup.binary, own / kind)
    _stages["deckport"].begin = _stages["reference"].begin  # edits have the same times on both
    multiprocessing.util.Finalize(None, _end, exitpriority=10)


def _end() -> None:
    for stage in _stages.values():
        stage.close()
    _stages.clear()


def _live(seed: int) -> Verdict:
    script = Script(seed, _task.steps)
    older = _older(_task.setup, seed)
    reference = _stages["reference"].tell(script, older)
    ours = _stages["deckport"].tell(script, older)
    return judge(script, seed, older[0] if older else "", reference, ours)


def _older(setup: Setup, seed: int) -> tuple[str, Path] | None:
    """The older Anki of the third device, in every second block of eight lives."""
    if not setup.older or seed // 8 % 2 == 0:
        return None
    return setup.older[seed // 16 % len(setup.older)]


def _report(verdicts: list[Verdict], strict: bool) -> Part:
    wrong = [verdict for verdict in verdicts if verdict.of(OTHER)]
    known = {kind: [verdict for verdict in verdicts if verdict.of(kind)] for kind in KNOWN}
    part = Part("lives")
    part.passed = not wrong and not (strict and any(known.values()))
    part.lines = list(_lines(verdicts, wrong, known))
    for kind, found in [(OTHER, wrong), *known.items()]:
        if found:
            seeds = ", ".join(str(verdict.seed) for verdict in found[:40])
            part.details.append(f"[{kind}] repeat with --first-seed N --lives 1: {seeds}")
    return part


def _lines(
    verdicts: list[Verdict],
    wrong: list[Verdict],
    known: dict[str, list[Verdict]],
) -> Iterator[str]:
    mixed = Counter(verdict.older for verdict in verdicts if verdict.older)
    generations = ", ".join(f"{count} with Anki {name}" for name, count in sorted(mixed.items()))
    count = len(verdicts)
    yield f"Lives of 3 devices and {STEPS} steps: {count:,}" + (
        f", of which {generations} as one of the devices" if mixed else ""
    )
    yield ""
    yield "| | reference | Deckport |"
    yield "|---|---:|---:|"
    theirs = sum(verdict.reference_equal for verdict in verdicts)
    ours = sum(verdict.equal for verdict in verdicts)
    yield f"| devices and server ended equal | {theirs:,} | {ours:,} |"
    theirs = sum(verdict.reference_healthy for verdict in verdicts)
    ours = sum(not any("healthy" in text for _, text in verdict.findings) for verdict in verdicts)
    yield f"| Check Database found nothing anywhere | {theirs:,} | {ours:,} |"
    theirs = sum(not verdict.reference_failed for verdict in verdicts)
    ours = sum(not any("sync failed" in text for text in verdict.of(OTHER)) for verdict in verdicts)
    yield f"| no sync failed that nobody interrupted | {theirs:,} | {ours:,} |"
    compared = [verdict for verdict in verdicts if verdict.compared]
    same = sum(not verdict.across for verdict in compared)
    by_tie = sum(verdict.across == TIES for verdict in compared)
    mended = sum(verdict.across == MENDED for verdict in compared)
    yield f"| ended as with the reference, of {len(compared):,} comparable lives | | {same:,} |"
    yield f"| other than there after a tie, all copies equal | | {by_tie:,} |"
    yield f"| other than there after Deckport mended something, all copies equal | | {mended:,} |"
    by_name = sum(verdict.across == EQUAL_NAMES for verdict in compared)
    yield f"| other than there after equal names, all copies equal | | {by_name:,} |"
    pairs = sum(verdict.pairs for verdict in verdicts)
    yield f"| devices that differ from the server | | {pairs:,} |"
    for kind in KNOWN:
        yield f"| lives that the weakness *{kind}* left different | | {len(known[kind]):,} |"
    yield f"| lives with any other finding | | {len(wrong):,} |"
