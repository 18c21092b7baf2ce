"""Accounts, backups, packages, and the errors of all of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE, Device, aside, opened, options

import deckport
from deckport import (
    AccountError,
    BackupError,
    BackupReason,
    CareError,
    CareStage,
    Endpoint,
    ExportOptions,
    OpenError,
    OverviewError,
    ProgressListener,
    QrError,
    StartError,
)


async def refused(error: type[Exception], call: Coroutine[Any, Any, Any]) -> str:
    """Expect an error; return its sentence."""
    with pytest.raises(error) as caught:
        await call
    assert type(caught.value) is error
    return str(caught.value)


def test_accounts_and_devices_are_kept(tmp_path: Path, devices: Callable[..., Device]) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        (address,) = await endpoint.start()
        device = await aside(lambda: devices(address.url))
        renamed = await endpoint.rename_account("anna", "Ann")
        assert [it.name for it in await endpoint.accounts()] == [renamed.name] == ["Ann"]
        (known,) = await endpoint.devices()
        assert known.name.startswith("Anki 26.09.3 on ")
        assert (known.account, known.address) == ("Ann", "127.0.0.1")
        await endpoint.rename_device(known.id, "laptop")
        device.add("one")
        assert await aside(device.sync) == "uploaded"
        (known,) = await endpoint.devices("ann")
        assert known.name == "laptop"
        assert known.last_sync_ms >= known.logged_in_ms
        await endpoint.set_password("Ann", "q")
        assert await endpoint.devices() == []
        await endpoint.remove_account("Ann")
        assert await endpoint.accounts() == []
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_backups_bring_a_collection_back(tmp_path: Path, devices: Callable[..., Device]) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        (address,) = await endpoint.start()
        device = await aside(lambda: devices(address.url))
        device.add("one")
        await aside(device.sync)
        made = await endpoint.create_backup("anna")
        assert (made.reason, made.counts.notes) == (BackupReason.MANUAL, 1)
        device.add("two")
        await aside(device.sync)
        restored = await endpoint.restore_backup("anna", made.name)
        assert (restored.kept.reason, restored.counts.notes) == (BackupReason.RESTORE, 1)
        listed = await endpoint.backups("anna")
        assert [it.name for it in listed] == [restored.kept.name, made.name]
        copy = tmp_path / "copy.anki2"
        await endpoint.export_backup("anna", made.name, str(copy))
        assert copy.stat().st_size == made.collection_bytes
        text = await refused(
            BackupError.FileExists, endpoint.export_backup("anna", made.name, str(copy))
        )
        assert text == "a file of that name already exists; choose another name"
        assert await endpoint.prune_backups("anna") == []
        assert await aside(lambda: device.sync(prefer_upload=False)) == "downloaded"
        assert device.col.note_count() == 1
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_packages_go_out_and_in_with_progress_and_can_be_cancelled(
    tmp_path: Path, devices: Callable[..., Device]
) -> None:
    class Progress(ProgressListener):
        def __init__(self, *, goes_on: bool) -> None:
            self.goes_on = goes_on
            self.stages: set[CareStage] = set()

        def on_progress(self, stage: CareStage, done: int, total: int | None) -> bool:
            assert 0 <= done <= (total or done)
            self.stages.add(stage)
            return self.goes_on

    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        (address,) = await endpoint.start()
        device = await aside(lambda: devices(address.url))
        device.add("<img src=a.png>")
        device.col.media.write_data("a.png", b"a")
        await aside(device.sync)
        await aside(device.sync_media)
        package = tmp_path / "out.colpkg"
        stop = Progress(goes_on=False)
        text = await refused(
            CareError.Cancelled, endpoint.export_file("anna", str(package), ExportOptions(), stop)
        )
        assert text == "it was cancelled"
        assert not package.exists()
        watch = Progress(goes_on=True)
        out = await endpoint.export_file("anna", str(package), ExportOptions(), watch)
        assert (out.media_files, out.damaged, out.unfit) == (1, [], [])
        assert out.bytes == package.stat().st_size
        assert CareStage.COLLECTION in watch.stages

        await endpoint.add_account("bob", "p")
        text = await refused(CareError.Cancelled, endpoint.import_file("bob", str(package), stop))
        assert (await endpoint.overview("bob")).notes == 0
        into = await endpoint.import_file("bob", str(package), watch)
        assert (into.counts.notes, into.media_added, into.kept) == (1, 1, None)
        assert (await endpoint.overview("bob")).media_files == 1
        await endpoint.shutdown()

    asyncio.run(scenario())


class Hold(ProgressListener):
    """Holds the work at a stage until it is let go."""

    def __init__(self, stage: CareStage) -> None:
        self.stage = stage
        self.began = threading.Event()
        self.go = threading.Event()

    def on_progress(self, stage: CareStage, _done: int, _total: int | None) -> bool:
        """Wait in the midst of the work."""
        if stage == self.stage:
            self.began.set()
            self.go.wait(PATIENCE)
        return True


async def cancelled_at(
    stage: CareStage, work: Callable[[ProgressListener], Coroutine[Any, Any, Any]]
) -> None:
    """Cancel the caller in the midst of the work, which then hears of it."""
    hold = Hold(stage)
    task = asyncio.ensure_future(work(hold))
    assert await aside(lambda: hold.began.wait(PATIENCE))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    hold.go.set()
    assert task.cancelled()


def test_checks_repairs_and_backups_end_in_the_middle_when_they_are_cancelled(
    tmp_path: Path, devices: Callable[..., Device]
) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        (address,) = await endpoint.start()
        device = await aside(lambda: devices(address.url))
        device.add("<img src=a.png>")
        device.col.db.execute("update cards set due = 3000004")
        device.col.media.write_data("a.png", b"a")
        await aside(device.sync)
        await aside(device.sync_media)
        for stage in CareStage:
            await cancelled_at(stage, lambda it: endpoint.check("anna", progress=it))
        for stage in (CareStage.COLLECTION, CareStage.CHECKING):
            await cancelled_at(stage, lambda it: endpoint.check("anna", repair=True, progress=it))
        await cancelled_at(
            CareStage.MEDIA, lambda it: endpoint.check_media("anna", repair=True, progress=it)
        )
        await cancelled_at(
            CareStage.COLLECTION, lambda it: endpoint.create_backup("anna", progress=it)
        )
        assert await endpoint.backups("anna") == []
        made = await endpoint.create_backup("anna")
        for stage in (CareStage.COLLECTION, CareStage.CHECKING):
            await cancelled_at(
                stage, lambda it: endpoint.restore_backup("anna", made.name, progress=it)
            )
        copy = tmp_path / "copy.anki2"
        await cancelled_at(
            CareStage.COLLECTION,
            lambda it: endpoint.export_backup("anna", made.name, str(copy), progress=it),
        )
        # Nothing came of it, and no device has to wait.
        device.add("two")
        assert await aside(device.sync) == "merged"
        assert await endpoint.backups("anna") == [made]
        assert not copy.exists()
        assert len((await endpoint.check("anna")).findings) == 1
        assert (await endpoint.check("anna", repair=True)).repaired
        report = await endpoint.check("anna")
        assert report.is_clean
        assert len(report.digest or "") == 16
        assert await aside(device.sync) == "merged"
        assert device.col.note_count() == 2
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_error_texts_are_sentences_that_say_what_to_do(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        second = Endpoint.open(options(tmp_path / "data"))
        assert await refused(OpenError.FolderInUse, second) == (
            "another endpoint is using the data folder; stop it or choose another folder"
        )
        (tmp_path / "file").write_text("x")
        text = await refused(OpenError.FolderUnusable, Endpoint.open(options(tmp_path / "file")))
        assert text.startswith("the data folder cannot be used: ")
        wrong = deckport.EndpointOptions(data_dir=str(tmp_path / "other"), port=70_000)
        assert await refused(OpenError.BadOptions, Endpoint.open(wrong)) == (
            "the options cannot be used: the port must be 0 to 65535"
        )
        assert await refused(AccountError.AlreadyExists, endpoint.add_account("ANNA", "p")) == (
            "there is already an account of this name; choose another name"
        )
        assert await refused(AccountError.BadPassword, endpoint.add_account("bob", "")) == (
            "a password has 1 to 1024 bytes; choose another password"
        )
        assert await refused(AccountError.BadName, endpoint.add_account(" ", "p")) == (
            "a name has 1 to 128 characters and no control characters; choose another name"
        )
        assert await refused(AccountError.NoSuchAccount, endpoint.devices("bob")) == (
            "there is no account of this name"
        )
        assert await refused(AccountError.NoSuchDevice, endpoint.revoke_device(99)) == (
            "there is no device of this number"
        )
        assert await refused(AccountError.BadDuration, endpoint.open_pairing("anna", None, 5)) == (
            "a pairing window is open for one second to one day"
        )
        assert await refused(OverviewError.NoSuchAccount, endpoint.overview("bob")) == (
            "there is no account of this name"
        )
        assert await refused(BackupError.NothingToKeep, endpoint.create_backup("anna")) == (
            "there is nothing to keep: the account has no collection yet, or an untouched one"
        )
        assert await refused(BackupError.NoSuchBackup, endpoint.restore_backup("anna", "x")) == (
            "there is no backup of that name; look at the list of backups"
        )
        export = endpoint.export_file("anna", str(tmp_path / "x.colpkg"))
        assert await refused(CareError.NoCollection, export) == (
            "the account has no collection yet; sync a device first or import one"
        )
        package = tmp_path / "bad.colpkg"
        package.write_text("no package")
        text = await refused(CareError.Unusable, endpoint.import_file("anna", str(package)))
        assert text.startswith("the file cannot be used: ")
        with pytest.raises(QrError.TooLong, match="the text is too long for a QR code"):
            deckport.qr_code("x" * 3000)

        (address,) = await endpoint.start()
        port = int(address.url.rstrip("/").rsplit(":", 1)[1])
        taken = deckport.EndpointOptions(
            data_dir=str(tmp_path / "b"), port=port, loopback_only=True
        )
        other = await Endpoint.open(taken)
        assert await refused(StartError.PortInUse, other.start()) == (
            f"port {port} is in use by another program; choose another port"
        )
        assert isinstance(other.state(), deckport.EndpointState.FAILED)
        await endpoint.stop()
        assert len(await other.start()) == 1
        await other.shutdown()
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_after_shutdown_every_call_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        await endpoint.start()
        await endpoint.shutdown()
        await endpoint.shutdown()
        await endpoint.stop()
        assert endpoint.addresses() == []
        closed = "the endpoint was shut down"
        assert await refused(StartError.Closed, endpoint.start()) == closed
        assert await refused(AccountError.Closed, endpoint.accounts()) == closed
        assert await refused(AccountError.Closed, endpoint.open_pairing("anna")) == closed
        assert await refused(OverviewError.Closed, endpoint.overview("anna")) == closed
        assert await refused(BackupError.Closed, endpoint.backups("anna")) == closed
        assert await refused(CareError.Closed, endpoint.check("anna")) == closed
        # The folder is free again.
        again = await opened(tmp_path / "data")
        assert len(await again.accounts()) == 1
        await again.shutdown()

    asyncio.run(scenario())
