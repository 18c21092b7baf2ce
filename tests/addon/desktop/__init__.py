"""The real desktop program, started without a screen and driven from tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# Versions of Qt 5 tell at each start that there is no graphics card, and wait.
DISMISS = """
from aqt.qt import QApplication, QMessageBox

def is_ready():
    for box in QApplication.topLevelWidgets():
        if isinstance(box, QMessageBox) and "graphics driver" in box.text():
            box.close()
    return bool(mw.col) and mw.isVisible()
"""
# Anki's first window takes ten seconds on a slow machine; a busy one is slower.
PATIENCE = 90.0


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """The first answer of a condition that is true."""
    ends = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < ends, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


class Desktop:
    """One Anki with a base folder of its own."""

    def __init__(self, python: Path, base: Path, language: str, screen: str | None) -> None:
        self.python, self.base, self.language = python, base, language
        self.screen = screen
        self.socket = str(base) + ".sock"
        self.process: subprocess.Popen[bytes] | None = None
        self.seed()

    def seed(self) -> None:
        """Makes the base folder, with the add-on that lets tests in."""
        self.base.mkdir(parents=True)
        seed = [self.python, HERE / "seed.py", self.base, self.language]
        done = subprocess.run(
            seed, env=self.environment(), capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        shutil.copytree(HERE / "control", self.base / "addons21" / "control")

    def environment(self) -> dict[str, str]:
        """Qt draws into memory, or on the screen; there is no sandbox and no graphics card."""
        return os.environ | {
            "QT_QPA_PLATFORM": "xcb" if self.screen else "offscreen",
            "DISPLAY": self.screen or "",
            "QT_LOGGING_RULES": "*=false",
            "QTWEBENGINE_DISABLE_SANDBOX": "1",
            "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox --disable-gpu",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            # Otherwise the Anki that somebody has open would come to the front; old ones go by the
            # person.
            "ANKI_SINGLE_INSTANCE_KEY": str(self.base),
            "LOGNAME": f"{self.base.parent.name}-{self.base.name}-{os.getpid()}",
            "DECKPORT_CONTROL": self.socket,
            "LANG": "C.UTF-8",
        }

    def unpack(self, packed: Path, folder: str) -> None:
        """Puts an add-on where Anki puts it when a person installs the file."""
        with zipfile.ZipFile(packed) as archive:
            archive.extractall(self.base / "addons21" / folder)

    def remove(self, folder: str) -> None:
        """Takes an add-on away again."""
        shutil.rmtree(self.base / "addons21" / folder)

    def start(self) -> Desktop:
        """Starts it and waits for its main window."""
        log = (self.base.parent / f"{self.base.name}.log").open("ab")
        code = "import sys, aqt; sys.argv[0] = 'anki'; aqt.run()"
        arguments = ["-b", self.base, "-l", self.language, "-p", "Anna"]
        self.process = subprocess.Popen(
            [self.python, "-c", code, *arguments],
            env=self.environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._is_there, "Anki's socket")
        self(DISMISS)
        wait_until(lambda: self("is_ready()"), "the main window")
        return self

    def _is_there(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        return Path(self.socket).exists()

    def log(self) -> str:
        """What Anki printed."""
        return (self.base.parent / f"{self.base.name}.log").read_text(errors="replace")[-4000:]

    def __call__(self, code: str) -> Any:
        """Runs code on the main thread; answers its value, or that of `result`."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(self.socket)
            connection.sendall(code.encode())
            connection.shutdown(socket.SHUT_WR)
            told = b"".join(iter(lambda: connection.recv(65536), b""))
        answer = json.loads(told)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def later(self, call: str) -> None:
        """Calls something as a click does: nobody waits for its end."""
        self(f"from aqt.qt import QTimer\nQTimer.singleShot(0, lambda: ({call}))")

    def wait(self, condition: str, seconds: float = 30) -> Any:
        """Until an expression is true."""
        return wait_until(lambda: self(condition), condition, seconds)

    def quit(self) -> None:
        """Closes the window as a person does, and waits for the end."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.later("mw.close()")
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        Path(self.socket).unlink(missing_ok=True)
        self.process = None
