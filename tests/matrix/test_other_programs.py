"""An old Anki opens the endpoint's own file: what it leaves there reaches the devices."""

from __future__ import annotations

import pytest

from meeting import USER, Meeting, release


def test_changes_in_the_endpoints_file(meeting: Meeting) -> None:
    """An old device is today's other program, and gets with its next sync what it did as that."""
    old, new = meeting.old, meeting.new
    meeting.begin_on(new)
    meeting.settle()
    if release(old.version) < (2, 1, 50):
        pytest.skip("opens no file of today's schema")
    meeting.server.stop()
    own = str(old.collection)
    old.call("close")
    old.call("open", path=str(meeting.server.collection(USER)))
    old.add_note(guid="added", fields=["x", "y"], deck="New", tags="new-tag")
    old.answer(guid="first", ease=3)
    old.delete_note(guid="second")
    old.rename_deck(old="Home", new="Renamed")
    old.set_config(key="matrix", value="new")
    old.call("close")
    old.call("open", path=own)
    meeting.server.start()
    meeting.next_second()
    meeting.settle()
    for device in (old, new):
        state = device.call("state")
        assert {"Renamed", "New"} <= set(state["decks"].values()), device.name
        assert device.config(key="matrix") == "new", device.name
    meeting.check(studied=True)
