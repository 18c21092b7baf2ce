"""What all parts of the reliability tests share: where things are, and what they report."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

Task = TypeVar("Task")
Told = TypeVar("Told")

# Processes at a time.
WORKERS = 2


@dataclass(frozen=True)
class Setup:
    """Where the things under test are."""

    # The server, and one built with the feature `fault-points`.
    binary: Path
    faulty: Path | None
    # A Python with today's Anki, and others with older ones: (version, Python).
    anki: Path
    older: tuple[tuple[str, Path], ...] = ()

    @property
    def fast_folder(self) -> Path | None:
        """A folder in memory for what need not survive, if there is one."""
        memory = Path("/dev/shm")
        return memory if memory.is_dir() else None


def end_on_sigterm() -> None:
    """Let the end of a worker process be an orderly one, which ends its servers and clients."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def in_workers(
    work: Callable[[Task], Told],
    tasks: Sequence[Task],
    prepare: Callable[..., object] = end_on_sigterm,
    arguments: tuple[object, ...] = (),
) -> Iterator[Told]:
    """Do each task in a worker process; what they tell comes in the order in which it is ready."""
    with multiprocessing.get_context("spawn").Pool(
        min(WORKERS, len(tasks)), prepare, arguments
    ) as pool:
        yield from pool.imap_unordered(work, tasks)
        pool.close()
        pool.join()


@dataclass
class Part:
    """How one part went: `lines` go into the page, `details` to the terminal alone."""

    name: str
    passed: bool = True
    lines: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def fail(self, detail: str) -> None:
        """Note something that must not be."""
        self.passed = False
        self.details.append(detail)
        print(f"  {self.name}: {detail}", flush=True)
