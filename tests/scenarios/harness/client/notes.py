"""Notes and cards."""

from __future__ import annotations

from opened import OpenedAnki, edit


class NotesAndCards(OpenedAnki):
    """What a person does in the editor, the browser and the reviewer."""

    @edit
    def add_note(
        self,
        guid: str,
        fields: list[str],
        deck: str = "Default",
        notetype: str = "Basic",
        tags: list[str] | None = None,
        make: bool = True,
    ) -> None:
        """Add a note with a guid of our choice; a missing deck is made if `make` allows it."""
        home = self.col.decks.id(deck) if make else self._deck(deck)
        model = self.col.models.by_name(notetype)
        if model is None:
            raise KeyError(notetype)
        note = self.col.new_note(model)
        note.guid = guid
        note.fields = list(fields)
        note.tags = list(tags or [])
        self.col.add_note(note, home)

    @edit
    def edit_note(
        self,
        guid: str,
        fields: list[str] | None = None,
        tags: list[str] | None = None,
        first: str | None = None,
    ) -> None:
        """Replace a note's fields, its tags, or its first field alone."""
        note = self.col.get_note(self._note(guid))
        if fields is not None:
            note.fields = list(fields)
        if first is not None:
            note.fields[0] = first
        if tags is not None:
            note.tags = list(tags)
        self.col.update_note(note)

    @edit
    def delete_note(self, guid: str) -> None:
        """Delete a note and its cards."""
        self.col.remove_notes([self._note(guid)])

    @edit
    def delete_card(self, guid: str, ord: int = 0) -> None:
        """Delete one card, and its note if it was the last."""
        self.col.remove_cards_and_orphaned_notes([self._card(guid, ord)])

    @edit
    def move_card(self, guid: str, deck: str, ord: int = 0, make: bool = True) -> None:
        """Move a card to another deck, which is made if missing and `make` allows it."""
        home = self.col.decks.id(deck) if make else self._deck(deck)
        self.col.set_deck([self._card(guid, ord)], home)

    @edit
    def flag_card(self, guid: str, flag: int, ord: int = 0) -> None:
        """Set a card's coloured flag."""
        self.col.set_user_flag_for_cards(flag, [self._card(guid, ord)])

    @edit
    def suspend_card(self, guid: str, ord: int = 0) -> None:
        """Suspend a card."""
        self.col.sched.suspend_cards([self._card(guid, ord)])

    @edit
    def bury_card(self, guid: str, ord: int = 0) -> None:
        """Bury a card by hand."""
        self.col.sched.bury_cards([self._card(guid, ord)], manual=True)

    @edit
    def set_due(self, guid: str, days: str, ord: int = 0) -> None:
        """Set a card's due date; makes it a review card and writes a manual review entry."""
        self.col.sched.set_due_date([self._card(guid, ord)], days)

    @edit
    def forget_card(self, guid: str, ord: int = 0) -> None:
        """Make a card new again."""
        self.col.sched.schedule_cards_as_new([self._card(guid, ord)])

    @edit
    def set_custom_data(self, guid: str, data: str, ord: int = 0) -> None:
        """Set a card's custom scheduling data."""
        card = self.col.get_card(self._card(guid, ord))
        card.custom_data = data
        self.col.update_card(card)

    @edit
    def answer(self, guid: str, ease: int, ord: int = 0) -> None:
        """Answer a card with button `ease` (1 Again … 4 Easy) through the scheduler."""
        card = self.col.get_card(self._card(guid, ord))
        card.start_timer()
        self.col.sched.answerCard(card, ease)
