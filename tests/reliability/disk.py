"""`disk`: each write, fsync, rename and new file of the server fails once, and the disk fills up.

For each operation of a sync, a media sync, an upload, a download and a login in turn: the request
may fail, with a reason; the server goes on; when the disk is well again everything works without
anybody's hand, and nothing confirmed is lost.
"""

from __future__ import annotations

import errno
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import disturbance
from disturbance import COUNT, CREATE, FROM, ONCE, RENAME, SYNC, WRITE
from harness.device import ClientError, Device
from harness.world import PASSWORD, USER
from household import Household, WrongError
from report import Part, Setup

# See shim.c.
POOR_DISK = {"FAULT_NO_LINKS": "1", "FAULT_NO_FOLDER_SYNC": "1"}


@dataclass(frozen=True)
class Trouble:
    """A way in which disks fail."""

    name: str
    mode: int
    kinds: int
    error: int


# A full disk has no room for data and new files from some moment on, until somebody makes room; the
# other troubles are one bad moment.
TROUBLES = (
    Trouble("full disk (ENOSPC)", FROM, WRITE | CREATE, errno.ENOSPC),
    Trouble("I/O error (EIO)", ONCE, WRITE | SYNC | RENAME | CREATE, errno.EIO),
)


@dataclass
class Told:
    """How the cases of one request and trouble ended."""

    cases: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def run(setup: Setup, samples: int | None) -> Part:
    """Sweep over all operations, or over `samples` of each request."""
    part = Part("disk")
    if not disturbance.is_possible():
        part.lines = ["This machine cannot run this part: it needs Linux and a C compiler."]
        return part
    root = Path(tempfile.mkdtemp(prefix="deckport-disk-"))
    home = Household(setup.binary, setup.anki, root, disturbance.build(root))
    home.move_in()
    told: dict[tuple[str, str], Told] = {}
    try:
        for request in REQUESTS:
            for trouble in TROUBLES:
                told[request, trouble.name] = _sweep(home, request, trouble, samples, part)
        home.check_database()
    except WrongError as wrong:
        part.fail(str(wrong))
    finally:
        home.close()
        if part.passed:
            shutil.rmtree(root, ignore_errors=True)
    part.lines = list(_lines(told, home))
    return part


def _sync(home: Household, device: Device) -> None:
    home.edit(device, random.Random(1), 4)
    home.add_note(device)


def _upload(home: Household, device: Device) -> None:
    home.sync(device)
    device.force_one_way()
    home.edit(device, random.Random(2), 4)


def _media(home: Household, device: Device) -> None:
    home.edit_media(device, random.Random(home.made))


def _upload_to_a_poor_disk(home: Household, device: Device) -> None:
    """Without links and syncs of folders from now on."""
    if not home.server.variables.keys() >= POOR_DISK.keys():
        home.server.stop()
        home.server.variables |= POOR_DISK
        home.server.start()
    _upload(home, device)


def _nothing(home: Household, device: Device) -> None:
    """Nothing need be prepared."""


# What is done: the preparation, and the request itself.
REQUESTS: dict[
    str, tuple[Callable[[Household, Device], None], Callable[[Household, Device], object]]
] = {
    "sync": (_sync, lambda _, device: device.call("sync")),
    "upload": (_upload, lambda _, device: device.call("sync", one_way="upload")),
    "download": (_nothing, lambda _, device: device.call("full", one_way="download")),
    "media sync": (_media, lambda _, device: device.sync_media()),
    "login": (
        _nothing,
        lambda home, device: device.login(url=home.server.url, user=USER, password=PASSWORD),
    ),
    # The last one: the disk stays as it is then.
    "upload without links and folder syncs": (
        _upload_to_a_poor_disk,
        lambda _, device: device.call("sync", one_way="upload"),
    ),
}


def _sweep(
    home: Household, request: str, trouble: Trouble, samples: int | None, part: Part
) -> Told:
    told = Told()
    operations = _operations(home, request, trouble)
    places = range(1, operations + 2)
    if samples is not None and samples < len(places):
        places = sorted(random.Random(samples).sample(places, samples))
    for at in places:
        where = f"{trouble.name} at operation {at} of {operations} of a {request}"
        try:
            _one(home, request, trouble, at, told)
        except WrongError as wrong:
            part.fail(f"{where}: {wrong}")
            raise
    print(f"  {request}, {trouble.name}: {told.cases} cases, {told.failed} failed", flush=True)
    for reason, count in told.reasons.most_common():
        print(f"    {count} x {reason}", flush=True)
    return told


def _operations(home: Household, request: str, trouble: Trouble) -> int:
    """How many operations the request takes when all is well."""
    assert home.disk is not None
    device = home.devices[0]
    prepare, act = REQUESTS[request]
    prepare(home, device)
    home.disk.set(COUNT, trouble.kinds)
    act(home, device)
    count = home.disk.count()
    _confirm(home, device, request)
    _go_on(home, device, request)
    return count


def _one(home: Household, request: str, trouble: Trouble, at: int, told: Told) -> None:
    assert home.disk is not None
    assert home.server.process is not None
    device, other = home.devices[0], home.devices[1]
    prepare, act = REQUESTS[request]
    prepare(home, device)
    process = home.server.process
    home.disk.set(trouble.mode, trouble.kinds, at, trouble.error)
    try:
        act(home, device)
        _confirm(home, device, request)
    except ClientError as error:
        told.failed += 1
        told.reasons[f"{error.type} {error.kind}: {error.message}"] += 1
        if request == "sync" and trouble.mode == FROM:
            _explained(device)
    told.cases += 1
    if process.poll() is not None:
        raise WrongError(f"the server ended with {process.returncode}")
    try:
        other.status()
    except ClientError as error:
        raise WrongError(f"the server does not answer any more: {error}") from error
    home.disk.clear()
    _go_on(home, device, request)
    home.check_leftovers()
    if told.cases % 20 == 0:
        home.check_database()


def _confirm(home: Household, device: Device, request: str) -> None:
    if request == "media sync":
        home.ledger.confirm_media(device)
    else:
        home.ledger.confirm(device)


def _explained(device: Device) -> None:
    """Whoever tries again while the disk is full reads why it does not work."""
    try:
        device.call("sync")
    except ClientError as error:
        if "full" not in error.message and "no free space" not in error.message:
            raise WrongError(f"the reason is not told: {error}") from error
    else:
        raise WrongError("a second sync goes well although the disk is full")


def _go_on(home: Household, device: Device, request: str) -> None:
    """The disk is well: everything works again, and nothing is lost."""
    if request == "login":
        REQUESTS[request][1](home, device)
    if request == "media sync":
        home.check_media([])
        for one in home.devices:
            home.sync_media(one)
        home.check_media(home.devices)
    home.check_ledger()
    uploads = request.startswith("upload")
    home.sync(device, "upload" if uploads else None)
    for other in home.devices[1:]:
        home.sync(other, "download" if uploads else None)
    home.check_ledger()
    home.check_equal()


def _lines(told: dict[tuple[str, str], Told], home: Household) -> Iterator[str]:
    yield "Each operation on a file fails in turn, while a real client's request needs it:"
    yield ""
    yield "| request | trouble | operations tried | requests that failed |"
    yield "|---|---|---:|---:|"
    for (request, trouble), found in told.items():
        yield f"| {request} | {trouble} | {found.cases:,} | {found.failed:,} |"
    yield ""
    yield (
        f"After each of them: the server runs on, answers other devices during the trouble, and"
        f" syncs without anybody's hand after it; of {home.ledger.syncs:,} confirmed syncs with"
        f" {len(home.ledger.reviews):,} reviews and {len(home.ledger.media):,} media files nothing"
        f" is lost; no file is left behind; Check Database finds nothing."
    )
