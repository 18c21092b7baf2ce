"""The add-on's window, as a person uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from desktop import Desktop

HELPERS = '''
from aqt.qt import QApplication, QDialog, QLabel, QPushButton, QTimer

def window():
    found = [w for w in mw.findChildren(QDialog) if w.objectName() == "deckport" and w.isVisible()]
    return found[0] if found else None

def press(name):
    """Presses a button of the topmost dialog that has it."""
    for top in reversed(QApplication.topLevelWidgets()):
        for button in top.findChildren(QPushButton):
            if button.isVisible() and button.isEnabled() and button.text().replace("&", "") == name:
                QTimer.singleShot(0, button.click)
                return True
    return False

def listed():
    return [window().list.item(i).text() for i in range(window().list.count())]

def question():
    found = [w for w in mw.findChildren(QDialog) if hasattr(w, "fingerprint") and w.isVisible()]
    return found[0] if found else None

def texts_shown():
    tops = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    return [l.text() for w in tops for l in [w, *w.findChildren(QLabel)] if isinstance(l, QLabel)]

def add_note(text):
    note = mw.col.new_note(mw.col.models.by_name("Basic"))
    note["Front"] = text
    mw.col.add_note(note, 1)
    return mw.col.note_count()
'''


class Anki:
    """A desktop with the add-on in it."""

    def __init__(self, desktop: Desktop, pictures: Path | None) -> None:
        self.desktop, self.pictures = desktop, pictures
        desktop(HELPERS)

    def __call__(self, code: str) -> Any:
        """Code on the main thread."""
        return self.desktop(code)

    def open(self) -> Anki:
        """Tools > Deckport…"""
        self(
            "[a for a in mw.form.menuTools.actions() if a.objectName() == 'deckport'][0].trigger()"
        )
        self.desktop.wait("window() is not None and window()._search is not None")
        return self

    def choose(self, name: str) -> None:
        """Waits for an endpoint in the list and selects it."""
        row = f"[i for i, t in enumerate(listed()) if t.startswith({name!r} + chr(10))]"
        self.desktop.wait(row)
        self(f"window().list.setCurrentRow({row}[0])")

    def fill(self, account: str, code: str, address: str = "") -> None:
        """What a person types."""
        self(f"window().account.setText({account!r}); window().code.setText({code!r})")
        if address:
            self(f"window().list.clearSelection(); window().address.setText({address!r})")

    def press(self, name: str) -> None:
        """A button, as soon as it can be pressed."""
        self.desktop.wait(f"press({name!r})")

    def connect(self) -> str:
        """Presses Connect; answers what the window says in the end."""
        self("window().message.setText('')")
        self.press(self("window().texts('connect')"))
        has_said = "window().connect_button.isEnabled() and bool(window().message.text())"
        self.desktop.wait(f"question() is not None or {has_said}")
        return self("window().message.text()")

    def picture(self, name: str) -> None:
        """Keeps a picture of the window, where somebody wants them."""
        if self.pictures:
            target = str(self.pictures / f"{name}.png")
            self(f"(question() or window()).grab().save({target!r})")

    def close(self) -> None:
        """Closes the window."""
        self("window().close()")

    def sync(self) -> None:
        """Presses Sync and waits for its end."""
        self(
            "from aqt import gui_hooks\n"
            "mw.deckport_done = []\n"
            "mark = lambda: mw.deckport_done.append(1)\n"
            "gui_hooks.sync_did_finish.append(mark)"
        )
        self.desktop.later("mw.on_sync_button_clicked()")
        self.desktop.wait("bool(mw.deckport_done)", 60)
        self("gui_hooks.sync_did_finish.remove(mark)")
        self.desktop.wait("not mw.progress.busy() and not mw.media_syncer.is_syncing()", 60)

    def profile(self) -> dict[str, Any]:
        """What Anki keeps about syncing."""
        keys = ["customSyncUrl", "syncKey", "syncUser", "hostNum"]
        return self(f"{{k: mw.pm.profile.get(k) for k in {keys!r}}}")
