"""Why not: what an app reads when a real client does not get through."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from anki.errors import SyncError
from conftest import Device, Recorder, aside, opened

from deckport import EndpointEvent, RecentRefusal, RefusalKind


def told(recorder: Recorder, kind: RefusalKind) -> RecentRefusal:
    """The refusal of a kind that a listener hears of."""
    fits = lambda event: event.refusal.kind == kind  # noqa: E731
    return recorder.wait_for(EndpointEvent.REFUSED, fits).refusal


def test_the_owner_hears_why_a_client_does_not_get_through(
    tmp_path: Path, devices: Callable[..., Device]
) -> None:
    async def scenario() -> None:
        endpoint = await opened(tmp_path / "data", display_name="Anna's laptop")
        recorder = Recorder()
        subscription = endpoint.subscribe(recorder)
        (address,) = await endpoint.start()
        began_ms = int(time.time() * 1000)
        assert endpoint.recent_refusals() == []

        for user, password in (("anna", "mistyped"), ("annna", "p")):
            folder = tmp_path / f"refused-{user}"
            with pytest.raises(SyncError):
                await aside(lambda f=folder, u=user, p=password: Device(f, address.url, u, p))
        await aside(lambda: told(recorder, RefusalKind.WRONG_PASSWORD))
        unknown = await aside(lambda: told(recorder, RefusalKind.UNKNOWN_ACCOUNT))
        assert unknown.account is None, "what was typed as name may be a password"
        newest, first = endpoint.recent_refusals()
        assert (newest.kind, newest.account) == (RefusalKind.UNKNOWN_ACCOUNT, "annna")
        assert (first.kind, first.account) == (RefusalKind.WRONG_PASSWORD, "anna")
        assert began_ms <= first.at_ms <= newest.at_ms
        assert (first.address, first.request) == ("127.0.0.1", "hostKey")
        assert "“anna”" in first.advice and "mistyped" not in str(first)

        device = await aside(lambda: devices(address.url))
        (known,) = await endpoint.devices("anna")
        await endpoint.rename_device(known.id, "Anna's tablet")
        await endpoint.revoke_device(known.id)
        with pytest.raises(SyncError):
            await aside(device.sync)
        revoked = await aside(lambda: told(recorder, RefusalKind.REVOKED_TOKEN))
        assert (revoked.account, revoked.device) == ("anna", "Anna's tablet")
        assert revoked in endpoint.recent_refusals()
        assert revoked.advice.startswith("“Anna's tablet” was logged out of “anna” here.")

        page = await aside(lambda: browse(address.url))
        assert "Sync Anki with Anna's laptop" in page
        assert "tablet" not in page and "anna" not in page.replace("Anna's laptop", "")
        await endpoint.shutdown()
        assert endpoint.recent_refusals() == []
        subscription.cancel()

    asyncio.run(scenario())


def browse(url: str) -> str:
    """The page as a browser gets it."""
    connection = HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", "/", headers={"Accept": "text/html"})
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read().decode()
