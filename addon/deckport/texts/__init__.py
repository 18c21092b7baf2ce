"""What people read, in their language: a JSON file each, English where one has no word."""

from __future__ import annotations

import json
from pathlib import Path

_FOLDER = Path(__file__).parent


class Texts:
    """The sentences of one language."""

    def __init__(self, language: str) -> None:
        """`language` as Anki or a person writes it: `de`, `de-DE`, `de_AT`."""
        self._sentences = _read("en")
        code = language.replace("_", "-").split("-")[0].lower()
        if code != "en" and (_FOLDER / f"{code}.json").exists():
            self._sentences.update(_read(code))

    def __call__(self, sentence: str, /, **values: str) -> str:
        """A sentence, with what is to be filled in."""
        return self._sentences[sentence].format(**values)


def languages() -> list[str]:
    """The languages there are."""
    return sorted(file.stem for file in _FOLDER.glob("*.json"))


def _read(code: str) -> dict[str, str]:
    return json.loads((_FOLDER / f"{code}.json").read_text(encoding="utf-8"))
