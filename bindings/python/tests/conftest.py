"""An endpoint in this process, and real Anki clients that sync with it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from anki.collection import Collection
from anki.sync import SyncAuth

from deckport import Endpoint, EndpointEvent, EndpointListener, EndpointOptions, EndpointState

# What takes longer than this hangs.
PATIENCE = 30.0


class Recorder(EndpointListener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.changed = threading.Condition()

    def on_state(self, state: EndpointState) -> None:
        """Keep a state."""
        self._keep(state)

    def on_event(self, event: EndpointEvent) -> None:
        """Keep an event."""
        self._keep(event)

    def _keep(self, told: Any) -> None:
        with self.changed:
            self.told.append(told)
            self.changed.notify_all()

    def wait_for(self, kind: type, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """Return the first of a kind that fits, as soon as there is one."""

        def found() -> Any:
            return next((it for it in self.told if isinstance(it, kind) and fits(it)), None)

        with self.changed:
            if not self.changed.wait_for(found, timeout=PATIENCE):
                pytest.fail(f"no {kind.__name__} came; told: {self.told}")
            return found()

    def kinds(self) -> list[str]:
        """Return the names of everything told so far."""
        with self.changed:
            return [type(it).__name__ for it in self.told]


class Device:
    """A real Anki client."""

    def __init__(self, folder: Path, url: str, user: str = "anna", password: str = "p") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.url = url
        self.col = Collection(str(folder / "collection.anki2"))
        login = self.col.sync_login(username=user, password=password, endpoint=url)
        self.auth = SyncAuth(hkey=login.hkey, endpoint=url, io_timeout_secs=30)

    def sync(self, *, prefer_upload: bool = True) -> str:
        """Sync as a person does; tell what was required."""
        out = self.col.sync_collection(self.auth, False)
        kinds = type(out)
        if out.required == kinds.NO_CHANGES:
            return "merged"
        both = out.required == kinds.FULL_SYNC
        upload = prefer_upload if both else out.required == kinds.FULL_UPLOAD
        self.col.close_for_full_sync()
        try:
            self.col.full_upload_or_download(auth=self.auth, server_usn=None, upload=upload)
        finally:
            self.col.reopen(after_full_sync=True)
        return "uploaded" if upload else "downloaded"

    def sync_media(self) -> None:
        """Sync media and wait for the end."""
        self.col.sync_media(self.auth)
        deadline = time.monotonic() + PATIENCE
        while self.col.media_sync_status().active:
            assert time.monotonic() < deadline, "the media sync does not end"
            time.sleep(0.05)

    def add(self, front: str) -> None:
        """Add a note with one card."""
        note = self.col.new_note(self.col.models.by_name("Basic"))
        note["Front"] = front
        self.col.add_note(note, self.col.decks.id("Default"))

    def close(self) -> None:
        """Close the collection."""
        self.col.close()


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Callable[..., Device]]:
    """Make devices, which are closed at the end."""
    made: list[Device] = []

    def make(url: str, **login: str) -> Device:
        made.append(Device(tmp_path / f"device-{len(made)}", url, **login))
        return made[-1]

    yield make
    for device in made:
        device.close()


def options(data: Path, **more: Any) -> EndpointOptions:
    """Listen on loopback and a free port."""
    return EndpointOptions(data_dir=str(data), port=0, loopback_only=True, **more)


async def opened(data: Path, **more: Any) -> Endpoint:
    """Open an endpoint with the account ``anna``."""
    endpoint = await Endpoint.open(options(data, **more))
    if not await endpoint.accounts():
        await endpoint.add_account("anna", "p")
    return endpoint


async def aside(work: Callable[[], Any]) -> Any:
    """Do what blocks beside the loop."""
    return await asyncio.to_thread(work)
