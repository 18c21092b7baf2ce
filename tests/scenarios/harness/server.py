"""The servers under test: Deckport, and the reference server to compare with."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from .zone import ZONE

# A server that needs longer to start or stop than this hangs.
PATIENCE = 30.0


class Server(ABC):
    """A server process on its own data folder."""

    kind: str

    def __init__(self, data: Path, log: Path) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.data = data
        self.log = log
        self.process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The address a person types into Anki."""
        return f"http://127.0.0.1:{self.port}/"

    @abstractmethod
    def start(self) -> None:
        """Start the process and return when it accepts connections."""

    @abstractmethod
    def add_account(self, user: str, password: str) -> None:
        """Make an account, before the server starts."""

    def collection(self, user: str) -> Path:
        """An account's collection file."""
        return self.data / user / "collection.anki2"

    def stop(self) -> int:
        """End the server as a service manager does (SIGTERM); returns its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        """End the server as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def is_running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None


def environment(**more: str) -> dict[str, str]:
    """A clean environment: nothing of the tester's own settings reaches the server."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    return kept | {"TZ": ZONE} | more


class Deckport(Server):
    """`deckport serve`."""

    kind = "deckport"

    def __init__(self, binary: Path, data: Path, log: Path) -> None:
        super().__init__(data, log)
        self.binary = binary
        self.variables: dict[str, str] = {}
        # What stands before the command, to run it elsewhere.
        self.prefix: list[str] = []

    def where(self) -> list[str]:
        """Where it listens: on a port of the system's choice, which is kept over restarts."""
        return ["--listen", f"127.0.0.1:{self.port}"]

    def start(self, *options: str) -> None:
        """Start; the port is read from the line it prints when ready."""
        command = [*self.prefix, str(self.binary), "serve", "--data", str(self.data)]
        self.process = subprocess.Popen(
            [*command, *self.where(), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log.open("ab"),
            env=environment(**self.variables),
            text=True,
        )
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(
            target=self._read_output, args=(self.process.stdout, lines), daemon=True
        ).start()
        deadline = time.monotonic() + PATIENCE
        while True:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            if line.startswith("listening on "):
                self.port = int(line.rsplit(":", 1)[1])
                return
            if not line:
                raise RuntimeError(f"deckport ended at once:\n{self.log.read_text()}")

    def _read_output(self, stdout: object, lines: queue.Queue[str]) -> None:
        with self.log.open("a") as log:
            for line in stdout:  # type: ignore[attr-defined]
                log.write(line)
                log.flush()
                lines.put(line)
        lines.put("")

    def run(self, arguments: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run another command of the binary, on the same data folder."""
        return subprocess.run(
            [str(self.binary), *arguments, "--data", str(self.data)],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment(**self.variables),
            timeout=PATIENCE,
        )

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run another command that must succeed; returns what it prints."""
        done = self.run(arguments, stdin)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def add_account(self, user: str, password: str) -> None:
        """Make an account as a person does."""
        self.manage("account", "add", user, stdin=f"{password}\n")


class Reference(Server):
    """The sync server that ships with Anki."""

    kind = "reference"

    def __init__(self, python: Path, data: Path, log: Path) -> None:
        super().__init__(data, log)
        self.python = python
        self.accounts: list[tuple[str, str]] = []

    def start(self) -> None:
        """Start on a free port; the port is kept over restarts."""
        self.port = self.port or free_port()
        accounts = {f"SYNC_USER{n}": f"{u}:{p}" for n, (u, p) in enumerate(self.accounts, 1)}
        self.process = subprocess.Popen(
            [str(self.python), "-m", "anki.syncserver"],
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("ab"),
            stderr=subprocess.STDOUT,
            env=environment(
                SYNC_BASE=str(self.data),
                SYNC_HOST="127.0.0.1",
                SYNC_PORT=str(self.port),
                **accounts,
            ),
            text=True,
        )
        wait_for_port(self.port, self.process, self.log)

    def add_account(self, user: str, password: str) -> None:
        """Make an account; takes effect at the next start."""
        self.accounts.append((user, password))


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[str], log: Path) -> None:
    """Return when the port accepts connections; raise when the process ends before."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"server ended at once:\n{log.read_text()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)  # nothing tells when a port opens; asked again until it does
    raise TimeoutError(f"no server on port {port}")


def forget(server: Server) -> None:
    """Empty the server's data folder."""
    shutil.rmtree(server.data)
    server.data.mkdir()
