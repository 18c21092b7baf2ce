"""`deckport check --compare` with the file of an old client: no false alarm, and no silence."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from meeting import Client, Meeting

EQUAL = "No difference: the account and the file hold the same."


def compared(meeting: Meeting, device: Client, folder: Path) -> tuple[int, list[str]]:
    """The exit code and lines of a comparison with the device's closed file."""
    copy = folder / "compared.anki2"
    device.call("close")
    shutil.copy(device.collection, copy)
    device.call("open", path=str(device.collection))
    meeting.server.stop()
    told = meeting.deckport.run(["check", "--compare", str(copy)])
    meeting.server.start()
    return told.returncode, told.stdout.splitlines()


def busy(meeting: Meeting, who: str) -> None:
    """Both devices make and change things, and sync."""
    first, second = meeting.both(who)
    meeting.begin_on(meeting.new)
    for device in (first, second):
        device.add_note(guid=f"of {device.name}", fields=["x", "y"], deck=f"Deck of {device.name}")
        device.add_copy(notetype="Basic", name=f"Type of {device.name}")
        device.edit_notetype(name=f"Type of {device.name}", changes={"css": "a"}, field={"size": 9})
        device.add_preset(name=f"Preset of {device.name}", deck=f"Deck of {device.name}")
        device.edit_preset(name=f"Preset of {device.name}", changes={"maxTaken": 33})
        device.add_filtered_deck(name=f"Filtered of {device.name}", search="deck:*")
        device.set_config(key=f"of {device.name}", value={"x": [1, 2.5]})
        device.answer(guid="first", ease=3)
        meeting.next_second()
    for device in (first, second, first, second):
        device.merge()
    second.answer(guid="second", ease=3)
    first.edit_note(guid="first", fields=["edited", "back"], tags="")
    for device in (first, second, first, second):
        device.merge()


@pytest.mark.parametrize("who", ["old", "new"])
def test_compare_equal(meeting: Meeting, who: str, tmp_path: Path) -> None:
    """After plain syncs nothing differs, whoever synced first."""
    busy(meeting, who)
    for device in (meeting.old, meeting.new):
        assert compared(meeting, device, tmp_path) == (0, [EQUAL]), device.name


def test_compare_astray(meeting: Meeting, tmp_path: Path) -> None:
    """What was changed behind the old client's back is named, and nothing else."""
    busy(meeting, "old")
    meeting.old.call("close")
    file = sqlite3.connect(meeting.old.collection)
    with file:
        ((note,),) = file.execute("select id from notes where guid = 'second'").fetchall()
        ((review, card),) = file.execute("select max(id), cid from revlog").fetchall()
        file.execute("update notes set flds = ? where id = ?", ("2\x1fother", note))
        file.execute("update revlog set id = ? where id = ?", (review + 1, review))
    file.close()
    meeting.old.call("open", path=str(meeting.old.collection))
    meeting.settle()
    assert compared(meeting, meeting.new, tmp_path) == (0, [EQUAL])
    code, lines = compared(meeting, meeting.old, tmp_path)
    assert code == 1
    assert lines == [
        f"note nid:{note}: different fields",
        f"review {review} of card cid:{card}: only in the account",
        f"review {review + 1} of card cid:{card}: only in the file",
    ]
