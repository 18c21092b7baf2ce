"""The first day: existing decks go up, another device gets them."""

from harness.world import HEALTHY, World


def test_untouched_client_and_untouched_server_have_nothing_to_do(world: World) -> None:
    device = world.device("a")
    assert device.sync()["required"] == "NO_CHANGES"
    assert device.fix_integrity() == HEALTHY


def test_a_client_with_cards_is_offered_only_the_upload_to_an_empty_server(world: World) -> None:
    device = world.device("a")
    device.add_note(guid="n", fields=["front", "back"])
    assert device.sync()["required"] == "FULL_UPLOAD"
    device.sync(one_way="upload")
    assert device.sync()["required"] == "NO_CHANGES"
    world.check()


def test_a_second_device_is_offered_only_the_download_and_gets_everything(world: World) -> None:
    a, b = world.two_devices()
    assert a.sync()["required"] == "NO_CHANGES"
    assert b.sync()["required"] == "NO_CHANGES"
    world.check()


def test_when_both_sides_have_cards_the_person_chooses(world: World) -> None:
    a, b = world.two_devices()
    c = world.device("c")
    c.add_note(guid="other", fields=["x", "y"], deck="Elsewhere")
    assert c.sync()["required"] == "FULL_SYNC"
    c.sync(one_way="upload")
    assert a.sync(one_way="download")["required"] == "FULL_SYNC"
    assert b.sync(one_way="download")["required"] == "FULL_SYNC"
    assert a.query("select guid from notes") == [["other"]]
    world.check()


def test_a_background_check_sees_what_there_is_to_do_and_changes_nothing(world: World) -> None:
    a, b = world.two_devices()
    b.add_note(guid="second", fields=["c", "d"])
    assert b.status() == "NORMAL_SYNC"
    world.sync(b)
    a.restart()  # a running client that has just synced asks again only after 300 seconds
    assert a.status() == "NORMAL_SYNC"
    world.sync(a)
    world.check()
