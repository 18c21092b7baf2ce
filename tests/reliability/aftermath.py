"""After a power cut: what must hold when the server starts again on what the disk has left."""

from __future__ import annotations

import copy
import shutil
import time

from story import Request, copy_device

from harness import dump
from harness.device import Device
from harness.media import hashes
from harness.world import PASSWORD, USER
from household import Household, WrongError


def start(home: Household, asked: Request) -> float:
    """Start the server, and the devices as they were before the request; returns the seconds the
    server needed. What was confirmed must be there before anything has run.
    """
    syncs = home.ledger.syncs
    home.ledger = copy.deepcopy(asked.ledger)
    home.ledger.syncs = syncs
    if not asked.is_new and not home.is_between():
        home.check_ledger()
    if asked.doing == "account":
        _add_account_again(home)
    begin = time.monotonic()
    home.server.start()
    took = time.monotonic() - begin
    for device in home.devices:
        device.call("close")
        shutil.rmtree(device.folder)
        copy_device(asked.devices[device.name], device.folder)
        device.call("open", path=str(device.collection))
        _log_in(home, device, asked)
    home.token = home.devices[0].login_data[1]  # type: ignore[index]
    return took


def _add_account_again(home: Household) -> None:
    """Whether it was there is not known to the person who was making it."""
    done = home.server.run(["account", "add", USER], f"{PASSWORD}\n")
    if done.returncode != 0 and "already" not in done.stderr:
        raise WrongError(f"the account cannot be made: {done.stderr}")


def _log_in(home: Household, device: Device, asked: Request) -> None:
    token = asked.tokens.get(device.name)
    if token:
        device.use_token(home.server.url, token)
    else:
        device.login(url=home.server.url, user=USER, password=PASSWORD)


def first_to_go_on(home: Household, asked: Request) -> list[Device]:
    """The devices, the one that asked first, or the one that has a collection to begin with."""
    name = "a" if asked.is_new else asked.device
    return sorted(home.devices, key=lambda device: device.name != name)


def sync(home: Household, device: Device, asked: Request) -> None:
    """The device's first sync. It must be a merge, unless a one-way sync was due anyway."""
    uploads = device.name == "a" if asked.is_new else asked.device == device.name
    if uploads and (asked.is_new or asked.doing == "upload"):
        home.sync(device, "upload")
    elif asked.is_new or asked.doing in ("upload", "restore") or device.name in asked.owed:
        home.sync(device, "download")
    else:
        home.sync(device)


def go_on(home: Household, asked: Request) -> None:
    """All devices sync everything and have the same in the end; nothing confirmed is missing."""
    order = first_to_go_on(home, asked)
    home.check_media([])
    for device in order:
        home.sync_media(device)
    home.check_media(home.devices)
    _check_contents(home)
    sync(home, order[0], asked)
    home.check_leftovers()
    for device in order[1:]:
        sync(home, device, asked)
    home.check_equal()
    home.check_ledger()
    _check_backup(home, asked)


def _check_contents(home: Household) -> None:
    """What the server lists was compared; now what it has."""
    folder = home.server.collection(USER).parent / "media"
    stored, expected = hashes(folder), home.devices[0].media.files()
    if stored != expected:
        differ = sorted({name for name, _ in stored.items() ^ expected.items()})
        raise WrongError(f"the server's media differ: {', '.join(differ[:8])}")


def _check_backup(home: Household, asked: Request) -> None:
    """What was replaced can be brought back."""
    if asked.replaced is None:
        return
    folder = home.server.collection(USER).parent / "backups"
    lost = ["there is none"]
    for backup in sorted(folder.glob("*.anki2"), reverse=True):
        lost = asked.replaced.missing(dump.read_file(backup))
        if not lost:
            return
    raise WrongError(f"no backup holds what was replaced: {', '.join(lost[:5])}")
