"""Files that must not replace a collection: the client shows why, and nothing changes."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.device import ClientError
from harness.raw import compress
from harness.world import HEALTHY, USER, World, Worlds


def _sqlite(statements: str, base: bytes = b"") -> bytes:
    """A database file after some statements, starting from `base` or from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(base)
        database = sqlite3.connect(path)
        database.create_collation("unicase", lambda a, b: (a > b) - (a < b))
        database.executescript(statements)
        database.execute("pragma journal_mode = delete")
        database.close()
        return path.read_bytes()


def _scribbled(good: bytes) -> bytes:
    """The file with its later pages overwritten: the header still looks fine."""
    return good[:8192] + b"\xa5" * (len(good) - 8192)


BAD_FILES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"this is not a database\n" * 500,
    "cut short": lambda good: good[: len(good) // 2],
    "scribbled over": _scribbled,
    "foreign": lambda _: _sqlite("create table books (title text)"),
    "too new": lambda good: _sqlite("update col set ver = 99", good),
    "too old": lambda good: _sqlite("update col set ver = 5", good),
    "without cards table": lambda good: _sqlite("drop table cards", good),
    "without col row": lambda good: _sqlite("delete from col", good),
}

# What the reference takes for a collection.
REFERENCE_ACCEPTS = {"empty", "foreign", "without cards table"}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind,
            marks=[pytest.mark.beyond_reference("is accepted")]
            if kind in REFERENCE_ACCEPTS
            else [],
        )
        for kind in BAD_FILES
    ],
)
def test_a_bad_file_is_refused_with_a_reason_the_client_shows(world: World, kind: str) -> None:
    a, b = world.two_devices()
    relay = world.relay()
    a.use_token(relay.url, a.login_data[1])
    relay.replace_body("upload", BAD_FILES[kind])
    a.add_note(guid="n", fields=["x", "y"])
    with pytest.raises(ClientError) as told:
        a.full(one_way="upload")
    print(f"{kind}: {told.value.type}: {told.value.message}")
    assert told.value.type == "BackendError"  # what the client makes of any text but "OK"
    assert len(told.value.message.split()) > 3, "a sentence, not a code"
    # What was stored is untouched, and the device can upload its real file.
    world.sync(b)
    relay.clear()
    assert a.sync(one_way="upload")["required"] == "FULL_SYNC"
    assert b.sync(one_way="download")["required"] == "FULL_SYNC"
    world.check()


def test_the_device_that_was_refused_can_still_download(world: World) -> None:
    a, b = world.two_devices()
    relay = world.relay()
    a.use_token(relay.url, a.login_data[1])
    relay.replace_body("upload", BAD_FILES["text"])
    with pytest.raises(ClientError):
        a.full(one_way="upload")
    relay.clear()
    assert a.sync(one_way="download")["required"] == "FULL_SYNC"
    world.sync(a, b)
    world.check()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", marks=pytest.mark.beyond_reference("is accepted"), id="nothing"),
        pytest.param(b"no zstd frame", id="no frame"),
        pytest.param(
            compress(b"x" * 100)[:9],
            marks=pytest.mark.beyond_reference("is accepted"),
            id="half a frame",
        ),
    ],
)
def test_a_body_that_is_no_frame_is_refused(world: World, body: bytes) -> None:
    a, b = world.two_devices()
    raw = world.raw()
    answer = raw.send("sync/upload", body, raw.header())
    assert answer.status == 400 or (answer.status == 200 and answer.text != "OK")
    world.sync(a, b)
    world.check()


@pytest.mark.deckport_only("the limits of the reference are larger than their setting")
def test_a_file_over_the_limit_is_refused_with_a_reason_the_client_shows(worlds: Worlds) -> None:
    world = worlds.make()
    world.deckport.variables["MAX_SYNC_PAYLOAD_MEGS"] = "1"
    world.begin()
    a, b = world.two_devices()
    c = world.device("c")
    c.fill(notes=12_000)
    with pytest.raises(ClientError) as told:
        c.sync(one_way="upload")
    assert told.value.type == "BackendError", told.value
    assert "large" in told.value.message
    world.sync(a, b)
    c.sync(one_way="download")
    world.check()


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_a_server_killed_around_an_upload_has_the_old_or_the_new_state(
    world: World, answered: bool
) -> None:
    a, b = world.two_devices()
    relay = world.relay()
    a.use_token(relay.url, a.login_data[1])
    a.add_note(guid="n", fields=["x", "y"])
    a.force_one_way()
    reached = relay.stall_after("upload") if answered else relay.stall_before("upload")
    uploading = a.begin("full", one_way="upload")
    reached.wait_reached()
    world.server.kill()
    relay.cut_after("upload")
    reached.release()
    assert uploading.error() is not None
    world.server.start()
    relay.clear()
    # What was answered is on disk; what was not may be sent again.
    asked = a.sync(one_way="upload")["required"]
    assert asked == ("NO_CHANGES" if answered else "FULL_SYNC")
    b.sync(one_way="download")
    assert b.query("select count() from notes") == [[2]]
    world.check()


@pytest.mark.deckport_only("the reference keeps no backup")
def test_what_an_upload_replaces_is_kept_as_a_backup(world: World) -> None:
    a, b = world.two_devices()
    a.add_note(guid="only in the first", fields=["x", "y"])
    world.sync(a, b)
    c = world.device("c")
    c.add_note(guid="of c", fields=["x", "y"])
    assert c.sync(one_way="upload")["required"] == "FULL_SYNC"
    a.sync(one_way="download")
    b.sync(one_way="download")
    backups = [
        path
        for path in (world.server.collection(USER).parent / "backups").iterdir()
        if path.suffix not in (".json", ".txt")
    ]
    assert len(backups) >= 1
    newest = max(backups, key=lambda path: path.stat().st_mtime)
    copy = str(_copy(newest, world.root))
    assert a.check_file(path=copy) == HEALTHY
    guids = a.query_file(path=copy, sql="select guid from notes order by guid")
    assert guids == [["first"], ["only in the first"]]
    world.check()


def _copy(backup: Path, folder: Path) -> Path:
    copy = folder / "copy-of-backup.anki2"
    copy.write_bytes(backup.read_bytes())
    return copy


@pytest.mark.deckport_only("the reference has no quota")
def test_old_backups_give_way_to_a_quota_and_then_a_person_is_told(world: World) -> None:
    world.server.stop()
    world.deckport.start("--quota", "1")
    account = world.server.collection(USER).parent
    a = world.device("a")
    a.add_note(guid="first", fields=["x", "y"])
    a.sync(one_way="upload")
    for number in range(9):
        a.force_one_way(noticed=True)
        a.add_note(guid=f"n{number}", fields=["x", "y"])
        assert a.sync(one_way="upload")["required"] == "FULL_SYNC"
    kept = [file.stat().st_size for file in (account / "backups").glob("*.anki2")]
    assert 1 < len(kept) < 9
    assert sum(kept) + world.server.collection(USER).stat().st_size < 1_000_000
    a.media.write("large.bin", random.Random(1).randbytes(900_000))
    with pytest.raises(ClientError, match="may hold 1 MB"):
        a.sync_media()
    a.media.remove("large.bin")
    a.media.write("small.bin", random.Random(1).randbytes(500_000))
    world.sync_media(a)
    assert len(list((account / "backups").glob("*.anki2"))) < len(kept)
    a.fill(notes=1000)
    a.force_one_way(noticed=True)
    with pytest.raises(ClientError, match="may hold 1 MB"):
        a.sync(one_way="upload")
