"""Deckport beside the reference server: CPU time and peak memory of the server process.

Both serve the same generated collection to the same real client. Every measurement starts a fresh
server process on the state the step before left, and counts from the moment it listens: processor
time (user and system) from `/proc/PID/stat`, peak memory (`VmHWM`) from `/proc/PID/status`.
Writes a Markdown table. Linux only, and meaningful only on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scenarios"))

from harness.device import Device
from harness.server import Deckport, Reference, Server

USER, PASSWORD = "bench", "bench password"
CHECKS = 2_000
STUDIED = 20_000
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """What one operation cost the server, and how long the client waited."""

    cpu_seconds: float
    peak_mib: float
    wall_seconds: float


@dataclass
class Bench:
    """One server with two devices, and the costs measured so far."""

    server: Server
    sender: Device
    receiver: Device
    costs: dict[str, list[Cost]] = field(default_factory=dict)

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


def rows(cards: int) -> list[str]:
    """The table's rows in their order."""
    return [
        "full upload",
        "full download",
        f"no-change check, {CHECKS:,} times",
        f"send {cards:,} changed cards with reviews",
        f"receive {cards:,} changed cards with reviews",
    ]


def run(bench: Bench, repetitions: int, cards: int) -> None:
    """All rows, each several times."""
    upload, download, check, send, receive = rows(cards)
    bench.server.start()
    for device in (bench.sender, bench.receiver):
        device.login(bench.server.url, USER, PASSWORD)
    bench.server.stop()
    for repetition in range(1, repetitions + 1):
        bench.measure(upload, lambda: bench.sender.full(one_way="upload"))
        bench.measure(download, lambda: bench.receiver.full(one_way="download"))
        # The reference counts a download as a change: the sender takes note of it first.
        bench.server.start()
        bench.sender.sync()
        bench.receiver.sync()
        bench.server.stop()
        bench.measure(check, lambda: bench.sender.sync_times(count=CHECKS))
        bench.sender.study(cards=cards, round=repetition)
        bench.measure(send, lambda: merged(bench.sender))
        bench.measure(receive, lambda: merged(bench.receiver))


def merged(device: Device) -> None:
    """A normal sync; a one-way sync would measure something else."""
    outcome = device.sync()
    if outcome["required"] != "NO_CHANGES":
        raise RuntimeError(f"the client wants {outcome['required']}")


def large(bench: Bench) -> None:
    """Peak memory with a collection several times as large."""
    bench.server.start()
    for device in (bench.sender, bench.receiver):
        device.login(bench.server.url, USER, PASSWORD)
    bench.server.stop()
    bench.measure("full upload", lambda: bench.sender.full(one_way="upload"))
    bench.measure("full download", lambda: bench.receiver.full(one_way="download"))


class Workshop:
    """Makes collections, servers and devices in one temporary folder."""

    def __init__(self, folder: Path, binary: Path, python: Path) -> None:
        self.folder = folder
        self.binary = binary
        self.python = python

    def collection(self, notes: int) -> Path:
        """A generated collection, made by the real client."""
        maker = Device(self.python, self.folder / f"made-{notes}", "maker")
        maker.fill(notes=notes)
        maker.fix_integrity()
        maker.stop()
        return maker.collection

    def bench(self, kind: str, collection: Path) -> Bench:
        """A server of a kind, a device with the collection and one without."""
        folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self.folder))
        log = folder / "server.log"
        server: Server = (
            Deckport(self.binary, folder / "data", log)
            if kind == "deckport"
            else Reference(self.python, folder / "data", log)
        )
        server.add_account(USER, PASSWORD)
        (folder / "sender").mkdir()
        shutil.copyfile(collection, folder / "sender" / collection.name)
        return Bench(
            server,
            Device(self.python, folder / "sender", "sender"),
            Device(self.python, folder / "receiver", "receiver"),
        )


def close(bench: Bench) -> None:
    """End the devices and free the disk."""
    bench.sender.stop()
    bench.receiver.stop()
    shutil.rmtree(bench.server.data.parent)


def table(reference: Bench, deckport: Bench, cards: int) -> list[str]:
    """The comparison as Markdown."""
    lines = [
        "| operation | CPU, reference | CPU, Deckport | ratio |"
        " peak memory, reference | peak memory, Deckport | client waits, reference | Deckport |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows(cards):
        theirs, ours = reference.median(row), deckport.median(row)
        ratio = ours.cpu_seconds / theirs.cpu_seconds if theirs.cpu_seconds else float("nan")
        lines.append(
            f"| {row} | {theirs.cpu_seconds:.2f} s | {ours.cpu_seconds:.2f} s | **{ratio:.2f}** |"
            f" {theirs.peak_mib:.0f} MiB | {ours.peak_mib:.0f} MiB |"
            f" {theirs.wall_seconds:.2f} s | {ours.wall_seconds:.2f} s |"
        )
    return lines


def machine(options: argparse.Namespace, size: int) -> list[str]:
    """What was measured, and on what."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    deckport = subprocess.run(
        [options.deckport, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    anki = subprocess.run(
        [options.anki_python, "-c", "import importlib.metadata as m; print(m.version('anki'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return [
        f"Measured on {date.today().isoformat()}: {deckport} (release build) beside the sync server"
        f" of Anki {anki}, client Anki {anki}.",
        f"Machine: {model}, {os.cpu_count()} cores, {memory:.0f} GiB memory,"
        f" {platform.system()} {platform.release()}.",
        f"Collection: {options.notes:,} notes, {size / 1e6:.0f} MB."
        f" Median of {options.repetitions} runs, each with a fresh server process.",
    ]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deckport", type=Path, required=True, help="the binary")
    parser.add_argument("--anki-python", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="where the table goes")
    parser.add_argument("--notes", type=int, default=100_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="peak memory with 500 MB, too")
    return parser.parse_args()


def main() -> None:
    """Measure, and write the table."""
    options = arguments()
    cards = min(STUDIED, options.notes)
    with tempfile.TemporaryDirectory(prefix="deckport-bench-") as folder:
        shop = Workshop(Path(folder), options.deckport, options.anki_python)
        collection = shop.collection(options.notes)
        size = collection.stat().st_size
        benches = {}
        for kind in ("reference", "deckport"):
            benches[kind] = shop.bench(kind, collection)
            run(benches[kind], options.repetitions, cards)
            close(benches[kind])
        text = [
            *machine(options, size),
            "",
            *table(benches["reference"], benches["deckport"], cards),
        ]
        if options.large:
            notes = int(options.notes * 500e6 / size)
            collection = shop.collection(notes)
            bench = shop.bench("deckport", collection)
            large(bench)
            peaks = ", ".join(f"{row} {bench.median(row).peak_mib:.0f} MiB" for row in bench.costs)
            text += [
                "",
                f"Peak memory of Deckport with {collection.stat().st_size / 1e6:.0f} MB: {peaks}.",
            ]
            close(bench)
    options.output.write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
