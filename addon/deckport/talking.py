"""A few words with an endpoint, before Anki talks to it. Waits: not for the main thread."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Callable

from .address import Place

_SECONDS = 3.0
_LONGEST_ANSWER = 64 * 1024
_UPGRADE_REQUIRED = 426
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END CERTIFICATE-----")


class Unreachable(Exception):  # noqa: N818
    """Nothing answers there."""


class NotAnEndpoint(Exception):  # noqa: N818
    """Something answers, and it is none."""


class OnlyTls(Exception):  # noqa: N818
    """It takes https alone."""


class NoCertificate(Exception):  # noqa: N818
    """It gave none that can be read."""


class OtherCertificate(Exception):  # noqa: N818
    """It is not the one that was compared."""


def knock(place: Place) -> None:
    """Fails unless somebody listens there."""
    try:
        socket.create_connection((place.host, place.port), _SECONDS).close()
    except OSError as error:
        raise Unreachable from error


def speaks_tls(place: Place) -> bool:
    """Whether a TLS handshake succeeds, whoever it is."""
    try:
        with _connection(place, _unverified()) as connection:
            connection.connect()
    except ssl.SSLError:
        return False
    except OSError as error:
        # Some servers hang up on what they do not understand.
        if isinstance(error, (ConnectionResetError, ConnectionAbortedError)):
            return False
        raise Unreachable from error
    return True


def greet(place: Place, context: ssl.SSLContext | None) -> None:
    """Fails unless an endpoint answers; with a context, one whose certificate it trusts."""
    status, body = _get(place, "health", context)
    if status == _UPGRADE_REQUIRED:
        raise OnlyTls
    if status != http.client.OK or body.strip() != b"ok":
        raise NotAnEndpoint


def certificate(place: Place) -> str:
    """What devices are to trust, as PEM. Nobody has vouched for it yet: a person compares it."""
    status, body = _get(place, "certificate.pem", _unverified())
    found = _PEM.search(body.decode("ascii", errors="replace"))
    if status != http.client.OK or found is None:
        raise NoCertificate
    try:
        der = base64.b64decode(found.group(1))
        pem = ssl.DER_cert_to_PEM_cert(der)
        trusting(pem)
    except (ValueError, ssl.SSLError) as error:
        raise NoCertificate from error
    return pem


def fingerprint(pem: str) -> str:
    """SHA-256 in groups of four digits, as Deckport shows it."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def trusting(pem: str) -> ssl.SSLContext:
    """Trusts one certificate alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem)
    return context


def first_that_answers(places: Iterable[Place], greeting: Callable[[Place], None]) -> Place | None:
    """Greets all at once."""
    places = list(places)
    if not places:
        return None
    pool = ThreadPoolExecutor(len(places))
    try:
        waiting = {pool.submit(greeting, place): place for place in places}
        for done in as_completed(waiting):
            if done.exception() is None:
                return waiting[done]
        return None
    finally:
        # Those that wait still end by themselves.
        pool.shutdown(wait=False)


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _connection:  # noqa: N801
    """A connection that is closed at the end. No proxy: what is near is reached directly."""

    def __init__(self, place: Place, context: ssl.SSLContext | None) -> None:
        if context is None:
            made = http.client.HTTPConnection(place.host, place.port, timeout=_SECONDS)
        else:
            made = http.client.HTTPSConnection(
                place.host, place.port, timeout=_SECONDS, context=context
            )
        self._made = made

    def __enter__(self) -> http.client.HTTPConnection:
        return self._made

    def __exit__(self, *_: object) -> None:
        self._made.close()


def _get(place: Place, name: str, context: ssl.SSLContext | None) -> tuple[int, bytes]:
    try:
        with _connection(place, context) as connection:
            connection.request("GET", place.path + name)
            answer = connection.getresponse()
            return answer.status, answer.read(_LONGEST_ANSWER)
    except ssl.SSLCertVerificationError as error:
        raise OtherCertificate from error
    except (OSError, socket.timeout) as error:
        raise Unreachable from error
    except http.client.HTTPException as error:
        raise NotAnEndpoint from error
