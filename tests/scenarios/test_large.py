"""A large collection: 100,000 notes, about 109 MB."""

from __future__ import annotations

import pytest

from harness.world import World

NOTES = 100_000


@pytest.mark.slow
def test_a_large_collection_goes_up_and_down_and_syncs(world: World) -> None:
    a = world.device("a")
    a.fill(notes=NOTES)
    a.sync(one_way="upload")
    b = world.device("b")
    b.sync(one_way="download")
    assert a.digest()["notes"] == b.digest()["notes"]
    b.study(cards=2_000)
    world.sync(b, a)
    there, back = a.digest(), b.digest()
    for table in ("notes", "cards", "revlog", "decks", "notetypes", "fields", "templates"):
        assert there[table] == back[table], table
    world.stop_server()
    assert world.check_server_file() == "Database rebuilt and optimized."
