"""The endpoint is found by a name that stays, where it serves and for as long as it serves."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import networks
from harness.networks import DeckportOn, DeviceOn, Finder, Machine
from harness.world import PASSWORD, USER

pytestmark = pytest.mark.deckport_only("has no name")

PHONE, LAPTOP = "192.168.77.1", "192.168.77.2"

# Holds the port of multicast DNS and does not share it.
SELFISH = """
import socket, time
keep = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); keep.bind(("0.0.0.0", 5353))
other = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1); other.bind(("::", 5353))
print("ready", flush=True); time.sleep(1000)
"""


class Home:
    """A phone and a laptop in one network, and endpoints on them."""

    def __init__(self, binary: Path, anki: Path, root: Path) -> None:
        self.binary, self.anki, self.root = binary, anki, root
        self.phone, self.laptop = Machine(), Machine()
        self.servers: list[DeckportOn] = []

    def join(self) -> None:
        """Put both into one network."""
        networks.cable(self.phone, self.laptop)
        self.phone.address("add", f"{PHONE}/24")
        self.laptop.address("add", f"{LAPTOP}/24")

    def serve(self, machine: Machine, *options: str) -> DeckportOn:
        """An endpoint with one account."""
        folder = self.root / f"server-{len(self.servers)}"
        server = DeckportOn(machine, self.binary, folder, folder.with_suffix(".log"))
        server.add_account(USER, PASSWORD)
        self.servers.append(server)
        server.start(*options)
        return server

    def end(self) -> None:
        """End everything."""
        for server in self.servers:
            if server.is_running():
                server.kill()
        self.phone.end()
        self.laptop.end()


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A phone and a laptop in one network."""
    if reason := networks.why_not():
        pytest.skip(reason)
    option = request.config.getoption
    home = Home(Path(option("--deckport")).resolve(), Path(option("--anki-python")), tmp_path)
    home.join()
    yield home
    home.end()


@pytest.fixture
def resolving(home: Home) -> Home:
    """The same, and the laptop's system resolves names."""
    if reason := networks.start_resolver(home.laptop, home.root):
        pytest.skip(reason)
    return home


def named(name: str, *addresses: str) -> Callable[[dict[str, object]], bool]:
    """News of a name that has these addresses."""
    return lambda news: news["name"] == name and set(addresses) <= set(news.get("addresses", []))


def test_another_implementation_finds_it_follows_it_and_is_told_when_it_ends(home: Home) -> None:
    home.phone.address("add", "fd77::1/64")
    home.laptop.address("add", "fd77::2/64")
    server = home.serve(home.phone)
    finder = Finder(home.laptop)
    host = server.announced().removeprefix("http://").split(":")[0]
    label = host.removesuffix(".local")
    assert re.fullmatch("deckport-[2-9a-hj-km-np-w]{4}", label)

    found = finder.wait_for(named(label, PHONE, "fd77::1"))
    assert (found["host"], found["port"]) == (host, server.port)
    texts = found["texts"]
    assert texts["path"] == "/"
    assert texts["tls"] == "1"
    assert texts["version"]
    assert texts["name"]

    home.laptop.address("add", "10.55.0.2/24")
    home.phone.address("add", "10.55.0.1/24")
    home.phone.address("del", f"{PHONE}/24")
    finder.wait_for(named(label, "10.55.0.1"))

    # What it announced would hold for more than an hour.
    assert server.stop() == 0
    gone = finder.wait_for(lambda news: news["change"] == "Removed")
    assert gone["name"] == label


def test_it_is_found_where_there_is_ipv6_alone(home: Home) -> None:
    for machine, ipv4, ipv6 in ((home.phone, PHONE, "fd77::1"), (home.laptop, LAPTOP, "fd77::2")):
        machine.address("add", f"{ipv6}/64")
        machine.address("del", f"{ipv4}/24")
    server = home.serve(home.phone)
    label = server.announced().removeprefix("http://").split(".local")[0]
    found = Finder(home.laptop).wait_for(named(label, "fd77::1"))
    assert found["addresses"] == ["fd77::1"]


def test_a_network_that_comes_later_hears_the_same_name(home: Home) -> None:
    server = home.serve(home.phone)
    label = server.announced().removeprefix("http://").split(".local")[0]
    tablet = Machine()
    try:
        networks.cable(home.phone, tablet, "rndis0")
        home.phone.address("add", "192.168.42.129/24", "rndis0")
        tablet.address("add", "192.168.42.5/24", "rndis0")
        found = Finder(tablet).wait_for(named(label, "192.168.42.129"))
        assert PHONE not in found["addresses"], "an address that the tablet cannot reach"
    finally:
        tablet.end()


def test_of_two_with_one_name_the_later_gets_a_number_and_both_are_found(home: Home) -> None:
    first = home.serve(home.phone, "--name", "anna")
    assert first.announced() == f"http://anna.local:{first.port}/"
    second = home.serve(home.laptop, "--name", "anna")
    assert second.announced() == f"http://anna-2.local:{second.port}/"
    finder = Finder(home.laptop)
    finder.wait_for_each(named("anna", PHONE), named("anna-2", LAPTOP))
    # The name is kept as it was wished: in another network it is free.
    assert second.manage("name") == "anna.local\n"


def test_two_that_start_at_once_with_one_name_end_with_two(home: Home) -> None:
    servers = [home.serve(machine, "--name", "anna") for machine in (home.phone, home.laptop)]
    names = sorted(server.announced().split(":")[1] for server in servers)
    if names[0] == names[1]:
        # Both had it for a moment; then one heard of the other.
        servers[0].wait_for_log("anna-2.local")
    else:
        assert names == ["//anna-2.local", "//anna.local"]


def test_a_real_client_syncs_by_name_and_goes_on_when_the_address_changes(resolving: Home) -> None:
    home = resolving
    server = home.serve(home.phone)
    url = server.announced()
    host = url.removeprefix("http://").rstrip("/")
    name = host.split(":")[0]
    assert home.laptop.run("getent", "hosts", name).split() == [PHONE, name]
    listed = home.laptop.run("avahi-browse", "-rptk", "_anki-sync._tcp")
    assert any(f";{name};{PHONE};{server.port};" in line for line in listed.splitlines()), listed

    device = DeviceOn(home.laptop, home.anki, home.root / "device", "a")
    try:
        device.login(url=url, user=USER, password=PASSWORD)
        device.add_note(guid="first", fields=["front", "back"])
        device.sync(one_way="upload")

        home.laptop.address("add", "10.55.0.2/24")
        home.phone.address("add", "10.55.0.1/24")
        home.phone.address("del", f"{PHONE}/24")
        found = ["sh", "-c", f"until getent hosts {name} | grep -q '^10[.]55[.]0[.]1 '; do :; done"]
        home.laptop.run(*found)
        # A client that runs on tries its old connection first, for up to 90 s.
        device.restart()
        device.add_note(guid="second", fields=["front", "back"])
        assert device.sync()["required"] == "NO_CHANGES"
    finally:
        device.stop()
    [listed_device] = json.loads(server.manage("device", "list", "--json"))
    assert listed_device["host"] == host
    assert listed_device["address"] == "10.55.0.2"


def test_its_page_is_shown_under_its_own_name_and_under_no_other(home: Home) -> None:
    server = home.serve(home.phone)
    host = server.announced().removeprefix("http://").rstrip("/")
    ask = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{PHONE}:{server.port}/"]
    assert home.laptop.run(*ask, "-H", f"Host: {host}") == "200"
    assert home.laptop.run(*ask, "-H", "Host: deckport-evil.local") == "421"


def test_without_the_port_of_multicast_it_hosts_and_says_why_it_has_no_name(home: Home) -> None:
    program = home.phone.begin("python3", "-c", SELFISH)
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    server = home.serve(home.phone)
    assert "another program keeps UDP port 5353" in server.wait_for_log("not found by the name")
    health = ["curl", "-s", f"http://{PHONE}:{server.port}/health"]
    assert home.laptop.run(*health) == "ok\n"


def test_without_a_network_it_says_so_and_is_found_when_there_is_one(home: Home) -> None:
    home.phone.run("ip", "link", "set", "wlan0", "down")
    home.phone.address("del", f"{PHONE}/24")
    server = home.serve(home.phone)
    assert "in no network" in server.wait_for_log("not found by the name")
    home.phone.run("ip", "link", "set", "wlan0", "up")
    home.phone.address("add", f"{PHONE}/24")
    server.announced()


def test_who_does_not_want_to_be_found_is_not(home: Home) -> None:
    silent = home.serve(home.phone, "--no-announce")
    loud = home.serve(home.laptop)
    finder = Finder(home.laptop)
    label = loud.announced().removeprefix("http://").split(".local")[0]
    finder.wait_for(named(label, LAPTOP))
    assert {news["name"] for news in finder.seen} == {label}
    assert "found" not in silent.log.read_text()
    assert "5353" not in home.phone.run("ss", "-Hlun")
