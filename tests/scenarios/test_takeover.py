"""A reference server's data folder is taken over as it is, and can be given back."""

from __future__ import annotations

import pytest

from harness.media import many
from harness.server import Deckport, Server
from harness.world import PASSWORD, USER, World, Worlds


def replaced_by_deckport(worlds: Worlds, world: World) -> Server:
    """Stop the reference and start Deckport on its folder, account and port; the stopped one."""
    reference: Server = world.server
    world.stop_server()
    assert worlds.binary is not None
    deckport = Deckport(worlds.binary, reference.data, world.root / "deckport.log")
    deckport.variables["SYNC_USER1"] = f"{USER}:{PASSWORD}"
    deckport.port = reference.port
    world.server = deckport
    deckport.start()
    return reference


@pytest.mark.deckport_only("is about replacing the reference")
def test_logged_in_clients_sync_on_after_the_servers_change(worlds: Worlds) -> None:
    world = worlds.make("reference").begin()
    a, b = world.two_devices()
    a.add_note(guid="with the reference", fields=["x", "y"], deck="New")
    world.sync(a)
    reference = replaced_by_deckport(worlds, world)

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


@pytest.mark.deckport_only("is about replacing the reference")
def test_media_move_with_the_server_and_back(worlds: Worlds) -> None:
    world = worlds.make("reference").begin()
    a, b = world.device("a"), world.device("b")
    a.media.write_all(many(30) | {"replaced": "1", "deleted": "1", "deleted before": "1"})
    world.sync_media(a, b)
    a.media.remove("deleted before")
    world.sync_media(a)
    reference = replaced_by_deckport(worlds, world)

    b.media.write_all({"replaced": "2", "with deckport": "1"})
    b.media.remove("deleted")
    world.sync_media(b, a)
    assert a.media.files() == b.media.files()
    assert a.media.trashed() == {"deleted"}

    world.stop_server()
    world.server = reference
    reference.start()
    a.media.write("with the reference", "1")
    a.media.remove("with deckport")
    c = world.device("c")
    world.sync_media(a, b, c)
    assert len(world.check_media()) == 32
