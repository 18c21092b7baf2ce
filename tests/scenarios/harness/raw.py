"""Requests made by hand, for what no real client would send."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import zstandard

SYNC_HEADER = "anki-sync"
SIZE_HEADER = "anki-original-size"


@dataclass
class Answer:
    """A response; `body` is decompressed if it was a zstd frame."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Raw:
    """A client of protocol 11 that does as it is told."""

    def __init__(self, url: str, token: str = "", session: str = "abc123") -> None:
        self.url = url
        self.token = token
        self.session = session

    def login(self, user: str, password: str) -> Answer:
        """Log in; a token that comes back is kept."""
        answer = self.call("hostKey", {"u": user, "p": password})
        if answer.status == 200:
            self.token = answer.json()["key"]
        return answer

    def call(self, method: str, body: Any = None, version: int = 11) -> Answer:
        """A method with a JSON object, or raw bytes, as its body."""
        if not isinstance(body, bytes):
            body = json.dumps({"_pad": None} if body is None else body).encode()
        return self.send(f"sync/{method}", compress(body), self.header(version))

    def header(self, version: int = 11) -> dict[str, str]:
        """The header of protocol 11."""
        fields = {"v": version, "k": self.token, "c": "26.09.3,test,linux", "s": self.session}
        return {SYNC_HEADER: json.dumps(fields), "content-type": "application/octet-stream"}

    def send(
        self, path: str, body: bytes | None, headers: dict[str, str], verb: str = "POST"
    ) -> Answer:
        """Any request to a path below the URL."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            connection.request(verb, f"{parts.path}{path}", body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        if response.status == 200 and SIZE_HEADER in names:
            content = decompress(content)
        return Answer(response.status, names, content)

    def get(self, path: str) -> Answer:
        """A plain GET."""
        return self.send(path, None, {}, verb="GET")


def compress(body: bytes) -> bytes:
    """A zstd frame without content size, as clients send it."""
    return zstandard.ZstdCompressor(write_content_size=False).compress(body)


def decompress(body: bytes) -> bytes:
    """The content of one zstd frame, whatever its header says about size."""
    return zstandard.ZstdDecompressor().decompressobj().decompress(body)
