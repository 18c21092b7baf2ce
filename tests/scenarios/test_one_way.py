"""Changes that cannot be merged: Anki asks for a one-way sync, and both answers work."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.device import ClientError, Device
from harness.world import World, Worlds

CHANGES: dict[str, Callable[[Device], None]] = {
    "field": lambda d: d.add_field(notetype="Basic", field="Hint"),
    "template": lambda d: d.add_template(notetype="Basic", name="Back", front="{{Back}}"),
    "notetype": lambda d: d.delete_notetype(name="Cloze"),
    "preset": lambda d: d.delete_preset(name="Extra"),
    "by hand": lambda d: d.force_one_way(),
}


@pytest.mark.parametrize("answer", ["upload", "download"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_schema_change_goes_one_way(worlds: Worlds, change: str, answer: str) -> None:
    def story(world: World) -> None:
        a, b = world.two_devices()
        a.add_preset(name="Extra")
        world.sync(a, b)
        CHANGES[change](a)
        a.edit_note(guid="first", fields=["changed too", "b", "h"][: len_fields(a)])
        b.add_tags(guid="first", tags="of-b")
        world.sync(b)
        assert a.sync(one_way=answer)["required"] == "FULL_SYNC"
        world.sync(a)
        if answer == "upload":
            assert b.sync(one_way="download")["required"] == "FULL_SYNC"
        world.sync(b)

    def len_fields(device: Device) -> int:
        return device.query(
            "select count() from fields where ntid = (select mid from notes where guid = 'first')"
        )[0][0]

    worlds.compare(story).check()


@pytest.mark.parametrize("answer", ["upload", "download"])
def test_a_failed_sanity_check_leads_to_a_one_way_sync(worlds: Worlds, answer: str) -> None:
    def story(world: World) -> None:
        a, b = world.two_devices()
        a.set_due(guid="first", days="1")
        world.sync(a, b)
        # A review that vanished without a trace: nothing a merge could repair.
        a.execute("delete from revlog")
        a.add_note(guid="n", fields=["x", "y"])
        with pytest.raises(ClientError) as told:
            a.sync()
        assert told.value.type == "SyncError", told.value
        # The failed sync left nothing on the server.
        world.sync(b)
        assert a.sync(one_way=answer)["required"] == "FULL_SYNC"
        world.sync(a)
        if answer == "upload":
            assert b.sync(one_way="download")["required"] == "FULL_SYNC"
        world.sync(b)

    world = worlds.compare(story)
    notes = world.devices["b"].query("select guid from notes order by guid")
    assert notes == ([["first"], ["n"]] if answer == "upload" else [["first"]])
    world.same()
