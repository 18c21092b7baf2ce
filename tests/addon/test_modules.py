"""What needs no Anki: addresses, texts, what may come from the network."""

from __future__ import annotations

import json
import re
import socket
import threading
import zipfile
from pathlib import Path

import pytest
import trustme
from zeroconf import ServiceInfo

from modules import ADDON, module

address, finding, reaching, talking, texts = map(
    module, ("address", "finding", "reaching", "talking", "texts")
)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("192.168.1.20", "http://192.168.1.20:27701/"),
        (" 192.168.1.20:80 ", "http://192.168.1.20:80/"),
        ("deckport-7f3k.local", "http://deckport-7f3k.local:27701/"),
        ("http://phone/", "http://phone:80/"),
        ("HTTP://192.168.1.20:27701/sync/", "http://192.168.1.20:27701/"),
        ("http://192.168.1.20:27701/msync", "http://192.168.1.20:27701/"),
        ("https://example.org/anki/sync", "https://example.org:443/anki/"),
        ("::1", "http://[::1]:27701/"),
        ("[fd00::7]:27703/", "http://[fd00::7]:27703/"),
    ],
)
def test_addresses_are_understood_as_people_type_them(typed: str, url: str) -> None:
    place = address.typed(typed)
    assert place.url(tls=bool(place.tls)) == url
    again = address.typed(url)
    assert again.url(tls=bool(again.tls)) == url, "as Anki keeps it"


@pytest.mark.parametrize(
    "typed",
    ["", "http://", "ftp://phone", "phone:port", "phone:99999", "a b", "anna@phone", "http://x/?q",
     "my phone", "[::1", "-", "http://ph%6fne"],
)  # fmt: skip
def test_what_is_no_address_is_told(typed: str) -> None:
    with pytest.raises(address.BadAddress):
        address.typed(typed)


def test_the_languages_say_the_same_things() -> None:
    sentences = {
        code: json.loads((ADDON / "texts" / f"{code}.json").read_text(encoding="utf-8"))
        for code in texts.languages()
    }
    assert set(sentences) == {"de", "en"}
    for name, sentence in sentences["en"].items():
        fields = set(re.findall(r"{\w+}", sentence))
        for others in sentences.values():
            assert set(re.findall(r"{\w+}", others[name])) == fields, name
        assert any(
            re.search(rf"[(\"']{name}[\"']|\"{name}\"", file.read_text(encoding="utf-8"))
            for file in ADDON.glob("*.py")
        ), f"nothing says {name}"
    assert len(sentences["de"]) == len(sentences["en"])
    assert texts.Texts("de_AT")("close") == "Schließen"
    assert texts.Texts("fr")("close") == "Close"


def _info(port: int = 1, addresses: tuple[str, ...] = ("10.0.0.1",), **text: str) -> ServiceInfo:
    packed = [
        socket.inet_pton(socket.AF_INET6 if ":" in one else socket.AF_INET, one)
        for one in addresses
    ]
    return ServiceInfo(
        finding.SERVICE, f"deckport-7f3k.{finding.SERVICE}", port=port, addresses=packed,
        properties=text, server="deckport-7f3k.local.",
    )  # fmt: skip


def test_what_is_announced_is_read_with_care() -> None:
    found = finding._found(_info(path="anki", tls="on", name="Anna's\nphone\u202e" + "x" * 200))
    assert found.instance == "deckport-7f3k"
    assert found.name.startswith("Anna'sphonexxx")
    assert len(found.name) == 100
    assert found.tls
    assert found.places == (address.Place("10.0.0.1", 1, "/anki/", None),)
    plain = finding._found(_info())
    assert (plain.name, plain.tls, plain.places[0].tls) == ("deckport-7f3k", False, False)
    assert finding._found(None) is None
    assert finding._found(_info(port=0)) is None
    assert finding._found(_info(addresses=("fe80::1",))) is None, "no URL can name it"
    many = tuple(f"10.0.0.{last}" for last in range(1, 40))
    assert len(finding._found(_info(addresses=many)).places) == 8


def test_nobody_is_waited_for_who_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        talking._SECONDS, kept = 0.2, talking._SECONDS
        try:
            with pytest.raises(talking.Unreachable):
                talking.greet(address.Place("127.0.0.1", port), None)
        finally:
            talking._SECONDS = kept


def _answering(answer: bytes) -> int:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener:
            while True:
                client = listener.accept()[0]
                with client:
                    client.recv(65536)
                    client.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "NotAnEndpoint"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nok", "NotAnEndpoint"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "NotAnEndpoint"),
        (b"HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n", "OnlyTls"),
    ],
)
def test_what_is_no_endpoint_gets_no_password(answer: bytes, error: str) -> None:
    with pytest.raises(getattr(talking, error)):
        reaching.reach([address.Place("127.0.0.1", _answering(answer))], can_trust=True)


HEALTHY = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n"


def _announced(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    places = tuple(address.Place("127.0.0.1", port, "/", False) for port in ports)
    found = finding.Found("deckport-7f3k", "Phone", False, places) if ports else None
    monkeypatch.setattr(finding, "find", lambda *_: found)


def test_an_endpoint_is_where_the_network_says_even_if_somebody_answers_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    was, now = _answering(HEALTHY), _answering(HEALTHY)
    _announced(monkeypatch, 9, now)
    located = reaching.locate("deckport-7f3k", f"http://127.0.0.1:{was}/", None, 1)
    assert located == f"http://127.0.0.1:{now}/"


def test_an_endpoint_stays_where_it_was_while_the_network_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _announced(monkeypatch)
    was = f"http://127.0.0.1:{_answering(HEALTHY)}/"
    assert reaching.locate("deckport-7f3k", was, None, 1) == was
    assert reaching.locate("deckport-7f3k", "http://127.0.0.1:9/", None, 1) is None


def test_what_is_known_by_its_host_name_is_not_followed_by_address() -> None:
    assert reaching.Reached("http://10.0.0.1:1/", None).can_be_followed()
    assert reaching.Reached("https://10.0.0.1:1/", "-----BEGIN").can_be_followed()
    assert not reaching.Reached("https://example.org:443/", None).can_be_followed()


def test_what_was_reached_over_tls_is_never_reached_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = _answering(HEALTHY)
    _announced(monkeypatch, plain)
    pem = trustme.CA().cert_pem.bytes().decode()
    assert reaching.locate("deckport-7f3k", f"https://127.0.0.1:{plain}/", pem, 1) is None


def test_the_packed_files_carry_what_they_need_and_its_licences(
    request: pytest.FixtureRequest,
) -> None:
    packed: Path = request.config.getoption("--packed")
    with zipfile.ZipFile(packed / "deckport.ankiaddon") as archive:
        names = set(archive.namelist())
        assert {one.date_time for one in archive.infolist()} == {(2020, 1, 1, 0, 0, 0)}
    assert {"__init__.py", "manifest.json", "config.json", "vendor/zeroconf/__init__.py"} <= names
    for licence in ("LICENSE-MIT", "vendor/zeroconf/COPYING", "vendor/ifaddr/LICENSE.txt"):
        assert licence in names
    assert all(Path(name).suffix in (".py", ".json", ".md", ".txt", "") for name in names)
    with zipfile.ZipFile(packed / "deckport-old.ankiaddon") as archive:
        assert {"__init__.py", "manifest.json", "config.json"} <= set(archive.namelist())
