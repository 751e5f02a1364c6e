"""The worlds in which the engine is tested."""

from collections.abc import Iterator

import pytest

from orchestrator.core.plan import FailsOn, compile_plan
from orchestrator.core.steps import Step
from orchestrator.jobs.scripted import Script
from tests.unit.engine_world import World


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    made: list[World] = []
    yield made
    for world in made:
        world.database.close()


@pytest.fixture
def world(worlds):
    def make(*steps: Step, lease: float = 0.0, fails_on: FailsOn = FailsOn.ANY, **scripts: Script) -> World:
        worlds.append(World(compile_plan("g", "v1", steps, fails_on), scripts, lease=lease))
        return worlds[-1]

    return make
