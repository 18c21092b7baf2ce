"""A relay between a client and a server that can stop, cut and alter chosen requests, and one that
is a slow link.

This is how a test gets between two steps of a real client's sync: `stall_after("chunk")` lets the
server answer and keeps the answer back until told otherwise.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from .raw import SYNC_HEADER, Answer, compress, decompress

# Longer than any test keeps a request back on purpose.
PATIENCE = 120.0

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

Change = Callable[[bytes], bytes]


@dataclass
class Stall:
    """A point where requests wait."""

    method: str
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def wait_reached(self) -> None:
        """Return when a request has come to this point."""
        if not self.reached.wait(PATIENCE):
            raise TimeoutError(f"no request came to {self.method}")

    def release(self) -> None:
        """Let waiting and later requests pass."""
        self.released.set()

    def hold(self) -> None:
        """Announce a request and keep it until released."""
        self.reached.set()
        self.released.wait(PATIENCE)


@dataclass
class Seen:
    """A request that passed the relay, bodies decompressed."""

    method: str
    path: str
    request: bytes
    status: int
    response: bytes


class Relay:
    """Forwards every request to `target`, applying the rules a test has set."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.seen: list[Seen] = []
        self.before: dict[str, Stall] = {}
        self.after: dict[str, Stall] = {}
        self.cut: set[str] = set()
        self.bodies: dict[str, Change] = {}
        self.answers: dict[str, Answer] = {}
        # Header lines that a reverse proxy adds.
        self.added: dict[str, str] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """What the client takes for the server's address."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def stall_before(self, method: str) -> Stall:
        """Keep requests of a method from the server until released."""
        return self.before.setdefault(method, Stall(method))

    def stall_after(self, method: str) -> Stall:
        """Keep the server's answers to a method from the client until released."""
        return self.after.setdefault(method, Stall(method))

    def cut_after(self, method: str) -> None:
        """Close the connection instead of passing on the server's answer."""
        self.cut.add(method)

    def replace_body(self, method: str, change: Change) -> None:
        """Send the server another (decompressed) body than the client did."""
        self.bodies[method] = change

    def answer(self, method: str, status: int) -> None:
        """Answer a method ourselves with a bare status."""
        self.answers[method] = Answer(status, {}, str(status).encode())

    def clear(self) -> None:
        """Forget all rules; whoever waits goes on."""
        for stall in [*self.before.values(), *self.after.values()]:
            stall.release()
        for rules in (self.before, self.after, self.cut, self.bodies, self.answers):
            rules.clear()

    def statuses(self, method: str) -> list[int]:
        """The statuses a method was answered with."""
        return [seen.status for seen in self.seen if seen.method == method]

    def methods(self) -> list[str]:
        """The methods that passed, in order."""
        return [seen.method for seen in self.seen]

    def close(self) -> None:
        """Stop relaying."""
        self.clear()
        self.server.shutdown()
        self.server.server_close()

    def forward(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Hand a request to the server and return its complete answer, still compressed."""
        connection = http.client.HTTPConnection(
            self.target.hostname or "", self.target.port, timeout=PATIENCE
        )
        try:
            connection.request("POST", path, body=body, headers=headers | self.added)
            response = connection.getresponse()
            content = response.read()
            return Answer(
                response.status, {k.lower(): v for k, v in response.getheaders()}, content
            )
        finally:
            connection.close()

    def handle(self, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        """Apply the rules around `forward`; nothing means: close the connection."""
        method = path.rsplit("/", 1)[-1]
        if method in self.before:
            self.before[method].hold()
        if method in self.bodies:
            body = compress(self.bodies[method](decompress(body)))
        answer = self.answers.get(method) or self.forward(path, headers, body)
        self.seen.append(_seen(method, path, body, answer))
        if method in self.after:
            self.after[method].hold()
        return None if method in self.cut else answer


def _seen(method: str, path: str, body: bytes, answer: Answer) -> Seen:
    plain = decompress(answer.body) if "anki-original-size" in answer.headers else answer.body
    # Clients before 2.1.57 send a form instead of a zstd frame.
    sent = decompress(body) if body.startswith(ZSTD_MAGIC) else body
    return Seen(method, path, sent, answer.status, plain)


def _handler(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Small answers must not wait for the client's delayed acknowledgement.
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.read_body()
            kept = (SYNC_HEADER, "content-type")
            headers = {name: self.headers[name] for name in kept if name in self.headers}
            try:
                answer = relay.handle(self.path, headers, body)
            except OSError:  # the server is gone: so are we, for this client
                answer = None
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name not in ("transfer-encoding", "content-length", "date", "connection"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            try:
                self.wfile.write(answer.body)
            except OSError:  # the client was killed: nobody to tell
                self.close_connection = True

        def read_body(self) -> bytes:
            """The request's body; clients always send it chunked."""
            if "content-length" in self.headers:
                return self.rfile.read(int(self.headers["content-length"]))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: `Relay.seen` is the log."""

    return Handler


def parsed(body: bytes) -> object:
    """A body as JSON."""
    return json.loads(body)


# Taken from a connection at once: small, so that the rate is even.
PIECE = 4096


class SlowLink:
    """A slow line to `target`: bytes pass as they are, so many a second in each direction.

    Each connection has a line of its own. To the server it is a program on its own machine, as a
    reverse proxy, an ssh tunnel or a userspace VPN is.
    """

    def __init__(self, target: str, up: float, down: float) -> None:
        parts = urlsplit(target)
        self.target = (parts.hostname or "", parts.port or 80)
        self.up = up
        self.down = down
        self.carried = {"up": 0, "down": 0}
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """What the client takes for the server's address."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def close(self) -> None:
        """Take no more connections."""
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
                for side in (client, server):
                    side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for source, sink, way in ((client, server, "up"), (server, client, "down")):
                    threading.Thread(
                        target=self._carry, args=(source, sink, way), daemon=True
                    ).start()

    def _carry(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        rate = self.up if way == "up" else self.down
        with suppress(OSError):  # one of them has hung up
            while piece := source.recv(PIECE):
                time.sleep(len(piece) / rate)
                self.carried[way] += len(piece)
                sink.sendall(piece)
        for side, end in ((source, socket.SHUT_RD), (sink, socket.SHUT_WR)):
            with suppress(OSError):  # hung up already
                side.shutdown(end)
