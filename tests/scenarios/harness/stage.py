"""A stage: one server and three devices that live one life after another.

Processes are started once. Each life begins with the first device replacing the account's
collection, so nothing of the life before is left.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from . import dump
from .device import ClientError, Device
from .life import NAMES, Script, Step
from .relay import Relay
from .server import Deckport, Reference, Server
from .world import PASSWORD, USER

# Lives happen in the past: see `ModernAnki.stamp`. All stages have the same time, for what happens
# on them is compared to the second.
BEGIN = int(time.time()) - 100_000

# Enough rounds for what one device's last sync starts on another; then it is called restless.
ROUNDS = 6


@dataclass
class Ending:
    """How a life ended on one server."""

    # The rows of each device and of the server's file.
    copies: dict[str, dump.Raw] = field(default_factory=dict)
    # What Check Database says of each.
    checks: dict[str, str] = field(default_factory=dict)
    # Steps at which Anki asked for a direction, and what it asked.
    asked: list[tuple[int, str]] = field(default_factory=list)
    # Syncs that failed although nobody interrupted them.
    failures: list[str] = field(default_factory=list)
    settled: bool = False


class Stage:
    """One server with its devices, kept for many lives."""

    def __init__(self, kind: str, python: Path, binary: Path | None, root: Path) -> None:
        self.kind = kind
        self.python = python
        self.root = root
        root.mkdir(parents=True)
        data, log = root / "data", root / "server.log"
        self.server: Server
        if kind == "deckport":
            assert binary is not None
            self.server = Deckport(binary, data, log)
        else:
            self.server = Reference(python, data, log)
        self.server.add_account(USER, PASSWORD)
        self.server.start()
        self.relay = Relay(self.server.url)
        self.players: dict[str, Device] = {}
        self.devices: dict[str, Device] = {}
        self.begin = BEGIN

    def cast(self, older: tuple[str, Path] | None) -> None:
        """Take the devices of the next life; the last of them may have an older Anki."""
        self.devices = {}
        for number, name in enumerate(NAMES):
            is_older = older is not None and number == len(NAMES) - 1
            player = f"{name}-{older[0]}" if older is not None and is_older else name
            if player not in self.players:
                python = older[1] if older is not None and is_older else self.python
                device = Device(python, self.root / player, name, older=is_older)
                device.login(url=self.server.url, user=USER, password=PASSWORD)
                self.players[player] = device
            self.devices[name] = self.players[player]

    def tell(self, script: Script, older: tuple[str, Path] | None = None) -> Ending:
        """Live the script, sync all devices until nothing changes any more, and look."""
        self.cast(older)
        self._be_born()
        ending = Ending()
        last = ""
        for number, step in enumerate(script.steps):
            if step.device != last:
                time.sleep(0.002)  # ids are milliseconds: no two devices may make the same
            last = step.device
            if step.is_sync:
                self._sync(number, step, ending)
            else:
                self._edit(step)
        ending.settled = self._settle(len(script.steps), ending)
        self._look(ending)
        return ending

    def _be_born(self) -> None:
        """Every device has the first one's new collection."""
        for device in self.devices.values():
            device.call("close")
            for path in device.folder.glob("collection.anki2*"):
                path.unlink()
            empty = device.folder / "empty.anki2"
            if not empty.exists():
                device.call("open", path=str(empty))
                device.call("close")
            shutil.copyfile(empty, device.collection)
            device.call("open", path=str(device.collection))
        first = self.devices[NAMES[0]]
        first.call(
            "add_note",
            at=self.begin - 20,
            guid="first",
            fields=["front", "back"],
            deck="Home",
            tags=["start"],
        )
        first.call(
            "add_notetype", at=self.begin - 10, name="Own", fields=["A", "B"], templates=["T"]
        )
        first.call("full", one_way="upload")
        for name in NAMES[1:]:
            self.devices[name].call("full", one_way="download")

    def _edit(self, step: Step) -> None:
        # What the step is about may be gone, or Anki may have rules against it.
        with suppress(ClientError):
            self.devices[step.device].call(step.operation, at=self.begin + step.at, **step.args)

    def _sync(self, number: int, step: Step, ending: Ending) -> None:
        device = self.devices[step.device]
        if step.cut is None:
            self._ask(number, device, step.one_way, ending)
            return
        assert device.login_data is not None
        url, token = device.login_data
        device.call("use_token", url=self.relay.url, token=token)
        self.relay.cut_after(step.cut)
        # A sync that has nothing to do never comes to the step that would be cut.
        with suppress(ClientError):
            device.call("sync", one_way=step.one_way)
        self.relay.clear()
        device.call("use_token", url=url, token=token)

    def _ask(self, number: int, device: Device, one_way: str, ending: Ending) -> None:
        try:
            required = device.call("sync", one_way=one_way)["required"]
        except ClientError as error:
            ending.failures.append(f"step {number}, {device.name}: {error}")
            return
        if required != "NO_CHANGES":
            ending.asked.append((number, f"{device.name}: {required}"))

    def _settle(self, number: int, ending: Ending) -> bool:
        """Sync all devices in turn until a whole round changes nothing."""
        before: dict[str, dump.Raw] = {}
        for _ in range(ROUNDS):
            for device in self.devices.values():
                self._ask(number, device, "download", ending)
            after = {name: _contents(device.dump()) for name, device in self.devices.items()}
            if after == before:
                return True
            before = after
        return False

    def _look(self, ending: Ending) -> None:
        ending.copies = {name: device.dump() for name, device in self.devices.items()}
        stored = self.server.collection(USER)
        ending.copies["server"] = dump.read_file(stored)
        with tempfile.TemporaryDirectory(dir=self.root) as folder:
            copy = dump.copy_collection(stored, Path(folder))
            ending.checks["server"] = self.devices[NAMES[0]].call("check_file", path=str(copy))
        for name, device in self.devices.items():
            ending.checks[name] = device.call("fix_integrity")

    def close(self) -> None:
        """End every process."""
        self.relay.close()
        for device in self.players.values():
            device.kill()
        self.server.kill()


def _contents(copy: dump.Raw) -> dump.Raw:
    """The rows without what every sync changes."""
    kept: dump.Raw = {}
    for table, rows in copy.items():
        columns = dump.COLUMNS[table]
        hidden: Sequence[int] = [
            columns.index(name) for name in ("usn", "mtime_secs") if name in columns
        ]
        if table not in ("col", "graves"):
            kept[table] = [
                [value for place, value in enumerate(row) if place not in hidden] for row in rows
            ]
    return kept
