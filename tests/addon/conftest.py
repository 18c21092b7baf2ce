"""Options and fixtures of the tests of the add-ons."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from desktop import Desktop
from network import Announcement, Endpoint, Front
from window import Anki


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the things under test are."""
    group = parser.getgroup("addon")
    group.addoption("--deckport", type=Path, help="the binary")
    group.addoption("--packed", type=Path, help="the folder with the packed add-ons")
    group.addoption("--engine", type=Path, help="the folder with the bindings for Python")
    group.addoption("--desktop", action="append", default=[], help="VERSION=PYTHON with aqt")
    group.addoption(
        "--absent", action="append", default=[], help="VERSION=REASON why there is none"
    )
    group.addoption("--pictures", type=Path, help="a folder for pictures of the window")


def _split(options: list[str]) -> dict[str, str]:
    return dict(option.split("=", 1) for option in options)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test of the desktop program once for each version."""
    if "version" in metafunc.fixturenames:
        option = metafunc.config.getoption
        versions = [*_split(option("--desktop")), *_split(option("--absent"))]
        old = metafunc.module.__name__ == "test_old_desktop"
        fitting = [version for version in versions if (version == "2.1.26") == old]
        metafunc.parametrize("version", fitting)


@dataclass
class Place:
    """Makes what one test needs, and ends it after the test."""

    binary: Path
    packed: Path
    python: Path
    folder: Path
    pictures: Path | None
    # The display of an X server; None: drawn into memory.
    screen: str | None = None
    stack: ExitStack = field(default_factory=ExitStack)
    desktops: int = 0

    def endpoint(self, name: str = "data", host: str = "127.0.0.1") -> Endpoint:
        """Another name is other data; the same one goes on with what is there."""
        endpoint = Endpoint(self.binary, self.folder / name, host, "--no-announce")
        self.stack.callback(endpoint.close)
        return endpoint

    def announced(self, name: str) -> Endpoint:
        """An endpoint in all networks, which announces itself under a name."""
        endpoint = Endpoint(self.binary, self.folder / "data", "0.0.0.0", "--name", name)
        self.stack.callback(endpoint.close)
        return endpoint

    def announce(self, instance: str, host: str, port: int, **text: str) -> Announcement:
        """As an endpoint does."""
        announcement = Announcement(instance, host, port, **text)
        self.stack.callback(announcement.close)
        return announcement

    def front(self, behind: Endpoint, host: str, authority: trustme.CA | None) -> Front:
        """TLS in front of it; without an authority, another address for it alone."""
        front = Front(behind, host, authority)
        self.stack.callback(front.close)
        return front

    def desktop(self, language: str = "en_US", addon: str = "deckport") -> Desktop:
        """An Anki with an add-on; not started yet."""
        self.desktops += 1
        base = self.folder / f"anki-{self.desktops}"
        desktop = Desktop(self.python, base, language, self.screen)
        self.stack.callback(desktop.quit)
        desktop.unpack(self.packed / f"{addon}.ankiaddon", addon.replace("-", "_"))
        return desktop

    def anki(self, language: str = "en_US") -> Anki:
        """A running Anki with the add-on."""
        return Anki(self.desktop(language).start(), self.pictures)


@pytest.fixture
def place(version: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A network and a computer for one test."""
    option = request.config.getoption
    absent = _split(option("--absent"))
    if version in absent:
        pytest.skip(absent[version])
    pictures = option("--pictures")
    if pictures:
        pictures = pictures / version
        pictures.mkdir(parents=True, exist_ok=True)
    python = Path(_split(option("--desktop"))[version])
    made = Place(option("--deckport"), option("--packed"), python, tmp_path, pictures)
    if version == "2.1.26":
        made.screen = request.getfixturevalue("screen")
    with made.stack:
        yield made


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """An X server for what cannot do without: Qt 5 finds no graphics elsewhere."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb (Debian and Ubuntu: xvfb)")
    ours, its = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(its), "-screen", "0", "1280x900x24"],
        pass_fds=[its], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(its)
    with os.fdopen(ours) as told:
        yield f":{told.readline().strip()}"
    server.terminate()
    server.wait()


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder from which Python can import the engine, which opens pairing windows."""
    built = request.config.getoption("--engine")
    if built is None:
        pytest.skip("the library for Python is not built")
    folder = tmp_path / "engine"
    shutil.copytree(built / "python", folder)
    for library in (built / "native").iterdir():
        shutil.copy(library, folder)
    return folder
