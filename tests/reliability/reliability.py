"""The reliability tests: `reliability.py [PARTS...] --deckport BINARY --anki-python PYTHON`.

`cargo xtask reliability` builds, sets up and calls this. Each part prints what it finds and ends in
a few lines of Markdown for `docs/reliability.md`; the last line counts parts like tests.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scenarios"))

import patience
import power

import crowd
import disk
import kills
import lives
from report import Part, Setup, end_on_sigterm

HEADS = {
    "lives": "Random lives",
    "kills": "Kills",
    "power": "Power cuts",
    "disk": "Failing and full disks",
    "patience": "Clients that give up",
    "crowd": "Many at once",
}


# Older Anki versions that can live a random life.
LIVELY = ("2.1.54", "2.1.66")


def main() -> int:
    """Run the parts that were asked for."""
    options = _options()
    end_on_sigterm()
    setup = Setup(
        binary=options.deckport.resolve(),
        faulty=options.faulty.resolve() if options.faulty else None,
        anki=options.anki_python,
        older=tuple(_older(given) for given in options.older),
    )
    runs: dict[str, Callable[[], Part]] = {
        "lives": lambda: lives.run(
            replace(setup, older=tuple(one for one in setup.older if one[0] in LIVELY)),
            options.lives or (12 if options.short else 500),
            options.first_seed,
            options.strict,
        ),
        "kills": lambda: kills.run(
            setup, options.kills or (20 if options.short else 500), options.first_seed
        ),
        "power": lambda: power.run(
            setup, options.cuts or (16 if options.short else 1000), options.first_seed
        ),
        "disk": lambda: disk.run(setup, 3 if options.short else None),
        "patience": lambda: patience.run(setup, options.long),
        "crowd": lambda: crowd.run(setup, 3, 2, 4) if options.short else crowd.run(setup, 8, 3, 60),
    }
    parts = []
    started = time.monotonic()
    for name in options.parts or runs:
        print(f"== {name}", flush=True)
        begin = time.monotonic()
        part = runs[name]()
        print("\n".join([*part.lines, *part.details]))
        print(f"== {name}: {'ok' if part.passed else 'FAILED'}, {time.monotonic() - begin:.0f} s")
        parts.append(part)
        if options.output and part.passed:
            options.output.mkdir(parents=True, exist_ok=True)
            (options.output / f"{part.name}.md").write_text("\n".join(part.lines) + "\n")
    failed = sum(not part.passed for part in parts)
    told = [f"{failed} failed"] if failed else []
    told += [f"{len(parts) - failed} passed"] if failed < len(parts) else []
    print(f"=== {', '.join(told)} in {time.monotonic() - started:.2f}s ===")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(HEADS))
    parser.add_argument("--deckport", type=Path, required=True)
    parser.add_argument("--faulty", type=Path, help="the same with the feature fault-points")
    parser.add_argument("--anki-python", type=Path, required=True)
    parser.add_argument("--older", action="append", default=[], help="VERSION=PYTHON, repeatable")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--long", action="store_true", help="wait as long as old clients do")
    parser.add_argument("--strict", action="store_true", help="known weaknesses fail, too")
    parser.add_argument("--lives", type=int, help="how many")
    parser.add_argument("--kills", type=int, help="how many")
    parser.add_argument("--cuts", type=int, help="how many power cuts")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="a folder for one Markdown file for each part")
    return parser.parse_args()


def _older(given: str) -> tuple[str, Path]:
    version, _, python = given.partition("=")
    return version, Path(python)


if __name__ == "__main__":
    sys.exit(main())
