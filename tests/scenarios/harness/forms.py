"""Requests of clients before protocol 11, byte for byte as their HTTP code writes them.

`transport` 4.1 describes the forms: which parts there are, in which order, and what stands around
them. Nothing here knows what the answers mean.
"""

from __future__ import annotations

import gzip
import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .raw import Answer

Part = tuple[str, bytes]


def form(parts: list[Part], boundary: str, typed_data: bool, ends_with_newline: bool) -> bytes:
    """The parts in this order; `typed_data` gives the data a content type of its own."""
    written = []
    for name, content in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        if name == "data":
            head += '; filename="data"'
            if typed_data:
                head += "\r\nContent-Type: application/octet-stream"
        written.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    end = f"--{boundary}--".encode() + (b"\r\n" if ends_with_newline else b"")
    return b"".join(written) + end


@dataclass(frozen=True)
class Style:
    """How one family of clients writes a form."""

    name: str
    boundary: str
    order: str
    agent: str
    compact: bool
    typed_data: bool
    ends_with_newline: bool
    # Some leave out what a request does not need.
    session_with_files: bool
    data_with_download: bool

    def json(self, value: Any) -> bytes:
        """JSON with this family's spacing."""
        separators = (",", ":") if self.compact else (", ", ": ")
        return json.dumps(value, separators=separators).encode()


PYTHON = Style(
    "python", "Anki-sync-boundary", "ksvcd", "Anki 2.1.15", False, True, True, False, False
)
RUST = Style(
    "rust",
    "e73a6b4e7dd2e2db-4a819590e51997e5-39f6d31a272fb44a-94293ebf911a5a68",
    "dcks",
    "",
    True,
    False,
    True,
    True,
    True,
)
DROID = Style(
    "droid", "Anki-sync-boundary", "vcskd", "AnkiDroid-2.14.6", True, True, False, False, False
)
STYLES = (PYTHON, RUST, DROID)

NAMES = {"k": "k", "s": "s", "v": "v", "c": "c", "d": "data"}


class Old:
    """A client that writes forms."""

    def __init__(self, url: str, style: Style, protocol: int = 10) -> None:
        self.url = url
        self.style = style
        self.protocol = protocol
        self.token = ""
        self.session = "Lc3f_pL9jH"

    def login(self, user: str, password: str) -> Answer:
        """Log in; a token that comes back is kept."""
        content = gzip.compress(self.style.json({"u": user, "p": password}), mtime=0)
        answer = self.send("sync/hostKey", self._ordered({"c": b"1", "d": content}))
        if answer.status == 200:
            self.token = answer.json()["key"]
        return answer

    def meta(self) -> dict[str, Any]:
        """The first request of every sync."""
        version = {"v": self.protocol, "cv": "ankidroid,2.14.6,test"}
        return self.call("meta", version).json()

    def call(self, method: str, body: Any = None) -> Answer:
        """A method with a JSON object."""
        content = gzip.compress(self.style.json({} if body is None else body), mtime=0)
        parts = {
            "k": self.token.encode(),
            "s": self.session.encode(),
            "c": b"1",
            "d": content,
        }
        return self.send(f"sync/{method}", self._ordered(parts))

    def upload(self, file: bytes) -> Answer:
        """Send a collection."""
        return self._file("upload", gzip.compress(file, mtime=0))

    def download(self) -> Answer:
        """Get the collection; some families send no data at all."""
        wanted = gzip.compress(b"{}", mtime=0) if self.style.data_with_download else None
        return self._file("download", wanted)

    def _file(self, method: str, content: bytes | None) -> Answer:
        parts = {"k": self.token.encode(), "c": b"1"}
        if content is not None:
            parts["d"] = content
        if self.style.session_with_files:
            parts["s"] = self.session.encode()
        else:
            parts["v"] = b"ankidroid,2.14.6,test"
        return self.send(f"sync/{method}", self._ordered(parts))

    def _ordered(self, parts: dict[str, bytes]) -> list[Part]:
        return [(NAMES[key], parts[key]) for key in self.style.order if key in parts]

    def send(self, path: str, parts: list[Part]) -> Answer:
        """A form with exactly these parts, to a path below the address."""
        style = self.style
        body = form(parts, style.boundary, style.typed_data, style.ends_with_newline)
        headers = {
            "Content-Type": f"multipart/form-data; boundary={style.boundary}",
            "Accept": "*/*",
        }
        if style.agent:
            headers["User-Agent"] = style.agent
        base = urlsplit(self.url)
        connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=60)
        try:
            connection.request("POST", f"{base.path}{path}", body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, content)
