"""A reference server's data folder is taken over as it is, and can be given back."""

from __future__ import annotations

import pytest

from harness.server import Deckport, Server
from harness.world import PASSWORD, USER, Worlds


@pytest.mark.deckport_only("is about replacing the reference")
def test_logged_in_clients_sync_on_after_the_servers_change(worlds: Worlds) -> None:
    world = worlds.make("reference").begin()
    a, b = world.two_devices()
    a.add_note(guid="with the reference", fields=["x", "y"], deck="New")
    world.sync(a)
    reference: Server = world.server

    world.stop_server()
    assert worlds.binary is not None
    deckport = Deckport(worlds.binary, reference.data, world.root / "deckport.log")
    deckport.variables["SYNC_USER1"] = f"{USER}:{PASSWORD}"
    deckport.port = reference.port
    world.server = deckport
    deckport.start()
    world.sync(b, a)
    b.edit_note(guid="with the reference", fields=["with deckport", "y"])
    b.delete_deck(name="Home")
    world.sync(b, a)
    assert a.query("select flds from notes") == [["with deckport\x1fy"]]

    world.stop_server()
    world.server = reference
    reference.start()
    a.add_tags(guid="with the reference", tags="again")
    world.sync(a, b)
    world.check()
