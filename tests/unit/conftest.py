"""The worlds in which the engine is tested."""

from collections.abc import Iterator

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.plan import FailsOn
from orchestrator.core.steps import Step
from orchestrator.jobs.scripted import Script
from tests.unit.engine_world import OPEN, World


@pytest.fixture(autouse=True)
def _end_of_the_worlds() -> Iterator[None]:
    """Closes the database of every world that the test has made, however it made it."""
    yield
    while OPEN:
        OPEN.pop().database.close()


@pytest.fixture
def world():
    def make(*steps: Step, lease: float = 0.0, fails_on: FailsOn = FailsOn.ANY, **scripts: Script) -> World:
        return World(compile_plan("g", "v1", steps, fails_on), scripts, lease=lease)

    return make
