"""Before each sync: where is the endpoint now?"""

from __future__ import annotations

from functools import partial

from aqt import mw
from aqt.utils import tooltip

from . import profile, reaching, settings
from .waiting import wait_for

_is_looking = False


def before_sync() -> None:
    """Sets the address under which the profile's endpoint answers now. Without a pairing, or after
    somebody changed the address by hand, it does nothing.
    """
    global _is_looking
    paired = profile.pairing()
    if paired is None or not paired.is_in_use():
        return
    profile.trust(paired.certificate)
    # While we wait, a timer of Anki's may begin another sync.
    if paired.instance is None or not settings.follow() or _is_looking:
        return
    _is_looking = True
    try:
        texts = settings.texts()
        look = partial(
            reaching.locate,
            paired.instance,
            paired.url,
            paired.certificate,
            settings.search_seconds(),
        )
        url = wait_for(look, texts("looking", name=paired.name))
        if url is None:
            # Not above the window that said what we waited for: that one is just closing.
            tooltip(texts("not_found", name=paired.name), period=6000, parent=mw)
        elif url != paired.url:
            profile.move(url)
    finally:
        _is_looking = False
