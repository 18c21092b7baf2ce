"""Options and fixtures of the scenario tests.

`--server reference` runs the scenarios against the server that ships with Anki: what fails there is
either marked `beyond_reference`, a promise the reference does not keep, or a mistake in the test.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.world import World, Worlds


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the things under test are."""
    group = parser.getgroup("deckport")
    group.addoption("--server", choices=["deckport", "reference"], default="deckport")
    group.addoption("--long", action="store_true", help="waiting times as they are: minutes")
    group.addoption("--deckport", default=os.environ.get("DECKPORT_BIN"), help="the binary")
    group.addoption(
        "--anki-python",
        default=os.environ.get("ANKI_PYTHON", sys.executable),
        help="a Python that has the anki package of the client under test",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Say what our markers mean."""
    config.addinivalue_line(
        "markers", "beyond_reference(reason): the reference server is known to fail this"
    )
    config.addinivalue_line("markers", "not_yet(reason): Deckport does not keep this promise yet")
    config.addinivalue_line("markers", "deckport_only(reason): uses commands of Deckport's own")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Expect what a server is known to fail; long tests start first."""
    if config.getoption("--server") == "deckport":
        for item in items:
            for marker in item.iter_markers("not_yet"):
                item.add_marker(pytest.mark.xfail(reason=marker.args[0], strict=True))
    if config.getoption("--server") == "reference":
        for item in items:
            for marker in item.iter_markers("beyond_reference"):
                item.add_marker(pytest.mark.xfail(reason=marker.args[0], strict=True))
            for marker in item.iter_markers("deckport_only"):
                item.add_marker(pytest.mark.skip(reason=marker.args[0]))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture
def worlds(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Worlds]:
    """Makes servers and devices for one test and ends them after it."""
    option = request.config.getoption
    binary = option("--deckport")
    made = Worlds(
        option("--server"),
        Path(option("--anki-python")),
        Path(binary).resolve() if binary else None,
        tmp_path,
    )
    yield made
    made.close()


@pytest.fixture
def world(worlds: Worlds) -> World:
    """A running server with one account."""
    return worlds.make().begin()
