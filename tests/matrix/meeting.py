"""Where an old device and one of today meet: a fresh server, one account, and the two devices."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.device import Device
from harness.dump import copy_collection
from harness.media import assert_equal, copy_media
from harness.raw import Raw
from harness.raw_media import RawMedia
from harness.server import Deckport, Reference, Server

DRIVER = Path(__file__).parent / "client" / "driver.py"
USER = "ann"
PASSWORD = "correct horse"

HEALTHY = "Database rebuilt and optimized."

# Clients before 25.07 note the time of a review in the review alone. Today's client, whose card
# data has it too, adds it at the next Check Database whatever server the collection came from.
LAST_REVIEW_TIME = re.compile(r"last review time", re.IGNORECASE)

# 2.1.26 stores a note without tags as two blanks, and its own Check Database finds that wrong.
# It does so in a collection that never synced, too.
BLANK_TAGS = re.compile(r"Fixed tags for (one note|\d+ notes)\.")


def release(version: str) -> tuple[int, ...]:
    """`2.1.26` as (2, 1, 26)."""
    return tuple(int(part) for part in version.split("."))


def generation(version: str) -> str:
    """Which of the three ways of syncing a version has; see `client/syncing.py`."""
    if release(version) <= (2, 1, 26):
        return "py"
    return "rs10" if release(version) <= (2, 1, 56) else "rs11"


class Client(Device):
    """A device of any version."""

    def __init__(self, python: Path, folder: Path, name: str, version: str) -> None:
        self.program = (str(DRIVER), generation(version))
        self.version = version
        super().__init__(python, folder, name)

    def sync_and_take(self, one_way: str) -> str:
        """Sync where Anki asks for one direction, and answer with this one."""
        asked = self.call("sync", one_way=one_way)
        assert asked != "NO_CHANGES", (self.name, "was not asked")
        return str(asked)

    def merge(self) -> None:
        """Sync without being asked for one direction."""
        asked = self.call("sync")
        assert asked == "NO_CHANGES", (self.name, asked)


class Meeting:
    """The server and the devices of one test."""

    def __init__(
        self, server: str, binary: Path, today: Path, version: str, python: Path, root: Path
    ) -> None:
        data, log = root / "data", root / "server.log"
        self.server: Server
        if server == "deckport":
            self.server = Deckport(binary, data, log)
        else:
            self.server = Reference(today, data, log)
        self.server.add_account(USER, PASSWORD)
        self.server.start()
        self.devices: list[Client] = []
        self.old = self._device(python, root, "old", version)
        self.new = self._device(today, root, "new", "26.9.3")

    def _device(self, python: Path, root: Path, name: str, version: str) -> Client:
        device = Client(python, root / name, f"{name} {version}", version)
        self.devices.append(device)
        device.call("login", url=self.server.url, user=USER, password=PASSWORD)
        return device

    @property
    def deckport(self) -> Deckport:
        """The server, where a test is about Deckport's own commands."""
        assert isinstance(self.server, Deckport)
        return self.server

    def both(self, first: str) -> tuple[Client, Client]:
        """The device named `old` or `new`, and the other one."""
        return (self.old, self.new) if first == "old" else (self.new, self.old)

    def next_second(self) -> None:
        """Let the second end: modification times have whole seconds, an edit must be newer."""
        time.sleep(1.02 - time.time() % 1)

    def begin_on(self, first: Client) -> None:
        """Both devices hold a small collection that `first` made and uploaded."""
        first.add_note(guid="first", fields=["front", "back"], deck="Home", tags="start")
        first.add_note(guid="second", fields=["2", "<b>zwei</b> \U0001f600"], deck="Home")
        first.set_config(key="matrix", value={"made": "by the first device"})
        first.sync_and_take("upload")
        _, second = self.both("new" if first is self.new else "old")
        second.sync_and_take("download")
        self.next_second()

    def settle(self) -> None:
        """Sync until every device has what the others did."""
        for device in (self.old, self.new, self.old):
            device.merge()

    def raw(self) -> Raw:
        """A hand-made client, logged in."""
        raw = Raw(self.server.url)
        assert raw.login(USER, PASSWORD).status == 200
        return raw

    def sync_media(self, *devices: Client) -> None:
        """Sync the media of each device in turn, all of them without an error."""
        for device in devices:
            device.call("sync_media")

    @property
    def media_folder(self) -> Path:
        """Where the server keeps the account's files."""
        return self.server.collection(USER).with_name("media")

    def media_copy(self, folder: Path, back: bool = False) -> None:
        """Copy the account's media to a folder while the server is stopped, or bring them back."""
        self.server.stop()
        copy_media(self.media_folder.parent, folder, back)
        self.server.start()

    def check_media(self) -> dict[str, str]:
        """Both devices have the files that the server lists, which are these."""
        listed = RawMedia(self.raw()).listed()
        folders = [(device.name, device.media.files()) for device in self.devices]
        assert_equal([("listed", listed), *folders])
        return listed

    def check(self, studied: bool = False) -> None:
        """The end: devices equal, nothing waits, and every Check Database is content.

        `studied` tells that the old client has answered cards.
        """
        states = [device.call("state") for device in self.devices]
        for part, old in states[0].items():
            assert old == states[1][part], part
        for device in self.devices:
            assert device.call("pending") == [0, 0, 0], device.name
        status = self.server.stop()
        assert status == 0, self.server.log.read_text()
        own = BLANK_TAGS if self.old.call("blank_tags") else None
        adds_times = LAST_REVIEW_TIME if studied and release(self.old.version) < (25, 7) else None
        assert_healthy(self.old.call("check"), self.old.name, own)
        assert_healthy(self.check_server_file(), "the server's file", adds_times)
        assert_healthy(self.new.call("check"), self.new.name, adds_times)

    def check_server_file(self) -> str:
        """What today's Check Database says of a copy of the server's file."""
        with tempfile.TemporaryDirectory() as folder:
            copy = copy_collection(self.server.collection(USER), Path(folder))
            return str(self.new.call("check_file", path=str(copy)))

    def close(self) -> None:
        """End every process."""
        for device in self.devices:
            device.stop()
        if self.server.is_running():
            self.server.kill()


def assert_healthy(message: str, whose: str, accepted: re.Pattern[str] | None) -> None:
    """Check Database had nothing to repair but, at most, what is `accepted`."""
    lines = [line for line in message.splitlines() if line.strip()]
    lines = [line for line in lines if not (accepted and accepted.search(line))]
    assert lines == [HEALTHY], (whose, message)


def differences(before: Any, after: Any, place: str) -> list[str]:
    """Keys of `before` that are missing or have another value in `after`."""
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key, value in before.items():
            inner = f"{place}.{key}"
            found += differences(value, after[key], inner) if key in after else [inner]
        return found
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return sorted(
            {name for a, b in zip(before, after, strict=True) for name in differences(a, b, place)}
        )
    if isinstance(before, float) and isinstance(after, (int, float)):
        return [] if abs(before - after) <= 1e-6 * max(1.0, abs(before)) else [place]
    return [] if before == after else [place]
