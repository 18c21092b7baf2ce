"""Random lives of three devices, told to the server under test and to the reference.

Each seed is a life: edits of all kinds, syncs in any order, now and then a change that goes one
way. Left out is what the reference is known to get wrong: edits in one second, equal names, and
settings (which are compared between the devices of each world, but not between the worlds).

`LIVES=200` in the environment tells more of them than the everyday run does.
"""

from __future__ import annotations

import os
import random
from contextlib import suppress

import pytest

from harness import dump
from harness.device import ClientError, Device
from harness.world import World, Worlds, assert_alike

LIVES = int(os.environ.get("LIVES", "6"))
STEPS = 40
NAMES = ("a", "b", "c")


class Life:
    """One life: every choice comes from the seed and from what the chosen device knows."""

    def __init__(self, seed: int, world: World) -> None:
        self.random = random.Random(seed)
        self.world = world
        self.made = 0
        self.devices: list[Device] = []

    def live(self) -> None:
        """From birth to the last sync of all devices."""
        first = self.world.device("a")
        first.add_note(guid="first", fields=["front", "back"], deck="Home", tags=["start"])
        first.add_notetype(name="Own", fields=["A", "B"], templates=["T"])
        first.sync(one_way="upload")
        self.devices = [first, *(self.world.device(name) for name in NAMES[1:])]
        for device in self.devices[1:]:
            device.sync(one_way="download")
        for _ in range(STEPS):
            device = self.random.choice(self.devices)
            if self.random.random() < 0.3:
                self.sync(device)
            else:
                self.edit(device)
        for device in self.devices:
            self.sync(device)
        for device in self.devices:
            device.sync(one_way="download")
        # What one of them brought in the last round.
        self.world.sync(*self.devices)

    def sync(self, device: Device) -> None:
        """Sync, and settle a one-way sync by the throw of a coin."""
        choice = self.random.choice(["upload", "download"])
        device.sync(one_way=choice)

    def edit(self, device: Device) -> None:
        """One edit; choosing something that cannot be edited that way is an edit less."""
        edits = [
            (self.add_note, 6),
            (self.edit_note, 4),
            (self.delete_note, 2),
            (self.tag, 2),
            (self.answer, 6),
            (self.card, 4),
            (self.deck, 3),
            (self.rename_deck, 1),
            (self.delete_deck, 1),
            (self.filtered, 1),
            (self.preset, 2),
            (self.notetype, 2),
            (self.one_way, 0.4),
        ]
        (edit,) = self.random.choices(*zip(*edits, strict=True))
        # Such as making a filtered deck a parent: the client's own rules.
        with suppress(ClientError):
            edit(device)

    def new(self, kind: str) -> str:
        """A name that nothing had before."""
        self.made += 1
        return f"{kind}{self.made}"

    def pick(self, device: Device, sql: str) -> str:
        """Something the device knows; the query sorts by what is the same in both worlds."""
        found = device.query(sql)
        return self.random.choice(found)[0] if found else ""

    def note(self, device: Device) -> str:
        """A note's guid."""
        return self.pick(device, "select guid from notes order by guid")

    def some_deck(self, device: Device) -> str:
        """A deck's name as people write it."""
        name = self.pick(device, "select name from decks order by cast(name as blob)")
        return name.replace("\x1f", "::")

    def add_note(self, device: Device) -> None:
        """A note in an old or a new deck."""
        deck = self.new("Deck") if self.random.random() < 0.3 else "Default"
        notetype = self.random.choice(["Basic", "Basic (and reversed card)", "Own"])
        tags = [self.new("tag")] if self.random.random() < 0.3 else ["start"]
        guid = self.new("note")
        device.add_note(
            guid=guid, fields=[f"front {guid}", "back"], deck=deck, notetype=notetype, tags=tags
        )

    def edit_note(self, device: Device) -> None:
        """Other fields."""
        guid = self.note(device)
        if guid:
            count = len(
                device.query(f"select flds from notes where guid = '{guid}'")[0][0].split("\x1f")
            )
            device.edit_note(guid=guid, fields=[self.new("text") for _ in range(count)])

    def delete_note(self, device: Device) -> None:
        """A note less."""
        if guid := self.note(device):
            device.delete_note(guid=guid)

    def tag(self, device: Device) -> None:
        """A tag more."""
        if guid := self.note(device):
            device.add_tags(guid=guid, tags=self.new("tag::"))

    def answer(self, device: Device) -> None:
        """A review whose interval does not depend on chance (the client adds some to long ones)."""
        if guid := self.note(device):
            device.answer(guid=guid, ease=1)

    def card(self, device: Device) -> None:
        """Something that is done to cards."""
        guid = self.note(device)
        if not guid:
            return
        what = self.random.randrange(6)
        if what == 0:
            device.flag_card(guid=guid, flag=self.random.randrange(8))
        elif what == 1:
            device.suspend_card(guid=guid)
        elif what == 2:
            device.set_due(guid=guid, days=str(self.random.randrange(1, 50)))
        elif what == 3:
            device.forget_card(guid=guid)
        elif what == 4:
            device.bury_card(guid=guid)
        else:
            device.move_card(guid=guid, deck="Default")

    def deck(self, device: Device) -> None:
        """Another description."""
        device.edit_deck(name=self.some_deck(device), desc=self.new("text"))

    def rename_deck(self, device: Device) -> None:
        """Another place in the tree."""
        name = self.some_deck(device)
        # Whatever needs a home makes `Default` anew, on each device another one of that name.
        if name != "Default":
            device.rename_deck(old=name, new=self.new("Renamed"))

    def delete_deck(self, device: Device) -> None:
        """A deck less."""
        name = self.some_deck(device)
        if name != "Default":
            device.delete_deck(name=name)

    def filtered(self, device: Device) -> None:
        """A filtered deck with whatever there is in a deck."""
        device.add_filtered_deck(name=self.new("Cram"), search="deck:Default", order=5)

    def preset(self, device: Device) -> None:
        """Another limit, in an old or a new preset."""
        if self.random.random() < 0.4:
            device.add_preset(name=self.new("Preset"))
        name = self.pick(device, "select name from deck_config order by cast(name as blob)")
        device.edit_preset(name=name, new__perDay=self.random.randrange(1, 999))

    def notetype(self, device: Device) -> None:
        """Another stylesheet."""
        name = self.pick(device, "select name from notetypes order by cast(name as blob)")
        device.edit_notetype(name=name, css=self.new("/*") + "*/")

    def one_way(self, device: Device) -> None:
        """A change that cannot be merged."""
        device.add_field(notetype="Own", field=self.new("Field"))


def _without_settings(copy: dump.Raw) -> dump.Canonical:
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
    return told


@pytest.mark.parametrize("seed", range(LIVES))
def test_a_random_life_ends_as_with_the_reference(worlds: Worlds, seed: int) -> None:
    def story(world: World) -> None:
        Life(seed, world).live()

    ours, reference = worlds.tell(story, _without_settings)
    # Whoever deletes a deck while another device fills it leaves cards in no deck: the reference
    # lets them be, Deckport finds them a home.
    if not any(card["did"] == "?" for card in reference.copies["server"]["cards"].values()):
        assert_alike(reference, ours)
    ours.world.same()
