"""Hosting: real clients sync with an endpoint in this process, and listeners hear of it."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import PATIENCE, Device, Recorder, aside, opened

import deckport
from deckport import (
    AccountError,
    AddressKind,
    Endpoint,
    EndpointEvent,
    EndpointState,
    NetworkInterface,
    OpenError,
    StartError,
    TlsMode,
)


def test_devices_sync_and_a_listener_hears_of_all_of_it(
    tmp_path: Path, devices: Callable[..., Device]
) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        recorder = Recorder()
        subscription = endpoint.subscribe(recorder)
        (address,) = await endpoint.start()
        first = await aside(lambda: devices(address.url))
        first.add("one")
        assert await aside(first.sync) == "uploaded"
        second = await aside(lambda: devices(address.url))
        assert await aside(lambda: second.sync(prefer_upload=False)) == "downloaded"
        second.add("two")
        assert await aside(second.sync) == "merged"
        assert await aside(first.sync) == "merged"
        assert first.col.note_count() == second.col.note_count() == 2

        event = EndpointEvent
        logged_in = recorder.wait_for(event.DEVICE_LOGGED_IN)
        assert (logged_in.account, logged_in.address, logged_in.paired) == (
            "anna",
            "127.0.0.1",
            False,
        )
        up = recorder.wait_for(event.TRANSFER_FINISHED, lambda it: it.upload)
        assert up.bytes > 10_000
        recorder.wait_for(event.TRANSFER_FINISHED, lambda it: not it.upload)
        sent = recorder.wait_for(event.SYNC_FINISHED, lambda it: it.counts.received >= 2)
        assert sent.device == logged_in.device
        recorder.wait_for(event.SYNC_FINISHED, lambda it: it.counts.sent >= 2)
        recorder.wait_for(event.SYNC_PROGRESS)

        overview = await endpoint.overview("anna")
        assert (overview.notes, overview.cards, overview.reviews) == (2, 2, 0)
        assert overview.bytes > 10_000
        assert abs(overview.last_change_ms / 1000 - time.time()) < 60
        await endpoint.shutdown()
        states = [it for it in recorder.told if isinstance(it, EndpointState)]
        kinds = [type(state).__name__.split(".")[1] for state in states]
        assert kinds == ["STOPPED", "STARTING", "LISTENING", "STOPPING", "STOPPED"]
        assert states[2].addresses == [address]
        subscription.cancel()

    asyncio.run(scenario())


def test_media_are_counted(tmp_path: Path, devices: Callable[..., Device]) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        recorder = Recorder()
        subscription = endpoint.subscribe(recorder)
        (address,) = await endpoint.start()
        first = await aside(lambda: devices(address.url))
        first.add("<img src=a.png>")
        for name in ("a.png", "b.png"):
            first.col.media.write_data(name, name.encode())
        await aside(first.sync)
        await aside(first.sync_media)
        taken = await aside(lambda: recorder.wait_for(EndpointEvent.MEDIA_FINISHED))
        assert (taken.received, taken.sent) == (2, 0)
        second = await aside(lambda: devices(address.url))
        await aside(lambda: second.sync(prefer_upload=False))
        await aside(second.sync_media)
        given = await aside(
            lambda: recorder.wait_for(EndpointEvent.MEDIA_FINISHED, lambda it: it.sent)
        )
        assert (given.received, given.sent) == (0, 2)
        overview = await endpoint.overview("anna")
        assert (overview.media_files, overview.media_bytes) == (2, 10)
        assert (await endpoint.check_media("anna")).right == 2
        assert [(it.name, it.bytes) for it in await endpoint.unused_media("anna")] == [("b.png", 5)]
        assert await endpoint.delete_media("anna", ["b.png"]) == 1
        assert await endpoint.unused_media("anna") == []
        trash = await endpoint.media_trash("anna")
        assert (trash.files, trash.bytes) == (1, 5)
        assert await endpoint.restore_media("anna", ["b.png", "never"]) == 1
        assert (await endpoint.overview("anna")).media_files == 2
        assert await endpoint.delete_media("anna", ["b.png"]) == 1
        gone = await endpoint.empty_media_trash("anna")
        assert (gone.files, gone.bytes) == (1, 5)
        assert (await endpoint.media_trash("anna")).files == 0
        report = await endpoint.check("anna")
        assert report.is_clean, report
        await endpoint.shutdown()
        subscription.cancel()

    asyncio.run(scenario())


def test_a_refused_request_is_told_in_words(tmp_path: Path, devices: Callable[..., Device]) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        recorder = Recorder()
        subscription = endpoint.subscribe(recorder)
        (address,) = await endpoint.start()
        with pytest.raises(Exception, match=r"."):
            await aside(lambda: devices(address.url, password="wrong"))
        refused = await aside(lambda: recorder.wait_for(EndpointEvent.REQUEST_REFUSED))
        assert (refused.status, refused.reason) == (403, "the name or the password is wrong")
        await aside(lambda: recorder.wait_for(EndpointEvent.LOGIN_REFUSED))
        device = await aside(lambda: devices(address.url))
        (known,) = await endpoint.devices("anna")
        await endpoint.revoke_device(known.id)
        with pytest.raises(Exception, match=r"."):
            await aside(device.sync)
        await aside(
            lambda: recorder.wait_for(
                EndpointEvent.REQUEST_REFUSED,
                lambda it: it.reason == "the token is unknown or was revoked",
            )
        )
        await endpoint.shutdown()
        subscription.cancel()

    asyncio.run(scenario())


def test_unused_devices_are_logged_out(tmp_path: Path, devices: Callable[..., Device]) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data", end_unused_days=0, page_hosts=["shelf.local"])
        (address,) = await endpoint.start()
        await aside(lambda: devices(address.url))
        (known,) = await endpoint.devices("anna")
        assert await endpoint.prune_devices(1) == []
        (ended,) = await endpoint.prune_devices(0)
        assert (ended.id, ended.account) == (known.id, "anna")
        assert await endpoint.devices() == []
        with pytest.raises(AccountError.Failed, match="negative"):
            await endpoint.prune_devices(-1)
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_trouble_is_told(tmp_path: Path, devices: Callable[..., Device]) -> None:
    async def scenario() -> None:
        # Every disk has less space.
        endpoint = await opened(tmp_path / "data", low_space_bytes=2**62, stop_timeout_ms=1)
        recorder = Recorder()
        subscription = endpoint.subscribe(recorder)
        (address,) = await endpoint.start()
        low = await aside(lambda: recorder.wait_for(EndpointEvent.STORAGE_LOW))
        assert low.free_bytes > 0
        device = await aside(lambda: devices(address.url))
        damaged = tmp_path / "data" / "anna" / "collection.anki2"
        damaged.parent.mkdir(exist_ok=True)
        damaged.write_text("no collection, but long enough to be read as a file")
        device.add("one")
        with pytest.raises(Exception, match="The sync endpoint cannot use your collection"):
            await aside(device.sync)
        problem = await aside(lambda: recorder.wait_for(EndpointEvent.PROBLEM))
        assert (problem.account, problem.message) == (
            "anna",
            "the collection cannot be used: the file is not an Anki collection",
        )
        damaged.unlink()
        await aside(device.sync)
        for number in range(2_000):
            device.add(f"{number}")
        syncing = asyncio.create_task(aside(device.sync))
        await aside(lambda: recorder.wait_for(EndpointEvent.SYNC_PROGRESS))
        await endpoint.stop()
        failed = await aside(lambda: recorder.wait_for(EndpointEvent.SYNC_FAILED))
        assert (failed.account, failed.reason) == ("anna", "the endpoint is shutting down")
        await asyncio.gather(syncing, return_exceptions=True)
        assert str(endpoint.state()) == "Stopped"
        await endpoint.shutdown()
        subscription.cancel()

    asyncio.run(scenario())


def test_addresses_follow_the_networks_that_the_app_tells(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await Endpoint.open(
            deckport.EndpointOptions(data_dir=str(tmp_path / "data"), port=0)
        )
        assert endpoint.addresses() == []
        recorder = Recorder()
        subscription = endpoint.subscribe(recorder)
        await endpoint.start()
        endpoint.networks_changed(
            [
                NetworkInterface(name="wlan0", addresses=["192.168.1.20", "fe80::1%wlan0"]),
                NetworkInterface(name="rndis0", addresses=["192.168.42.129"]),
            ]
        )
        changed = await aside(lambda: recorder.wait_for(EndpointEvent.ADDRESSES_CHANGED))
        found = [(it.kind, it.interface_name, it.rank, it.reachable) for it in changed.addresses]
        assert found == [
            (AddressKind.USB, "rndis0", 0, True),
            (AddressKind.WIFI, "wlan0", 1, True),
            (AddressKind.LOOPBACK, "", 2, False),
        ]
        assert changed.addresses[0].url.startswith("http://192.168.42.129:")
        assert endpoint.addresses() == changed.addresses
        endpoint.networks_changed(None)
        assert endpoint.addresses()[-1].kind == AddressKind.LOOPBACK
        await endpoint.shutdown()
        subscription.cancel()

    asyncio.run(scenario())


def test_what_the_app_says_of_a_network_counts_before_its_name(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await Endpoint.open(
            deckport.EndpointOptions(data_dir=str(tmp_path / "data"), port=0)
        )
        await endpoint.start()
        endpoint.networks_changed(
            [
                NetworkInterface(
                    name="odd0", addresses=["203.0.113.7/24"], kind=AddressKind.BLUETOOTH
                ),
                NetworkInterface(name="wlan0", addresses=["10.1.1.1/8"], kind=AddressKind.MOBILE),
                NetworkInterface(name="seth_lte0", addresses=["10.2.2.2/24"]),
                NetworkInterface(name="tun0", addresses=["100.64.0.9/32"]),
                NetworkInterface(name="eth0", addresses=["198.51.100.1/32", "nonsense"]),
            ]
        )
        found = [(it.kind, it.reachable, it.needs_allow) for it in endpoint.addresses()]
        assert found == [
            (AddressKind.BLUETOOTH, True, None),
            (AddressKind.VPN, True, None),
            (AddressKind.LOOPBACK, False, None),
            (AddressKind.ETHERNET, False, "0.0.0.0/0"),
        ]
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_nobody_is_answered_over_what_the_app_calls_mobile(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await Endpoint.open(
            deckport.EndpointOptions(data_dir=str(tmp_path / "data"), port=0)
        )
        await endpoint.start()
        own = next((it for it in endpoint.addresses() if it.reachable), None)
        if own is None:
            pytest.skip("this machine has no network")
        where = urlsplit(own.url)

        def is_answered(host: str | None) -> bool:
            client = http.client.HTTPConnection(host, where.port, timeout=PATIENCE)
            try:
                client.request("GET", "/")
                return client.getresponse().status == 200
            except (ConnectionError, http.client.HTTPException):
                return False
            finally:
                client.close()

        for kind, answered in [
            (AddressKind.MOBILE, False),
            (AddressKind.WIFI, True),
            (None, True),
        ]:
            told = NetworkInterface(name="odd0", addresses=[f"{where.hostname}/24"], kind=kind)
            endpoint.networks_changed([told])
            assert await aside(lambda: is_answered(where.hostname)) is answered, kind
            assert await aside(lambda: is_answered("127.0.0.1"))
        endpoint.networks_changed([])
        assert not await aside(lambda: is_answered(where.hostname)), "networks are not known"
        assert await aside(lambda: is_answered("127.0.0.1"))
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_a_device_pairs_within_the_window_and_not_after_it(
    tmp_path: Path, devices: Callable[..., Device]
) -> None:
    async def scenario() -> None:
        endpoint = await Endpoint.open(
            deckport.EndpointOptions(data_dir=str(tmp_path / "data"), port=0)
        )
        endpoint.networks_changed([])
        (address,) = await endpoint.start()
        alone = await endpoint.open_pairing("Bob")
        assert (alone.url, alone.qr_payload) == (address.url, None), "it would lead nowhere"
        endpoint.networks_changed([NetworkInterface(name="wlan0", addresses=["192.168.1.20/24"])])
        window = await endpoint.open_pairing("Bob", device_name="Bob's tablet", window_ms=60_000)
        assert window.url == address.url.replace("127.0.0.1", "192.168.1.20")
        assert window.qr_payload == f"{window.url}#account=Bob&password={window.password}"
        code = deckport.qr_code(window.qr_payload)
        assert len(code.modules) == code.size**2
        login = {"user": window.account, "password": window.password.replace("-", "").upper()}
        device = await aside(lambda: devices(address.url, **login))
        device.add("one")
        assert await aside(device.sync) == "uploaded"
        (known,) = await endpoint.devices("bob")
        assert (known.name, known.account, known.client_version) == (
            "Bob's tablet",
            "Bob",
            "26.09.3",
        )

        await endpoint.close_pairing("Bob")
        with pytest.raises(Exception, match=r"."):
            await aside(lambda: devices(address.url, **login))
        assert await aside(device.sync) == "merged"

        short = await endpoint.open_pairing("Bob", window_ms=1_000)
        while time.time() * 1000 < short.closes_ms:
            await asyncio.sleep(0.05)
        with pytest.raises(Exception, match=r"."):
            await aside(lambda: devices(address.url, user="Bob", password=short.password))
        await endpoint.shutdown()

    asyncio.run(scenario())


def test_a_listener_that_raises_or_hangs_harms_nobody(
    tmp_path: Path, devices: Callable[..., Device]
) -> None:
    class Raises(Recorder):
        def _keep(self, told: object) -> None:
            super()._keep(told)
            raise RuntimeError("a bug of the app")

    class Hangs(Recorder):
        def _keep(self, told: object) -> None:
            super()._keep(told)
            let_go.wait(PATIENCE)

    let_go = threading.Event()

    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        raises, hangs, works = Raises(), Hangs(), Recorder()
        kept = [endpoint.subscribe(listener) for listener in (raises, hangs, works)]
        (address,) = await endpoint.start()
        device = await aside(lambda: devices(address.url))
        device.add("one")
        await aside(device.sync)
        await endpoint.shutdown()
        for listener in (raises, works):
            await aside(
                lambda it=listener: it.wait_for(
                    EndpointState.STOPPED, lambda _: "EndpointState.STOPPING" in it.kinds()
                )
            )
        assert raises.kinds() == works.kinds()
        assert len(hangs.told) == 1
        let_go.set()
        for subscription in kept:
            subscription.cancel()

    asyncio.run(scenario())


def test_several_endpoints_live_in_one_process(
    tmp_path: Path, devices: Callable[..., Device]
) -> None:
    async def scenario() -> None:
        both = [await opened(tmp_path / name) for name in ("a", "b")]
        urls = [(await endpoint.start())[0].url for endpoint in both]
        for url in urls:
            device = await aside(lambda url=url: devices(url))
            device.add(url)
            assert await aside(device.sync) == "uploaded"
        await both[0].shutdown()
        assert (await both[1].overview("anna")).notes == 1
        await both[1].shutdown()

    asyncio.run(scenario())


def test_https_is_answered_with_a_certificate_that_the_app_hands_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data")
        (address,) = await endpoint.start()
        certificate = endpoint.certificate()
        assert certificate is not None
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.pem)).hexdigest()
        assert certificate.fingerprint.replace(" ", "").lower() == digest
        trusting = ssl.create_default_context(cadata=certificate.pem)
        url = address.url.replace("http://", "https://")
        answer = await aside(lambda: urllib.request.urlopen(url, context=trusting).read())
        assert b"Anki" in answer
        await endpoint.shutdown()
        with pytest.raises(StartError.Closed):
            endpoint.certificate()

        off = await opened(tmp_path / "off", tls=TlsMode.OFF)
        assert off.certificate() is None
        await off.shutdown()
        only = await opened(tmp_path / "only", tls=TlsMode.ONLY)
        (address,) = await only.start()
        assert address.url.startswith("https://127.0.0.1:")
        await only.shutdown()
        with pytest.raises(OpenError.BadOptions):
            await opened(tmp_path / "own", tls_chain=b"nonsense", tls_key=b"nonsense")

    asyncio.run(scenario())
