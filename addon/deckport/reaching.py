"""How to reach an endpoint: the first time, and when its address changed. Waits, like `talking`."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from functools import partial

from . import finding, talking
from .address import Place, typed

# An endpoint in the same network answers well within that.
_SOON = 0.4
_NEAR = 1.0


@dataclass(frozen=True)
class Reached:
    """An endpoint that answered, and how."""

    url: str
    # What a person has to compare before it is trusted; None: nothing.
    certificate: str | None

    def can_be_followed(self) -> bool:
        """A certificate that Anki trusts by itself is for a name, which stays."""
        return self.certificate is not None or not self.url.startswith("https:")


def reach(places: Iterable[Place], *, can_trust: bool) -> Reached:
    """The first place that answers; encrypted where it can be. `can_trust`: whether this Anki takes
    a certificate.
    """
    place = talking.first_that_answers(places, talking.knock)
    if place is None:
        raise talking.Unreachable
    if place.tls is not False and talking.speaks_tls(place):
        return _reach_encrypted(place, can_trust=can_trust)
    if place.tls:
        raise talking.Unreachable
    talking.greet(place, None)
    return Reached(place.url(tls=False), None)


def _reach_encrypted(place: Place, *, can_trust: bool) -> Reached:
    url = place.url(tls=True)
    try:
        certificate = talking.certificate(place)
    except talking.NoCertificate:
        # Anki itself may know whom to trust.
        return Reached(url, None)
    if can_trust:
        talking.greet(place, talking.trusting(certificate))
        return Reached(url, certificate)
    if place.tls:
        # Somebody asked for https.
        raise talking.OnlyTls
    talking.greet(place, None)
    return Reached(place.url(tls=False), None)


def locate(instance: str, url: str, certificate: str | None, seconds: float) -> str | None:
    """Where an endpoint is now that was at `url`; None: not found.

    Over https a certificate proves who answers. Over http an address may meanwhile be somebody
    else's, so what the network says comes first.
    """
    last = typed(url)
    context = talking.trusting(certificate) if certificate else None
    greeting = partial(talking.greet, context=context)
    pool = ThreadPoolExecutor(1)
    try:
        asked = pool.submit(talking.first_that_answers, [last], greeting)
        if last.tls and _soon(asked):
            return url
        place = _found(instance, _NEAR, greeting)
        if place is None and asked.result():
            return url
        place = place or _found(instance, seconds, greeting)
    finally:
        pool.shutdown(wait=False)
    return place and place.url(tls=bool(last.tls))


def _soon(asked: Future[Place | None]) -> bool:
    try:
        return asked.result(_SOON) is not None
    except NotYet:
        return False


def _found(instance: str, seconds: float, greeting: partial[None]) -> Place | None:
    try:
        found = finding.find(instance, seconds)
    except OSError:
        return None
    return found and talking.first_that_answers(found.places, greeting)
