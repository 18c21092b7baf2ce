"""How Anki 2.1.45 to 25.9 logs in and syncs, where that differs from today's (`clients` 3.2, 3.3).

Older ones keep their collection in another schema, so that nothing of `modern.py` fits them.
"""

from __future__ import annotations

import os
from typing import Any

from modern import ModernAnki


class OlderAnki(ModernAnki):
    """A device of protocol 10 (to 2.1.56) or of protocol 11 (from 2.1.57)."""

    def login(self, url: str, user: str, password: str) -> str:
        """Log in; the token is kept and returned."""
        if self._is_protocol_11():
            return super().login(url, user, password)
        self._point_to(url)
        self.auth = self.col._backend.sync_login(username=user, password=password)
        return str(self._auth().hkey)

    def use_token(self, url: str, token: str, timeout: int = 60) -> None:
        """Be logged in with a token from an earlier login."""
        if self._is_protocol_11():
            super().use_token(url, token, timeout)
            return
        from anki.sync import SyncAuth

        self._point_to(url)
        self.auth = SyncAuth(hkey=token, host_number=0)

    def sync(self, one_way: str | None = None) -> dict[str, Any]:
        """Sync as the button does; see `ModernAnki.sync`."""
        if hasattr(self.col, "full_upload_or_download"):
            return super().sync(one_way)
        self.col.save(trx=False)
        try:
            out = self.col._backend.sync_collection(self._auth())
        finally:
            self.col.db.begin()
        required = type(out).ChangesRequired.Name(out.required)
        # Protocol 10 tells this even after a merge that went well.
        if required == "NORMAL_SYNC":
            required = "NO_CHANGES"
        if required != "NO_CHANGES" and one_way is not None:
            offered = {"FULL_UPLOAD": "upload", "FULL_DOWNLOAD": "download"}
            self.full(offered.get(required, one_way))
        return {"required": required}

    def full(self, one_way: str) -> None:
        """Replace the server's collection ("upload") or this device's ("download")."""
        if hasattr(self.col, "full_upload_or_download"):
            super().full(one_way)
            return
        self.col.close_for_full_sync()
        backend: Any = self.col._backend
        try:
            (backend.full_upload if one_way == "upload" else backend.full_download)(self._auth())
        finally:
            self.col.reopen(after_full_sync=True)

    def _is_protocol_11(self) -> bool:
        from anki.sync import SyncAuth

        return "endpoint" in SyncAuth.DESCRIPTOR.fields_by_name

    @staticmethod
    def _point_to(url: str) -> None:
        os.environ["SYNC_ENDPOINT"] = url + "sync/"
        os.environ["SYNC_ENDPOINT_MEDIA"] = url + "msync/"
