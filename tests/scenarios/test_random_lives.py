"""Some random lives of three devices, told to the server under test and to the reference.

`cargo xtask reliability lives` tells hundreds, some of them with an older Anki among the devices.
What Deckport is known to do no better than the reference yet fails there with `--strict`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.judge import OTHER, judge
from harness.life import Script
from harness.stage import Stage

LIVES = 12
STEPS = 60


@pytest.fixture(scope="module")
def stages(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stage, Stage]]:
    """The reference and the server under test, for all lives of this process."""
    option = request.config.getoption
    root = tmp_path_factory.mktemp("lives")
    python, binary = Path(option("--anki-python")), option("--deckport")
    made = []
    for number, kind in enumerate(("reference", option("--server"))):
        own = Path(binary).resolve() if binary else None
        made.append(Stage(kind, python, own, root / f"{number}-{kind}"))
    yield made[0], made[1]
    for stage in made:
        stage.close()


@pytest.mark.parametrize("seed", range(LIVES))
def test_a_random_life_ends_equal_everywhere_and_as_with_the_reference(
    stages: tuple[Stage, Stage], seed: int
) -> None:
    script = Script(seed, STEPS)
    reference, tested = (stage.tell(script) for stage in stages)
    verdict = judge(script, seed, "", reference, tested)
    assert verdict.of(OTHER) == []
