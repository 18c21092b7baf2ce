"""What two devices of different age do without knowing of each other ends the same on both."""

from __future__ import annotations

import pytest

from meeting import Meeting


@pytest.mark.parametrize("who", ["old", "new"])
def test_equal_names(meeting: Meeting, who: str) -> None:
    """Decks (one below another) and notetypes of one name; `who` syncs first."""
    first, second = meeting.both(who)
    meeting.begin_on(meeting.new)
    for device in (first, second):
        # One after the other: 2.1.35 does not sync a parent that it made by itself.
        device.add_note(guid=f"above, of {device.name}", fields=["x", "y"], deck="Same")
        device.add_note(guid=f"below, of {device.name}", fields=["x", "y"], deck="Same::Below")
        device.add_copy(notetype="Basic", name="Same type")
        meeting.next_second()
    for device in (first, second, first, second):
        device.merge()
    state = first.call("state")
    names = sorted(name for name in state["decks"].values() if name.startswith("Same"))
    assert names == ["Same", "Same+", "Same::Below", "Same::Below+"]
    kinds = [kind[0] for kind in state["notetypes"].values() if kind[0].startswith("Same")]
    assert sorted(kinds) == ["Same type", "Same type+"]
    # Each can be edited after that, and no name moves again.
    first.edit_deck(name="Same+", changes={"desc": "more"})
    second.edit_deck(name="Same", changes={"desc": "more"})
    meeting.settle()
    assert first.call("state")["decks"] == state["decks"]
    meeting.check()


@pytest.mark.parametrize("who", ["old", "new"])
def test_settings(meeting: Meeting, who: str) -> None:
    """Each device sets a key of its own, `who` syncs first; then both set the same."""
    first, second = meeting.both(who)
    meeting.begin_on(meeting.new)
    for device in (first, second):
        device.set_config(key=f"of {device.name}", value={"by": device.name})
        device.set_config(key="matrix", value=device.name)
    for device in (first, second, first, second):
        device.merge()
    for device in (first, second):
        for other in (first, second):
            assert device.config(key=f"of {other.name}") == {"by": other.name}, device.name
        assert device.config(key="matrix") == second.name
    meeting.check()
