"""Tells as lines of JSON which endpoints come and go, with an implementation that is not ours."""

from __future__ import annotations

import json
import queue
from typing import Any

from zeroconf import IPVersion, ServiceBrowser, ServiceStateChange, Zeroconf

SERVICE = "_anki-sync._tcp.local."

changes: queue.Queue[tuple[str, str]] = queue.Queue()


def note(name: str, state_change: ServiceStateChange, **_others: Any) -> None:
    """Called on the library's own thread, where nothing can be asked."""
    changes.put((state_change.name, name))


finder = Zeroconf(ip_version=IPVersion.All)
browser = ServiceBrowser(finder, SERVICE, handlers=[note])
while True:
    change, name = changes.get()
    news: dict[str, Any] = {"change": change, "name": name.removesuffix("." + SERVICE)}
    info = finder.get_service_info(SERVICE, name) if change != "Removed" else None
    if info is not None:
        told = ((key.decode(), (value or b"").decode()) for key, value in info.properties.items())
        news |= {
            "host": (info.server or "").removesuffix("."),
            "addresses": sorted(info.parsed_addresses()),
            "port": info.port,
            "texts": dict(told),
        }
    print(json.dumps(news), flush=True)
