"""A device that cannot be merged gets out of it, however its version takes a failed sync."""

from __future__ import annotations

import sqlite3

import pytest

from harness.device import ClientError
from meeting import Meeting

# A failed sync, one after the Check Database that some versions ask for, and the way out.
MOST_SYNCS = 3


def test_counts_that_differ(meeting: Meeting) -> None:
    """A review of which the server knows nothing: in the end Anki asks for a direction."""
    meeting.begin_on(meeting.new)
    old = meeting.old
    old.call("close")
    file = sqlite3.connect(old.collection)
    with file:
        file.execute(
            "insert into revlog select 1600000000000, id, 0, 3, 1, 1, 2500, 1000, 0 from cards"
            " limit 1"
        )
    file.close()
    old.call("open", path=str(old.collection))
    old.edit_note(guid="first", fields=["later", "back"], tags="t")
    asked = "nothing"
    failures = 0
    for _ in range(MOST_SYNCS):
        try:
            asked = old.call("sync", one_way="download")
            break
        except ClientError:
            failures += 1
            # The server's restart must not lead back to the beginning.
            meeting.server.stop()
            meeting.server.start()
    assert failures >= 1
    assert asked == "FULL_SYNC"
    meeting.new.edit_note(guid="second", fields=["2", "edited"], tags="")
    meeting.settle()
    meeting.check()


@pytest.mark.parametrize("answer", ["upload", "download"])
def test_notetypes_that_differ(meeting: Meeting, answer: str) -> None:
    """A field more than on the server, and no trace of it."""
    meeting.begin_on(meeting.old)
    old, new = meeting.old, meeting.new
    ((schema,),) = _rows(meeting, "select scm from col")
    old.add_field(notetype="Basic", field="More")
    _rows(meeting, "update col set scm = ?", schema)
    old.edit_note(guid="first", fields=["later", "back", "more"], tags="t")
    with pytest.raises(ClientError):
        old.call("sync")
    assert old.call("sync", one_way=answer) == "FULL_SYNC"
    if answer == "upload":
        new.sync_and_take("download")
    meeting.settle()
    meeting.check()


def _rows(meeting: Meeting, sql: str, *args: object) -> list[tuple[object, ...]]:
    """SQL on the old client's closed file."""
    meeting.old.call("close")
    file = sqlite3.connect(meeting.old.collection)
    with file:
        rows = file.execute(sql, args).fetchall()
    file.close()
    meeting.old.call("open", path=str(meeting.old.collection))
    return rows
