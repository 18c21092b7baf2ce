"""Addresses: as people type them, and as Anki keeps them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

# Where Deckport listens unless it is told otherwise.
PORT = 27701
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
# What some people paste behind the address; clients add it themselves.
_METHODS = ("sync", "msync")


class BadAddress(ValueError):  # noqa: N818
    """What was typed is no address."""


@dataclass(frozen=True)
class Place:
    """Where an endpoint may be."""

    host: str
    port: int
    path: str = "/"
    # Whether it speaks https; None: not known.
    tls: bool | None = None

    def url(self, *, tls: bool) -> str:
        """The address for Anki, which needs the last slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if tls else 'http'}://{host}:{self.port}{self.path}"

    def short(self) -> str:
        """As people compare it with what a phone shows."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def typed(text: str) -> Place:
    """What a person typed or pasted. Without a scheme, the port is Deckport's if none is named."""
    text = text.strip()
    scheme, _, rest = text.partition("://") if "://" in text else ("", "", text)
    scheme = scheme.lower()
    if scheme not in ("", "http", "https") or "@" in rest:
        raise BadAddress(text)
    if rest.count(":") > 1 and not rest.startswith("["):
        rest = f"[{rest}]"
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadAddress(text) from error
    if host is None or parts.query or parts.fragment or not _is_host(host):
        raise BadAddress(text)
    if port is None:
        port = {"": PORT, "http": 80, "https": 443}[scheme]
    return Place(host, port, path(parts.path), {"": None, "http": False, "https": True}[scheme])


def path(text: str) -> str:
    """The path below which an endpoint is, with both slashes."""
    names = [name for name in text.split("/") if name]
    while names and names[-1] in _METHODS:
        names.pop()
    return "/" + "".join(f"{name}/" for name in names)


def _is_host(host: str) -> bool:
    return bool(_IPV6.fullmatch(host.split("%")[0]) if ":" in host else _NAME.fullmatch(host))
