"""A real run survives kill -9. ``make crash`` plays fifty rounds of this; here are a few."""

import random
from pathlib import Path

import pytest

from tests.crash import play


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_every_side_effect_happens_once_however_often_the_orchestrator_is_killed(tmp_path: Path, seed: int):
    done = play(tmp_path, random.Random(seed))
    assert done.exactly_once, done.written
    assert done.kills > 0
