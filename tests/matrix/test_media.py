"""An old client and today's share their media, both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.device import ClientError
from harness.media import many, sha1
from harness.raw_media import RawMedia
from meeting import Client, Meeting


def _shared(meeting: Meeting, first: Client, files: dict[str, bytes | str]) -> None:
    """Both devices have these files, which `first` had."""
    first.media.write_all(files)
    meeting.sync_media(first, *meeting.devices)
    meeting.check_media()


def test_media(meeting: Meeting) -> None:
    large = {"large.mp4": b"l" * 4_000_000}
    _shared(meeting, meeting.old, many(30) | large)
    # As an old client does it while it syncs the collection: media do not wait for that.
    assert meeting.raw().call("start", {"minUsn": 0, "lnewer": False}).status == 200
    for name in ("old", "new"):
        device, other = meeting.both(name)
        device.media.write_all(many(30, prefix=f"by {name} "))
        device.media.write_all({"f00001.bin": f"replaced by {name}", f"only {name}": name})
        named, doomed = (
            ("large.mp4", "f00002.bin") if name == "old" else ("renamed by old", "f00003.bin")
        )
        device.media.rename(named, f"renamed by {name}")
        device.media.remove(doomed)
        meeting.sync_media(device, other)
        assert other.media.trashed(), "deleted files can be brought back"
    files = meeting.check_media()
    assert len(files) == 30 + 60 + 3 - 2
    assert files["f00001.bin"] == sha1("replaced by new")
    assert files["renamed by new"] == sha1(large["large.mp4"])


def test_media_conflicts(meeting: Meeting) -> None:
    first, second = meeting.both("old")
    names = ("different", "changed vs deleted", "deleted vs changed", "both deleted")
    _shared(meeting, first, dict.fromkeys(names, "at first"))
    first.media.write_all({"both added": "by first", "same": "same", "different": "by first"})
    second.media.write_all({"both added": "by second", "same": "same", "different": "by second"})
    first.media.write("changed vs deleted", "by first")
    second.media.remove("changed vs deleted")
    first.media.remove("deleted vs changed")
    second.media.write("deleted vs changed", "by second")
    first.media.remove("both deleted")
    second.media.remove("both deleted")
    meeting.sync_media(first, second, first)
    assert meeting.check_media() == {
        "both added": sha1("by first"),
        "same": sha1("same"),
        "different": sha1("by first"),
        "changed vs deleted": sha1("by first"),
        "deleted vs changed": sha1("by second"),
    }


def test_media_names(meeting: Meeting) -> None:
    names = ["Case.JPG", "case.jpg", "caf\u00e9 \u65e5\u672c.txt", "n" * 116 + ".txt", "-x & %;'#"]
    _shared(meeting, meeting.old, {name: f"content of {name}" for name in names})
    # A name of which newer clients leave nothing: clients before 2.1.45 sync it.
    meeting.old.media.write("\U0001f972", "a smile")
    meeting.sync_media(meeting.old, meeting.new, meeting.old, meeting.new)
    assert set(meeting.new.media.files()) == set(names)
    meeting.old.media.remove("\U0001f972")
    # Names by some other tool: whoever meets them first renames them for all.
    raw = RawMedia(meeting.raw())
    raw.upload(("con.txt", b"1"), ("trail.", b"2"), ("a\\b", b"3"), ("../up", b"4"))
    meeting.sync_media(meeting.old, meeting.new, meeting.old)
    assert set(meeting.check_media()) == {*names, "con_.txt", "trail._", "ab", "..up"}


def test_media_healed(meeting: Meeting) -> None:
    _shared(meeting, meeting.old, many(40))
    for number in (3, 4, 39):
        (meeting.media_folder / f"f000{number:02}.bin").unlink()
    (meeting.media_folder / "f00005.bin").write_bytes(b"by another program")
    # A third device asks for them, which tells the server.
    RawMedia(meeting.raw()).download([f"f000{number:02}.bin" for number in (2, 3, 4, 5, 39)])
    with pytest.raises(ClientError):
        meeting.old.call("sync_media")  # is told once that files differ
    meeting.sync_media(meeting.old, meeting.new)
    assert len(meeting.check_media()) == 40


def test_media_restored(meeting: Meeting, tmp_path: Path) -> None:
    """The server's media are those of yesterday: every file that anybody has ends everywhere."""
    _shared(meeting, meeting.old, {"both": "b", "replaced": "1", "removed since": "r"})
    meeting.media_copy(tmp_path / "copy")
    # As many files as before: nothing can be seen by counting.
    meeting.old.media.remove("removed since")
    meeting.old.media.write("added since", "a")
    meeting.sync_media(meeting.old, meeting.new)
    meeting.check_media()
    meeting.media_copy(tmp_path / "copy", back=True)
    for device in (meeting.new, meeting.old):
        # Told once that files differ; the next sync mends it.
        device.begin("sync_media").error()
        meeting.sync_media(device)
    meeting.sync_media(meeting.new)
    files = meeting.check_media()
    assert sorted(files) == ["added since", "both", "removed since", "replaced"]
