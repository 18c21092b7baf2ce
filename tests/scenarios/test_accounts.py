"""Who may sync: passwords, devices, and what the real client says when it may not."""

from __future__ import annotations

import re

import pytest

from harness.device import ClientError
from harness.world import PASSWORD, USER, World, Worlds

OWN_COMMANDS = "the reference has no commands for accounts and devices"


@pytest.mark.parametrize(
    ("user", "password"), [(USER, "wrong"), ("nobody", PASSWORD), (USER, ""), ("", "")]
)
def test_a_wrong_login_is_told_as_such(world: World, user: str, password: str) -> None:
    device = world.device("a", login=False)
    with pytest.raises(ClientError) as told:
        device.login(world.server.url, user, password)
    assert (told.value.type, told.value.kind) == ("SyncError", "AUTH")


def test_an_unknown_token_logs_the_client_out(world: World) -> None:
    device = world.device("a", login=False)
    device.use_token(world.server.url, "0123456789abcdef0123456789abcdef01234567")
    with pytest.raises(ClientError) as told:
        device.sync()
    assert (told.value.type, told.value.kind) == ("SyncError", "AUTH")


@pytest.mark.beyond_reference("names are compared byte by byte")
@pytest.mark.parametrize("typed", [USER.upper(), f" {USER} ", f"{USER.title()} "])
def test_names_are_matched_without_case_and_blanks_around(world: World, typed: str) -> None:
    a, _ = world.two_devices()
    a.login(world.server.url, typed, PASSWORD)
    world.sync(a)
    world.check()


def test_accounts_do_not_see_each_other(worlds: Worlds) -> None:
    world = worlds.make()
    world.server.add_account("bea", "other password")
    world.begin()
    world.two_devices()
    other = world.device("other", login=False)
    other.login(world.server.url, "bea", "other password")
    other.add_note(guid="of bea", fields=["x", "y"])
    assert other.sync()["required"] == "FULL_UPLOAD"
    other.sync(one_way="upload")
    world.sync(*world.devices.values())
    del world.devices["other"]
    other.stop()
    world.check()


@pytest.mark.deckport_only(OWN_COMMANDS)
def test_a_new_password_ends_the_logins_at_once(world: World) -> None:
    a, _ = world.two_devices()
    world.deckport.manage("account", "password", USER, stdin="new password\n")
    with pytest.raises(ClientError) as told:
        a.sync()
    assert (told.value.type, told.value.kind) == ("SyncError", "AUTH")
    with pytest.raises(ClientError) as told:
        a.login(world.server.url, USER, PASSWORD)
    assert told.value.kind == "AUTH"
    for device in world.devices.values():
        device.login(world.server.url, USER, "new password")
    world.sync(*world.devices.values())
    world.check()


@pytest.mark.deckport_only(OWN_COMMANDS)
def test_a_revoked_device_is_logged_out_and_the_others_are_not(world: World) -> None:
    a, b = world.two_devices()
    before = _device_ids(world)
    c = world.device("c")
    (new,) = _device_ids(world) - before
    c.sync(one_way="download")
    world.deckport.manage("device", "revoke", new)
    with pytest.raises(ClientError) as told:
        c.sync()
    assert (told.value.type, told.value.kind) == ("SyncError", "AUTH")
    world.sync(a, b)
    c.login(world.server.url, USER, PASSWORD)
    world.sync(c)
    world.check()


def _device_ids(world: World) -> set[str]:
    """The ids `device list` shows: the first column of its table."""
    lines = world.deckport.manage("device", "list").splitlines()
    return {found.group(1) for line in lines if (found := re.match(r"\s*(\d+)\b", line))}


@pytest.mark.deckport_only(OWN_COMMANDS)
def test_accounts_come_and_go_while_the_server_runs(world: World) -> None:
    world.server.add_account("late", "late password")
    device = world.device("late", login=False)
    device.login(world.server.url, "late", "late password")
    device.add_note(guid="n", fields=["x", "y"])
    device.sync(one_way="upload")
    world.deckport.manage("account", "remove", "late")
    with pytest.raises(ClientError) as told:
        device.sync()
    assert told.value.kind == "AUTH"
    world.server.add_account("late", "another password")
    device.login(world.server.url, "late", "another password")
    world.sync(device)  # the account's folder was kept


@pytest.mark.deckport_only("the reference gives every device the same token")
def test_every_login_gets_a_token_of_its_own_and_no_secret_is_written_down(world: World) -> None:
    a, b = world.two_devices()
    tokens = {device.login_data[1] for device in (a, b)}
    assert len(tokens) == 2
    a.add_note(guid="n", fields=["a secret field", "y"])
    world.sync(a, b)
    world.stop_server()
    written = [world.server.log.read_bytes()]
    written += [path.read_bytes() for path in world.server.data.glob("*") if path.is_file()]
    for secret in [*tokens, PASSWORD]:
        assert not any(secret.encode() in text for text in written)
    assert b"a secret field" not in written[0]


@pytest.mark.deckport_only("the reference needs an account in its environment")
def test_the_first_start_makes_an_account_and_shows_its_password_once(worlds: Worlds) -> None:
    world = worlds.make()
    world.deckport.start("--account", "Zoë")
    shown = re.search(r"Password:\s+(\S+)", world.server.log.read_text())
    assert shown, world.server.log.read_text()
    device = world.device("a", login=False)
    device.login(world.server.url, "zoë", shown.group(1))
    device.add_note(guid="n", fields=["x", "y"])
    device.sync(one_way="upload")
    world.stop_server()
    world.server.log.unlink()
    world.server.start()
    assert "Password:" not in world.server.log.read_text()
    world.sync(device)
