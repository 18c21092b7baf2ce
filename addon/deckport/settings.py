"""The add-on's few settings, as `config.md` describes them."""

from __future__ import annotations

from typing import Any

import anki.lang
from aqt import mw

from .texts import Texts


def texts() -> Texts:
    """What people read, in Anki's language or in the one that was set."""
    language = str(_config().get("language", "auto"))
    return Texts(anki.lang.current_lang if language == "auto" else language)


def follow() -> bool:
    """Whether to look for the endpoint before each sync."""
    return bool(_config().get("follow", True))


def search_seconds() -> float:
    """How long to look at most."""
    try:
        return min(max(float(_config().get("search_seconds", 4)), 1.0), 30.0)
    except (TypeError, ValueError):
        return 4.0


def _config() -> dict[str, Any]:
    return mw.addonManager.getConfig(__name__.split(".")[0]) or {}
