"""The add-on in the real desktop program, with a real endpoint."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trustme

from conftest import Place
from desktop import wait_until
from network import ACCOUNT, PASSWORD, Endpoint
from window import Anki

BEFORE = {"customSyncUrl": None, "syncKey": "of AnkiWeb", "syncUser": "a@b.org", "hostNum": 3}


def connected(anki: Anki, name: str) -> None:
    """Connects the profile to an endpoint of the list."""
    anki.open()
    anki.choose(name)
    anki.fill(ACCOUNT, PASSWORD)
    assert anki.connect() == anki(f"window().texts('connected', name={name!r})")
    anki.close()


def finish_upload(anki: Anki, endpoint: Endpoint) -> None:
    """Newer versions ask whether the endpoint's empty collection is to be replaced."""

    def is_uploaded() -> bool:
        anki("press('Yes')")
        return " upload 200 " in endpoint.logged()

    wait_until(is_uploaded, "the upload")
    anki.desktop.wait("mw.col is not None and not mw.progress.busy()")


def test_found_connected_synced_followed_and_back(place: Place) -> None:
    """What a person does in the first week."""
    endpoint = place.endpoint()
    announced = place.announce(
        "deckport-7f3k", endpoint.host, endpoint.port, path="/", tls="off", name="Anna's phone"
    )
    anki = place.anki()
    for name, value in BEFORE.items():
        anki(f"mw.pm.profile[{name!r}] = {value!r}")

    anki.open()
    anki.choose("Anna's phone")
    assert f"Anna's phone\n127.0.0.1:{endpoint.port} · not encrypted" in anki("listed()")
    anki.fill(ACCOUNT, PASSWORD)
    anki.picture("found")
    assert anki.connect() == anki("window().texts('connected', name=window()._target[0])")
    anki.picture("connected")
    assert anki("window().state.text()") == (
        f"This profile syncs with Anna's phone at {endpoint.url()}."
    )
    profile = anki.profile()
    assert profile["customSyncUrl"] == endpoint.url()
    assert profile["syncUser"] == ACCOUNT

    assert anki("add_note('one')") == 1
    anki.press("Sync now")
    finish_upload(anki, endpoint)

    # The phone joins another network: another address, another port.
    endpoint.close()
    moved = place.endpoint(host="127.0.0.3")
    announced.move(moved.host, moved.port, path="/", tls="off", name="Anna's phone")
    assert anki("add_note('two')") == 2
    anki.sync()
    assert " 200 " in moved.logged()
    assert " finish 200 " in moved.logged()
    assert anki.profile()["customSyncUrl"] == moved.url()
    assert anki.profile()["syncKey"] == profile["syncKey"]

    # And again, after Anki was started anew.
    anki.desktop.quit()
    moved.close()
    again = place.endpoint()
    announced.move(again.host, again.port, path="/", tls="off", name="Anna's phone")
    anki = Anki(anki.desktop.start(), place.pictures)
    assert anki("add_note('three')") == 3
    told = len(again.logged())
    anki.sync()
    assert " finish 200 " in again.logged()[told:]
    assert anki.profile()["customSyncUrl"] == again.url()

    anki.open()
    anki.press("Back to AnkiWeb")
    anki.desktop.wait("window().message.text() == window().texts('back_done')")
    assert anki.profile() == BEFORE
    assert anki("window().state.text()") == "This profile syncs with AnkiWeb."
    assert not anki("window().back.isVisible()")


def test_a_profile_that_was_not_connected_is_left_alone(place: Place) -> None:
    anki = place.anki()
    before = anki("repr(mw.pm.profile)")
    anki("import sys")
    anki("from aqt import gui_hooks\ngui_hooks.sync_will_start()")
    assert anki("repr(mw.pm.profile)") == before
    assert not anki("'zeroconf' in sys.modules"), "nothing listens to the network"
    anki.open()
    anki.close()
    assert anki("repr(mw.pm.profile)") == before


@pytest.mark.parametrize("language", ["en_US", "de_DE"])
def test_what_fails_is_said_in_a_sentence(place: Place, language: str) -> None:
    endpoint = place.endpoint()
    gone = place.endpoint("gone", host="127.0.0.4")
    gone.close()
    anki = place.anki(language)
    before = anki.profile()
    anki.open()
    texts = anki("window().texts._sentences")
    # Others may announce themselves in the network of this machine.
    anki.close()
    anki("from deckport import finding\nreal = finding.SERVICE")
    anki("finding.SERVICE = '_deckport-none._tcp.local.'")
    anki.open()
    anki.desktop.wait("window().hint.text() == window().texts('nothing_found')")
    anki.picture(f"nothing-{language}")
    anki.fill(ACCOUNT, PASSWORD)
    assert anki.connect() == texts["choose"]
    anki.close()
    anki("finding.SERVICE = real")
    anki.open()

    # The phone is switched on while the window is open.
    place.announce("deckport-7f3k", endpoint.host, endpoint.port, tls="off", name="Annas Handy")
    anki.choose("Annas Handy")
    anki.desktop.wait("not window().hint.isVisible()")
    assert (texts["close"] == "Schließen") == (language == "de_DE")

    anki.fill(ACCOUNT, "wrong-code")
    assert anki.connect() == texts["wrong_login"]
    anki.picture(f"wrong-{language}")
    anki.fill("", "")
    assert anki.connect() == texts["need_account"]
    anki.fill(ACCOUNT, PASSWORD, "http://")
    assert anki.connect() == texts["bad_address"].format(address="http://")
    short = f"127.0.0.4:{gone.port}"
    anki.fill(ACCOUNT, PASSWORD, short)
    assert anki.connect() == texts["unreachable"].format(name=short)
    assert anki.profile() == before


def test_the_window_stays_usable_while_somebody_says_nothing(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        anki = place.anki().open()
        short = f"127.0.0.1:{silent.getsockname()[1]}"
        anki.fill(ACCOUNT, PASSWORD, short)
        anki("window().message.setText('')")
        anki.press("Connect")
        anki.desktop.wait("window().message.text() == window().texts('connecting')")
        asked = time.monotonic()
        anki("window().list.count()")
        assert time.monotonic() - asked < 1, "the main thread is free"
        # It ends by itself, and so does the window meanwhile.
        anki.desktop.wait(
            f"window().message.text() == window().texts('unreachable', name={short!r})"
        )
        anki.press("Connect")
        anki.close()
        anki.desktop.wait("window() is None")
        anki.open()


def test_a_code_of_a_pairing_window_connects(place: Place, engine: Path, tmp_path: Path) -> None:
    host = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("pairing_host.py"), tmp_path / "host"],
        env=os.environ | {"PYTHONPATH": str(engine)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    place.stack.callback(host.kill)
    told = json.loads(host.stdout.readline())
    anki = place.anki().open()
    anki.fill("bob", told["code"].upper(), told["url"])
    name = told["url"].removeprefix("http://").rstrip("/")
    assert anki.connect() == anki(f"window().texts('connected_by_hand', name={name!r})")
    assert anki.profile()["customSyncUrl"] == told["url"]
    assert json.loads(host.communicate()[0]) == ["Bob's laptop"]


def test_over_tls_the_certificate_is_compared_once_and_pinned(place: Place, version: str) -> None:
    endpoint = place.endpoint()
    authority = trustme.CA()
    front = place.front(endpoint, "127.0.0.1", authority)
    announced = place.announce("deckport-7f3k", front.host, front.port, tls="on", name="Phone")
    anki = place.anki()
    before = anki.profile()
    anki.open()
    anki.choose("Phone")
    anki.fill(ACCOUNT, PASSWORD)
    said = anki.connect()
    if version == "2.1.66":
        # It takes no certificate of ours, and the endpoint speaks plain http, too.
        assert said == anki("window().texts('connected', name='Phone')")
        assert anki.profile()["customSyncUrl"] == f"http://127.0.0.1:{front.port}/"
        return

    # Nothing is sent before a person compared the fingerprint; "no" changes nothing.
    fingerprint = anki("question().fingerprint.text()").split()
    assert [len(group) for group in fingerprint] == [4] * 16
    anki.picture("trust")
    assert "hostKey" not in endpoint.logged()
    anki("question().reject()")
    anki.desktop.wait("window().message.text() == window().texts('not_trusted')")
    assert anki.profile() == before
    anki.connect()
    anki("question().accept()")
    anki.desktop.wait("window().message.text() == window().texts('connected', name='Phone')")
    url = f"https://127.0.0.1:{front.port}/"
    assert anki.profile()["customSyncUrl"] == url
    anki.close()
    anki("add_note('one')")
    handshakes = front.handshakes
    anki.desktop.later("mw.on_sync_button_clicked()")
    finish_upload(anki, endpoint)
    assert front.handshakes > handshakes

    # Anki started anew, at another address: the same authority vouches for it.
    anki.desktop.quit()
    front.close()
    moved = place.front(endpoint, "127.0.0.3", authority)
    announced.move(moved.host, moved.port, tls="on", name="Phone")
    anki = Anki(anki.desktop.start(), place.pictures)
    anki("add_note('two')")
    anki.sync()
    assert " finish 200 " in endpoint.logged()
    assert anki.profile()["customSyncUrl"] == f"https://127.0.0.3:{moved.port}/"

    # Somebody else under the same name, whom another authority vouches for: not followed, not told.
    moved.close()
    stranger = place.front(endpoint, "127.0.0.4", trustme.CA())
    announced.move(stranger.host, stranger.port, tls="off", name="Phone")
    told = endpoint.logged()
    anki.desktop.later("mw.on_sync_button_clicked()")
    anki.desktop.wait("any('Phone was not found' in text for text in texts_shown())")
    assert anki.profile()["customSyncUrl"] == f"https://127.0.0.3:{moved.port}/"
    assert endpoint.logged().removeprefix(told).count(" meta ") == 0


def test_an_endpoint_that_announces_itself_is_found_and_followed(
    place: Place, version: str
) -> None:
    name = f"deckport-{secrets.token_hex(4)}"
    endpoint = place.announced(name)
    try:
        wait_until(lambda: f"{name}.local" in endpoint.logged(), "its name in a network", 20)
    except AssertionError:
        pytest.skip("there is no network here in which an endpoint can announce itself")
    anki = place.anki().open()
    row = f"[i for i, t in enumerate(listed()) if ':{endpoint.port} ' in t]"
    anki.desktop.wait(row)
    anki(f"window().list.setCurrentRow({row}[0])")
    anki.fill(ACCOUNT, PASSWORD)
    anki.connect()
    scheme = "http" if version == "2.1.66" else "https"
    if scheme == "https":
        told = subprocess.run(
            [place.binary, "certificate", "--data", place.folder / "data"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        shown = anki("question().fingerprint.text()").split()
        assert " ".join(shown[:8]) in told.stdout + told.stderr, "as the endpoint shows it"
        anki("question().accept()")
    anki.desktop.wait("window().sync_now.isVisible()")
    assert anki.profile()["customSyncUrl"].startswith(f"{scheme}://")
    assert anki("mw.pm.profile['deckport']['instance']") == name
    anki.close()
    anki("add_note('one')")
    anki.desktop.later("mw.on_sync_button_clicked()")
    finish_upload(anki, endpoint)

    endpoint.close()
    again = place.announced(name)
    wait_until(lambda: again.logged().count(f"{name}.local") > 1, "its name in a network")
    told = len(again.logged())
    anki("add_note('two')")
    anki.sync()
    assert " finish 200 " in again.logged()[told:]
    assert f":{again.port}/" in anki.profile()["customSyncUrl"]


def test_an_address_changed_by_hand_is_left_alone(place: Place) -> None:
    endpoint = place.endpoint()
    announced = place.announce("deckport-7f3k", endpoint.host, endpoint.port, name="Phone")
    anki = place.anki()
    connected(anki, "Phone")
    other = place.endpoint("other", host="127.0.0.3")
    announced.move(other.host, other.port, name="Phone")
    anki("mw.pm.set_custom_sync_url('http://127.0.0.5:1/')")
    anki("from aqt import gui_hooks\ngui_hooks.sync_will_start()")
    assert anki.profile()["customSyncUrl"] == "http://127.0.0.5:1/"
    anki.open()
    assert anki("window().state.text()") == anki("window().texts('now_changed', name='Phone')")


def test_the_file_installs_as_people_install_it(place: Place) -> None:
    desktop = place.desktop()
    desktop.remove("deckport")
    anki = Anki(desktop.start(), place.pictures)
    packed = str(place.packed / "deckport.ankiaddon")
    assert anki(f"type(mw.addonManager.install({packed!r})).__name__") == "InstallOk"
    assert anki("mw.addonManager.addonName('deckport')").startswith("Deckport")
    desktop.quit()
    desktop.start()
    assert desktop("any(a.objectName() == 'deckport' for a in mw.form.menuTools.actions())")
