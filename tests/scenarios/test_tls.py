"""https beside http on one port: real clients that trust the endpoint's certificate, and others."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path

import pytest

from harness.device import ClientError, Device
from harness.raw import compress
from harness.relay import SlowLink
from harness.server import Deckport, free_port
from harness.world import PASSWORD, USER, World, Worlds

pytestmark = pytest.mark.deckport_only("the reference speaks plain http alone")

# The first bytes of a handshake that says how long it will be, and never comes.
BEGUN = b"\x16\x03\x01\x02\x00\x01\x00"


def authority(world: World, name: str = "ca.pem") -> Path:
    """What devices have to trust, as the command hands it out."""
    path = world.root / name
    world.deckport.manage("certificate", "--out", str(path))
    return path


def secure(url: str) -> str:
    """The same address over TLS."""
    return url.replace("http://", "https://")


def trusting(world: World, name: str, url: str | None = None, login: bool = True) -> Device:
    """A device whose system trusts the endpoint."""
    variables = {"SSL_CERT_FILE": str(authority(world))}
    return world.device(name, url=url or secure(world.server.url), login=login, variables=variables)


def context(world: World, newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A client that trusts the endpoint's authority alone."""
    made = ssl.create_default_context(cafile=authority(world))
    if newest is not None:
        made.maximum_version = newest
    return made


def shown(context: ssl.SSLContext, address: str, port: int) -> str:
    """The number of the certificate that a client is shown there."""
    with (
        socket.create_connection((address, port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=address) as wrapped,
    ):
        return str(wrapped.getpeercert()["serialNumber"])  # type: ignore[index]


def own_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            found = str(probe.getsockname()[0])
        except OSError:
            found = "127.0.0.1"
    if found.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    return found


def live(world: World, a: Device, b: Device) -> None:
    """A whole life of two devices: upload, download, changes both ways, media both ways."""
    a.add_note(guid="first", fields=["front", "back"], deck="Home", tags=["start"])
    a.media.write("from a.txt", "a" * 3_000_000)
    a.sync(one_way="upload")
    world.sync_media(a)
    assert b.sync(one_way="download")["required"] == "FULL_DOWNLOAD"
    world.sync_media(b)
    assert len(b.media.read("from a.txt")) == 3_000_000
    a.edit_note(guid="first", fields=["changed", "back"])
    world.sync(a, b)
    b.add_note(guid="second", fields=["x", "y"])
    b.media.write("from b.txt", "b")
    world.sync(b, a)
    world.sync_media(b, a)
    assert a.media.read("from b.txt") == "b"
    world.check()


def test_a_whole_life_with_the_certificate_in_the_systems_store(world: World) -> None:
    live(world, trusting(world, "a"), trusting(world, "b", secure(world.server.url) + "sync/"))


def test_a_whole_life_with_the_certificate_in_the_apps_settings(world: World) -> None:
    pem = authority(world).read_text()
    devices = [world.device(name, login=False) for name in ("a", "b")]
    for device in devices:
        assert device.trust(pem=pem)
        device.login(url=secure(world.server.url), user=USER, password=PASSWORD)
    live(world, *devices)


def test_devices_share_an_account_over_http_and_https_at_once(world: World) -> None:
    live(world, trusting(world, "a"), world.device("b"))


def test_who_trusts_another_endpoint_or_none_does_not_log_in(worlds: Worlds) -> None:
    world, other = worlds.make().begin(), worlds.make()
    foreign = authority(other, "foreign.pem")
    for name, variables in (("a", None), ("b", {"SSL_CERT_FILE": str(foreign)})):
        device = world.device(name, login=False, variables=variables)
        with pytest.raises(ClientError) as told:
            device.login(url=secure(world.server.url), user=USER, password=PASSWORD)
        assert told.value.type == "NetworkError"
    device = world.device("c", login=False)
    device.trust(pem=foreign.read_text())
    with pytest.raises(ClientError):
        device.login(url=secure(world.server.url), user=USER, password=PASSWORD)
    assert "does not trust" in world.server.log.read_text()
    assert "hostKey" not in world.server.log.read_text()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_two_versions_of_tls_that_clients_speak_are_spoken(world: World, version: str) -> None:
    newest = ssl.TLSVersion[version]
    made = context(world, newest)
    made.minimum_version = newest
    for host in ("127.0.0.1", "localhost"):
        connection = http.client.HTTPSConnection(host, world.server.port, context=made, timeout=60)
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b"ok\n"
        connection.request("GET", "/health")  # over the same connection
        assert connection.getresponse().status == 200
        assert isinstance(connection.sock, ssl.SSLSocket)
        assert connection.sock.version() == version.replace("_", ".")
        # The end is told, so nobody takes a part for the whole.
        connection.sock.unwrap()


def test_the_certificate_is_handed_out_to_whoever_asks(world: World) -> None:
    pem = authority(world).read_text()
    raw = world.raw()
    page = raw.get("certificate.pem")
    assert (page.status, page.text) == (200, pem)
    assert page.headers["content-type"] == "application/x-pem-file"
    der = raw.get("certificate.crt")
    assert (der.status, der.body) == (200, ssl.PEM_cert_to_DER_cert(pem))
    assert der.headers["content-type"] == "application/x-x509-ca-cert"
    shown = world.deckport.run(["certificate"])
    assert shown.stdout.strip() == pem.strip()
    assert "Fingerprint" in shown.stderr
    key = world.server.data / "deckport-ca.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in pem + page.text


def test_a_certificate_is_the_same_after_a_restart(world: World) -> None:
    a = trusting(world, "a")
    a.add_note(guid="n", fields=["x", "y"])
    a.sync(one_way="upload")
    world.server.stop()
    world.server.start()
    a.edit_note(guid="n", fields=["z", "y"])
    world.sync(a)
    world.check()


def test_the_certificate_is_renewed_while_a_device_uploads(worlds: Worlds) -> None:
    world = worlds.make()
    world.server.add_account(USER, PASSWORD)
    world.server.port = free_port()
    # No interface has the second one, so the first client there makes a new certificate needed.
    world.deckport.start("--listen", f"127.0.0.9:{world.server.port}")
    made = context(world)
    before = shown(made, "127.0.0.1", world.server.port)
    link = SlowLink(world.server.url, up=200_000, down=1_000_000)
    a = trusting(world, "a", secure(link.url))
    a.fill(notes=1500)
    upload = a.begin("sync", one_way="upload")
    while link.carried["up"] < 100_000:  # beyond login and meta: the collection is on its way
        time.sleep(0.01)
    assert shown(made, "127.0.0.9", world.server.port) != before
    assert shown(made, "127.0.0.1", world.server.port) != before
    assert " upload " not in world.server.log.read_text(), "it has ended already"
    upload.result()
    assert "replaced the collection here" in world.server.log.read_text()
    link.close()
    world.sync(a)
    world.check()


def seconds_until_closed(port: int, dribble: bool) -> float:
    """How long somebody is listened to who begins a handshake and does not end it."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=0.2) as slow:
        slow.sendall(BEGUN)
        while time.monotonic() - began < 60:
            try:
                if slow.recv(1000) == b"":
                    break
            except TimeoutError:
                if dribble:
                    slow.sendall(b"\x00")
            except ConnectionError:
                break
    return time.monotonic() - began


@pytest.mark.parametrize("dribble", [False, True])
def test_a_handshake_has_no_more_time_than_the_head_of_a_request(
    worlds: Worlds, dribble: bool
) -> None:
    world = worlds.make()
    world.server.add_account(USER, PASSWORD)
    world.deckport.start("--timing=keep-alive=2")
    assert 1.5 < seconds_until_closed(world.server.port, dribble) < 20


def test_a_handshake_and_then_silence_has_no_more_time_either(worlds: Worlds) -> None:
    world = worlds.make()
    world.server.add_account(USER, PASSWORD)
    world.deckport.start("--timing=keep-alive=2")
    made, began = context(world), time.monotonic()
    with (
        socket.create_connection(("127.0.0.1", world.server.port), timeout=30) as plain,
        made.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
        suppress(ssl.SSLError, ConnectionError),
    ):
        assert wrapped.recv(1) == b""
    assert time.monotonic() - began < 20


def test_many_handshakes_that_never_end_hold_up_nobody(world: World) -> None:
    a = trusting(world, "a")
    a.add_note(guid="n", fields=["x", "y"])
    a.sync(one_way="upload")
    world.sync(a)
    alone = a.sync_times(count=5)
    opened = []
    try:
        for _ in range(600):  # more than twice as many as are served at once
            half = socket.create_connection(("127.0.0.1", world.server.port), timeout=60)
            half.sendall(BEGUN)
            opened.append(half)
        b = trusting(world, "b")
        b.sync(one_way="download")
        crowded = a.sync_times(count=5)
    finally:
        for half in opened:
            half.close()
    assert crowded < alone + 5, (alone, crowded)
    world.check()


def test_a_client_that_takes_nothing_of_a_download_is_let_go(worlds: Worlds) -> None:
    world = worlds.make()
    world.server.add_account(USER, PASSWORD)
    world.deckport.start("--timing=body-stall=2")
    a = trusting(world, "a")
    a.fill(notes=6000)
    a.sync(one_way="upload")
    raw = world.raw()
    body = compress(b'{"_pad":null}')
    head = f"POST /sync/download HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
    for name, value in raw.header().items():
        head += f"{name}: {value}\r\n"
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect(("127.0.0.1", world.server.port))
        with context(world).wrap_socket(plain, server_hostname="127.0.0.1") as wrapped:
            wrapped.sendall(head.encode() + b"\r\n" + body)
            began = time.monotonic()
            while " download " not in world.server.log.read_text():
                assert time.monotonic() - began < 60, world.server.log.read_text()
                time.sleep(0.05)
    ended = next(it for it in world.server.log.read_text().splitlines() if " download " in it)
    assert not ended.endswith(" ok"), ended
    world.sync(a)
    world.check()


def test_a_server_stops_at_once_while_handshakes_are_under_way(world: World) -> None:
    with socket.create_connection(("127.0.0.1", world.server.port), timeout=60) as half:
        half.sendall(BEGUN)
        with socket.create_connection(("127.0.0.1", world.server.port), timeout=60):
            began = time.monotonic()
            world.stop_server()
            assert time.monotonic() - began < 7


def test_nonsense_in_place_of_a_handshake_is_closed_and_http_goes_on(world: World) -> None:
    for nonsense in (
        b"\x16",
        b"\x16" * 5000,
        b"\x16\x03\x03\x00\x02\x01\x00",
        BEGUN + b"\xff" * 800,
    ):
        with socket.create_connection(("127.0.0.1", world.server.port), timeout=60) as broken:
            broken.sendall(nonsense)
            broken.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                while broken.recv(1000):
                    pass
    assert world.raw().get("health").status == 200


def test_without_tls_there_is_plain_http_alone(worlds: Worlds) -> None:
    world = worlds.make()
    world.server.add_account(USER, PASSWORD)
    world.deckport.variables["SYNC_TLS"] = "off"
    world.deckport.start()
    assert not (world.server.data / "deckport-ca.key").exists()
    assert world.raw().get("certificate.pem").status == 404
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shown(unchecked, "127.0.0.1", world.server.port)
    a = world.device("a")
    a.add_note(guid="n", fields=["x", "y"])
    a.sync(one_way="upload")
    world.check()


def begin_only(world: World, address: str) -> Deckport:
    """A server that wants https from other machines."""
    world.server.add_account(USER, PASSWORD)
    world.server.port = free_port()
    world.deckport.start("--tls", "only", "--listen", f"{address}:{world.server.port}")
    return world.deckport


def test_https_alone_refuses_plain_http_from_other_machines_in_words(worlds: Worlds) -> None:
    world, address = worlds.make(), own_address()
    port = begin_only(world, address).port
    assert "https://127.0.0.1" in world.server.log.read_text()
    a = trusting(world, "a", f"https://{address}:{port}/")
    a.add_note(guid="n", fields=["x", "y"])
    a.sync(one_way="upload")
    world.sync(a)

    b = world.device("b", login=False)
    with pytest.raises(ClientError) as told:
        b.login(url=f"http://{address}:{port}/", user=USER, password=PASSWORD)
    assert told.value.type == "NetworkError"
    assert "426" in told.value.message
    # Who is logged in already gets to read it, and is not logged out.
    token = trusting(world, "c", f"https://{address}:{port}/").login(
        url=f"https://{address}:{port}/", user=USER, password=PASSWORD
    )
    b.use_token(url=f"http://{address}:{port}/", token=token)
    with pytest.raises(ClientError) as told:
        b.sync()
    assert "https" in told.value.message
    assert told.value.kind != "AUTH"
    b.login(url=world.server.url, user=USER, password=PASSWORD)  # loopback

    connection = http.client.HTTPConnection(address, port, timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, b"https" in answer.read()) == (426, True)
    connection.request("GET", "/certificate.pem")  # needed before there can be any trust
    assert connection.getresponse().read() == authority(world).read_bytes()


def test_a_certificate_of_ones_own_that_cannot_be_used_is_told_at_the_start(worlds: Worlds) -> None:
    world = worlds.make()
    ca = authority(world)
    key = world.server.data / "deckport-ca.key"
    other = authority(worlds.make(), "other.pem")
    for chain, private, words in (
        (str(world.root / "missing.pem"), str(key), "missing.pem cannot be read"),
        (str(world.server.data / "deckport.lock"), str(key), "not in PEM form"),
        (str(ca), str(ca), "private key is not in PEM form"),
        (str(other), str(key), "does not belong to the certificate"),
    ):
        done = world.deckport.run(
            ["serve", "--port", "0", "--tls-cert", chain, "--tls-key", private]
        )
        assert (done.returncode, words in done.stderr) == (1, True), done.stderr
