"""Every form of the address that people type into Anki reaches the server."""

from __future__ import annotations

import pytest

from harness.world import World

FORMS = ["{base}/", "{base}", "{base}/sync", " {base}/ "]

# Anki makes `/sync/sync/meta` and the like of these.
TOLERATED = ["{base}/sync/", "{base}/a/b/", "{base}//", "{base}/msync/", "{base}/anki/sync/"]


@pytest.mark.parametrize(
    "form",
    FORMS
    + [pytest.param(form, marks=pytest.mark.beyond_reference("answers 404")) for form in TOLERATED],
)
def test_the_client_logs_in_and_syncs_with_the_address_as_typed(world: World, form: str) -> None:
    typed = form.format(base=world.server.url.rstrip("/"))
    a = world.device("a", url=typed)
    a.add_note(guid="n", fields=["x", "y"])
    a.sync(one_way="upload")
    a.edit_note(guid="n", fields=["z", "y"])
    b = world.device("b", url=typed)
    b.sync(one_way="download")
    world.sync(a, b)
    world.check()


def test_other_requests_are_answered_politely(world: World) -> None:
    raw = world.raw()
    assert raw.get("sync/meta").status == 405
    assert raw.send("sync/nonsense", b"", raw.header()).status in (400, 404)
    assert raw.send("SYNC/meta", b"", raw.header()).status == 404
    assert raw.get("favicon.ico").status == 404


@pytest.mark.beyond_reference("has no page")
def test_a_browser_sees_what_this_is(world: World) -> None:
    page = world.raw().get("")
    assert page.status == 200
    assert "deckport" in page.text.lower()
    assert page.headers["content-type"].startswith("text/")


def test_health_is_fine_on_a_healthy_server(world: World) -> None:
    assert world.raw().get("health").status == 200


@pytest.mark.beyond_reference("does not look")
def test_health_tells_of_a_data_folder_that_is_gone(world: World) -> None:
    raw = world.raw()
    world.server.data.rename(world.root / "moved away")
    answer = raw.get("health")
    (world.root / "moved away").rename(world.server.data)
    assert answer.status == 503
    assert len(answer.text.split()) > 2
