"""Random lives of three devices: a script made from a seed, before anything happens.

A script names what it acts on, and chooses among what its device probably knows. The same steps can
therefore be told to two servers, also where these lead to different collections; a step that finds
its object gone is an edit less.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

NAMES = ("a", "b", "c")

# Answers that an interrupted sync may lose, in the order of a sync.
METHODS = ("start", "applyGraves", "applyChanges", "chunk", "applyChunk", "sanityCheck2", "finish")

# Traits that half of the lives has each, in all combinations: here the reference is known to leave
# devices different, or to lose what one of them did.
EQUAL_NAMES = "equal names"
SETTINGS = "settings"
TIES = "ties"
TRAITS = (EQUAL_NAMES, SETTINGS, TIES)

TIE = 0.25  # how often an edit has the time of the one before, in a life with ties
SYNC = 0.25
INTERRUPTED = 0.12  # of the syncs


@dataclass(frozen=True)
class Step:
    """One thing a person does: an edit `at` a second of the life, or a sync."""

    device: str
    operation: str
    args: dict[str, Any] = field(default_factory=dict)
    at: int = 0
    # Of a sync: the method whose answer is lost, and the answer if Anki asks for a direction.
    cut: str | None = None
    one_way: str = "download"

    @property
    def is_sync(self) -> bool:
        """Whether this is no edit."""
        return self.operation == "sync"


@dataclass
class Known:
    """Names that somebody probably knows, by kind; and those it has seen the end of."""

    alive: dict[str, set[str]] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)

    def copy(self) -> Known:
        """Another one with the same names."""
        return Known({kind: set(names) for kind, names in self.alive.items()}, set(self.gone))

    def add(self, kind: str, name: str) -> str:
        """A name more."""
        self.alive.setdefault(kind, set()).add(name)
        return name

    def drop(self, kind: str, name: str) -> None:
        """A name less."""
        self.alive.get(kind, set()).discard(name)
        self.gone.add((kind, name))

    def merge(self, other: Known) -> None:
        """Learn what the other one knows."""
        self.gone |= other.gone
        for kind in {*self.alive, *other.alive}:
            names = self.alive.get(kind, set()) | other.alive.get(kind, set())
            self.alive[kind] = {name for name in names if (kind, name) not in self.gone}


def beginning() -> Known:
    """What every device knows when it has downloaded the first device's collection."""
    return Known(
        {
            "note": {"first"},
            "deck": {"Home"},
            "notetype": {"Own", "Basic"},
            "preset": {"Default"},
            "tag": {"start"},
        }
    )


class Script:
    """The steps of one life."""

    def __init__(self, seed: int, steps: int) -> None:
        self.random = random.Random(seed)
        self.traits = {trait for bit, trait in enumerate(TRAITS) if seed >> bit & 1}
        self.server = beginning()
        self.known = {name: beginning() for name in NAMES}
        self.made = 0
        self.at = 0
        self.own_settings: list[str] = []
        self.steps: list[Step] = []
        edits = self._edits()
        while len(self.steps) < steps:
            device = self.random.choice(NAMES)
            if self.random.random() < SYNC:
                self._sync(device, edits)
            else:
                self._edit(device, edits)

    def _edits(self) -> list[tuple[Callable[[str], tuple[str, dict[str, Any]]], float]]:
        edits: list[tuple[Callable[[str], tuple[str, dict[str, Any]]], float]] = [
            (self._add_note, 6),
            (self._edit_note, 4),
            (self._delete_note, 2),
            (self._tags, 2),
            (self._answer, 6),
            (self._card, 5),
            (self._deck, 2),
            (self._add_deck, 1),
            (self._rename_deck, 1),
            (self._delete_deck, 1),
            (self._filtered, 1.5),
            (self._preset, 2),
            (self._use_preset, 1),
            (self._notetype, 2),
            (self._one_way, 0.4),
        ]
        if EQUAL_NAMES in self.traits:
            edits.append((self._equal_name, 3))
        if SETTINGS in self.traits:
            edits.append((self._setting, 3))
        return edits

    def _edit(self, device: str, edits: list[Any]) -> None:
        (edit,) = self.random.choices(*zip(*edits, strict=True))
        if self.random.random() >= TIE or TIES not in self.traits:
            self.at += 10
        operation, args = edit(device)
        self.steps.append(Step(device, operation, args, at=self.at))

    def _sync(self, device: str, edits: list[Any]) -> None:
        """A sync. After an interrupted one its device is the next to sync, as others would wait."""
        one_way = self.random.choice(["upload", "download"])
        if self.random.random() < INTERRUPTED:
            cut = self.random.choice(METHODS)
            self.steps.append(Step(device, "sync", cut=cut, one_way=one_way))
            for _ in range(self.random.randrange(3)):
                self._edit(device, edits)
        self.steps.append(Step(device, "sync", one_way=one_way))
        self.server.merge(self.known[device])
        self.known[device] = self.server.copy()

    # Names

    def _new(self, kind: str, prefix: str, device: str) -> str:
        """A name that nothing had before."""
        self.made += 1
        return self.known[device].add(kind, f"{prefix}{self.made}")

    def _text(self) -> str:
        self.made += 1
        return f"text {self.made}"

    def _pick(self, kind: str, device: str) -> str:
        """Something the device probably has."""
        names = sorted(self.known[device].alive.get(kind, ()))
        return self.random.choice(names) if names else "nothing"

    # Notes and cards

    def _add_note(self, device: str) -> tuple[str, dict[str, Any]]:
        guid = self._new("note", "note", device)
        chance = self.random.random()
        make = chance < 0.2
        if make:
            deck = self._new("deck", "Deck", device)
        else:
            deck = self._pick("deck", device) if chance < 0.5 else "Default"
        notetype = self.random.choice(["Basic", "Basic (and reversed card)", "Own"])
        tag = self._new("tag", "tag", device) if self.random.random() < 0.3 else "start"
        fields = [f"front {guid}", "back"]
        return "add_note", {
            "guid": guid,
            "fields": fields,
            "deck": deck,
            "notetype": notetype,
            "tags": [tag],
            "make": make,
        }

    def _edit_note(self, device: str) -> tuple[str, dict[str, Any]]:
        return "edit_note", {"guid": self._pick("note", device), "first": self._text()}

    def _delete_note(self, device: str) -> tuple[str, dict[str, Any]]:
        guid = self._pick("note", device)
        self.known[device].drop("note", guid)
        return "delete_note", {"guid": guid}

    def _tags(self, device: str) -> tuple[str, dict[str, Any]]:
        what = self.random.randrange(4)
        if what == 0:
            tag = self._pick("tag", device)
            self.known[device].drop("tag", tag)
            return "rename_tag", {"old": tag, "new": self._new("tag", "renamed::", device)}
        guid = self._pick("note", device)
        if what == 1:
            return "remove_tags", {"guid": guid, "tags": self._pick("tag", device)}
        return "add_tags", {"guid": guid, "tags": self._new("tag", "tag::", device)}

    def _answer(self, device: str) -> tuple[str, dict[str, Any]]:
        """Again: the interval of other answers depends on chance."""
        return "answer", {"guid": self._pick("note", device), "ease": 1}

    def _card(self, device: str) -> tuple[str, dict[str, Any]]:
        card = {"guid": self._pick("note", device)}
        operations: list[tuple[str, dict[str, Any]]] = [
            ("flag_card", card | {"flag": self.random.randrange(8)}),
            ("suspend_card", card),
            ("set_due", card | {"days": str(self.random.randrange(1, 50))}),
            ("forget_card", card),
            ("bury_card", card),
            ("delete_card", card),
            ("move_card", card | {"deck": self._pick("deck", device), "make": False}),
            ("set_custom_data", card | {"data": f'{{"s":{self.random.randrange(99)}}}'}),
        ]
        return self.random.choice(operations)

    # Decks and presets

    def _deck(self, device: str) -> tuple[str, dict[str, Any]]:
        return "edit_deck", {"name": self._pick("deck", device), "desc": self._text()}

    def _add_deck(self, device: str) -> tuple[str, dict[str, Any]]:
        parent = self._pick("deck", device)
        if self.random.random() < 0.5:
            return "add_deck", {"name": self._new("deck", "Deck", device)}
        self.made += 1
        name = f"Deck{self.made}"
        self.known[device].add("deck", f"{parent}::{name}")
        return "add_deck", {"name": name, "below": parent}

    def _rename_deck(self, device: str) -> tuple[str, dict[str, Any]]:
        old = self._pick("deck", device)
        self.known[device].drop("deck", old)
        return "rename_deck", {"old": old, "new": self._new("deck", "Renamed", device)}

    def _delete_deck(self, device: str) -> tuple[str, dict[str, Any]]:
        name = self._pick("deck", device)
        self.known[device].drop("deck", name)
        return "delete_deck", {"name": name}

    def _filtered(self, device: str) -> tuple[str, dict[str, Any]]:
        if self.random.random() < 0.5 and self.known[device].alive.get("filtered"):
            operation = self.random.choice(["rebuild_deck", "empty_deck"])
            return operation, {"name": self._pick("filtered", device)}
        name = self._new("filtered", "Cram", device)
        search = self.random.choice(["deck:Default", "deck:Home", "is:due"])
        return "add_filtered_deck", {"name": name, "search": search, "order": 5}

    def _preset(self, device: str) -> tuple[str, dict[str, Any]]:
        if self.random.random() < 0.3:
            return "add_preset", {"name": self._new("preset", "Preset", device)}
        name = self._pick("preset", device)
        return "edit_preset", {"name": name, "new__perDay": self.random.randrange(1, 999)}

    def _use_preset(self, device: str) -> tuple[str, dict[str, Any]]:
        deck, preset = self._pick("deck", device), self._pick("preset", device)
        return "use_preset", {"deck": deck, "preset": preset}

    # Notetypes, settings, and what cannot be merged

    def _notetype(self, device: str) -> tuple[str, dict[str, Any]]:
        what = self.random.randrange(5)
        name = self._pick("notetype", device)
        if what == 0:
            new = self._new("notetype", "Type", device)
            return "add_notetype", {"name": new, "fields": ["A", "B"], "templates": ["T"]}
        if what == 1 and name.startswith("Type"):
            self.known[device].drop("notetype", name)
            return "rename_notetype", {
                "old": name,
                "new": self._new("notetype", "Type", device),
            }
        if what == 2:
            return "edit_template", {"notetype": name, "number": 0, "bafmt": self._text()}
        if what == 3:
            return "edit_field", {"notetype": name, "number": 0, "description": self._text()}
        return "edit_notetype", {"name": name, "css": f"/* {self._text()} */"}

    def _one_way(self, _: str) -> tuple[str, dict[str, Any]]:
        if self.random.random() < 0.4:
            return "force_one_way", {"noticed": True}
        return "add_field", {"notetype": "Own", "field": f"Field {self._text()}"}

    def _equal_name(self, device: str) -> tuple[str, dict[str, Any]]:
        """One of few names, so that devices make the same without knowing."""
        number = self.random.randrange(4)
        what = self.random.randrange(3)
        if what == 0:
            name = self.known[device].add("notetype", f"Same type {number}")
            return "add_notetype", {"name": name, "fields": ["A", "B"], "templates": ["T"]}
        name = self.known[device].add("deck", f"Same {number}")
        if what == 1:
            return "rename_deck", {"old": self._pick("deck", device), "new": name}
        return "add_deck", {"name": name}

    def _setting(self, device: str) -> tuple[str, dict[str, Any]]:
        chance = self.random.random()
        if chance < 0.5:
            key = f"of {device} {self._text()}"
            self.own_settings.append(key)
            return "set_config", {"key": key, "value": self.random.randrange(99)}
        key = f"shared {self.random.randrange(3)}"
        if chance < 0.9:
            return "set_config", {"key": key, "value": self._text()}
        return "remove_config", {"key": key}
