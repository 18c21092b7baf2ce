"""What is in the network of the tests: endpoints, how they are announced, and TLS in front of them.

Everything is on this machine: endpoints listen on different addresses of 127.0.0.0/8.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import threading
from contextlib import closing, suppress
from pathlib import Path

import trustme
from zeroconf import InterfaceChoice, IPVersion, ServiceInfo, Zeroconf

from desktop import wait_until

SERVICE = "_anki-sync._tcp.local."
ACCOUNT, PASSWORD = "anna", "8jxv-mszp-qw57"


class Endpoint:
    """A running `deckport serve` with one account."""

    def __init__(self, binary: Path, data: Path, host: str, *options: str) -> None:
        self.host = host
        self.log = data.parent / f"{data.name}.log"
        # A run of its own appends to the same log.
        told = self.log.stat().st_size if self.log.exists() else 0
        environment = os.environ | {"SYNC_USER1": f"{ACCOUNT}:{PASSWORD}"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [binary, "serve", "--data", data, "--listen", f"{host}:0", "-v", *options],
                env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        listening = re.compile(rf"listening on {re.escape(host)}:(\d+)")

        def port() -> re.Match[str] | None:
            assert self.process.poll() is None, self.log.read_text()
            return listening.search(self.log.read_text()[told:])

        self.port = int(wait_until(port, "listening")[1])

    def url(self) -> str:
        """As Anki keeps it."""
        return f"http://{self.host}:{self.port}/"

    def logged(self) -> str:
        """All that it told so far, one line for each request."""
        return self.log.read_text()

    def close(self) -> None:
        """Ends it as Ctrl-C does."""
        self.process.terminate()
        self.process.wait(20)


class Announcement:
    """The name of an endpoint in the network."""

    def __init__(self, instance: str, host: str, port: int, **text: str) -> None:
        self.zeroconf = Zeroconf(
            interfaces=InterfaceChoice.All, ip_version=IPVersion.V4Only, unicast=False
        )
        self.instance = instance
        self.info = self._info(host, port, text)
        self.zeroconf.register_service(self.info)

    def _info(self, host: str, port: int, text: dict[str, str]) -> ServiceInfo:
        return ServiceInfo(
            SERVICE, f"{self.instance}.{SERVICE}", port=port, server=f"{self.instance}.local.",
            addresses=[socket.inet_aton(host)], properties=text,
        )  # fmt: skip

    def move(self, host: str, port: int, **text: str) -> None:
        """The same name, elsewhere."""
        self.info = self._info(host, port, text)
        self.zeroconf.update_service(self.info)

    def close(self) -> None:
        """With a goodbye."""
        self.zeroconf.close()


class Front:
    """TLS and plain http on one port, in front of an endpoint."""

    def __init__(self, behind: Endpoint, host: str, authority: trustme.CA | None) -> None:
        self.behind, self.host = behind, host
        self.pem = authority.cert_pem.bytes() if authority else b""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if authority:
            authority.issue_cert(host).configure_cert(self.context)
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        self.clients: list[socket.socket] = []
        # How many came encrypted.
        self.handshakes = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), closing(client):
            if client.recv(1, socket.MSG_PEEK) == b"\x16":
                client = self.context.wrap_socket(client, server_side=True)
                self.handshakes += 1
            self.clients.append(client)
            first = client.recv(65536)
            if self.pem and first.startswith(b"GET /certificate.pem"):
                head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(self.pem)}\r\n\r\n"
                client.sendall(head.encode() + self.pem)
                return
            with socket.create_connection((self.behind.host, self.behind.port)) as server:
                server.sendall(first)
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()

    def close(self) -> None:
        """Takes nobody any more, and hangs up: clients keep connections."""
        for each in (self.listener, *self.clients):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
