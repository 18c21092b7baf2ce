"""The second add-on in the real desktop program of 2.1.26, the last version that it is for."""

from __future__ import annotations

import json

from conftest import Place
from desktop import Desktop, wait_until
from network import ACCOUNT, PASSWORD

OURS = "import deckport_old\n"


def _configured(place: Place, **config: str) -> Desktop:
    desktop = place.desktop(addon="deckport-old")
    meta = desktop.base / "addons21" / "deckport_old" / "meta.json"
    meta.write_text(json.dumps({"config": config}))
    return desktop.start()


def _bases(desktop: Desktop) -> list[str]:
    return desktop(
        "import anki.sync, aqt.mediasync\n"
        "result = [m.SYNC_BASE % 'x' for m in (anki.sync, aqt.mediasync)]"
    )


def test_ankiweb_stays_until_an_address_is_set(place: Place) -> None:
    desktop = _configured(place, syncUrl="", mediaUrl="")
    ankiweb = "https://syncx.ankiweb.net/"
    assert _bases(desktop) == [ankiweb, ankiweb]
    desktop(OURS + "deckport_old.apply_or_say({'syncUrl': 'http://phone:1/'})")
    assert _bases(desktop) == ["http://phone:1/", "http://phone:1/"]
    desktop(OURS + "deckport_old.apply_or_say({'syncUrl': ' ', 'mediaUrl': None})")
    assert _bases(desktop) == [ankiweb, ankiweb]


def test_a_wrong_address_is_told_and_nobody_else_is_asked(place: Place) -> None:
    desktop = _configured(place, syncUrl="phone")
    shown = "[l.text() for l in QApplication.activeWindow().findChildren(QLabel)]"
    desktop("from aqt.qt import QApplication, QLabel")
    desktop.wait(f"QApplication.activeWindow() is not mw and 'phone' in ''.join({shown})")
    assert _bases(desktop) == ["http://127.0.0.1:9/"] * 2
    desktop("QApplication.activeWindow().close()")


def test_collections_and_media_sync_by_two_addresses(place: Place) -> None:
    endpoint = place.endpoint()
    media = place.front(endpoint, "127.0.0.2", None)
    desktop = _configured(
        place,
        syncUrl=endpoint.url() + "sync/",
        mediaUrl=f"http://127.0.0.2:{media.port}/msync",
    )
    hkey = desktop(
        "import anki.sync\n"
        f"result = anki.sync.RemoteServer(None, hostNum=7).hostKey({ACCOUNT!r}, {PASSWORD!r})"
    )
    # A number of a host, as AnkiWeb gives it, is no part of our address.
    desktop(f"mw.pm.profile['syncKey'] = {hkey!r}; mw.pm.profile['hostNum'] = 7")
    desktop(
        "note = mw.col.newNote()\nnote.fields[0] = '<img src=\"p.png\">'\nmw.col.addNote(note)\n"
        "import os\nopen(os.path.join(mw.col.media.dir(), 'p.png'), 'wb').write(b'picture')"
    )
    desktop.later("mw.onSync()")
    desktop(
        "from aqt.qt import QAbstractButton, QApplication\n"
        "def upload():\n"
        "    for button in QApplication.activeWindow().findChildren(QAbstractButton):\n"
        "        if button.text() == 'Upload to AnkiWeb':\n"
        "            button.click()\n"
        "            return True\n"
        "    return False"
    )
    desktop.wait("upload()")
    wait_until(lambda: " upload 200 " in endpoint.logged(), "the upload")
    wait_until(lambda: "uploadChanges 200 " in endpoint.logged(), "the picture")
    assert media.clients, "media came by their own address"
