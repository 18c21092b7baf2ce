"""What is right and what is wrong about the ending of a life.

Where the reference's copies end equal, ours must end equal to them. Where they do not, ours must
still be equal to one another. Check Database must find nothing anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import dump
from .life import EQUAL_NAMES, SETTINGS, TIES, Script
from .stage import Ending
from .world import complaints

# Classes of findings; all but the last have been weaknesses of Deckport, too.
NAMES, LOST_SETTINGS, UNMENDED, OTHER = "equal names", "settings", "not mended", "other"
KNOWN = (NAMES, LOST_SETTINGS, UNMENDED)
# No finding: why a life ended other than with the reference.
MENDED = "mended"

# Made by Deckport, and by Check Database, for cards whose deck is gone; the number is its id.
RECOVERED = re.compile(r"^(decks|cards) recovered\d+")

# Anki itself adds this to the name of a notetype that is there already, and draws it by lot.
DRAWN = re.compile(r"(?<=Same type \d)-[0-9a-f]{5}")

# Tables whose rows have names that must not meet, and those that go with them.
NAMED = ("decks ", "notetypes ", "fields ", "templates ")


@dataclass
class Verdict:
    """The judgement of one life."""

    seed: int
    older: str = ""
    reference_equal: bool = False
    reference_healthy: bool = False
    reference_failed: bool = False
    # Whether our copies were compared with the reference's, and why they differ, if they do.
    compared: bool = False
    across: str = ""
    equal: bool = False
    pairs: int = 0
    findings: list[tuple[str, str]] = field(default_factory=list)

    def of(self, kind: str) -> list[str]:
        """The findings of one class."""
        return [text for found, text in self.findings if found == kind]


def judge(script: Script, seed: int, older: str, reference: Ending, ours: Ending) -> Verdict:
    """Compare the endings of one life on two servers."""
    verdict = Verdict(seed, older)
    verdict.reference_equal = not differing(reference, bool(older))
    verdict.reference_healthy = not unhealthy(reference)
    verdict.reference_failed = bool(reference.failures) or not reference.settled
    different = differing(ours, bool(older))
    verdict.equal = not different
    verdict.pairs = sum(1 for name in different if name != "server")
    for name, places in different.items():
        kind = _class_of(script, places)
        if kind == OTHER and _is_clash(ours, places):
            kind = NAMES
        verdict.findings.append((kind, f"{name} differs: {_brief(places)}"))
    for name, lines in unhealthy(ours).items():
        # A deck renamed on one device alone leaves its children without parent there.
        kind = NAMES if different and verdict.of(NAMES) else OTHER
        if lines == unhealthy(reference).get(name):
            kind = UNMENDED
        verdict.findings.append((kind, f"{name} is not healthy: {'; '.join(lines)}"))
    verdict.findings += [(OTHER, f"sync failed: {text}") for text in ours.failures]
    if not ours.settled:
        verdict.findings.append((OTHER, "every round of syncs changes something"))
    lost = _lost_settings(script, ours)
    if lost:
        verdict.findings.append((LOST_SETTINGS, f"settings lost: {', '.join(lost)}"))
    asked = [found for found in ours.asked if found not in reference.asked]
    if asked and not verdict.reference_failed:
        verdict.findings.append((OTHER, f"a direction was asked for without need: {asked}"))
    # Else the reference's story is another one, or its end is wrong.
    sound = verdict.reference_equal and verdict.reference_healthy and not verdict.reference_failed
    if sound and verdict.equal and ours.asked == reference.asked:
        verdict.compared = True
        places = across(reference, ours, bool(older))
        if places:
            # Who wins a tie, or keeps a name, decides what later steps find, and the reference
            # decides otherwise.
            verdict.across = _why_across(script, ours)
            text = f"other than the reference: {_brief(places)}"
            if verdict.across == OTHER:
                verdict.findings.append((verdict.across, text))
    return verdict


def differing(ending: Ending, older: bool) -> dict[str, list[str]]:
    """The objects in which devices and server differ; by device, none when all are equal."""
    server = _exact(ending.copies["server"], older)
    found = {}
    for name, copy in ending.copies.items():
        places = dump.differing(server, _exact(copy, older))
        places += [f"{table} pending" for table in dump.pending(copy)]
        if places:
            found[name] = places
    return found


def unhealthy(ending: Ending) -> dict[str, list[str]]:
    """What Check Database had to repair, by device."""
    told = {name: complaints(message) for name, message in ending.checks.items()}
    return {name: lines for name, lines in told.items() if lines}


def across(reference: Ending, ours: Ending, older: bool) -> list[str]:
    """The objects in which the ends on both servers differ."""
    theirs = _portable(reference.copies["server"], older)
    places = dump.differing(theirs, _portable(ours.copies["server"], older))
    mended = {f"decks {name} row" for name in _empty_parents(ours.copies["server"])}
    places = [place for place in places if not RECOVERED.match(place) and place not in mended]
    return [place for place in places if not DRAWN.search(place)]


def _empty_parents(copy: dump.Raw) -> set[str]:
    """Decks as Deckport makes them for children without parent: with no cards and no changes."""
    told = dump.portable(copy)
    used = {card["did"] for card in told["cards"].values()}
    fresh = {"common": {"1": 1, "2": 1}, "kind": {"1": {"1": "Default"}}}
    return {
        name
        for name, deck in told["decks"].items()
        if name not in used and all(deck[column] == value for column, value in fresh.items())
    }


def _why_across(script: Script, ours: Ending) -> str:
    """Later steps find something else where a tie or a name clash went another way, and where
    cards have a deck again that they lack with the reference.
    """
    if TIES in script.traits:
        return TIES
    if any(row[1].startswith("recovered") for row in ours.copies["server"]["decks"]):
        return MENDED
    return EQUAL_NAMES if EQUAL_NAMES in script.traits else OTHER


def _exact(copy: dump.Raw, older: bool) -> dump.Canonical:
    told = dump.exact(copy)
    return dump.known_to_older(told) if older else told


def _portable(copy: dump.Raw, older: bool) -> dump.Canonical:
    """A copy without settings, and without the places in the queue that come from a setting.

    Whose settings win depends on whose collection is newer, and with the reference a download makes
    the server's collection newer.
    """
    told = dump.portable(copy)
    del told["config"]
    for card in told["cards"].values():
        card["data"].pop("pos", None)
        if card["type"] == 0:
            del card["due"], card["odue"]
    return dump.known_to_older(told) if older else told


def _class_of(script: Script, places: list[str]) -> str:
    if EQUAL_NAMES in script.traits and all(place.startswith(NAMED) for place in places):
        return NAMES
    if SETTINGS in script.traits and all(place.startswith("config ") for place in places):
        return LOST_SETTINGS
    return OTHER


def _is_clash(ours: Ending, places: list[str]) -> bool:
    """Whether these are decks of which one was renamed because of another one's name. That also
    happens when a parent was made anew and the old one got its name back.
    """
    names = {row[1] for copy in ours.copies.values() for row in copy["decks"]}
    return any(name.endswith("+") for name in names) and all(
        place.startswith("decks ") for place in places
    )


def _lost_settings(script: Script, ending: Ending) -> list[str]:
    """Settings that one device made and no other touched, but that are gone at the end.

    Where a collection was replaced as a whole, they may be.
    """
    if ending.asked:
        return []
    kept = {row[0] for row in ending.copies["server"]["config"]}
    return [key for key in script.own_settings if key not in kept]


def _brief(places: list[str]) -> str:
    more = f" and {len(places) - 6} more" if len(places) > 6 else ""
    return ", ".join(places[:6]) + more
