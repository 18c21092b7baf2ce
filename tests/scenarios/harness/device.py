"""A device of a person: one process running a real Anki client, and the words to steer it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .media import MediaFolder
from .zone import ZONE

DRIVER = Path(__file__).parent / "client" / "driver.py"

# Longer than any wait a test provokes; reaching it means that something hangs.
PATIENCE = 180.0


class ClientError(Exception):
    """The client failed and said so; `kind` is Anki's own (`AUTH`, `OTHER`) for sync errors."""

    def __init__(self, type: str, kind: str, message: str) -> None:
        super().__init__(f"{type} {kind}: {message}")
        self.type = type
        self.kind = kind
        self.message = message


class ClientDiedError(Exception):
    """The client's process ended instead of answering."""


class Pending:
    """An operation under way."""

    def __init__(self, answers: queue.Queue[str | None], operation: str) -> None:
        self._answers = answers
        self._operation = operation

    def result(self, timeout: float = PATIENCE) -> Any:
        """The operation's value; raises what the client raised."""
        try:
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"no answer to {self._operation} within {timeout} s") from None
        if line is None:
            raise ClientDiedError(self._operation)
        answer = json.loads(line)
        if "error" in answer:
            raise ClientError(**answer["error"])
        return answer["ok"]

    def error(self) -> ClientError | None:
        """Wait for the end; what the client raised, if it raised something."""
        try:
            self.result()
        except ClientError as told:
            return told
        return None


class Device:
    """A client process with its collection. Operations are the methods of `ModernAnki`'s parts."""

    # What the client's Python runs: a driver, and words for it.
    program: tuple[str, ...] = (str(DRIVER),)

    def __init__(
        self,
        python: Path,
        folder: Path,
        name: str,
        clock: Callable[[], int] | None = None,
        older: bool = False,
        variables: dict[str, str] | None = None,
    ) -> None:
        """`older` tells that this Anki syncs as 2.1.45 to 2.1.66 did; `variables` are those of its
        environment.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if older:
            self.program = (str(DRIVER), "older")
        self.name = name
        self.python = python
        self.folder = folder
        self.collection = folder / "collection.anki2"
        self.clock = clock
        self.variables = variables or {}
        self.media = MediaFolder(self.collection)
        self.login_data: tuple[str, str] | None = None
        self.start()

    def start(self) -> None:
        """Start the process and open the collection (again)."""
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "TZ": ZONE}
        environment |= self.variables
        self.process = subprocess.Popen(
            [str(self.python), *self.program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "client.log").open("ab"),
            env=environment,
            text=True,
        )
        self._answers: queue.Queue[str | None] = queue.Queue()
        threading.Thread(
            target=_read_answers, args=(self.process.stdout, self._answers), daemon=True
        ).start()
        self.call("open", path=str(self.collection))

    def begin(self, operation: str, at: int | None = None, **args: Any) -> Pending:
        """Start an operation without waiting for its end."""
        if at is None and self.clock is not None:
            at = self.clock()
        assert self.process.stdin is not None
        request = json.dumps({"op": operation, "args": args, "at": at})
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return Pending(self._answers, operation)

    def call(self, operation: str, at: int | None = None, **args: Any) -> Any:
        """Carry out an operation; `at` overrides the story's clock for the edits it makes."""
        return self.begin(operation, at, **args).result()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        """Operations read as methods: `device.add_note(guid="a", fields=["x", "y"])`."""
        if operation.startswith("_"):
            raise AttributeError(operation)
        return lambda **args: self.call(operation, **args)

    def query(self, sql: str, *args: Any) -> list[list[Any]]:
        """Rows of a query on the device's collection."""
        return self.call("query", sql=sql, args=list(args))

    def execute(self, sql: str, *args: Any) -> None:
        """SQL on the device's collection, for states that no button makes."""
        self.call("execute", sql=sql, args=list(args))

    def kill(self) -> None:
        """End the process as a crash or a dead battery does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        """End the program, if it still runs, and start it again, logged in as before."""
        self.stop()
        self.start()
        if self.login_data:
            self.use_token(*self.login_data)

    def login(self, url: str, user: str, password: str) -> str:
        """Log in as the settings window does; returns the token."""
        token = self.call("login", url=url, user=user, password=password)
        self.login_data = (url, token)
        return token

    def use_token(self, url: str, token: str) -> None:
        """Be logged in with a token from an earlier login."""
        self.login_data = (url, token)
        self.call("use_token", url=url, token=token)

    def stop(self) -> None:
        """Close the collection and end the process; harmless when it has ended already."""
        if self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()


def _read_answers(stdout: Any, answers: queue.Queue[str | None]) -> None:
    for line in stdout:
        answers.put(line)
    answers.put(None)
