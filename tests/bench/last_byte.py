"""How long a client waits after the last byte of its upload: a part of its patience.

The body is sent as fast as it goes, up to its last piece; when the server has done with that, the
last piece follows, and the time until the answer is measured. The server has one processor, or two.
"""

from __future__ import annotations

import http.client
import os
import shlex
import shutil
import stat
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from harness.raw import Raw, compress
from harness.server import Server
from measuring import peak_mib, settled_cpu_seconds

PIECE = 256 * 1024


def on_processors(binary: Path, processors: int, folder: Path) -> Path:
    """A program that runs `binary` on so many processors."""
    program = folder / f"on-{processors}"
    words = shlex.join(["taskset", "-c", f"0-{processors - 1}", str(binary.resolve())])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def rows(
    server_with: Callable[[Path], Server],
    binary: Path,
    folder: Path,
    collections: list[Path],
    times: int,
) -> list[str]:
    """The table for these collections; `server_with` makes a server of a program."""
    lines = [
        "| collection | processors | from the last byte to the answer | peak memory |",
        "|---:|---:|---:|---:|",
    ]
    for collection in collections:
        body = compress(collection.read_bytes())
        megabytes = collection.stat().st_size / 1e6
        for processors in (1, 2):
            if processors > (os.cpu_count() or 1) or shutil.which("taskset") is None:
                continue
            server = server_with(on_processors(binary, processors, folder))
            waits, peaks = zip(*(_measure(server, body) for _ in range(times)), strict=True)
            lines.append(
                f"| {megabytes:.0f} MB | {processors} | {statistics.median(waits):.2f} s |"
                f" {max(peaks):.0f} MiB |"
            )
            print(f"  {lines[-1]}", flush=True)
    return lines


def _measure(server: Server, body: bytes) -> tuple[float, float]:
    """Seconds from the last byte to the answer, and the server's peak memory in MiB."""
    server.start()
    assert server.process is not None
    try:
        raw = Raw(server.url)
        assert raw.login("bench", "bench password").status == 200
        parts = urlsplit(server.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=600)
        connection.putrequest("POST", "/sync/upload")
        for name, value in (raw.header() | {"transfer-encoding": "chunked"}).items():
            connection.putheader(name, value)
        connection.endheaders()
        last = len(body) - 1
        for start in range(0, last, PIECE):
            _send(connection, body[start : min(start + PIECE, last)])
        settled_cpu_seconds(server.process.pid)
        begin = time.monotonic()
        _send(connection, body[last:])
        connection.send(b"0\r\n\r\n")
        response = connection.getresponse()
        took = time.monotonic() - begin
        assert response.status == 200, response.read()
        connection.close()
        return took, peak_mib(server.process.pid)
    finally:
        server.stop()


def _send(connection: http.client.HTTPConnection, piece: bytes) -> None:
    connection.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
