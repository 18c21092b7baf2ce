"""Media requests made by hand (`media-sync` 4, 5), over one connection that is kept.

For what no real client sends, and where a load is needed that no real client's own work dilutes.
"""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from typing import Any
from urllib.parse import urlsplit

from .raw import SIZE_HEADER, SYNC_HEADER, Answer, Raw, compress, decompress

# A name and its content, or nothing for a deletion.
Entry = tuple[str, bytes | None]


class RawMedia:
    """One media session of a logged-in client of protocol 11."""

    def __init__(self, raw: Raw, session: str = "media1") -> None:
        self.token = raw.token
        self.session = session
        base = urlsplit(raw.url)
        self.prefix = base.path
        self.connection = http.client.HTTPConnection(base.hostname or "", base.port, timeout=120)

    def begin(self) -> int:
        """The server's media usn."""
        return int(self._data("begin", {"v": "anki,26.09.3 (test),linux"})["usn"])

    def changes(self, last_usn: int = 0) -> list[list[Any]]:
        """One page of changes."""
        return self._data("mediaChanges", {"lastUsn": last_usn})

    def all_changes(self, last_usn: int = 0) -> list[list[Any]]:
        """All pages of changes."""
        changes: list[list[Any]] = []
        while page := self.changes(last_usn):
            changes += page
            last_usn = page[-1][1]
        return changes

    def listed(self) -> dict[str, str]:
        """SHA-1 of every file that a new device would fetch."""
        return {name: sha1 for name, _, sha1 in self.all_changes() if sha1}

    def download(self, names: list[str]) -> list[tuple[str, bytes]]:
        """The files of one answer, in the order of its zip."""
        answer = self.send("downloadFiles", json.dumps({"files": names}).encode())
        assert answer.status == 200, answer
        return unzipped(answer.body)

    def upload(self, *entries: Entry) -> list[int]:
        """Send a batch; `[processed, usn]`."""
        return self.upload_zip(zipped(entries))

    def upload_zip(self, content: bytes) -> list[int]:
        """Send a zip that must be accepted."""
        return self._done(self.send("uploadChanges", content))

    def sanity(self, local: int) -> str:
        """`OK` or `mediaSanity`."""
        return str(self._data("mediaSanity", {"local": local}))

    def send(self, method: str, body: bytes) -> Answer:
        """Any request; `body` is compressed here, the answer's decompressed."""
        return self.send_packed(method, compress(body))

    def send_packed(self, method: str, body: bytes) -> Answer:
        """Any request whose body is compressed already."""
        fields = {"v": 11, "k": self.token, "c": "26.09.3,test,linux", "s": self.session}
        headers = {SYNC_HEADER: json.dumps(fields), "content-type": "application/octet-stream"}
        self.connection.request("POST", f"{self.prefix}msync/{method}", body=body, headers=headers)
        response = self.connection.getresponse()
        content = response.read()
        names = {name.lower(): value for name, value in response.getheaders()}
        if response.status == 200 and SIZE_HEADER in names:
            content = decompress(content)
        return Answer(response.status, names, content)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _data(self, method: str, request: dict[str, Any]) -> Any:
        return self._done(self.send(method, json.dumps(request).encode()))

    def _done(self, answer: Answer) -> Any:
        assert answer.status == 200, answer
        told = answer.json()
        assert told["err"] == "", told
        return told["data"]


def zipped(entries: tuple[Entry, ...] | list[Entry], method: int = zipfile.ZIP_STORED) -> bytes:
    """A batch as clients write it."""
    listed: list[list[str | None]] = []
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for number, (name, content) in enumerate(entries):
            listed.append([name, None if content is None else str(number)])
            if content is not None:
                archive.writestr(str(number), content)
        archive.writestr("_meta", json.dumps(listed))
    return packed.getvalue()


def unzipped(content: bytes) -> list[tuple[str, bytes]]:
    """The files of a download; reading them checks their CRC."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = json.loads(archive.read("_meta"))
        return [
            (names[entry], archive.read(entry)) for entry in archive.namelist() if entry != "_meta"
        ]
