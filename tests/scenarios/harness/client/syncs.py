"""Logging in and syncing, on protocol 11."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

from anki.sync import SyncAuth

from opened import OpenedAnki


class Syncs(OpenedAnki):
    """What a person does with the sync button."""

    def __init__(self) -> None:
        super().__init__()
        self.ended: queue.Queue[str] = queue.Queue()

    def login(self, url: str, user: str, password: str) -> str:
        """Log in as the settings window does; the token is kept and returned."""
        auth = self.col.sync_login(username=user, password=password, endpoint=url)
        self.use_token(url, auth.hkey)
        return auth.hkey

    def trust(self, pem: str) -> bool:
        """Trust this certificate, as AnkiDroid does with the one of its settings."""
        return self.col._backend.set_custom_certificate(pem)

    def use_token(self, url: str, token: str, timeout: int = 60) -> None:
        """Be logged in with a token from an earlier login; `timeout` is Anki's network timeout."""
        self.auth = SyncAuth(hkey=token, endpoint=url, io_timeout_secs=timeout)

    def sync(self, one_way: str | None = None, media: bool = False) -> dict[str, Any]:
        """Sync as the button does; `one_way` is the answer ("upload" or "download") if Anki asks.

        Where Anki offers one direction only, that is taken. Without an answer a one-way sync is
        not started. With `media`, a normal sync goes on with the media by itself. Returns what Anki
        asked for and showed.
        """
        out = self.col.sync_collection(self._auth(), media)
        if media:
            self._end_of_media_sync()
        required = type(out).ChangesRequired.Name(out.required)
        if required != "NO_CHANGES" and one_way is not None:
            offered = {"FULL_UPLOAD": "upload", "FULL_DOWNLOAD": "download"}
            self.full(offered.get(required, one_way))
        return {
            "required": required,
            "message": out.server_message,
            "endpoint": out.new_endpoint,
            "media_usn": out.server_media_usn,
        }

    def sync_media(self) -> None:
        """Sync the media alone, as an open Anki does now and then; returns when that has ended."""
        self.col.sync_media(self._auth())
        self._end_of_media_sync()

    def _end_of_media_sync(self) -> None:
        """Wait for the thread in which Anki syncs media; raises what it failed with."""
        while self.col.media_sync_status().active:
            time.sleep(0.005)  # nothing tells when it ends; Anki's own window asks, too

    def full(self, one_way: str) -> None:
        """Replace the server's collection ("upload") or this device's ("download")."""
        if one_way not in ("upload", "download"):
            raise ValueError(one_way)
        self.col.close_for_full_sync()
        try:
            self.col.full_upload_or_download(
                auth=self._auth(), server_usn=None, upload=one_way == "upload"
            )
        finally:
            self.col.reopen(after_full_sync=True)

    def status(self) -> str:
        """The colour of the sync button: the background check of an idle desktop."""
        out = self.col.sync_status(self._auth())
        return type(out).Required.Name(out.required)

    def begin_sync(self) -> None:
        """Press the sync button and return at once; see `cancel_sync`, `end_sync`."""
        self.ended = queue.Queue()
        threading.Thread(target=self._sync_and_tell, daemon=True).start()

    def cancel_sync(self) -> None:
        """Press Cancel while a sync is under way."""
        self.col.abort_sync()

    def end_sync(self) -> str:
        """Wait for the sync's end; returns the kind of error it ended with, or nothing."""
        return self.ended.get(timeout=60)

    def _sync_and_tell(self) -> None:
        try:
            self.sync()
        except Exception as error:  # the test asks which
            self.ended.put(type(error).__name__)
        else:
            self.ended.put("")

    def sync_times(self, count: int) -> float:
        """Sync `count` times with nothing to do; returns the seconds it took."""
        begin = time.monotonic()
        for _ in range(count):
            required = self.sync()["required"]
            if required != "NO_CHANGES":
                raise RuntimeError(f"expected nothing to do, Anki wants {required}")
        return time.monotonic() - begin

    def _auth(self) -> SyncAuth:
        if self.auth is None:
            raise RuntimeError("not logged in")
        return self.auth
