"""`patience`: the check of an upload takes longer than the client waits, as on a slow phone.

The server is made slow at a named point. A real client uploads and gives up; it syncs again and
shows the sentence that tells to wait; it syncs once more and is in step. Killed in between, the
server has the old collection, and nothing is left behind.

Today's client takes part with a network timeout of two seconds. With `--long` the older ones take
part too: their patience is fixed, so that takes minutes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "matrix"))

from harness.device import ClientError, Device
from harness.dump import read_file
from harness.server import Deckport
from harness.world import PASSWORD, USER
from meeting import Client
from report import Part, Setup

POINT = "upload.checking"
TODAY = "26.9.3"
# Seconds that today's client waits, and that the check takes then.
SHORT_PATIENCE = 2
SHORT_CHECK = 8.0
# The same for older ones with the patience that they have: 30 s, or 60 s for one operation of a
# socket. 2.1.54 would wait for 300 s, and so hears of the end.
LONG_CHECK = 75.0
SENTENCE = "Your upload has arrived and is being checked"
# How long until something must have happened that nothing tells.
PATIENCE = 30.0


@dataclass
class Told:
    """How it went with one client."""

    gave_up_after: float
    # Whether it gave up; a patient one has its answer.
    gave_up: bool
    seconds: float


def run(setup: Setup, is_long: bool) -> Part:
    """Tell the story with each client."""
    part = Part("patience")
    if setup.faulty is None:
        part.lines = ["This part needs a server with named points."]
        return part
    clients = [(TODAY, setup.anki, SHORT_CHECK)]
    if is_long:
        clients += [(version, python, LONG_CHECK) for version, python in setup.older]
    told: dict[str, Told] = {}
    for version, python, check in clients:
        try:
            told[version] = _impatient(setup, version, python, check)
            print(f"  {version}: {told[version]}", flush=True)
        except (AssertionError, ClientError, TimeoutError) as wrong:
            part.fail(f"{version}: {wrong}")
    try:
        _killed(setup)
    except (AssertionError, ClientError, TimeoutError) as wrong:
        part.fail(f"killed: {wrong}")
    part.lines = [
        "| client | the check takes | it gives up after | and ends up |",
        "|---|---:|---:|---|",
        *(
            f"| {version} | {one.seconds:.0f} s |"
            f" {f'{one.gave_up_after:.0f} s' if one.gave_up else 'not at all'} | in step |"
            for version, one in told.items()
        ),
        "",
        "Killed during the check: the old collection is in place, no file is left behind, and the"
        " device uploads again.",
    ]
    return part


class _Place:
    """A slow server, with a collection of another device that the upload is to replace."""

    def __init__(self, setup: Setup, root: Path, check: float) -> None:
        assert setup.faulty is not None
        self.root = root
        self.server = Deckport(setup.faulty, root / "data", root / "server.log")
        self.server.add_account(USER, PASSWORD)
        self.server.start()
        self.other = Client(setup.anki, root / "other", "other", TODAY)
        self.other.call("login", url=self.server.url, user=USER, password=PASSWORD)
        self.other.add_note(guid="old", fields=["old", ""])
        self.other.sync_and_take("upload")
        self.server.stop()
        self.server.variables["DECKPORT_FAULT"] = f"{POINT}@{check}"
        self.server.start()

    def device(self, version: str, python: Path) -> Client:
        """A device with a collection of its own."""
        device = Client(python, self.root / "device", version, version)
        token = device.call("login", url=self.server.url, user=USER, password=PASSWORD)
        if version == TODAY:
            device.call("use_token", url=self.server.url, token=token, timeout=SHORT_PATIENCE)
        device.add_note(guid="new", fields=["new", ""])
        return device

    def guids(self) -> set[str]:
        """Notes of the server's collection."""
        return {row[1] for row in read_file(self.server.collection(USER))["notes"]}

    def left_behind(self) -> list[str]:
        """Temporary files."""
        return [path.name for path in self.server.data.rglob("*.tmp")]

    def close(self, *devices: Device) -> None:
        """End every process."""
        for device in (self.other, *devices):
            device.kill()
        if self.server.is_running():
            self.server.kill()


def _impatient(setup: Setup, version: str, python: Path, check: float) -> Told:
    with tempfile.TemporaryDirectory(prefix="deckport-patience-") as folder:
        place = _Place(setup, Path(folder), check)
        device = place.device(version, python)
        try:
            begin = time.monotonic()
            gave_up = _fails(lambda: device.call("sync", one_way="upload"))
            told = Told(time.monotonic() - begin, gave_up is not None, check)
            if gave_up is not None:
                # The text reaches the person by whatever way this version shows one.
                waits = _fails(lambda: device.call("sync"))
                assert waits is not None, "it may sync although its upload is being checked"
                assert SENTENCE in str(waits) or version == "2.1.26", f"it shows: {waits}"
                _until(lambda: place.guids() == {"new"}, "the upload is not put in place")
            device.merge()
            assert place.guids() == {"new"}, place.guids()
            place.other.sync_and_take("download")
            device.add_note(guid="more", fields=["more", ""])
            device.merge()
            place.other.merge()
            assert device.call("state")["notes"] == place.other.call("state")["notes"]
            assert not place.left_behind()
            return told
        finally:
            place.close(device)


def _killed(setup: Setup) -> None:
    with tempfile.TemporaryDirectory(prefix="deckport-patience-") as folder:
        place = _Place(setup, Path(folder), SHORT_CHECK)
        device = place.device(TODAY, setup.anki)
        try:
            assert _fails(lambda: device.call("sync", one_way="upload")) is not None
            assert place.left_behind(), "there is nothing to be killed"
            place.server.kill()
            del place.server.variables["DECKPORT_FAULT"]
            place.server.start()
            assert place.guids() == {"old"}
            assert not place.left_behind()
            device.sync_and_take("upload")
            device.merge()
            assert place.guids() == {"new"}
        finally:
            place.close(device)


def _fails(work: Callable[[], object]) -> ClientError | None:
    try:
        work()
    except ClientError as error:
        return error
    return None


def _until(is_so: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE + LONG_CHECK
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(otherwise)
        time.sleep(0.05)  # nothing tells when the check has ended
