"""A hostile client: everything rude that one machine can do to a server, all at once."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from multiprocessing.synchronize import Event

from harness.raw import SYNC_HEADER, compress

# Its own address on the loopback network, as another machine has one.
SOURCE = "127.0.0.2"
PAUSE = 0.02
BOUNDARY = "Anki-sync-boundary"


class Hostile:
    """Attacks one server, with a valid login of its own for some of them."""

    def __init__(self, port: int, token: str, login: tuple[str, str], stop: Event) -> None:
        self.port = port
        self.token = token
        self.login = login
        self.stop = stop
        self.random = random.Random(1)
        self.connections = 2_000

    def run(self) -> None:
        """Attack in all ways until told to stop."""
        attacks: list[Callable[[], None]] = [
            self.crowd,
            self.garbage,
            self.slow_body,
            self.slow_body,
            self.huge_claim,
            self.wrong_key,
            self.derived_key,
            self.wrong_password,
            self.own_login_between,
            self.bomb,
            self.old_bomb,
            self.trickle,
            self.flood,
            self.slow_reader,
            self.vanish,
        ]
        threads = [threading.Thread(target=self._repeat, args=(attack,)) for attack in attacks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _repeat(self, attack: Callable[[], None]) -> None:
        while not self.stop.is_set():
            with suppress(OSError):  # being thrown out is what it should get
                attack()
            time.sleep(PAUSE)

    def crowd(self) -> None:
        """Thousands of connections that say nothing."""
        held = []
        try:
            while len(held) < self.connections and not self.stop.is_set():
                held.append(self._connect())
            self.stop.wait(5)
        finally:
            for connection in held:
                connection.close()

    def garbage(self) -> None:
        """Random bytes."""
        with self._connect() as connection:
            connection.sendall(os.urandom(5_000))
            connection.recv(1_000)

    def slow_body(self) -> None:
        """A body that comes byte by byte."""
        with self._connect() as connection:
            connection.sendall(self._head("upload", self.token, "transfer-encoding: chunked"))
            for _ in range(20):
                connection.sendall(b"1\r\nx\r\n")
                if self.stop.wait(0.5):
                    return

    def huge_claim(self) -> None:
        """A terabyte, by its own account."""
        with self._connect() as connection:
            claim = f"content-length: {10**12}\r\nanki-original-size: {10**12}"
            connection.sendall(self._head("applyChunk", self.token, claim) + os.urandom(10_000))
            connection.recv(1_000)

    def wrong_key(self) -> None:
        """A token nobody has."""
        self._post("meta", f"{self.random.getrandbits(128):x}", b'{"v":11,"cv":"x"}')

    def derived_key(self) -> None:
        """The token that the reference server would give for a guessed password."""
        guess = f"account0:{self.random.random()}".encode()
        self._post("meta", hashlib.sha1(guess).hexdigest(), b'{"v":11,"cv":"x"}')

    def wrong_password(self) -> None:
        """Guessing."""
        self._log_in("account0", str(self.random.random()))

    def own_login_between(self) -> None:
        """Guessing, and a right login so that the wrong ones are forgotten."""
        self._log_in("account1", str(self.random.random()))
        self._log_in(*self.login)

    def _log_in(self, user: str, password: str) -> None:
        self._post("hostKey", "", json.dumps({"u": user, "p": password}).encode())

    def bomb(self) -> None:
        """A small body that unpacks to a large one, and JSON of great depth."""
        body = self.random.choice([b" " * 50_000_000, b"[" * 100_000])
        self._post("meta", self.token, body)
        self.stop.wait(1)

    def old_bomb(self) -> None:
        """The same in the form of an old client, and JSON that grows when it is read."""
        maps = b'{"changes":{"models":[' + b",".join([b'{"":0}'] * 200_000)
        data = gzip.compress(self.random.choice([b" " * 50_000_000, maps]), 1)
        body = self._part("k", self.token.encode()) + self._part("s", b"abc")
        body += self._part("c", b"1") + self._part("data", data) + f"--{BOUNDARY}--\r\n".encode()
        with self._connect() as connection:
            connection.sendall(self._form_head("applyChanges", len(body)) + body)
            connection.recv(1_000)
        self.stop.wait(1)

    def trickle(self) -> None:
        """Large forms without a token that come byte by byte."""
        with ExitStack() as stack:
            held = [stack.enter_context(self._connect()) for _ in range(5)]
            for connection in held:
                connection.sendall(self._form_head("applyChunk", 15_000_000))
                connection.sendall(self._part("data", b"")[:-2])
            for _ in range(20):
                for connection in held:
                    connection.sendall(b"x")
                if self.stop.wait(0.5):
                    return

    def flood(self) -> None:
        """A form without a token as fast as it goes."""
        with self._connect() as connection:
            connection.sendall(self._form_head("upload", 200_000_000))
            connection.sendall(self._part("data", b"")[:-2])
            for _ in range(100):
                connection.sendall(os.urandom(200_000))
                if self.stop.wait(0.05):
                    return

    def slow_reader(self) -> None:
        """Asks and does not read what comes."""
        with self._connect() as connection:
            packed = compress(b'{"_pad":null}')
            head = self._head("download", self.token, f"content-length: {len(packed)}")
            connection.sendall(head + packed)
            self.stop.wait(5)

    def vanish(self) -> None:
        """A sync that is begun and left alone."""
        self._post("start", self.token, b'{"minUsn":0,"lnewer":true}')

    def _post(self, method: str, token: str, body: bytes) -> None:
        packed = compress(body)
        with self._connect() as connection:
            length = f"content-length: {len(packed)}"
            connection.sendall(self._head(method, token, length) + packed)
            connection.recv(10_000)

    def _head(self, method: str, token: str, lines: str) -> bytes:
        fields = {"v": 11, "k": token, "c": "26.09.3,test,linux", "s": "abc"}
        return (
            f"POST /sync/{method} HTTP/1.1\r\nhost: x\r\n{SYNC_HEADER}: {json.dumps(fields)}\r\n"
            f"content-type: application/octet-stream\r\n{lines}\r\n\r\n"
        ).encode()

    def _part(self, name: str, content: bytes) -> bytes:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        return head.encode() + content + b"\r\n"

    def _form_head(self, method: str, length: int) -> bytes:
        return (
            f"POST /sync/{method} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n"
            f"content-type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n"
        ).encode()

    def _connect(self) -> socket.socket:
        connection = socket.socket()
        connection.settimeout(5)
        connection.bind((SOURCE, 0))
        connection.connect(("127.0.0.1", self.port))
        return connection


def attack(port: int, token: str, login: tuple[str, str], stop: Event) -> None:
    """What the hostile process runs."""
    Hostile(port, token, login, stop).run()
