"""Options and fixtures of the matrix: every test runs once with each version of Anki given.

`cargo xtask matrix` installs the versions and calls this.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from meeting import Meeting
from table import Table


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the things under test are."""
    group = parser.getgroup("deckport")
    group.addoption("--deckport", default=os.environ.get("DECKPORT_BIN"), help="the binary")
    group.addoption(
        "--anki-python",
        default=os.environ.get("ANKI_PYTHON", sys.executable),
        help="a Python that has today's anki package",
    )
    group.addoption("--client", action="append", default=[], help="VERSION=PYTHON, repeatable")
    group.addoption("--absent", action="append", default=[], help="VERSION=REASON, repeatable")
    group.addoption("--write", help="the page that gets the table, between its markers")


def pytest_configure(config: pytest.Config) -> None:
    """Collect outcomes where the reports of all workers arrive."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(config.getoption("--write")), "matrix-table")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for each version, or skip it with the reason why the version is absent."""
    option = metafunc.config.getoption
    values = []
    for given in option("--client"):
        version = given.partition("=")[0]
        values.append(pytest.param(version, id=version))
    for given in option("--absent"):
        version, _, reason = given.partition("=")
        values.append(pytest.param(version, id=version, marks=pytest.mark.skip(reason=reason)))
    metafunc.parametrize("version", values)


def _meeting(request: pytest.FixtureRequest, version: str, root: Path, server: str) -> Meeting:
    option = request.config.getoption
    pythons = dict(given.split("=", 1) for given in option("--client"))
    assert option("--deckport"), "give the server's binary with --deckport"
    return Meeting(
        server=server,
        binary=Path(option("--deckport")).resolve(),
        today=Path(option("--anki-python")),
        version=version,
        python=Path(pythons[version]),
        root=root,
    )


@pytest.fixture
def meeting(request: pytest.FixtureRequest, version: str, tmp_path: Path) -> Iterator[Meeting]:
    """A fresh Deckport, and the two kinds of device that share an account on it."""
    made = _meeting(request, version, tmp_path, "deckport")
    yield made
    made.close()


@pytest.fixture
def reference(request: pytest.FixtureRequest, version: str, tmp_path: Path) -> Iterator[Meeting]:
    """The same around the server that ships with Anki."""
    made = _meeting(request, version, tmp_path, "reference")
    yield made
    made.close()
