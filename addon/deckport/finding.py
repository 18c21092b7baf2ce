"""Which endpoints there are in the network, by multicast DNS.

Nothing here runs unless somebody looks: each search opens its sockets and closes them.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from .address import Place, path

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, Zeroconf

SERVICE = "_anki-sync._tcp.local."
_TXT_TLS = ("on", "only", "1", "yes", "true")
_LONGEST_NAME = 100
_MOST_ADDRESSES = 8
_MOST_FOUND = 64


@dataclass(frozen=True)
class Found:
    """An endpoint that answered."""

    # The name that stays: that of its service.
    instance: str
    # The name for people.
    name: str
    # Whether it says that it speaks TLS; that proves nothing.
    tls: bool
    places: tuple[Place, ...]


class Search:
    """Tells what is there, until it is closed. All of it may wait: not for Anki's main thread."""

    def __init__(self, on_change: Callable[[dict[str, Found]], None]) -> None:
        """`on_change` is called on another thread, with all that is there."""
        self._on_change = on_change
        self._found: dict[str, Found] = {}
        self._lock = threading.Lock()
        self._zeroconf = _open()
        self._browser = _library().ServiceBrowser(self._zeroconf, SERVICE, listener=self)

    def close(self) -> None:
        """Ends it. Nothing is told afterwards."""
        with self._lock:
            self._on_change = lambda _: None
        self._zeroconf.close()

    def add_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:
        """As the library calls it."""
        with contextlib.suppress(Exception):  # a stranger's packet; nobody waits for it
            found = _found(zeroconf.get_service_info(kind, name, 3000))
            if found is not None:
                self._change(name, found)

    update_service = add_service

    def remove_service(self, zeroconf: Zeroconf, kind: str, name: str) -> None:  # noqa: ARG002
        """As the library calls it."""
        self._change(name, None)

    def _change(self, name: str, found: Found | None) -> None:
        with self._lock:
            if found is None:
                self._found.pop(name, None)
            elif name in self._found or len(self._found) < _MOST_FOUND:
                self._found[name] = found
            self._on_change(dict(self._found))


def find(instance: str, seconds: float) -> Found | None:
    """One endpoint by the name that stays; waits so long at most."""
    zeroconf = _open()
    try:
        name = f"{instance}.{SERVICE}"
        return _found(zeroconf.get_service_info(SERVICE, name, int(seconds * 1000)))
    finally:
        zeroconf.close()


def _found(info: ServiceInfo | None) -> Found | None:
    if info is None or not info.port:
        return None
    text = {
        key.decode(errors="replace").lower(): (value or b"").decode(errors="replace")
        for key, value in info.properties.items()
    }
    tls = text.get("tls", "").lower() in _TXT_TLS
    instance = info.name[: -len(SERVICE) - 1]
    hosts = [host for host in info.parsed_addresses() if not _needs_an_interface(host)]
    places = tuple(
        Place(host, info.port, path(text.get("path", "")), None if tls else False)
        for host in hosts[:_MOST_ADDRESSES]
    )
    name = "".join(c for c in text.get("name", "") if c.isprintable()).strip()[:_LONGEST_NAME]
    return Found(instance, name or instance, tls, places) if places else None


def _needs_an_interface(host: str) -> bool:
    """Whether an address cannot stand in a URL: link-local ones of IPv6 name an interface, too."""
    ip = ipaddress.ip_address(host)
    return ip.version == 6 and ip.is_link_local


def _open() -> Zeroconf:
    library = _library()
    try:
        return library.Zeroconf(ip_version=library.IPVersion.All)
    except OSError:
        # No IPv6 here.
        return library.Zeroconf(ip_version=library.IPVersion.V4Only)


def _library():  # noqa: ANN202
    """The library: where another add-on has it already, that one."""
    folder = str(Path(__file__).parent / "vendor")
    if folder not in sys.path:
        sys.path.append(folder)
    import zeroconf

    # What it cannot send on one network, it sends on another. Anki shows people what is logged.
    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)
    return zeroconf
