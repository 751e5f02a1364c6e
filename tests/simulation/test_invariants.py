"""The invariants bite: each broken view of one small run is noticed, and the whole one is not."""

from dataclasses import replace

import pytest

from orchestrator.core.invariants import violations
from orchestrator.core.model import Counter, RunStatus, Status, StepState, View
from orchestrator.core.rules import Tally, TriggerRule
from orchestrator.core.steps import Retry, Step, Work
from tests.simulation.scenario import Scenario

JOB = Work("job", {})
KEY = "aaaaaaaaaa"
ONE = TriggerRule.ONE_SUCCESS

#: 0 a and 1 b, side by side; 2 c after both; 3 d after both, as soon as one has succeeded. 4 is the end.
STEPS = (
    Step("a", JOB, retry=Retry(2)), Step("b", JOB), Step("c", JOB, ("a", "b")), Step("d", JOB, ("a", "b"), ONE),
)  # fmt: skip
PLAN = Scenario("g", STEPS, {}, {}).compiled()


def job(node: int, status: Status, **changes: object) -> StepState:
    ended = 3.0 if status.final else None
    state = StepState(status, 1, 0, f"x--{KEY}-{node}-1", "job", 1.0, 2.0, ended)
    return replace(state, **changes)  # type: ignore[arg-type]


#: a has succeeded, b runs, and so does d.
WHOLE = View(
    {0: job(0, Status.SUCCEEDED), 1: job(1, Status.RUNNING), 3: job(3, Status.RUNNING)},
    {0: Counter(1, Tally(succeeded=1))},
)


def test_nothing_is_wrong_with_a_sound_run() -> None:
    assert violations(PLAN, WHOLE) == []
    assert violations(PLAN, View()) == []


@pytest.mark.parametrize(
    ("node", "state", "said"),
    [
        (1, job(1, Status.RUNNING, job=None), "running without job"),
        (1, job(1, Status.RUNNING, ended_at=3.0), "running, yet it has ended_at = 3.0"),
        (1, job(1, Status.RUNNING, attempt=0), "running with attempt 0"),
        (1, job(1, Status.RUNNING, attempt=2), "running at attempt 2, 0 interrupted, of 1"),
        (1, job(1, Status.RUNNING, job_name=f"x--{KEY}-7-1"), f"attempt 1 has the job name x--{KEY}-7-1"),
        (1, job(1, Status.RUNNING, passed=Tally()), "only a gate lets anything pass"),
        (1, StepState(attempt=1), "pending with attempt 1"),
        (1, job(1, Status.FAILED, ended_at=1.5), "failed, started at 2.0 and ended before that, at 1.5"),
        (2, job(2, Status.RUNNING), "all_success says wait"),
        (2, StepState(Status.SKIPPED, ended_at=3.0, cause="trigger"), "all_success says wait"),
        (3, StepState(Status.UPSTREAM_FAILED, ended_at=3.0, cause="trigger"), "one_success says run"),
        (4, StepState(Status.SUCCEEDED, ended_at=3.0), "the end has no state of its own"),
    ],
)
def test_a_state_that_cannot_be_is_noticed(node: int, state: StepState, said: str) -> None:
    assert said in "\n".join(violations(PLAN, View({**WHOLE.states, node: state}, WHOLE.counters)))


@pytest.mark.parametrize("counter", [None, Counter(2, Tally(succeeded=2)), Counter(1, Tally(failed=1))])
def test_a_counter_that_does_not_count_what_has_ended_is_noticed(counter: Counter | None) -> None:
    found = violations(PLAN, View(WHOLE.states, {0: counter} if counter else {}))
    assert "its predecessors say" in "\n".join(found)


def test_an_end_before_every_step_has_ended_is_noticed() -> None:
    assert violations(PLAN, WHOLE, RunStatus.SUCCEEDED) == [
        "b: the run has ended, and this step is running",
        "c: the run has ended, and this step is pending",
        "d: the run has ended, and this step is running",
    ]
