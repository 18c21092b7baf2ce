"""Deckport for Anki: finds endpoints in the network, connects a profile to one, and follows it.

Until somebody connects a profile, nothing here runs but the entry in the menu.
"""

from __future__ import annotations

from aqt import gui_hooks, mw
from aqt.qt import QAction, qconnect

from . import dialog, following, profile, settings


def _add_to_menu() -> None:
    action = QAction(settings.texts()("menu"), mw)
    action.setObjectName("deckport")
    qconnect(action.triggered, lambda: dialog.show())
    mw.form.menuTools.addAction(action)


gui_hooks.main_window_did_init.append(_add_to_menu)
gui_hooks.profile_did_open.append(profile.trust_as_paired)
gui_hooks.sync_will_start.append(following.before_sync)
