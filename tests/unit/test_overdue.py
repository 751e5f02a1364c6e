"""Since when an effect is owed, what of it is lost, and what a sweep puts again under which name."""

from dataclasses import replace
from math import inf

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.messages import Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.model import Counter, Run, Status, StepState, Stop, View
from orchestrator.core.overdue import LATE, STILL, Ages, Pace
from orchestrator.core.plan import Role
from orchestrator.core.rules import Tally, TriggerRule
from orchestrator.core.steps import Step, Work
from orchestrator.ports import CHECKS, LAUNCHES, Task
from tests.unit.engine_world import KEY, World

JOB = Work("job", {})

#: 0 a and 1 b; 2 c after both; 3 d after either; 4 w is a wait after a.
STEPS = [
    Step("a", JOB), Step("b", JOB), Step("c", JOB, ("a", "b")), Step("d", JOB, ("a", "b"), TriggerRule.ONE_SUCCESS),
    Step("w", Work("wait", {"seconds": 5}), ("a",)),
]  # fmt: skip
PLAN = compile_plan("g", "1", STEPS)
RUN = Run("r", KEY, "g", "1", {}, 100.0)
DONE = StepState(Status.SUCCEEDED, 1, claimed_at=150.0, started_at=160.0, ended_at=200.0)
END = PLAN.end


def ages(**states: StepState) -> Ages:
    return Ages(PLAN, RUN, View({PLAN.numbers[name]: state for name, state in states.items()}), 90.0)


@pytest.mark.parametrize(
    ("effect", "since"),
    [
        (Launch(KEY, 0, 1), 100.0),  # a root: since the run began
        (Launch(KEY, 2, 1), 300.0),  # since the last of those before it ended
        (Launch(KEY, 4, 1), 200.0),
        (Skip(KEY, 2), 300.0),
        (Finish(KEY), 100.0),  # nothing that arrives at the end has ended
    ],
)
def test_what_a_join_makes_possible_is_owed_since_the_last_arrival(effect: Effect, since: float):
    assert ages(a=DONE, b=replace(DONE, ended_at=300.0)).of(effect) == since


def test_what_a_state_owes_is_owed_since_its_own_moment():
    claimed = StepState(Status.LAUNCHING, 1, claimed_at=400.0)
    again = StepState(Status.UP_FOR_RETRY, 1, ended_at=410.0, due=470.0)
    stopped = replace(DONE, status=Status.RUNNING, ended_at=None, stop=Stop(500.0))
    live = replace(DONE, stop=Stop(150.0))
    found = ages(a=claimed, b=again, c=stopped, d=live)
    assert found.of(Launch(KEY, 0, 1)) == 490.0  # its claim has run out
    assert found.of(Launch(KEY, 1, 2, due=470.0)) == 470.0
    assert found.of(Check(KEY, 2, 1, due=760.0)) == 760.0
    assert found.of(Check(KEY, 2, 1, "stop")) == 500.0
    assert found.of(Finish(KEY, after=3)) == 200.0
    assert ages(c=StepState(stop=Stop(500.0))).of(Skip(KEY, 2)) == 500.0


def test_gates_wait_for_no_launch_and_are_as_old_as_the_last_who_arrived():
    plan = compile_plan(
        "g", "1", [*(Step(f"s{n}", JOB) for n in range(40)), Step("z", JOB, tuple(f"s{n}" for n in range(40)))]
    )
    gate = next(number for number, node in enumerate(plan.nodes) if node.role is Role.GATE)
    states = {node: replace(DONE, ended_at=200.0 + node) for node in range(20)}
    assert Ages(plan, RUN, View(states), 0.0).of(Pass(KEY, gate)) == 219.0


def test_the_pace_is_told_by_what_was_launched_and_not_by_guesses():
    claims = {name: replace(DONE, claimed_at=at) for name, at in (("a", 150.0), ("b", 170.0), ("d", 900.0))}
    found = ages(**claims, c=replace(DONE, attempt=2, claimed_at=700.0))
    assert found.pace(range(2)) == Pace(owed=100.0, moved=170.0)
    assert found.pace(range(4)) == Pace(owed=100.0, moved=900.0)  # of d and of c it is not known since when
    assert ages().pace(range(5)) == Pace()
    skipped = StepState(Status.SKIPPED, ended_at=180.0, cause="when")  # its launch came, and launched nothing
    assert ages(b=skipped).pace(range(2)) == Pace(owed=100.0, moved=180.0)
    assert ages(b=replace(skipped, cause="trigger")).pace(range(2)) == Pace()
    assert Pace(1.0, 5.0).and_of(Pace(3.0, 2.0)) == Pace(3.0, 5.0)


def test_a_launch_is_lost_where_it_was_overtaken_or_nothing_moves():
    now = 10_000.0
    assert not Pace(owed=now, moved=now).lost(now - LATE, now)
    assert Pace(owed=now, moved=now).lost(now - LATE - 1, now)
    assert not Pace(owed=0.0, moved=now - STILL).lost(0.0, now)  # it moves, and has not come to what is owed since then
    assert Pace(owed=0.0, moved=now - STILL - 1).lost(0.0, now)
    assert not Pace().lost(now - STILL, now)
    assert Pace().lost(now - STILL - 1, now)


class Kept:
    """A queue that keeps what is put."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def put(self, tasks) -> None:
        self.tasks += tasks


def swept(now: float, pace: Pace, **states: StepState) -> list[tuple[str, str]]:
    """The names and queues of what a sweep puts at ``now``."""
    world = World(PLAN, now=100.0, lease=90.0)
    world.start()
    for name, state in states.items():
        world.store._states[KEY][PLAN.numbers[name]] = state
        for join in PLAN.nodes[PLAN.numbers[name]].arrives:
            before = world.store._counters[KEY].get(join, Counter())
            if state.status.final:
                world.store._counters[KEY][join] = Counter(before.arrived + 1, before.ended + Tally(succeeded=1))
    world.now, world.engine.ledger.queue = now, (kept := Kept())
    count, _ = world.engine.sweep_overdue(world.run, pace)
    assert count == len(kept.tasks)
    return [(task.name, task.queue) for task in kept.tasks]


ALL = {"a": DONE, "b": DONE}
H6, H1 = 6 * 3600.0, 3600.0


def test_a_sweep_puts_nothing_again_that_was_owed_a_moment_ago():
    assert swept(200.0 + LATE, Pace(), **ALL) == []


def test_a_sweep_puts_a_launch_that_may_still_wait_under_the_name_that_it_has_if_it_waits():
    moving = Pace(owed=200.0, moved=900.0)
    assert swept(900.0, moving, **ALL) == [
        (f"{KEY}-2-launch-1", LAUNCHES),
        (f"{KEY}-3-launch-1", LAUNCHES),
        (f"{KEY}-4-launch-1-sweep0", CHECKS),  # a wait is not held back by launches
    ]


@pytest.mark.parametrize(("now", "epoch"), [(H6 - 1, "0"), (H6, "1"), (2 * H6 - 1, "1"), (20 * H6, "14")])
def test_a_sweep_puts_a_lost_launch_under_one_name_for_hours(now: float, epoch: str):
    assert (f"{KEY}-2-launch-1-sweep{epoch}", LAUNCHES) in swept(now, Pace(owed=now, moved=now), **ALL)
    assert (f"{KEY}-2-launch-1-sweep{epoch}", LAUNCHES) in swept(now, Pace(), **ALL)


def test_a_sweep_looks_at_a_job_whose_watchdog_is_late_once_an_hour():
    runs = replace(DONE, status=Status.RUNNING, ended_at=None, job="job")
    first = 160.0 + PLAN.steps[2].check.every
    assert swept(first + LATE, Pace(), **ALL, c=runs, d=runs, w=DONE) == []
    late = [(f"{KEY}-2-check-1-sweep1-0", CHECKS), (f"{KEY}-3-check-1-sweep1-0", CHECKS)]
    assert swept(H1, Pace(), **ALL, c=runs, d=runs, w=DONE) == late
    assert swept(2 * H1 - 1, Pace(), **ALL, c=runs, d=runs, w=DONE) == late


def test_a_job_that_was_to_be_stopped_and_goes_on_is_asked_again():
    runs = replace(DONE, status=Status.RUNNING, ended_at=None, job="job", stop=Stop(300.0))
    found = swept(H1, Pace(), **ALL, c=runs, d=replace(DONE, ended_at=inf), w=DONE)
    assert (f"{KEY}-2-check-1-sweep1stop-0", CHECKS) in found
