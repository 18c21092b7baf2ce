"""How each generation of Anki logs in and syncs (`clients` 3.2 to 3.4)."""

from __future__ import annotations

import os
import time
from typing import Any

from person import Person, open_collection


class LoginRefusedError(Exception):
    """Wrong name or password."""


class SyncFailedError(Exception):
    """A sync of the oldest generation ended with this word."""


class Python10(Person):
    """2.1.24 to 2.1.26: the sync is written in Python; protocol 10."""

    url = ""
    token: str | None = None

    def changed(self) -> None:
        """These versions leave it to the program to note a change."""
        self.col.setMod()
        self.col.save()

    def login(self, url: str, user: str, password: str) -> str:
        """Log in; the token is kept and returned."""
        import anki.sync

        anki.sync.SYNC_BASE = url + "%s"
        token = self._server().hostKey(user, password)
        if token is None:
            raise LoginRefusedError(user)
        return self.use_token(url, token)

    def use_token(self, url: str, token: str) -> str:
        """Be logged in with a token from an earlier login."""
        self.url, self.token = url, token
        return token

    def sync(self, one_way: str | None = None) -> str:
        """Sync; returns `NO_CHANGES`, or `FULL_SYNC` where only one way is possible."""
        import anki.sync

        server = self._server()
        result = anki.sync.Syncer(self.col, server).sync()
        if result in ("success", "noChanges"):
            return "NO_CHANGES"
        if result != "fullSync":
            raise SyncFailedError(str(result))
        if one_way is not None:
            full = anki.sync.FullSyncer(self.col, self.token, server.client, hostNum=None)
            try:
                done = full.upload() if one_way == "upload" else full.download()
            finally:
                self.col = open_collection(self.path)
            if done is False or (done is not None and done is not True):
                raise SyncFailedError(str(done))
        return "FULL_SYNC"

    def sync_media(self) -> None:
        """Sync the media; returns when that has ended."""
        self.col.backend.sync_media(self.token, self.url + "msync/")

    def _server(self) -> Any:
        import anki.sync

        return anki.sync.RemoteServer(self.token, hostNum=None)


class Rust10(Person):
    """2.1.28 to 2.1.56: the sync is written in Rust; protocol 10."""

    auth: Any = None

    def login(self, url: str, user: str, password: str) -> str:
        """Log in; the token is kept and returned."""
        os.environ["SYNC_ENDPOINT"] = url + "sync/"
        os.environ["SYNC_ENDPOINT_MEDIA"] = url + "msync/"
        self.auth = self._backend().sync_login(username=user, password=password)
        return str(self.auth.hkey)

    def sync(self, one_way: str | None = None) -> str:
        """Sync; returns what the client asked for."""
        self.col.save(trx=False)
        try:
            out = str(self._backend().sync_collection(self.auth))
        finally:
            self.col.db.begin()
        if "FULL" not in out:
            return "NO_CHANGES"
        offered = [word for word in ("FULL_UPLOAD", "FULL_DOWNLOAD") if word in out]
        if one_way is not None:
            if offered:
                one_way = "upload" if offered == ["FULL_UPLOAD"] else "download"
            self.col.close_for_full_sync()
            try:
                backend = self._backend()
                (backend.full_upload if one_way == "upload" else backend.full_download)(self.auth)
            finally:
                self.col.reopen(after_full_sync=True)
        return offered[0] if offered else "FULL_SYNC"

    def sync_media(self) -> None:
        """Sync the media; returns when that has ended."""
        modern = getattr(self.col, "sync_media", None)  # from 2.1.44
        (modern or self._backend().sync_media)(self.auth)

    def _backend(self) -> Any:
        return getattr(self.col, "_backend", None) or self.col.backend


class Rust11(Person):
    """2.1.57 and later: protocol 11."""

    auth: Any = None

    def login(self, url: str, user: str, password: str) -> str:
        """Log in; the token is kept and returned."""
        from anki.sync import SyncAuth

        token = self.col.sync_login(username=user, password=password, endpoint=url).hkey
        self.auth = SyncAuth(hkey=token, endpoint=url, io_timeout_secs=60)
        return str(token)

    def use_token(self, url: str, token: str, timeout: int = 60) -> None:
        """Be logged in with a token from an earlier login; `timeout` is Anki's network timeout."""
        from anki.sync import SyncAuth

        self.auth = SyncAuth(hkey=token, endpoint=url, io_timeout_secs=timeout)

    def sync(self, one_way: str | None = None) -> str:
        """Sync; returns what the client asked for."""
        one_call = hasattr(self.col, "full_upload_or_download")
        if one_call:
            out = self.col.sync_collection(self.auth, False)
        else:  # to 2.1.66
            self.col.save(trx=False)
            try:
                out = self.col.sync_collection(self.auth)
            finally:
                self.col.db.begin()
        required = str(type(out).ChangesRequired.Name(out.required))
        if required != "NO_CHANGES" and one_way is not None:
            offered = {"FULL_UPLOAD": "upload", "FULL_DOWNLOAD": "download"}
            up = offered.get(required, one_way) == "upload"
            self.col.close_for_full_sync()
            try:
                if one_call:
                    self.col.full_upload_or_download(auth=self.auth, server_usn=None, upload=up)
                elif up:
                    self.col.full_upload(self.auth)
                else:
                    self.col.full_download(self.auth)
            finally:
                self.col.reopen(after_full_sync=True)
        return required

    def sync_media(self) -> None:
        """Sync the media; returns when that has ended."""
        self.col.sync_media(self.auth)
        status = getattr(self.col, "media_sync_status", None)  # from 23.10, which does not wait
        while status is not None and status().active:
            time.sleep(0.005)  # nothing tells when it ends


GENERATIONS = {"py": Python10, "rs10": Rust10, "rs11": Rust11}
