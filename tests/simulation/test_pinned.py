"""What the simulation has found, each case by itself. Seeds change their meaning with the generator; these do not."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from orchestrator.core.messages import Launch
from orchestrator.core.model import Run
from orchestrator.core.names import run_key
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import CheckPolicy, Retry, Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import BackendError
from orchestrator.home.database import Database
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import JobRequest, Launched
from orchestrator.queues.local import LocalQueue
from tests.doubles.memory_store import MemoryStore
from tests.simulation.scenario import Attempt, Behaviour, Scenario
from tests.simulation.weather import Weather
from tests.simulation.world import World

JOB = Work("job", {})
CALM = Weather()
DATAFLOW = Weather(unique=False, lease=90.0)


def failures(steps: tuple[Step, ...], attempt: Attempt, weather: Weather, seed: int = 0) -> list[str]:
    """What goes wrong with a graph whose all attempts behave the same."""
    attempts = {step.name: (attempt,) for step in steps}
    return list(World([Scenario("pinned", steps, {}, attempts)], weather, Random(seed)).play().failures)


def test_a_step_of_a_kind_that_nobody_can_run_fails_and_its_run_ends() -> None:
    """The refusal was raised outside the try, and left the handler: the task came back until it was given up."""
    assert failures((Step("a", Work("unheard-of", {})),), Attempt(), CALM) == []


def test_a_launch_that_is_refused_does_not_wait_for_its_own_claim_to_run_out() -> None:
    """The refusal claimed the attempt a second time, met its own claim, and came back after the lease: 123 s late."""
    assert failures((Step("a", JOB),), Attempt(Behaviour.IS_REFUSED), DATAFLOW) == []


@pytest.mark.parametrize("seed", range(10))
def test_a_job_stopped_by_a_machine_whose_clock_is_fast_has_timed_out(seed: int) -> None:
    """By the service's clock it was stopped before its time, so it was taken for cancelled, and not tried again."""
    step = Step("a", JOB, retry=Retry(2, 0.0), timeout=200.0, check=CheckPolicy(5.0, 60.0))
    assert failures((step,), Attempt(Behaviour.HANGS, 1e7), Weather(skew=10.0), seed) == []


@pytest.mark.parametrize("seed", range(10))
def test_a_job_that_failed_long_before_its_time_was_up_has_not_timed_out(seed: int) -> None:
    """Its old state was shown when its time was up, so it was asked to stop, and taken for late (8000945)."""
    step = Step("a", JOB, timeout=400.0, check=CheckPolicy(5.0, 60.0))
    assert failures((step,), Attempt(Behaviour.FAILS, 100.0), Weather(lag=1000.0, signal=1.0), seed) == []


def test_a_wait_that_is_longer_than_the_time_between_looks_ends_in_time() -> None:
    """The second check came ``check.every`` after the first, though the end was known: 11 minutes took 20 (36291)."""
    assert failures((Step("a", Work("wait", {"seconds": 660})),), Attempt(), CALM) == []


def test_a_step_left_behind_by_an_impatient_one_may_arrive_at_the_end_through_a_tree() -> None:
    """A quiet gate among the 40 leaves arrives and adds nothing, which the invariants took for a gate too early."""
    fan = tuple(Step(f"s{number}", JOB, ("first",), TriggerRule.ONE_SUCCESS) for number in range(40))
    assert failures((Step("first", JOB), *fan), Attempt(), CALM) == []


class Slow(ScriptedBackend):
    """A service that takes its time to answer: ``meanwhile`` happens once, between its look and its answer.

    It takes each name again and again.
    """

    meanwhile: Callable[[], None] | None = None
    down = True

    def launch(self, request: JobRequest) -> Launched:
        if self.down:
            self.down = False
            raise BackendError("down")
        return super().launch(replace(request, name=f"{request.name}/{len(self.jobs)}"))

    def find(self, request: JobRequest) -> Launched | None:
        found = super().find(request)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return found


def test_of_two_who_find_that_a_claim_ran_out_one_launches() -> None:
    """Both found no job and launched one; where the first has ended, nothing at Dataflow prevents a second."""
    now = 1000.0
    service = Slow(lambda _: Script(), lambda: now)
    database = Database(":memory:")
    queue = LocalQueue(database)
    engine = Engine(Ledger(MemoryStore(), queue, {"job": service}, lambda: now, launch_lease=90.0))
    plan = Scenario("pinned", (Step("a", JOB),), {}, {}).compiled()
    run = Run("r", run_key("r"), "pinned", "1", {}, now)
    engine.start(run, plan)
    launch = Launch(run.key, 0, 1)
    with pytest.raises(BackendError, match="down"):
        engine.perform(launch)

    def other() -> None:
        with pytest.raises(BackendError, match="another delivery"):
            engine.perform(launch)

    now += 100.0
    service.meanwhile = other
    engine.perform(launch)
    database.close()
    assert len(service.jobs) == 1


def test_a_late_check_after_a_refused_launch_begins_nothing_though_somebody_deleted_its_step() -> None:
    """It was a launch that came later, and claimed the step anew: its join counted it twice (8000107, 8000626)."""
    fan = (*(Step(f"s{number}", JOB) for number in range(3)), Step("z", JOB, ("s0", "s1", "s2"), TriggerRule.ALL_DONE))
    attempts = {step.name: (Attempt(Behaviour.SUCCEEDS, 900.0),) for step in fan} | {
        "s0": (Attempt(Behaviour.IS_REFUSED),)
    }
    scenario = Scenario("pinned", fan, {}, attempts)
    weather = replace(DATAFLOW, period=200.0, hand=True)
    for seed in range(5):
        played = World([scenario], weather, Random(seed)).play()
        assert (list(played.failures), played.faults["hand: deletes a step"]) == ([], 1)
