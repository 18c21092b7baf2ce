"""Machines in a network of their own: namespaces of the kernel, joined by virtual cables.

Each has its own interfaces, routes and multicast, and a `/run` of its own, so that the programs
that resolve names there do not meet those of the tester's machine.
"""

from __future__ import annotations

import itertools
import json
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .device import DRIVER, Device
from .server import PATIENCE, Deckport

FINDER = Path(__file__).parent / "finder.py"

_cables = itertools.count()


def why_not() -> str:
    """Why there can be no such machines here; empty when there can."""
    tools = [tool for tool in ("ip", "nsenter", "unshare") if shutil.which(tool) is None]
    if tools:
        return f"network namespaces need {' and '.join(tools)}"
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "ip", "link", "set", "lo", "up"],
        capture_output=True,
        text=True,
    )
    if tried.returncode != 0:
        return f"network namespaces cannot be made (root can): {tried.stderr.strip()}"
    return ""


class Machine:
    """A machine without any network but loopback."""

    def __init__(self) -> None:
        holder = "ip link set lo up && mount -t tmpfs run /run && echo ready && exec sleep infinity"
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", holder],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.programs: list[subprocess.Popen[str]] = []
        assert self.holder.stdout is not None
        assert self.holder.stdout.readline() == "ready\n"

    def inside(self, *command: str) -> list[str]:
        """A command as it runs on this machine."""
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "--", *command]

    def run(self, *command: str) -> str:
        """Run a command that must succeed; returns what it prints."""
        done = subprocess.run(
            self.inside(*command), capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def begin(self, *command: str) -> subprocess.Popen[str]:
        """Start a program that ends with the machine."""
        program = subprocess.Popen(self.inside(*command), stdout=subprocess.PIPE, text=True)
        self.programs.append(program)
        return program

    def address(self, change: str, address: str, interface: str = "wlan0") -> None:
        """`add` or `del` an address."""
        # Without the wait until nobody else has it, which takes IPv6 a second or two.
        more = ["nodad"] if change == "add" and ":" in address else []
        self.run("ip", "address", change, address, "dev", interface, *more)

    def end(self) -> None:
        """End it and what runs on it."""
        for program in [*self.programs, self.holder]:
            if program.poll() is None:
                program.kill()
            program.wait()


def cable(one: Machine, other: Machine, interface: str = "wlan0") -> None:
    """Join two machines. Both ends get the same name; it tells Deckport what kind of link it is."""
    here, there = (f"dp{next(_cables)}x{one.holder.pid}"[:15] for _ in range(2))
    ends = [
        "name", here, "netns", str(one.holder.pid),
        "type", "veth", "peer",
        "name", there, "netns", str(other.holder.pid),
    ]  # fmt: skip
    subprocess.run(["ip", "link", "add", *ends], check=True)
    for machine, end in ((one, here), (other, there)):
        machine.run("ip", "link", "set", end, "name", interface)
        machine.run("ip", "link", "set", interface, "up")


class DeckportOn(Deckport):
    """`deckport serve` on a machine, for everybody who reaches it."""

    def __init__(self, machine: Machine, binary: Path, data: Path, log: Path) -> None:
        super().__init__(binary, data, log)
        self.prefix = machine.inside()

    def where(self) -> list[str]:
        """All addresses, one port over restarts."""
        return ["--port", str(self.port)]

    def wait_for_log(self, text: str) -> str:
        """The first line of the log that holds a text; fails when none comes."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for line in self.log.read_text().splitlines():
                if text in line:
                    return line
            time.sleep(0.02)  # nothing tells when a file grows; read again until it did
        raise TimeoutError(f"{text!r} is not in the log:\n{self.log.read_text()}")

    def announced(self) -> str:
        """The address with a name, once it is announced."""
        return self.wait_for_log("found as http://").split("found as ")[1].split()[0]


class DeviceOn(Device):
    """A device of a person on a machine."""

    def __init__(self, machine: Machine, python: Path, folder: Path, name: str) -> None:
        program = machine.inside(str(python), str(DRIVER))
        self.program = tuple(program[1:])
        super().__init__(Path(program[0]), folder, name)


class Finder:
    """Looks for endpoints from a machine, with another implementation than ours."""

    def __init__(self, machine: Machine) -> None:
        program = machine.begin(sys.executable, str(FINDER))
        self.news: queue.Queue[dict[str, Any]] = queue.Queue()
        self.seen: list[dict[str, Any]] = []
        threading.Thread(target=self._read, args=(program.stdout,), daemon=True).start()

    def _read(self, stdout: Any) -> None:
        for line in stdout:
            self.news.put(json.loads(line))

    def wait_for(self, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next news of which something holds."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                news = self.news.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"no such news; there were {self.seen}") from None
            self.seen.append(news)
            if what(news):
                return news

    def wait_for_each(self, *wishes: Callable[[dict[str, Any]], bool]) -> None:
        """Wait for news of all kinds, in whatever order they come."""
        left = list(wishes)

        def is_wished(news: dict[str, Any]) -> bool:
            return any(wish(news) for wish in left)

        while left:
            news = self.wait_for(is_wished)
            left = [wish for wish in left if not wish(news)]


def start_resolver(machine: Machine, folder: Path) -> str:
    """Let a machine's system resolve names of multicast DNS; why it cannot, where it cannot."""
    lacks = [tool for tool in ("avahi-daemon", "dbus-daemon") if shutil.which(tool) is None]
    if lacks:
        return f"resolving needs {' and '.join(lacks)}"
    names = Path("/etc/nsswitch.conf")
    if not names.exists() or "mdns" not in names.read_text():
        return "resolving needs nss-mdns"
    settings = folder / "avahi.conf"
    settings.write_text("[server]\nuse-ipv4=yes\nuse-ipv6=yes\n[publish]\ndisable-publishing=yes\n")
    machine.run("mkdir", "-p", "/run/dbus", "/run/avahi-daemon")
    machine.begin("dbus-daemon", "--system", "--nofork", "--nopidfile")
    wait_for_file(machine, "/run/dbus/system_bus_socket")
    options = ["--no-drop-root", "--no-chroot", "--no-rlimits", "-f", str(settings)]
    machine.begin("avahi-daemon", *options)
    wait_for_file(machine, "/run/avahi-daemon/socket")
    return ""


def wait_for_file(machine: Machine, path: str) -> None:
    """Return when a file is there."""
    there = f"until test -e {path}; do sleep 0.02; done"
    machine.run("sh", "-c", there)
