"""The add-on's modules that know nothing of Anki, for tests without it."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

ADDON = Path(__file__).parents[2] / "addon" / "deckport"


def module(name: str) -> types.ModuleType:
    """A module of the add-on, without running its `__init__`, which wants an Anki."""
    if "deckport_addon" not in sys.modules:
        package = types.ModuleType("deckport_addon")
        package.__path__ = [str(ADDON)]
        sys.modules["deckport_addon"] = package
    return importlib.import_module(f"deckport_addon.{name}")
