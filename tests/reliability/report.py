"""What all parts of the reliability tests share: where things are, and what they report."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path


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
