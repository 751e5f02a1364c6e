"""The plan of a rerun: the graph's, without the steps that it keeps."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.control import Act, Control, Hold
from orchestrator.core.early_joins import passed
from orchestrator.core.events import Event, HoldRequested, LaunchClaimed, StepSettled, StopRequested
from orchestrator.core.joins import decide
from orchestrator.core.kept_steps import as_kept, letters, plan_of, statuses
from orchestrator.core.machine import evolve, owed
from orchestrator.core.messages import Launch, Skip
from orchestrator.core.model import PENDING, Counter, Status, StepState, Stop, View
from orchestrator.core.plan import FailsOn, Plan, Role
from orchestrator.core.rules import NOBODY, Tally, TriggerRule, Verdict
from orchestrator.core.steps import Step, Work
from orchestrator.core.validity import misfit
from orchestrator.errors import NotFoundError
from tests.unit.engine_world import KEY

JOB = Work("job")
DIAMOND = (
    Step("a", JOB),
    Step("b", JOB, after=("a",)),
    Step("c", JOB, after=("a",)),
    Step("d", JOB, after=("b", "c")),
)


def rerun(steps: Sequence[Step], kept: dict[int, Status]) -> Plan:
    base = compile_plan("g", "v", steps)
    return plan_of(base, letters(base, kept))


def test_without_anything_kept_the_plan_is_the_graphs_own():
    base = compile_plan("g", "v", DIAMOND)
    assert plan_of(base, "") is base
    assert plan_of(base, "....") == base


def test_what_is_kept_is_written_as_a_letter_a_step_and_read_again():
    kept = dict(enumerate((Status.SUCCEEDED, Status.SKIPPED, Status.FAILED, Status.UPSTREAM_FAILED, Status.CANCELLED)))
    base = compile_plan("g", "v", [Step(f"s{number}") for number in range(6)])
    assert letters(base, kept) == "skfuc."
    assert statuses("skfuc.") == kept


@pytest.mark.parametrize("text", ["x...", "S...", "s.. ", "s..", "s...."])
def test_letters_of_something_else_are_refused(text: str):
    with pytest.raises(ValueError, match=r"letters of steps|steps are kept or run again"):
        plan_of(compile_plan("g", "v", DIAMOND), text)


def test_a_kept_step_waits_for_nothing_arrives_nowhere_and_is_not_started():
    plan = rerun(DIAMOND, {0: Status.SUCCEEDED, 1: Status.SUCCEEDED})
    assert [plan.nodes[number].role for number in range(4)] == [Role.KEPT, Role.KEPT, Role.STEP, Role.STEP]
    assert all(plan.nodes[number].arrives == () and plan.nodes[number].join is None for number in (0, 1))
    assert plan.roots == (2, 3)
    assert misfit(plan, Skip("key", 0)) is not None


def test_a_join_waits_for_those_that_run_again_and_knows_the_others():
    plan = rerun(DIAMOND, {0: Status.SUCCEEDED, 1: Status.SUCCEEDED})
    join = plan.joins[plan.nodes[3].join]
    assert (join.size, join.only, join.base) == (1, 2, Tally(succeeded=1))
    assert decide(plan, 2, View()) is Verdict.RUN
    assert decide(plan, 3, View()) is Verdict.WAIT
    assert decide(plan, 3, View({2: StepState(Status.FAILED)})) is Verdict.UPSTREAM_FAILED
    assert decide(plan, 3, View({2: StepState(Status.SUCCEEDED)})) is Verdict.RUN


def test_a_join_of_which_only_the_failed_predecessor_is_kept_says_so_when_the_rest_has_ended():
    plan = rerun(DIAMOND, {0: Status.SUCCEEDED, 1: Status.FAILED})
    assert decide(plan, 3, View({2: StepState(Status.SUCCEEDED)})) is Verdict.UPSTREAM_FAILED


def test_a_rule_that_is_satisfied_by_what_is_kept_lets_its_step_start_at_once():
    steps = (Step("a", JOB), Step("b", JOB), Step("c", JOB, after=("a", "b"), trigger=TriggerRule.ONE_SUCCESS))
    plan = rerun(steps, {0: Status.SUCCEEDED})
    assert plan.roots == (1, 2, plan.end)  # at the end something has arrived, too, and it waits for the rest
    assert decide(plan, 2, View()) is Verdict.RUN


@pytest.mark.parametrize("kept", [range(40), range(3), range(20, 40), (0, 39), ()])
@pytest.mark.parametrize("ended", [Status.SUCCEEDED, Status.FAILED])
def test_a_wide_join_counts_what_is_kept_through_its_gates(kept: Collection[int], ended: Status):
    wide = [Step(f"s{number}", JOB) for number in range(40)]
    steps = [*wide, Step("all", JOB, after=tuple(sorted(step.name for step in wide)))]
    plan = rerun(steps, dict.fromkeys(kept, Status.SUCCEEDED))
    gates = [number for number, node in enumerate(plan.nodes) if node.role is Role.GATE]
    view = _play(plan, ended)
    wanted = Verdict.RUN if ended is Status.SUCCEEDED or len(kept) == 40 else Verdict.UPSTREAM_FAILED
    assert decide(plan, 40, view) is wanted
    assert len(gates) == (0 if len(kept) == 40 else 1 if set(kept) >= set(range(20, 40)) else 2)


def test_a_gate_of_which_all_is_kept_brings_to_its_join_how_that_ended():
    wide = [Step(f"s{number}", JOB) for number in range(40)]
    steps = [*wide, Step("all", JOB, after=tuple(sorted(step.name for step in wide)))]
    plan = rerun(steps, {**dict.fromkeys(range(20), Status.SUCCEEDED), 5: Status.SKIPPED})
    join = plan.nodes[40].join
    assert join is not None
    assert plan.joins[join].base == Tally(succeeded=19, skipped=1)


def _play(plan: Plan, ended: Status) -> View:
    """All steps but the last one end so, and the gates pass."""
    states: dict[int, StepState] = {}
    counters: dict[int, Counter] = {}

    def commit(node: int, joins: Sequence[int], state: StepState, adds: Tally) -> None:
        states[node] = state
        for join in joins:
            before = counters.get(join, Counter())
            counters[join] = Counter(before.arrived + 1, before.ended + adds)

    adds = Tally(succeeded=1) if ended is Status.SUCCEEDED else Tally(failed=1)
    for node in range(40):
        if plan.nodes[node].role is Role.STEP:
            joins = tuple(join for join in plan.nodes[node].arrives if plan.joins[join].only is None)
            commit(node, joins, StepState(ended), adds)
    for node, one in enumerate(plan.nodes):
        if one.role is Role.GATE and (event := passed(plan, node, View(states, counters), 1.0)) is not None:
            transition = evolve(plan, node, PENDING, event)
            assert transition is not None
            commit(node, transition.joins, transition.state, transition.adds)
    return View(states, counters)


def test_the_end_knows_of_a_kept_failure():
    steps = (Step("a", JOB), Step("b", JOB))
    plan = rerun(steps, {0: Status.FAILED})
    assert plan.joins[plan.nodes[plan.end].join].base == Tally(failed=1)


def test_a_kept_step_that_may_fail_does_not_fail_the_run():
    steps = (Step("a", JOB, allow_failure=True), Step("b", JOB))
    base = compile_plan("g", "v", steps, FailsOn.ANY)
    plan = plan_of(base, letters(base, {0: Status.FAILED}))
    assert plan.joins[plan.nodes[plan.end].join].base == NOBODY


@pytest.mark.parametrize(
    "event",
    [
        LaunchClaimed(1, "job", 5.0),
        HoldRequested(Hold(5.0)),
        StopRequested(Stop(5.0)),
        StepSettled(Status.SKIPPED, 5.0),
    ],
)
def test_a_kept_step_whose_record_was_deleted_by_hand_begins_nothing_and_takes_no_orders(event: Event):
    plan = rerun(DIAMOND, {0: Status.SUCCEEDED})
    assert evolve(plan, 0, PENDING, event) is None
    assert list(owed(plan, "key", View(), [0])) == []
    assert evolve(plan, 1, PENDING, event) is not None or isinstance(event, StepSettled)


def test_a_job_that_goes_on_belongs_to_the_run_that_started_it():
    state = StepState(Status.SUCCEEDED, 1, job="j", live=True, ended_by="x", stop=Stop(1.0), outputs={"n": 1})
    assert as_kept(state) == StepState(Status.SUCCEEDED, 1, job="j", stop=Stop(1.0), outputs={"n": 1})
    plan = rerun(DIAMOND, {0: Status.SUCCEEDED})
    assert list(owed(plan, "key", View({0: as_kept(state)}), [0])) == []
    cancelled = StepState(Status.CANCELLED, stop=Stop(1.0, "ann", "why"))
    assert as_kept(cancelled) == cancelled


def test_a_hold_belongs_to_the_run_in_which_somebody_held_the_step():
    control = Control(Hold(1.0, "ann"), acts=(Act("held", 1.0, "ann"),))
    kept = as_kept(StepState(Status.FAILED, 1, control=control))
    assert kept.control == Control(acts=(Act("held", 1.0, "ann"),))


def test_a_record_whose_letters_fit_no_plan_can_never_be_performed(world):
    diamond = world(*DIAMOND)
    diamond.store.open_run(replace(diamond.run, kept="s"), diamond.plan)
    with pytest.raises(NotFoundError, match="no rerun can be made of the plan of version 'v1': 1 steps"):
        diamond.engine.perform(Launch(KEY, 0, 1))
