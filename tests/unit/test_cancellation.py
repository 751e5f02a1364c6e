"""What a cancellation says that it found and did."""

import pytest

from orchestrator.core.graph import Graph
from orchestrator.core.model import Stop
from orchestrator.core.steps import Step, Work
from orchestrator.operations.control.cancel_report import earlier, told
from orchestrator.reporting.found import Found
from tests.unit.engine_world import JOB, KEY, STOP, World

LATER = Stop(9.0, "bob", "another reason")


@pytest.fixture
def world() -> World:
    made = World(Graph("g", (Step("a", JOB), Step("b", Work("wait", {"seconds": 60.0})))).compile())
    made.start()
    for effect in made.due():
        made.engine.perform(effect)
    return made


@pytest.mark.parametrize("nodes", [None, {0}])
def test_of_two_cancellations_the_first_holds(world: World, nodes: set[int] | None) -> None:
    """Both were told that they had done it: each had looked before the other wrote."""
    world.engine.cancel(KEY, STOP, nodes)
    assert earlier(world.store, KEY, nodes, STOP) is None
    world.engine.cancel(KEY, LATER, nodes)
    assert earlier(world.store, KEY, nodes, LATER) == STOP


def test_a_step_that_is_cancelled_beside_one_that_was_is_our_own_work(world: World) -> None:
    world.engine.cancel(KEY, STOP, {0})
    world.engine.cancel(KEY, LATER, {0, 1})
    assert earlier(world.store, KEY, {0, 1}, LATER) is None


def test_what_was_done_is_told_or_whose_work_it_continues(world: World) -> None:
    found = Found(None, world.run, world.plan, world.store.load_all(KEY))
    assert list(told(found, None, None, 1, 3, threads=[0])) == [
        "run r: cancelled 1 step that had no job, and asked 2 jobs to stop"
    ]
    first, second = told(found, {0, 1}, STOP, 0, 1)
    assert first.startswith("run r: a and b were cancelled by ann at ")
    assert first.endswith(": wrong input: continuing that cancellation")
    assert second == "run r: 1 step has not ended yet"
