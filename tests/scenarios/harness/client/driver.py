"""One Anki device: runs under a client version's own Python and obeys JSON lines.

Read a request `{"op": name, "args": {...}, "at": seconds or null}` from stdin, answer
`{"ok": value}` or `{"error": {"type", "kind", "message"}}` on stdout, until stdin ends.

Only the standard library and the `anki` package may be imported here. What differs between
Anki versions lives in the adapters (`modern.py`, and `older.py` with the argument `older`); this
file only carries the words.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO

from modern import ModernAnki
from older import OlderAnki


def take_over_stdout() -> TextIO:
    """Keep the real stdout for answers alone; whatever else prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def describe(error: Exception) -> dict[str, str]:
    """What the test needs to know about a failure: its class, Anki's kind and its text."""
    kind = getattr(error, "kind", "")
    return {
        "type": type(error).__name__,
        "kind": getattr(kind, "name", str(kind)),
        "message": str(error),
    }


def main() -> None:
    """Serve requests until the test closes our stdin."""
    answers = take_over_stdout()
    client = OlderAnki() if sys.argv[1:] == ["older"] else ModernAnki()
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any]
        try:
            answer = {"ok": client.perform(request["op"], request["args"], request["at"])}
        except Exception as error:  # every failure is an answer for the test to judge
            answer = {"error": describe(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    client.close()


if __name__ == "__main__":
    main()
