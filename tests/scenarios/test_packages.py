"""Whole collections as files: what Anki exports is imported, what is exported Anki imports; and
what Check Database says of a collection, `deckport check` says too.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from harness import dump
from harness.device import Device
from harness.world import HEALTHY, USER, World

pytestmark = pytest.mark.deckport_only("uses commands of Deckport's own")


def fill(device: Device) -> None:
    """A small collection of everything, with media."""
    for number in range(3):
        device.add_note(
            guid=f"n{number}",
            fields=[f"front {number} [sound:{number}.txt]", "back"],
            deck="Languages::Verbs",
            tags=["grammar::verb"],
        )
        device.add_media(name=f"{number}.txt", text=str(number) * 10_000 * number + "end")
    device.add_note(guid="cloze", fields=["{{c1::a}} {{c2::b}}", ""], notetype="Cloze")
    device.add_media(name="café 日本.txt", text="names")
    device.answer(guid="n0", ease=3)
    device.add_preset(name="Hard")
    device.add_filtered_deck(name="Cram", search="deck:Languages")
    device.set_config(key="addon", value={"x": [1.5, None]})


def contents(device: Device) -> dump.Canonical:
    """All that a package carries: the collection's own times are set anew by an import."""
    return {table: rows for table, rows in dump.exact(device.dump()).items() if table != "col"}


def same_contents(left: dump.Canonical, right: dump.Canonical) -> None:
    """Compare, and show what differs."""
    differs = dump.difference(left, right, "exported", "imported")
    assert not differs, differs


@pytest.mark.parametrize("legacy", [False, True], ids=["latest", "legacy"])
def test_a_package_goes_through_an_account_and_back_into_anki(
    world: World, tmp_path: Path, legacy: bool
) -> None:
    device = world.device("a")
    fill(device)
    before, media = contents(device), device.media_files()
    device.export_package(path=str(tmp_path / "from.colpkg"), legacy=legacy)
    world.stop_server()
    told = world.deckport.manage("import", str(tmp_path / "from.colpkg"))
    assert "imported 4 notes, 5 cards and 1 reviews" in told
    world.deckport.manage("check")

    target = tmp_path / "to.colpkg"
    world.deckport.manage("export", str(target), *(["--legacy"] if legacy else []))
    other = world.device("other", login=False)
    other.add_media(name="0.txt", text="another content of the same name")
    other.add_media(name="own.txt", text="stays")
    other.import_package(path=str(target))
    same_contents(before, contents(other))
    assert other.media_files() == media | {"own.txt": "stays"}
    assert other.fix_integrity() == HEALTHY


def test_an_import_makes_every_device_choose_and_keeps_what_was_there(
    world: World, tmp_path: Path
) -> None:
    a, b = world.two_devices()
    fill(c := world.device("c"))
    c.export_package(path=str(tmp_path / "c.colpkg"))
    told = world.deckport.manage("import", str(tmp_path / "c.colpkg"))
    backups = list((world.server.collection(USER).parent / "backups").iterdir())
    assert any(backup.name.split(".")[0] in told for backup in backups)
    for device in (a, b, c):
        outcome = device.sync(one_way="download")
        assert outcome["required"] in ("FULL_SYNC", "FULL_DOWNLOAD"), outcome
    a.edit_note(guid="n1", fields=["edited", "after"])
    world.sync(a, b, c)
    assert sorted(a.query("select guid from notes")) == [["cloze"], ["n0"], ["n1"], ["n2"]]
    world.check()


def test_a_plain_collection_file_is_imported_and_exported(world: World, tmp_path: Path) -> None:
    device = world.device("a")
    fill(device)
    before = contents(device)
    device.call("close")
    world.stop_server()
    world.deckport.manage("import", str(device.collection))
    target = tmp_path / "out.anki2"
    world.deckport.manage("export", str(target))
    refused = world.deckport.run(["export", str(target)])
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert "hold the same" in world.deckport.manage("check", "--compare", str(device.collection))
    device.call("open", path=str(target))
    same_contents(before, contents(device))


# What hands, crashes and old programs do to a collection; all of it Check Database reports.
FIRST_NEW = "(select min(id) from cards where type = 0)"
FIRST_NOTE = "(select min(id) from notes)"
DAMAGES = {
    "high due": f"update cards set due = 3000004 where id = {FIRST_NEW}",
    "far due": f"update cards set type = 2, queue = 2, due = 200000 where id = {FIRST_NEW}",
    "due with a fraction": f"update cards set due = 1.5 where id = {FIRST_NEW}",
    "large odue": f"update cards set odue = 99999999999 where id = {FIRST_NEW}",
    "interval with a fraction": f"update cards set ivl = 1.5 where id = {FIRST_NEW}",
    "time with a fraction": f"update cards set mod = mod + 0.5 where id = {FIRST_NEW}",
    "large ord": f"update cards set ord = 40000 where id = {FIRST_NEW}",
    "no time of review": "update cards set data = '' where type != 0",
    "no note": f"delete from notes where id = {FIRST_NOTE}",
    "no deck": "update cards set did = 12345 where odid = 0",
    "stray home": f"update cards set odid = 1, did = 1 where id = {FIRST_NEW}",
    "no notetype": f"update notes set mid = 77 where id = {FIRST_NOTE}",
    "no text": f"update notes set flds = cast(x'ff1f62' as text) where id = {FIRST_NOTE}",
    "no text in tags": f"update notes set tags = cast(x'20ff20' as text) where id = {FIRST_NOTE}",
    "no template": f"update cards set ord = 3 where nid = {FIRST_NOTE}",
    "a card twice": "insert into cards select (select max(id) + 1 from cards), nid, did, ord, mod,"
    " usn, type, queue, due,"
    f" ivl, factor, reps, lapses, left, odue, odid, flags, data from cards where id = {FIRST_NEW}",
    "too few fields": f"update notes set flds = 'x' where id = {FIRST_NOTE}",
    "too many fields": "update notes set flds = 'a' || char(31) || 'b' || char(31) || 'c'"
    f" where id = {FIRST_NOTE}",
    "review's interval": "update revlog set ivl = 1.5",
    "review's time": "update revlog set time = -5",
    "review without kind": "insert into revlog values (1700000000000, 5, 0, 0, 1, 1, 0, 0, 0)",
    "no parent": "delete from decks where name = 'Languages'",
    "future": "insert into revlog values (3700000000000, 5, 0, 3, 1, 1, 0, 5, 1)",
}


def several(count: int) -> dict[str, str]:
    """Damages that come together, always the same ones."""
    dice = random.Random(5)
    chosen = [dice.sample(sorted(DAMAGES), 3) for _ in range(count)]
    return {" + ".join(names): "; ".join(DAMAGES[name] for name in names) for names in chosen}


@pytest.mark.parametrize("together", [False, True], ids=["alone", "together"])
def test_check_finds_and_mends_what_check_database_does(
    world: World, tmp_path: Path, together: bool
) -> None:
    device = world.device("a")
    fill(device)
    device.sync(one_way="upload")
    world.stop_server()
    stored = world.server.collection(USER)
    healthy = tmp_path / "healthy.anki2"
    shutil.copy(stored, healthy)
    wrong = {}
    for name, sql in (several(20) if together else {"healthy": "select 1", **DAMAGES}).items():
        shutil.copy(healthy, stored)
        damage(stored, sql)
        theirs = world.check_server_file()
        ours = world.deckport.run(["check"])
        again = world.deckport.run(["check"])
        repair = world.deckport.run(["check", "--repair"])
        after = world.check_server_file()
        expected = 0 if theirs == HEALTHY else 1
        outcome = (ours.returncode, again.stdout, repair.returncode, after)
        if outcome != (expected, ours.stdout, 0, HEALTHY) or (name == "healthy") != (not expected):
            wrong[name] = (theirs, ours, repair, after)
    assert not wrong


def damage(path: Path, sql: str) -> None:
    """Run SQL on a closed collection."""
    database = sqlite3.connect(path)
    database.create_collation(
        "unicase", lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower())
    )
    database.executescript(sql)
    database.commit()
    database.execute("pragma wal_checkpoint(truncate)")
    database.close()


def test_a_repair_reaches_the_devices(world: World) -> None:
    a, b = world.two_devices()
    a.add_note(guid="second", fields=["x", "y"], deck="Home")
    world.sync(a, b)
    world.stop_server()
    damage(world.server.collection(USER), "update cards set due = 3000004 where type = 0")
    world.deckport.manage("check", "--repair")
    world.server.start()
    # What a merge can tell is told by a merge.
    world.sync(a, b)
    assert a.query("select distinct due from cards") == [[1000004]]
    world.stop_server()
    damage(world.server.collection(USER), "delete from notes where guid = 'second'")
    world.deckport.manage("check", "--repair")
    world.server.start()
    for device in (a, b):
        assert device.sync(one_way="download")["required"] != "NO_CHANGES"
    assert b.query("select count() from cards") == [[1]]
    world.check()


def test_the_digest_is_that_of_what_the_collection_holds(world: World, tmp_path: Path) -> None:
    a, b = world.two_devices()
    a.add_note(guid="second", fields=["x", "y"], deck="Home::Below", tags=["tag"])
    a.set_config(key="addon", value={"x": [1, 2.5]})
    world.sync(a)
    world.stop_server()
    begin = checked(world)
    world.deckport.manage("export", str(tmp_path / "c.anki2"))
    world.server.start()
    b.answer(guid="first", ease=1)
    world.sync(b)
    world.stop_server()
    assert checked(world) != begin
    world.deckport.manage("import", str(tmp_path / "c.anki2"))
    assert checked(world) == begin


def checked(world: World) -> str:
    """The digest of a healthy collection."""
    told = world.deckport.manage("check").splitlines()
    assert told[-1] == "Nothing is wrong."
    (digest,) = [line for line in told if line.startswith("Digest of the collection: ")]
    return digest


def test_compare_names_what_differs(world: World, tmp_path: Path) -> None:
    a, _ = world.two_devices()
    a.edit_note(guid="first", fields=["changed", "back"])
    a.add_note(guid="unsynced", fields=["x", "y"], deck="Home")
    copy = tmp_path / "a.anki2"
    a.call("close")
    shutil.copy(a.collection, copy)
    a.call("open", path=str(a.collection))
    world.stop_server()
    told = world.deckport.run(["check", "--compare", str(copy)])
    assert told.returncode == 1
    assert "different time of the last change" in told.stdout
    assert "fields" in told.stdout
    assert told.stdout.count(": only in the file") == 2, told.stdout
    missing = world.deckport.run(["check", "--compare", str(tmp_path / "none.anki2")])
    assert missing.returncode == 2
