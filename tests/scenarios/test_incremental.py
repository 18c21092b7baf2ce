"""Every day after: what one device changes reaches the other, for each kind of object.

Each change travels from `a` to `b` and, as another case, from `b` to `a`; the server's file and
both devices must end equal, and as they end with the reference server.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.device import Device
from harness.world import World, Worlds

Change = Callable[[Device], None]


def _nothing(_: Device) -> None:
    pass


def _note(device: Device) -> None:
    device.add_note(guid="n", fields=["front", "back"], deck="Home", tags=["old::tag"])


def _new_note(device: Device) -> None:
    device.add_note(
        guid="q'uo\"te<&>\\",
        fields=['<b>犬</b> &amp; <img src="a b.png">', "line\nbreak\tand “quotes”"],
        deck="Home::Sub::日本語",
        tags=["N5", "noun::animal", "ünï"],
    )
    device.add_note(guid="number", fields=["007", "sort field is a number"], deck="Home")


def _cloze_and_two_sided(device: Device) -> None:
    device.add_note(guid="c", fields=["{{c1::a}} {{c3::b}}", ""], notetype="Cloze")
    device.add_note(guid="r", fields=["x", "y"], notetype="Basic (and reversed card)")


def _reviewable(device: Device) -> None:
    _cloze_and_two_sided(device)
    device.set_due(guid="r", days="0", ord=0)
    device.set_due(guid="r", days="5", ord=1)


def _reviews(device: Device) -> None:
    device.answer(guid="r", ease=1, ord=0)  # a lapse: relearning
    device.answer(guid="c", ease=3, ord=0)
    device.answer(guid="c", ease=1, ord=2)
    device.answer(guid="c", ease=2, ord=2)


def _reviews_with_memory_state(device: Device) -> None:
    device.set_config(key="fsrs", value=True)
    device.answer(guid="c", ease=1, ord=0)
    device.answer(guid="r", ease=1, ord=0)
    device.set_custom_data(guid="r", data='{"r":5,"seed":"x"}', ord=1)


def _card_states(device: Device) -> None:
    device.flag_card(guid="c", flag=7, ord=0)
    device.suspend_card(guid="c", ord=2)
    device.bury_card(guid="r", ord=0)
    device.move_card(guid="r", deck="Elsewhere", ord=1)


def _forget(device: Device) -> None:
    device.forget_card(guid="r", ord=0)
    device.set_due(guid="r", days="9", ord=1)


def _card_of_two(device: Device) -> None:
    # Templates call for both cards, so Check Database would make it anew: cloze cards stay gone.
    device.edit_note(guid="c", fields=["{{c1::a}} b", ""])
    device.delete_card(guid="c", ord=2)


def _tags(device: Device) -> None:
    device.add_tags(guid="n", tags="one two::three two::Four")
    device.remove_tags(guid="n", tags="old::tag")
    device.add_tags(guid="first", tags="old::tag")


def _renamed_tag(device: Device) -> None:
    device.rename_tag(old="old", new="new::deep")


def _decks(device: Device) -> None:
    device.add_deck(name="Languages::日本語::N5")
    device.rename_deck(old="Home", new="House::Of::Cards")
    device.edit_deck(
        name="Languages", desc="<b>words</b>", md=True, addonKey={"deep": [1, None, "x"]},
        reviewLimit=55, newLimit=0, newLimitToday={"limit": 3, "today": 0}, desiredRetention=91,
        collapsed=False, browserCollapsed=False, extendNew=5,
    )  # fmt: skip


def _deleted_deck(device: Device) -> None:
    device.add_note(guid="child", fields=["1", "2"], deck="Home::Child")
    device.delete_deck(name="Home")


def _filtered_deck(device: Device) -> None:
    device.add_filtered_deck(name="Cram", search="deck:Default", limit=99, order=5)


def _with_filtered_deck(device: Device) -> None:
    _reviewable(device)
    _filtered_deck(device)


def _emptied_filtered_deck(device: Device) -> None:
    device.empty_deck(name="Cram")
    device.edit_deck(name="Cram", terms=[["is:due", 7, 6], ["tag:x", 20, 1]], resched=False)


def _presets(device: Device) -> None:
    device.add_preset(name="Hard")
    device.edit_preset(
        name="Hard", new__perDay=7, new__delays=[0.5, 10.25, 1440.0], rev__ivlFct=0.87,
        lapse__mult=0.35, new__addonInner={"x": 1}, addonKey=[True, 1.5], desiredRetention=0.87,
        fsrsParams6=[0.1 * number for number in range(21)],
        easyDaysPercentages=[1, 0.5, 0, 1, 1, 1, 1], newSortOrder=3, reviewOrder=5,
        weightSearch="tag:a", ignoreRevlogsBeforeDate="2024-01-01",
    )  # fmt: skip
    device.use_preset(deck="Home", preset="Hard")
    device.edit_preset(name="Default", new__perDay=33)


def _notetypes(device: Device) -> None:
    device.add_notetype(name="Verb", fields=["Infinitive", "Past", "Notes"], templates=["F", "B"])
    device.edit_notetype(name="Verb", css=".card{}", latexsvg=True, addon={"k": "v"}, sortf=0)
    device.add_note(guid="v", fields=["go", "went", ""], notetype="Verb", deck="Verbs")
    device.add_notetype(name="Gaps", fields=["Text"], templates=["Cloze"], cloze=True)


def _edited_notetype(device: Device) -> None:
    device.edit_notetype(name="Basic", css=".card { color: red }", addonKey=[1])
    device.edit_template(
        notetype="Basic", number=0, name="Renamed", qfmt="{{Front}}!", bqfmt="{{Front}}",
        bfont="Arial", bsize=12, addonKey={"x": -1},
    )  # fmt: skip
    device.edit_field(
        notetype="Basic", number=1, name="Rückseite", font="Noto", size=31, rtl=True, sticky=True,
        description="d", plainText=True, collapsed=True, excludeFromSearch=True, addonKey="k",
    )  # fmt: skip


def _renamed_notetype(device: Device) -> None:
    device.rename_notetype(old="Cloze", new="Lücken")


def _settings(device: Device) -> None:
    device.set_config(key="addon", value={"list": [1, 2.5, None, "ü"], "deep": {"a": {}}})
    device.set_config(key="big", value=2**53 + 1)
    device.remove_config(key="sortType")


CASES: dict[str, tuple[Change, Change]] = {
    "new notes": (_nothing, _new_note),
    "edited note": (_note, lambda d: d.edit_note(guid="n", fields=["<i>new</i>", "b"], tags=["z"])),
    "deleted note": (_note, lambda d: d.delete_note(guid="n")),
    "cards of all kinds": (_nothing, _cloze_and_two_sided),
    "reviews": (_reviewable, _reviews),
    "reviews with memory state": (_reviewable, _reviews_with_memory_state),
    "card states": (_reviewable, _card_states),
    "forgotten card": (_reviewable, _forget),
    "one card of two": (_cloze_and_two_sided, _card_of_two),
    "tags": (_note, _tags),
    "renamed tag": (_note, _renamed_tag),
    "decks": (_note, _decks),
    "deleted deck": (_note, _deleted_deck),
    "filtered deck": (_reviewable, _filtered_deck),
    "emptied filtered deck": (_with_filtered_deck, _emptied_filtered_deck),
    "presets": (_note, _presets),
    "new notetypes": (_nothing, _notetypes),
    "edited notetype": (_note, _edited_notetype),
    "renamed notetype": (_cloze_and_two_sided, _renamed_notetype),
    "settings": (_nothing, _settings),
}


@pytest.mark.parametrize("way", ["a to b", "b to a"])
@pytest.mark.parametrize("case", CASES)
def test_a_change_reaches_the_other_device(worlds: Worlds, case: str, way: str) -> None:
    prepare, change = CASES[case]

    def story(world: World) -> None:
        a, b = world.two_devices()
        giver, taker = (a, b) if way == "a to b" else (b, a)
        prepare(giver)
        world.sync(giver, taker)
        change(giver)
        world.sync(giver, taker, giver)

    worlds.compare(story).check()


def test_changes_of_two_devices_to_different_things_are_merged(worlds: Worlds) -> None:
    def story(world: World) -> None:
        a, b = world.two_devices()
        a.add_note(guid="n", fields=["1", "2"], deck="Home")
        world.sync(a, b)
        a.edit_note(guid="first", fields=["by a", "x"])
        b.edit_note(guid="n", fields=["by b", "y"])
        a.add_deck(name="Deck of a")
        b.add_preset(name="Preset of b")
        a.answer(guid="n", ease=3)
        b.answer(guid="first", ease=1)
        b.add_tags(guid="n", tags="tag-of-b")
        world.sync(a, b, a)

    worlds.compare(story).check()


def test_a_device_that_was_away_for_many_syncs_catches_up(worlds: Worlds) -> None:
    def story(world: World) -> None:
        a, b = world.two_devices()
        for number in range(12):
            a.add_note(guid=f"n{number}", fields=[f"front {number}", ""], deck=f"Deck {number % 3}")
            world.sync(a)
            if number % 3 == 2:
                a.delete_note(guid=f"n{number - 1}")
                a.edit_note(guid=f"n{number}", fields=["edited", ""])
                world.sync(a)
        a.delete_deck(name="Deck 0")
        world.sync(a, b)

    worlds.compare(story).check()


def test_more_objects_than_fit_a_chunk_travel_both_ways(worlds: Worlds) -> None:
    def story(world: World) -> None:
        a, b = world.two_devices()
        a.fill(notes=600, note_bytes=40)
        world.sync(a, b)
        b.study(cards=600)
        world.sync(b, a)
        a.execute("update cards set flags = 3, usn = -1, mod = mod + 1 where ord = 0")
        a.delete_deck(name="Large")
        world.sync(a, b)

    worlds.compare(story).check()
