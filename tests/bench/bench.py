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
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scenarios"))

import last_byte

from harness.device import Device
from harness.raw import Raw
from harness.raw_media import RawMedia
from harness.server import Deckport, Reference, Server
from measuring import Costs, table
from media_load import Load

USER, PASSWORD = "bench", "bench password"
KINDS = ("reference", "deckport")
CHECKS = 2_000
STUDIED = 20_000
# Numbers of files and their sizes.
LOADS = [(5_000, 20_000), (20_000, 4_000), (1, 100_000_000)]


@dataclass
class Bench(Costs):
    """One server with two devices."""

    sender: Device
    receiver: Device


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

    def new_folder(self, kind: str) -> Path:
        """An empty folder."""
        return Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self.folder))

    def server(self, kind: str, folder: Path) -> Server:
        """A server of a kind with one account."""
        log = folder / "server.log"
        server: Server = (
            Deckport(self.binary, folder / "data", log)
            if kind == "deckport"
            else Reference(self.python, folder / "data", log)
        )
        server.add_account(USER, PASSWORD)
        return server

    def bench(self, kind: str, collection: Path) -> Bench:
        """A server of a kind, a device with the collection and one without."""
        folder = self.new_folder(kind)
        server = self.server(kind, folder)
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


def machine(options: argparse.Namespace) -> list[str]:
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
        f"Median of {options.repetitions} runs, each with a fresh server process.",
        "",
    ]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deckport", type=Path, required=True, help="the binary")
    parser.add_argument("--anki-python", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="where the table goes")
    parser.add_argument("--notes", type=int, default=100_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--media", action="store_true", help="media instead of collections")
    parser.add_argument("--last-byte", action="store_true", help="how long an upload's end takes")
    parser.add_argument("--large", action="store_true", help="with 500 MB, too")
    return parser.parse_args()


def media_table(shop: Workshop, repetitions: int) -> list[str]:
    """Both servers with the same loads, each up and down."""
    measured = {kind: Costs(shop.server(kind, shop.new_folder(kind))) for kind in KINDS}
    for count, size in LOADS:
        load = Load.make(count, size)
        for _ in range(repetitions):
            for kind, bench in measured.items():
                # Folders are kept to the end: deleting files makes a disk slow for a while.
                bench.server = shop.server(kind, shop.new_folder(kind))
                up_and_down(bench, load)
    return table(measured["reference"], measured["deckport"])


def up_and_down(bench: Costs, load: Load) -> None:
    """One load, into an empty account and out again. Logging in is no part of a sync."""
    bench.server.start()
    raw = Raw(bench.server.url)
    assert raw.login(USER, PASSWORD).status == 200
    bench.server.stop()
    bench.measure(f"{load} up", lambda: load.up(RawMedia(raw)))
    bench.measure(f"{load} down", lambda: load.down(RawMedia(raw)))


def collection_table(shop: Workshop, options: argparse.Namespace) -> list[str]:
    """Both servers with the same collection."""
    cards = min(STUDIED, options.notes)
    collection = shop.collection(options.notes)
    size = collection.stat().st_size
    benches = {}
    for kind in KINDS:
        benches[kind] = shop.bench(kind, collection)
        run(benches[kind], options.repetitions, cards)
        close(benches[kind])
    text = [
        f"Collection: {options.notes:,} notes, {size / 1e6:.0f} MB.",
        "",
        *table(benches["reference"], benches["deckport"]),
    ]
    if options.large:
        collection = shop.collection(enough_for_large(options.notes, collection))
        bench = shop.bench("deckport", collection)
        large(bench)
        peaks = ", ".join(f"{row} {bench.median(row).peak_mib:.0f} MiB" for row in bench.costs)
        megabytes = collection.stat().st_size / 1e6
        text += ["", f"Peak memory of Deckport with {megabytes:.0f} MB: {peaks}."]
        close(bench)
    return text


def last_byte_table(shop: Workshop, options: argparse.Namespace) -> list[str]:
    """What is left to do when all bytes of an upload are there."""

    def server_with(program: Path) -> Server:
        folder = shop.new_folder("deckport")
        server = Deckport(program, folder / "data", folder / "server.log")
        server.add_account(USER, PASSWORD)
        return server

    collections = [shop.collection(options.notes)]
    if options.large:
        collections.append(shop.collection(enough_for_large(options.notes, collections[0])))
    return last_byte.rows(
        server_with, options.deckport, shop.folder, collections, options.repetitions
    )


def enough_for_large(notes: int, collection: Path) -> int:
    """How many notes a collection of 500 MB has, if so many are in this one."""
    return int(notes * 500e6 / collection.stat().st_size)


def main() -> None:
    """Measure, and write the table."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="deckport-bench-") as folder:
        shop = Workshop(Path(folder), options.deckport, options.anki_python)
        if options.last_byte:
            measured = last_byte_table(shop, options)
        elif options.media:
            measured = media_table(shop, options.repetitions)
        else:
            measured = collection_table(shop, options)
    options.output.write_text("\n".join([*machine(options), *measured]) + "\n")


if __name__ == "__main__":
    main()
