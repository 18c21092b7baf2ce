"""A device on today's Anki (protocol 11, schema 18): all that a person does with it."""

from __future__ import annotations

from decks import Decks
from files import Files
from inspection import Inspection
from large import Large
from notes import NotesAndCards
from notetypes import Notetypes
from settings import Settings
from syncs import Syncs


class ModernAnki(Syncs, NotesAndCards, Decks, Notetypes, Settings, Files, Inspection, Large):
    """One device; the operations are the methods of its parts."""
