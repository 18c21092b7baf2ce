"""What Anki keeps for a profile: the sync address, the login, and what was there before us.

Everything here is quick and for the main thread. Names of Anki's are those that `dir()` shows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from aqt import mw

# Under this key of the profile.
_KEY = "deckport"

# What Anki was told to trust since it started.
_trusted: str | None = None


@dataclass(frozen=True)
class Pairing:
    """The endpoint that a profile was connected to."""

    name: str
    # None: it was not found by name, so it is not followed.
    instance: str | None
    url: str
    # What it is known by over https.
    certificate: str | None
    # What the profile had before.
    before: dict[str, Any]

    def is_in_use(self) -> bool:
        """Whether nobody changed the address by hand since."""
        return mw.pm.custom_sync_url() == self.url


def pairing() -> Pairing | None:
    """That of the open profile."""
    kept = (mw.pm.profile or {}).get(_KEY)
    try:
        return Pairing(**kept) if kept else None
    except TypeError:
        # Of another version of this add-on.
        return None


def connect(name: str, instance: str | None, url: str, certificate: str | None, login: Any) -> None:
    """From now on the profile syncs there; `login` is what Anki's login answered."""
    earlier = pairing()
    before = earlier.before if earlier and earlier.is_in_use() else _now()
    new = Pairing(name, instance, url, certificate, before)
    mw.pm.set_custom_sync_url(url)
    mw.pm.set_sync_key(login["hkey"])
    mw.pm.set_sync_username(login["account"])
    mw.pm.set_host_number(None)
    _keep(new)


def move(url: str) -> None:
    """The endpoint is elsewhere now. The login stays."""
    paired = pairing()
    if paired is not None:
        mw.pm.set_custom_sync_url(url)
        _keep(replace(paired, url=url))


def go_back() -> None:
    """As it was before the first connection."""
    paired = pairing()
    if paired is None:
        return
    before = paired.before
    mw.pm.set_custom_sync_url(before["customSyncUrl"])
    mw.pm.set_current_sync_url(before["currentSyncUrl"])
    mw.pm.set_sync_key(before["syncKey"])
    mw.pm.set_sync_username(before["syncUser"])
    mw.pm.set_host_number(before["hostNum"])
    _keep(None)
    trust(None)


def can_trust() -> bool:
    """Whether this Anki takes a certificate of our own."""
    return hasattr(mw.backend, "set_custom_certificate")


def trust(certificate: str | None) -> None:
    """Anki trusts it until it ends, or another one is set."""
    global _trusted
    if certificate != _trusted and can_trust():
        mw.backend.set_custom_certificate(certificate or "")
        _trusted = certificate


def trust_as_paired() -> None:
    """Anki trusts what the profile's endpoint is known by, if it is in use."""
    paired = pairing()
    trust(paired.certificate if paired and paired.is_in_use() else None)


def _now() -> dict[str, Any]:
    keys = ("customSyncUrl", "currentSyncUrl", "syncKey", "syncUser", "hostNum")
    return {key: mw.pm.profile.get(key) for key in keys}


def _keep(paired: Pairing | None) -> None:
    mw.pm.profile[_KEY] = asdict(paired) if paired else None
    mw.pm.save()
