"""An old client and today's share an account: the everyday story of syncing, both ways."""

from __future__ import annotations

import pytest

from harness.device import ClientError
from meeting import USER, Meeting


def test_login(meeting: Meeting) -> None:
    with pytest.raises(ClientError) as refused:
        meeting.old.call("login", url=meeting.server.url, user=USER, password="wrong")
    assert refused.value.type in ("LoginRefusedError", "SyncError"), str(refused.value)


def test_upload(meeting: Meeting) -> None:
    meeting.begin_on(meeting.old)
    meeting.check()


def test_download(meeting: Meeting) -> None:
    meeting.begin_on(meeting.new)
    meeting.check()


def test_incremental(meeting: Meeting) -> None:
    meeting.begin_on(meeting.new)
    for name, deck, renamed in (("old", "Home", "Renamed"), ("new", "Renamed", "Home")):
        device, other = meeting.both(name)
        device.add_note(guid=f"{name} note", fields=[name, "added"], deck=f"{deck}::{name}")
        device.edit_note(guid="first", fields=[name, "edited"], tags=f"start by::{name}")
        device.answer(guid="second", ease=3)
        device.rename_deck(old=deck, new=renamed)
        device.edit_preset(name="Default", changes={"replayq": name == "new"})
        device.set_config(key="matrix", value={"last": name})
        device.merge()
        other.merge()
        meeting.next_second()
    # Each edits something before it knows of the other's edit.
    meeting.old.edit_note(guid="new note", fields=["by", "old"], tags="")
    meeting.new.edit_note(guid="old note", fields=["by", "new"], tags="")
    meeting.settle()
    state = meeting.old.state()
    assert state["setting"] == {"last": "new"}
    fields = {note[1]: note[5] for note in state["notes"]}
    assert (fields["new note"], fields["old note"]) == ("by\x1fold", "by\x1fnew")
    meeting.check(studied=True)


def test_deletions(meeting: Meeting) -> None:
    meeting.begin_on(meeting.new)
    meeting.new.add_note(guid="kept", fields=["kept", ""], deck="Kept")
    for name in ("new", "old"):
        device, other = meeting.both(name)
        device.add_note(guid="in deck", fields=["goes", "with its deck"], deck="Going")
        device.add_note(guid="alone", fields=["goes", "alone"], deck="Kept")
        device.merge()
        other.merge()
        meeting.next_second()
        other.delete_deck(name="Going")
        other.delete_note(guid="alone")
        other.merge()
        device.merge()
        meeting.next_second()
    state = meeting.old.state()
    assert {note[1] for note in state["notes"]} == {"first", "second", "kept"}
    assert "Going" not in state["decks"].values()
    meeting.settle()
    meeting.check()


@pytest.mark.parametrize("who", ["old", "new"])
def test_schema_change(meeting: Meeting, who: str) -> None:
    meeting.begin_on(meeting.new)
    changing, other = meeting.both(who)
    changing.add_field(notetype="Basic", field="Extra")
    changing.sync_and_take("upload")
    other.sync_and_take("download")
    meeting.next_second()
    other.edit_note(guid="first", fields=["a", "b", "c"], tags="")
    other.merge()
    changing.merge()
    meeting.check()
