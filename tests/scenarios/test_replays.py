"""Clients that cannot be run here: AnkiDroid 2.9 to 2.16, and desktops on protocol 9.

Their requests are written as the protocol's description says (`transport` 4, `collection-sync` 3).
A device of today shares the account and sees what came of it.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from harness.device import Device
from harness.forms import DROID, PYTHON, RUST, STYLES, Old, Style
from harness.world import HEALTHY, PASSWORD, USER, World

EVERY_STYLE = pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)

# What old settings make of an address: (before `sync/hostKey`).
LAYOUTS = {
    "one address, or Sync url of AnkiDroid to 2.15": "/",
    "the same with a slash at its end": "//",
    "the address with sync in a setting that adds it": "/sync/",
    "the media address in a setting that adds sync": "/msync/",
    "a folder of another web server": "/anki/",
}


def old_client(world: World, style: Style, protocol: int = 10) -> Old:
    """An old client, logged in."""
    old = Old(world.server.url, style, protocol)
    assert old.login(USER, PASSWORD).status == 200
    return old


def counts(device: Device) -> list[Any]:
    """What a client with the same collection reports in its sanity check."""
    tables = ("cards", "notes", "revlog", "graves", "notetypes", "decks", "deck_config")
    return [[0, 0, 0], *(device.query(f"select count() from {name}")[0][0] for name in tables)]


def merge(
    old: Old, device: Device, graves: Any = None, changes: Any = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A sync as AnkiDroid does it; returns the server's deletions and changes.

    `device` tells, with the deletions done, the counts of a client that has everything.
    """
    meta = old.meta()
    assert meta["cont"], meta
    start: dict[str, Any] = {"minUsn": 0, "lnewer": False}
    if graves is not None:
        start["graves"] = graves
    theirs = old.call("start", start).json()
    empty = {"models": [], "decks": [[], []], "tags": []}
    answer = old.call("applyChanges", {"changes": changes or empty}).json()
    while not old.call("chunk").json()["done"]:
        pass
    none: dict[str, Any] = {"done": True, "revlog": [], "cards": [], "notes": []}
    assert old.call("applyChunk", {"chunk": none}).body == b"null"
    report = counts(device)
    for place, kind in ((1, "cards"), (2, "notes"), (6, "decks")):
        report[place] -= len((graves or {}).get(kind, []))
    sanity = old.call("sanityCheck2", {"client": report}).json()
    assert sanity["status"] == "ok", sanity
    assert old.call("finish").json() > meta["mod"]
    return theirs, answer


@EVERY_STYLE
def test_every_family_syncs_with_a_device_of_today(world: World, style: Style) -> None:
    a, b = world.two_devices()
    old = old_client(world, style)
    merge(old, a)
    a.edit_note(guid="first", fields=["seen by", "all"])
    world.sync(a)
    merge(old, a)
    world.sync(a, b)
    world.check()


@pytest.mark.parametrize("kind", [int, str])
def test_all_deletions_inside_start_are_taken_as_numbers_and_as_texts(
    world: World, kind: type
) -> None:
    a, b = world.two_devices()
    a.add_note(guid="other", fields=["x", "y"], deck="Elsewhere")
    world.sync(a, b)
    card, note, deck = a.query(
        "select c.id, c.nid, c.did from cards c, notes n where n.id = c.nid and n.guid = 'other'"
    )[0]
    graves = {"cards": [kind(card)], "notes": [kind(note)], "decks": [kind(deck)]}
    merge(old_client(world, DROID), a, graves)
    world.sync(a, b)
    assert a.query("select guid from notes") == [["first"]]
    assert a.query("select count() from decks where id = ?", deck) == [[0]]
    world.check()


@pytest.mark.beyond_reference("answers 400")
@pytest.mark.parametrize("complaint", ["missing notes", "cards had usn = -1", "failed basic check"])
def test_a_complaint_instead_of_counts_ends_the_sync_without_a_trace(
    world: World, complaint: str
) -> None:
    a, b = world.two_devices()
    old = old_client(world, PYTHON)
    note = a.query("select id from notes")[0][0]
    usn = old.meta()["usn"]
    graves = {"cards": [], "notes": [note], "decks": []}
    old.call("start", {"minUsn": usn, "lnewer": True, "graves": graves})
    assert old.call("sanityCheck2", {"client": complaint}).json()["status"] == "bad"
    # This family sends no abort; the next device must not have to wait for one.
    world.sync(a, b)
    assert a.query("select guid from notes") == [["first"]]
    world.check()


@EVERY_STYLE
def test_a_download_is_a_complete_file_of_schema_11(
    world: World, style: Style, tmp_path: Path
) -> None:
    a, b = world.two_devices()
    answer = old_client(world, style).download()
    assert answer.status == 200
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert "anki-original-size" not in answer.headers
    assert "content-encoding" not in answer.headers
    assert answer.body[18:20] == b"\x01\x01", "no write-ahead log"
    file = tmp_path / "old.anki2"
    file.write_bytes(answer.body)
    database = sqlite3.connect(file)
    assert database.execute("select ver from col").fetchone() == (11,)
    assert database.execute("select guid from notes").fetchall() == [("first",)]
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    tables = {name for (name,) in database.execute("select name from sqlite_master")}
    database.close()
    assert not tables & {"config", "fields", "deck_config", "notetypes", "templates", "decks"}
    a.edit_note(guid="first", fields=["goes", "on"])
    world.sync(a, b)
    world.check()


@EVERY_STYLE
def test_an_upload_of_schema_11_is_answered_with_ok_and_reaches_today(
    world: World, style: Style
) -> None:
    a, b = world.two_devices()
    old = old_client(world, style)
    changed = edited(old.download().body, world.root, "update notes set flds = 'by\x1fold'", {})
    answer = old.upload(changed)
    assert (answer.status, answer.body) == (200, b"OK")
    for device in (a, b):
        assert device.sync(one_way="download")["required"] != "NO_CHANGES"
        assert device.query("select flds from notes") == [["by\x1fold"]]
    world.check()


@EVERY_STYLE
def test_an_unusable_upload_is_refused_with_a_text_and_changes_nothing(
    world: World, style: Style
) -> None:
    a, b = world.two_devices()
    answer = old_client(world, style).upload(b"this is no collection")
    assert answer.body != b"OK"
    assert len(answer.text.split()) > 2
    world.sync(a, b)
    world.check()


def edited(file: bytes, folder: Path, sql: str, settings: dict[str, Any]) -> bytes:
    """A schema 11 file after an edit on the old client; a setting of None is removed."""
    path = folder / "edited.anki2"
    path.write_bytes(file)
    database = sqlite3.connect(path)
    with database:
        if sql:
            database.execute(sql)
        conf = json.loads(database.execute("select conf from col").fetchone()[0])
        conf = {k: v for k, v in (conf | settings).items() if v is not None}
        database.execute(
            "update col set conf = ?, mod = mod + 5000, scm = scm + 5000", (json.dumps(conf),)
        )
    database.close()
    return path.read_bytes()


@EVERY_STYLE
def test_protocol_9_is_refused_while_the_collection_has_a_newer_timezone(
    world: World, style: Style
) -> None:
    world.two_devices()
    meta = old_client(world, style, protocol=9).meta()
    assert meta["cont"] is False
    assert len(meta["msg"].split()) > 3


@pytest.mark.parametrize("protocol", [8, 9])
def test_protocols_8_and_9_sync_a_collection_of_their_time(world: World, protocol: int) -> None:
    a, b = world.two_devices()
    old = old_client(world, DROID, protocol)
    scheduler = {8: 1, 9: 2}[protocol]
    settings = {"creationOffset": None, "schedVer": scheduler, "sched2021": None}
    assert old.upload(edited(old.download().body, world.root, "", settings)).body == b"OK"
    for device in (a, b):
        device.sync(one_way="download")
    merge(old, a)
    world.sync(a, b)
    assert world.devices["a"].fix_integrity() == HEALTHY


@EVERY_STYLE
def test_wrong_passwords_and_tokens_are_answered_with_403(world: World, style: Style) -> None:
    old = Old(world.server.url, style)
    assert old.login(USER, "wrong").status == 403
    assert old.login("nobody", PASSWORD).status == 403
    old.token = "0" * 40
    assert old.call("meta", {"v": 10, "cv": "x"}).status == 403
    assert old.download().status == 403
    assert old.upload(b"x").status == 403


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(
            path, id=name, marks=[] if path == "/" else pytest.mark.beyond_reference("404")
        )
        for name, path in LAYOUTS.items()
    ],
)
@EVERY_STYLE
def test_every_address_that_old_settings_make_works(
    world: World, style: Style, before: str
) -> None:
    old = Old(world.server.url.rstrip("/") + before, style)
    assert old.login(USER, PASSWORD).status == 200
    assert old.meta()["cont"] is True


@EVERY_STYLE
def test_parts_may_come_in_any_order_and_under_their_other_names(
    world: World, style: Style
) -> None:
    world.two_devices()
    old = old_client(world, style)
    data = ("data", gzip.compress(b'{"v":10,"cv":"x"}'))
    key, session, packed = ("k", old.token.encode()), ("s", b"abc"), ("c", b"1")
    usual = old.send("sync/meta", [key, session, packed, data]).json()
    for parts in (
        [data, packed, key, session],
        [session, data, key, packed],
        [("sk", old.token.encode()), session, packed, data],
        [("k", b"wrong"), data, packed, session, key],
        [packed, ("unknown", b"?"), data, session, key],
        [("data", b'{"v":10,"cv":"x"}'), ("c", b"0"), key, session],
        [("data", b'{"v":10,"cv":"x"}'), key, session],
        [("data", b"garbage"), key, session, packed, data],
        [packed, ("data", data[1] + b"after the first member"), key, session],
    ):
        answer = old.send("sync/meta", parts)
        assert answer.status == 200, (parts, answer.text)
        assert answer.json() | {"ts": 0} == usual | {"ts": 0}


@pytest.mark.parametrize("style", [PYTHON, RUST], ids=lambda style: style.name)
def test_an_abort_is_answered_with_nothing_even_if_there_is_nothing_to_end(
    world: World, style: Style
) -> None:
    world.two_devices()
    old = old_client(world, style)
    assert old.call("abort").body == b"null"
    old.call("start", {"minUsn": 0, "lnewer": False})
    old.session = "byF5jr"
    assert old.call("abort").body == b"null"


@pytest.mark.beyond_reference("loses what the client did not send")
def test_keys_that_an_old_client_does_not_know_keep_their_values(world: World) -> None:
    a, b = world.two_devices()
    newer = {"fsrsParams6": [0.5] * 21, "desiredRetention": 0.87, "addon": {"kept": True}}
    a.edit_preset(name="Default", **newer)
    a.edit_deck(name="Home", desiredRetention=91, desc="d", md=True, addon={"kept": True})
    world.sync(a, b)
    old = old_client(world, DROID)
    _, sent = merge(old, a)
    deck = next(deck for deck in sent["decks"][0] if deck["name"] == "Home")
    preset = next(preset for preset in sent["decks"][1] if preset["name"] == "Default")
    # Known keys that are missing were not known to the client; `md` and unknown keys were removed.
    for key in ("fsrsParams6", "desiredRetention", "addon"):
        del preset[key]
    for key in ("desiredRetention", "md", "addon"):
        del deck[key]
    deck |= {"desc": "edited", "mod": deck["mod"] + 50, "usn": -1}
    preset |= {"name": "Edited", "mod": preset["mod"] + 50, "usn": -1}
    merge(old, a, changes={"models": [], "decks": [[deck], [preset]], "tags": []})
    world.sync(a, b)
    kept = a.preset(name="Edited")
    assert kept["fsrsParams6"] == newer["fsrsParams6"]
    assert kept["desiredRetention"] == pytest.approx(0.87)
    assert "addon" not in kept
    merged = a.deck(name="Home")
    assert (merged["desc"], merged["desiredRetention"]) == ("edited", 91)
    assert not merged.get("md")
    assert "addon" not in merged
    world.check()
