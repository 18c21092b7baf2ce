"""The second add-on without Anki: addresses in both forms, and versions of which no package exists.

What those versions have (one module with two names, no `aqt.mediasync`) is what other add-ons of
their time changed; they themselves were never run here.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pytest

ANKIWEB = "https://sync%s.ankiweb.net/"
MEDIA = "https://sync%s.ankiweb.net/msync/"


def _old(monkeypatch: pytest.MonkeyPatch, **names: str) -> tuple[types.ModuleType, object]:
    """The add-on in an Anki whose `anki.sync` has these names."""
    for name in ("anki", "anki.hooks", "anki.lang", "anki.sync", "aqt", "aqt.utils"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, sys.modules[name])
    monkeypatch.setitem(sys.modules, "aqt.mediasync", None)
    sys.modules["anki.hooks"].addHook = lambda *_: None
    sys.modules["aqt"].mw = types.SimpleNamespace(addonManager=object())
    sys.modules["aqt.utils"].showWarning = lambda *_, **__: None
    sync = sys.modules["anki.sync"]
    for name, value in names.items():
        setattr(sync, name, value)
    file = Path(__file__).parents[2] / "addon" / "old" / "__init__.py"
    spec = importlib.util.spec_from_file_location("deckport_old", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, sync


@pytest.mark.parametrize(
    "typed",
    ["http://phone:27701", "http://phone:27701/", "http://phone:27701/sync", "HTTP://phone:27701/sync/",
     "http://phone:27701/msync/", " http://phone:27701/sync/msync/ "],
)  # fmt: skip
def test_both_forms_of_an_address_are_the_same(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    assert _old(monkeypatch, SYNC_BASE=ANKIWEB)[0].base(typed) == "http://phone:27701/"


@pytest.mark.parametrize("typed", ["phone", "ftp://phone", "http://", "http://a b/", "http://x@y/"])
def test_what_is_no_address_leads_nowhere(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    old, sync = _old(monkeypatch, SYNC_BASE=ANKIWEB)
    with pytest.raises(old.BadAddress):
        old.apply({"syncUrl": typed, "mediaUrl": ""})
    assert sync.SYNC_BASE % 3 == old.NOWHERE


def test_hosts_named_like_what_is_cut_off_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    old, _ = _old(monkeypatch, SYNC_BASE=ANKIWEB)
    assert old.base("http://sync/") == "http://sync/"
    assert old.base("http://my.sync/sync/") == "http://my.sync/"
    assert old.base("http://nancy/anki/sync/") == "http://nancy/anki/"


def test_an_anki_with_two_names_gets_both_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    old, sync = _old(monkeypatch, SYNC_BASE=ANKIWEB, SYNC_MEDIA_BASE=MEDIA)
    old.apply({"syncUrl": "http://phone:1/sync/", "mediaUrl": "http://phone:2/msync/"})
    assert (sync.SYNC_BASE % "", sync.SYNC_MEDIA_BASE % "") == (
        "http://phone:1/",
        "http://phone:2/msync/",
    )
    old.apply({"syncUrl": "", "mediaUrl": ""})
    assert (sync.SYNC_BASE, sync.SYNC_MEDIA_BASE) == (ANKIWEB, MEDIA)


def test_one_address_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    old, sync = _old(monkeypatch, SYNC_BASE=ANKIWEB)
    old.apply({"syncUrl": "http://phone:1", "mediaUrl": ""})
    assert sync.SYNC_BASE % 5 == "http://phone:1/"
    assert not hasattr(sync, "SYNC_MEDIA_BASE"), "nothing is added that was not there"
