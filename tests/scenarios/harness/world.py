"""A world: one server, the devices that sync with it, and what must hold at the end of the day."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import dump
from .device import Device
from .media import assert_equal, hashes
from .raw import Raw
from .raw_media import RawMedia
from .relay import Relay
from .server import Deckport, Reference, Server

# What a real client's Check Database shows when there was nothing to repair.
HEALTHY = "Database rebuilt and optimized."

# The one thing it may mend: the card's last review time is that of its newer copy, not of the
# merged log, and older clients do not note it at all. So it is on every server.
REVIEW_TIME = re.compile(r"last review time", re.IGNORECASE)

USER = "ann"
PASSWORD = "correct horse"

Story = Callable[["World"], None]
Portable = Callable[[dump.Raw], dump.Canonical]


def complaints(message: str) -> list[str]:
    """What Check Database had to repair, `REVIEW_TIME` aside."""
    lines = [line for line in message.splitlines() if line.strip() and line != HEALTHY]
    return [line for line in lines if not REVIEW_TIME.search(line)]


class World:
    """Tells a story to real clients of one server."""

    def __init__(self, server: Server, python: Path, root: Path) -> None:
        self.server = server
        self.python = python
        self.root = root
        self.devices: dict[str, Device] = {}
        self.relays: list[Relay] = []
        # The story's own clock, in seconds: every edit happens ten seconds after the last one.
        # It runs in the past; see `ModernAnki.stamp`.
        self.now = int(time.time()) - 100_000

    @property
    def kind(self) -> str:
        """Which server this is: `deckport` or `reference`."""
        return self.server.kind

    @property
    def deckport(self) -> Deckport:
        """The server, where a test is about Deckport's own commands."""
        assert isinstance(self.server, Deckport)
        return self.server

    def tick(self) -> int:
        """The time of the next edit."""
        self.now += 10
        return self.now

    def begin(self) -> World:
        """Start the server with one account."""
        self.server.add_account(USER, PASSWORD)
        self.server.start()
        return self

    def relay(self) -> Relay:
        """A relay in front of the server."""
        relay = Relay(self.server.url)
        self.relays.append(relay)
        return relay

    def device(
        self,
        name: str,
        url: str | None = None,
        login: bool = True,
        variables: dict[str, str] | None = None,
    ) -> Device:
        """A new device, logged in; `url` is what the person typed if not the server's address."""
        folder = self.root / f"device-{name}"
        device = Device(self.python, folder, name, self.tick, variables=variables)
        self.devices[name] = device
        if login:
            device.login(url=url or self.server.url, user=USER, password=PASSWORD)
        return device

    def raw(self) -> Raw:
        """A hand-made client, logged in."""
        raw = Raw(self.server.url)
        assert raw.login(USER, PASSWORD).status == 200
        return raw

    def two_devices(self) -> tuple[Device, Device]:
        """Device `a` with a small collection on the server, and `b` which has downloaded it."""
        a = self.device("a")
        a.add_note(guid="first", fields=["front", "back"], deck="Home", tags=["start"])
        a.sync(one_way="upload")
        b = self.device("b")
        assert b.sync(one_way="download")["required"] == "FULL_DOWNLOAD"
        return a, b

    def sync(self, *devices: Device) -> None:
        """Merge-sync each device in turn; none of them may be asked for a one-way sync."""
        for device in devices:
            outcome = device.sync()
            assert outcome["required"] == "NO_CHANGES", (self.kind, device.name, outcome)

    def raw_media(self) -> RawMedia:
        """A hand-made media client, logged in."""
        return RawMedia(self.raw())

    def sync_media(self, *devices: Device) -> None:
        """Sync the media of each device in turn, all of them without an error."""
        for device in devices:
            device.sync_media()

    @property
    def media_folder(self) -> Path:
        """Where the server keeps the account's files."""
        return self.server.collection(USER).with_name("media")

    def check_media(self) -> dict[str, str]:
        """All devices have the files that the server lists, which are these; ends the server."""
        listed = self.raw_media().listed()
        folders = [(name, device.media.files()) for name, device in self.devices.items()]
        self.stop_server()
        assert_equal([("listed", listed), ("on the server", hashes(self.media_folder)), *folders])
        return listed

    def stored(self) -> dump.Raw:
        """The rows of the server's file; the server must have ended."""
        assert not self.server.is_running()
        return dump.read_file(self.server.collection(USER))

    def check(self) -> None:
        """The end of every story: all copies are equal, complete and healthy.

        Every device must have synced after the last change of any device.
        """
        self.same()
        assert self.check_server_file() == HEALTHY
        for device in self.devices.values():
            assert device.fix_integrity() == HEALTHY, device.name

    def copies(self) -> dict[str, dump.Raw]:
        """The rows of all devices and of the server's file; ends the server."""
        copies = {name: device.dump() for name, device in self.devices.items()}
        self.stop_server()
        copies["server"] = self.stored()
        return copies

    def same(self) -> None:
        """All copies hold the same, and nothing waits to be synced."""
        copies = self.copies()
        server = dump.exact(copies["server"])
        for name, copy in copies.items():
            assert not dump.pending(copy), (self.kind, name, dump.pending(copy))
            differs = dump.difference(server, dump.exact(copy), f"{self.kind} server", name)
            assert not differs, differs

    def check_server_file(self) -> str:
        """What a real client's Check Database says of a copy of the server's file."""
        device = next(iter(self.devices.values()))
        with tempfile.TemporaryDirectory() as folder:
            copy = dump.copy_collection(self.server.collection(USER), Path(folder))
            return device.check_file(path=str(copy))

    def stop_server(self) -> None:
        """End the server; Deckport must end cleanly, with everything in the main file."""
        if not self.server.is_running():
            return
        status = self.server.stop()
        if self.kind == "deckport":
            assert status == 0, self.server.log.read_text()
            log = self.server.collection(USER).with_name("collection.anki2-wal")
            assert not log.exists() or log.stat().st_size == 0

    def close(self) -> None:
        """End every process of this world."""
        for relay in self.relays:
            relay.close()
        for device in self.devices.values():
            device.stop()
        if self.server.is_running():
            self.server.kill()


@dataclass
class Told:
    """How a story ended: a world, and its copies in words that do not depend on ids and times."""

    world: World
    copies: dict[str, dump.Canonical]


class Worlds:
    """Makes worlds, and tells one story in two of them."""

    def __init__(self, kind: str, python: Path, binary: Path | None, root: Path) -> None:
        self.kind = kind
        self.python = python
        self.binary = binary
        self.root = root
        self.made: list[World] = []

    def make(self, kind: str | None = None) -> World:
        """A world whose server has not started; by default of the kind under test."""
        kind = kind or self.kind
        root = self.root / f"world-{len(self.made)}-{kind}"
        root.mkdir()
        data, log = root / "data", root / "server.log"
        server: Server
        if kind == "deckport":
            assert self.binary is not None, "give the server's binary with --deckport"
            server = Deckport(self.binary, data, log)
        else:
            server = Reference(self.python, data, log)
        world = World(server, self.python, root)
        self.made.append(world)
        return world

    def compare(self, story: Story) -> World:
        """Tell the story to the server under test and to the reference: all copies must end alike.

        Returns the world under test, whose server has ended.
        """
        ours, reference = self.tell(story)
        assert_alike(reference, ours)
        return ours.world

    def tell(self, story: Story, portable: Portable = dump.portable) -> tuple[Told, Told]:
        """Tell the story to the server under test and to the reference, and how they ended."""
        told = []
        for world in (self.make(), self.make("reference")):
            story(world.begin())
            copies = {name: portable(copy) for name, copy in world.copies().items()}
            told.append(Told(world, copies))
        return told[0], told[1]

    def close(self) -> None:
        """End everything."""
        for world in self.made:
            world.close()


def assert_alike(reference: Told, ours: Told) -> None:
    """Every copy ended as it did with the reference."""
    for name, theirs in reference.copies.items():
        differs = dump.difference(
            theirs, ours.copies[name], f"reference {name}", f"{ours.world.kind} {name}"
        )
        assert not differs, differs
