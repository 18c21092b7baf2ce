"""Names that clients change, refuse or cannot hold, and disks that cannot tell them apart."""

from __future__ import annotations

import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.media import hashes, sha1
from harness.world import USER, World, Worlds

# Names a client syncs as they are (`media-sync` 7.1).
KEPT = [
    "plain.jpg",
    "Case.JPG",
    "case.jpg",
    " leading blank",
    ".hidden",
    "-dash",
    "_meta",
    "0",
    "100% & #1; it's $5 ~.png",
    "caf\u00e9.txt",
    "\u65e5\u672c\u8a9e.mp3",
    "\U0001f92f.png",
    "zero\u200dwidth",
    "\ufb01.png",
    "underscore_",
    "n" * 116 + ".txt",
    "\u00e9" * 60,
]

# The same, but other systems could not store them, so Deckport does not under these names.
KEPT_ESCAPED = ["c1\u0085control", "com0.txt"]

# Names that are put on the server by hand, and what clients make of them (7.1, 7.4).
RENAMED = {
    "con.txt": "con_.txt",
    "trail.": "trail._",
    "br[1].txt": "br1.txt",
    "x\u00a0y.png": "x y.png",
    "new\U0001f970.png": "new.png",
    "e" * 251 + ".txt": "e" * 115 + ".txt",
}

# Names that the reference server refuses and ours takes (7.4).
STRANGE = {
    "..": ".._",
    "sub/dir.txt": "subdir.txt",
    "../up.txt": "..up.txt",
    "back\\slash": "backslash",
    "n\0ul byte": "nul byte",
    "cafe\u0301.txt": "caf\u00e9.txt",
    "l" * 300: "l" * 118,
}

# Nothing is left of these for clients (7.4).
VANISHING = ["???", "\U0001f972", "[]", "\x01\x02"]


def test_names_that_clients_sync_arrive_as_they_are(world: World) -> None:
    a, b = world.device("a"), world.device("b")
    a.media.write_all({name: f"content of {name}" for name in KEPT + KEPT_ESCAPED})
    world.sync_media(a, b)
    assert b.media.files() == a.media.files() == world.raw_media().listed()
    a.media.remove(*KEPT_ESCAPED)
    world.sync_media(a, b)
    assert set(world.check_media()) == set(KEPT)


def test_names_that_clients_do_not_sync_stay_on_the_device(world: World) -> None:
    a, b = world.device("a"), world.device("b")
    for name in ("con.txt", "trail.", "br[1].txt", "cafe\u0301.txt", "n" * 121, "Thumbs.db"):
        a.media.write(name, "x")
    a.media.write("fine", "x")
    world.sync_media(a, b)
    assert set(b.media.files()) == {"fine"}
    assert world.raw_media().listed() == b.media.files()


@pytest.mark.parametrize(
    "names",
    [
        RENAMED,
        pytest.param(
            STRANGE, marks=pytest.mark.beyond_reference("refuses such names, and the client stays")
        ),
    ],
    ids=["renamed", "strange"],
)
def test_names_of_other_tools_become_those_that_clients_can_keep(
    world: World, names: dict[str, str]
) -> None:
    raw = world.raw_media()
    done = raw.upload(*((name, name.encode()) for name in names))
    assert done[0] == len(names)
    a = world.device("a")
    # A device that meets them renames them for everybody.
    world.sync_media(a, world.device("b"), a)
    listed = world.check_media()
    assert listed == {new: sha1(old) for old, new in names.items()}
    account = world.media_folder.parent
    assert {path.name for path in account.parent.iterdir() if path.is_dir()} == {USER}
    assert not list(account.glob("*.txt")), "nothing is written outside the folder"


@pytest.mark.beyond_reference("lists them, and every client then fails for ever (7.4)")
def test_names_of_which_clients_leave_nothing_hurt_nobody(world: World) -> None:
    raw = world.raw_media()
    usn = raw.begin()
    entries = [("fine", b"x"), *((name, b"y") for name in VANISHING)]
    processed, after = raw.upload(*entries)
    assert (processed, after) == (5, usn + 5)
    # The sender counts its files, others do not have them.
    assert raw.sanity(5) == "OK"
    a = world.device("a")
    world.sync_media(a, a)
    assert a.media.files() == {"fine": sha1("x")}
    raw.upload(*((name, None) for name in VANISHING))
    a.media.write("after", "z")
    world.sync_media(a, world.device("b"))
    assert set(world.check_media()) == {"fine", "after"}


def test_a_rename_in_case_alone_arrives(world: World) -> None:
    a, b = world.device("a"), world.device("b")
    a.media.write("Picture.JPG", "x")
    world.sync_media(a, b)
    a.media.rename("Picture.JPG", "picture.jpg")
    world.sync_media(a, b)
    assert set(world.check_media()) == {"picture.jpg"}


# How to make and how to mount a disk that is blind to case.
CASE_BLIND = [
    (["mkfs.exfat"], ["-t", "exfat-fuse", "-o", "loop"]),
    (["mkfs.exfat"], ["-t", "exfat", "-o", "loop"]),
    (["mkfs.vfat"], ["-o", "loop,utf8=1,shortname=mixed"]),
    (["mkntfs", "-q", "-F", "-f"], ["-t", "ntfs3", "-o", "loop,nocase"]),
]


def _run(command: list[str]) -> str:
    """Run a command; returns why it did not work, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return f"this machine has no {command[0]}"
    output = (done.stderr.strip() or done.stdout.strip()).replace("\n", " ")
    return f"{command[0]}: {output}" if done.returncode else ""


@pytest.fixture
def case_blind_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted disk that cannot tell `A` from `a`, where the machine lets us have one."""
    image, folder = tmp_path / "disk.img", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(64 << 20)
    reasons = []
    for make, options in CASE_BLIND:
        reason = _run([*make, str(image)]) or _run(["mount", *options, str(image), str(folder)])
        if not reason:
            break
        reasons.append(reason)
    else:
        pytest.skip("; ".join(reasons))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.deckport_only("the reference server would lose one of the files")
def test_a_disk_that_is_blind_to_case_keeps_both_files(
    worlds: Worlds, case_blind_disk: Path
) -> None:
    world = worlds.make()
    world.server.data = case_blind_disk
    world.begin()
    a, b = world.device("a"), world.device("b")
    names = ["A.txt", "a.txt", "\u00c4.png", "\u00e4.png", "b.txt"]
    a.media.write_all({name: f"content of {name}" for name in names})
    world.sync_media(a, b)
    assert b.media.files() == a.media.files()
    b.media.remove("A.txt")
    b.media.rename("b.txt", "B.txt")
    world.sync_media(b, a)
    world.server.stop()
    world.server.start()  # nothing of it is taken for lost
    c = world.device("c")
    world.sync_media(c, a, b)
    files = c.media.files()
    assert set(files) == {"a.txt", "\u00c4.png", "\u00e4.png", "B.txt"}
    assert a.media.files() == b.media.files() == files == world.raw_media().listed()
    world.stop_server()
    assert sorted(hashes(world.media_folder).values()) == sorted(files.values())
    assert unicodedata.is_normalized("NFC", "".join(files))
    world.close()
