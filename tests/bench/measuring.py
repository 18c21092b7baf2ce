"""Measuring a server process: processor time, and the most resident memory. Linux only."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.server import Server

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """What one operation cost the server, and how long the client waited."""

    cpu_seconds: float
    peak_mib: float
    wall_seconds: float


@dataclass
class Costs:
    """One server, and what was measured of it so far."""

    server: Server
    costs: dict[str, list[Cost]] = field(default_factory=dict, kw_only=True)

    def measure(self, row: str, operation: Callable[[], object]) -> None:
        """Run an operation against a fresh server process and note what it cost."""
        self.server.start()
        assert self.server.process is not None
        pid = self.server.process.pid
        before = settled_cpu_seconds(pid)
        begin = time.monotonic()
        operation()
        wall = time.monotonic() - begin
        cost = Cost(settled_cpu_seconds(pid) - before, peak_mib(pid), wall)
        self.server.stop()
        self.costs.setdefault(row, []).append(cost)
        print(
            f"  {self.server.kind:9} {row:45} {cost.cpu_seconds:8.2f} s CPU"
            f" {cost.peak_mib:8.1f} MiB {wall:8.2f} s",
            flush=True,
        )

    def median(self, row: str) -> Cost:
        """The middle of all repetitions, each figure for itself."""
        costs = self.costs[row]
        return Cost(
            statistics.median(cost.cpu_seconds for cost in costs),
            statistics.median(cost.peak_mib for cost in costs),
            statistics.median(cost.wall_seconds for cost in costs),
        )


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, user and system, all threads."""
    # The name in parentheses may hold blanks; the fields after it do not. utime and stime are the
    # 14th and 15th field of the line.
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def settled_cpu_seconds(pid: int) -> float:
    """The same, once the process has done nothing for a fifth of a second."""
    last = -1.0
    while (now := cpu_seconds(pid)) != last:
        last = now
        time.sleep(0.2)
    return now


def peak_mib(pid: int) -> float:
    """The largest resident memory the process ever had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM: this is not Linux")


def table(reference: Costs, deckport: Costs) -> list[str]:
    """The comparison as Markdown."""
    lines = [
        "| operation | CPU, reference | CPU, Deckport | ratio |"
        " peak memory, reference | peak memory, Deckport | client waits, reference | Deckport |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in reference.costs:
        theirs, ours = reference.median(row), deckport.median(row)
        ratio = ours.cpu_seconds / theirs.cpu_seconds if theirs.cpu_seconds else float("nan")
        lines.append(
            f"| {row} | {theirs.cpu_seconds:.2f} s | {ours.cpu_seconds:.2f} s | **{ratio:.2f}** |"
            f" {theirs.peak_mib:.0f} MiB | {ours.peak_mib:.0f} MiB |"
            f" {theirs.wall_seconds:.2f} s | {ours.wall_seconds:.2f} s |"
        )
    return lines
