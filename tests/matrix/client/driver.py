"""One device of any Anki generation: runs under that version's own Python and obeys JSON lines.

The lines are those of `scenarios/harness/client/driver.py`. The only argument names the generation:
`py` (2.1.24 to 2.1.26), `rs10` (2.1.28 to 2.1.56) or `rs11` (2.1.57 and later).

Must run on Python 3.7; only the standard library and the `anki` package may be imported.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import syncing


def describe(error: Exception) -> dict[str, str]:
    """What the test needs to know about a failure: its class and its text."""
    return {"type": type(error).__name__, "kind": "", "message": str(error)}


def main() -> None:
    """Serve requests until the test closes our stdin."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else prints goes to stderr
    client = syncing.GENERATIONS[sys.argv[1]]()
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any]
        try:
            answer = {"ok": client.perform(request["op"], request["args"])}
        except Exception as error:  # every failure is an answer for the test to judge
            answer = {"error": describe(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    client.close()


if __name__ == "__main__":
    main()
