"""Deckport for Anki 2.1.26 and older, which have no field for a sync address.

One file, in the Python of those days (3.6).
"""

import io
import json
import os
import re

import anki.hooks
import anki.lang
import anki.sync
from aqt import mw
from aqt.utils import showWarning

ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", re.IGNORECASE)
# Nothing answers there: better no sync than one with AnkiWeb, where the person does not want to be.
NOWHERE = "http://127.0.0.1:9/"


class Fixed(str):
    """An address that stays as it is where Anki fills in the number of one of AnkiWeb's hosts."""

    def __mod__(self, _):
        return str(self)


class BadAddress(ValueError):  # noqa: N818
    """What was typed is no address."""


def base(typed):
    """The address below which an endpoint is; what clients add themselves may stand at its end."""
    typed = typed.strip()
    if not ADDRESS.fullmatch(typed):
        raise BadAddress(typed)
    scheme, _, rest = typed.partition("://")
    names = [name for name in rest.split("/") if name]
    while len(names) > 1 and names[-1] in ("sync", "msync"):
        names.pop()
    return scheme.lower() + "://" + "/".join(names) + "/"


def bases(config):
    """The addresses for collections and for media; None where both are empty."""
    sync, media = (str(config.get(key) or "") for key in ("syncUrl", "mediaUrl"))
    if not sync.strip() and not media.strip():
        return None
    return base(sync if sync.strip() else media), base(media if media.strip() else sync)


def places():
    """Where Anki keeps its addresses: module, name, whether it is for media, what is added.

    2.1.24 to 2.1.26 sync media with a copy of their own; earlier ones had two names at times.
    """
    found = [(anki.sync, "SYNC_BASE", False, "")]
    try:
        import aqt.mediasync
    except ImportError:
        pass
    else:
        found.append((aqt.mediasync, "SYNC_BASE", True, ""))
    found.append((anki.sync, "SYNC_MEDIA_BASE", True, "msync/"))
    return [
        (module, name, media, end) for module, name, media, end in found if hasattr(module, name)
    ]


ORIGINAL = [(module, name, getattr(module, name)) for module, name, _, _ in places()]


def apply(config):
    """Sets the addresses, or Anki's own ones where none are wanted."""
    try:
        wanted = bases(config)
    except BadAddress:
        wanted = (NOWHERE, NOWHERE)
        raise
    finally:
        if wanted is None:
            for module, name, value in ORIGINAL:
                setattr(module, name, value)
        else:
            for module, name, media, end in places():
                setattr(module, name, Fixed(wanted[media] + end))


def apply_or_say(config):
    """As `apply`, and tells a person what is wrong."""
    try:
        apply(config)
    except BadAddress as error:
        with io.open(
            os.path.join(os.path.dirname(__file__), "texts.json"), encoding="utf-8"
        ) as file:
            texts = json.load(file)
        language = getattr(anki.lang, "currentLang", None) or getattr(anki.lang, "current_lang", "")
        text = texts.get(language[:2], texts["en"])
        showWarning(text.format(address=error), textFormat="plain", title="Deckport")


def at_start():
    """When there is a window to say something in; an automatic sync comes later."""
    apply_or_say(mw.addonManager.getConfig(__name__) or {})


anki.hooks.addHook("profileLoaded", at_start)
if hasattr(mw.addonManager, "setConfigUpdatedAction"):
    mw.addonManager.setConfigUpdatedAction(__name__, apply_or_say)
