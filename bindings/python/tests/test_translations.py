"""What people read in Anki on their devices, in the language of the app."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Device, aside, options

from deckport import DeviceText, Endpoint, Translator


class German(Translator):
    """Knows one text."""

    def translate(self, text: DeviceText, english: str) -> str | None:
        """Say what is too large in German, and the rest as it is."""
        assert english
        if isinstance(text, DeviceText.UPLOAD_TOO_LARGE):
            return f"Mehr als {text.max_bytes} Bytes gehen nicht."
        return None


def test_an_app_says_what_people_read(tmp_path: Path, devices: Callable[..., Device]) -> None:
    async def scenario() -> None:
        small = options(tmp_path / "data", max_collection_bytes=1000)
        endpoint = await Endpoint.open_translated(small, German())
        await endpoint.add_account("anna", "p")
        (address,) = await endpoint.start()
        device = await aside(lambda: devices(address.url))
        device.add("one")
        with pytest.raises(Exception, match="Mehr als 1000 Bytes gehen nicht"):
            await aside(device.sync)
        await endpoint.shutdown()

    asyncio.run(scenario())
