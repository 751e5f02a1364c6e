"""Deadlines in a world: who has one, whether each that was missed was noted, and whether it was told ahead in time.

The forecast is computed here once more, from a record of every change, as a walk forward through the graph.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.model import Status, StepState
from orchestrator.core.plan import Plan, Role
from orchestrator.core.steps import Step
from tests.simulation.graphs import IMPATIENT
from tests.simulation.oracle import HOP
from tests.simulation.scenario import Scenario
from tests.simulation.weather import MAX_SKEW

if TYPE_CHECKING:
    from tests.simulation.life import Life
    from tests.simulation.world import World

#: How many graphs have deadlines; of these, how many have one themselves, how many steps have one, and how often it is
#: known how long steps take.
OFTEN, OF_RUN, OF_STEP, KNOWN = 0.35, 0.7, 0.25, 0.75

#: Seconds after the run's start, and those that steps are known to take.
DUE, TOOK = (1.0, 20.0, 100.0, 400.0, 1500.0, 5000.0), (0, 1, 20, 100, 800)

#: Seconds within which what is found is noted, in a world without faults: the look, its delivery, and its commit.
SOON = 1.0 + 3 * HOP


def with_deadlines(scenario: Scenario, random: Random) -> Scenario:
    """The scenario, perhaps with deadlines, of which nothing depends but what is told."""
    if random.random() >= OFTEN:
        return scenario

    def due() -> float | str:
        seconds = random.choice(DUE) * random.uniform(0.5, 1.5)
        return f"{seconds:.3f}" if int(1000 * seconds) % 3 == 0 else seconds  # stands for a time of day

    steps = tuple(replace(step, deadline=due()) if random.random() < OF_STEP else step for step in scenario.steps)
    known = random.random() < KNOWN
    took = [str(random.choice(TOOK)) if known and random.random() < 0.9 else "" for _ in steps]
    of_run = due() if random.random() < OF_RUN else None
    return replace(scenario, steps=steps, deadline=of_run, typical=",".join(took) if any(took) else "")


def moments(plan: Plan, began: float) -> dict[str, float]:
    """When the times of day are that the deadlines of a run name."""
    return {due: began + float(due) for due in plan.deadlines.values() if isinstance(due, str)}


class Record:
    """Every state that the nodes of a run ever had, and since when."""

    def __init__(self) -> None:
        self.changes: list[tuple[float, int, StepState]] = []

    def changed(self, now: float, node: int, state: StepState) -> None:
        self.changes.append((now, node, state))

    def ended(self, wanted: int, otherwise: float) -> float:
        """When it was recorded that a node ended."""
        ends = (now for now, node, state in self.changes if node == wanted and state.status.final)
        return next(ends, otherwise)


def noted(old: StepState, new: StepState) -> bool:
    """Whether nothing changed but what is noted of a deadline, once."""
    same = replace(new, ended_by=old.ended_by)  # an older version loses that
    ahead = replace(old, endangered_at=new.endangered_at, forecast=new.forecast)
    first = old.endangered_at is None and new.endangered_at is not None and not old.status.final
    missed = replace(old, missed_at=new.missed_at)
    late = old.missed_at is None and new.missed_at is not None
    return (first and old.missed_at is None and same == ahead) or (late and same == missed)


def judge(world: "World", life: "Life") -> Iterator[str]:
    """What is wrong with what was noted of the deadlines of a run that has ended."""
    run, view, plan = life.stored, life.watch.view(), life.plan
    if run is None or run.ended_at is None or not plan.deadlines:
        return
    world.count("deadline: there is one")
    calm = world.weather.is_calm and not world.weather.threads
    slack = 0.0 if calm else 2 * MAX_SKEW + 1.0
    for node, seconds in plan.deadlines.items():
        state, due, name = view.state(node), run.started_at + float(seconds), plan.nodes[node].name
        ended = run.ended_at if node == plan.end else state.ended_at
        if ended is None or node in life.watch.lost:
            continue
        if state.missed_at is None and ended > due + slack:
            yield f"{name}: ended at {ended}, its deadline was {due}, and nobody noted that"
        known = life.watch.record.ended(node, ended)  # a job's end may be heard of long after it
        if state.missed_at is not None and min(known, state.missed_at) < due - slack:
            yield f"{name}: ended at {known}, its deadline was {due}, and at {state.missed_at} it was taken for missed"
        if state.endangered_at is not None and not run.typical:
            yield f"{name}: was expected to be late, and nothing was known"
        world.faults["deadline: at a time of day"] += isinstance(seconds, str)
        world.faults["deadline: missed"] += state.missed_at is not None
        world.faults["deadline: expected to be missed"] += state.endangered_at is not None
        if calm:
            if state.missed_at is not None and state.missed_at > max(due, min(ended, due + SOON)) + SOON:
                yield f"{name}: its deadline was {due}, and that was noted at {state.missed_at}"
            yield from _ahead(world, life, node, due, ended)


def _ahead(world: "World", life: "Life", node: int, due: float, ended: float) -> Iterator[str]:
    """Whether it was told ahead as soon as it was to be expected, and not before. Holds and pools delay the looks."""
    run, state, name = life.stored, life.watch.view().state(node), life.plan.nodes[node].name
    assert run is not None
    controlled = any(known.control is not None for known in life.watch.view().states.values())
    if not run.typical or world.pools.limits or controlled:
        return
    since = _expected_since(life, node, due)
    at = state.endangered_at
    if at is None and since is not None and since + SOON < min(due, ended):
        yield f"{name}: was to be expected to miss {due} since {since}, and nobody was told"
    if at is not None and (since is None or not since - 0.1 <= at <= since + SOON):
        yield f"{name}: was to be expected to miss {due} since {since}, and that was told at {at}"


def _expected_since(life: "Life", node: int, due: float) -> float | None:
    """When it was first to be expected that a node would end after its deadline; None if never before that."""
    run = life.stored
    assert run is not None
    states: dict[int, StepState] = {}
    now = run.started_at
    for when, changed, state in [*life.watch.record.changes, (due, -1, StepState())]:
        until = min(when, due)
        if _forecast(life, states, node, until) > due:
            low, high = now, until
            while high - low > 0.01:
                middle = (low + high) / 2
                low, high = (low, middle) if _forecast(life, states, node, middle) > due else (middle, high)
            return high
        if when >= due:
            return None
        states[changed], now = state, when
        if _ended(life, states, node):
            return None
    return None


def _ended(life: "Life", states: Mapping[int, StepState], node: int) -> bool:
    return node != life.plan.end and states.get(node, StepState()).status.final


def _forecast(life: "Life", states: Mapping[int, StepState], wanted: int, now: float) -> float:
    """When a node was to end, judged at ``now``."""
    run, plan = life.stored, life.plan
    assert run is not None
    took = [float(text or 0) for text in run.typical.split(",")]
    ends: dict[str, float] = {}
    for node in plan.topological:
        step, state = plan.steps[node], states.get(node, StepState())
        ends[step.name] = _end(step, state, plan.nodes[node].role is Role.KEPT, took[node], ends, now)
    return max(ends.values()) if wanted == plan.end else ends[plan.steps[wanted].name]


def _end(step: Step, state: StepState, kept: bool, took: float, ends: Mapping[str, float], now: float) -> float:
    if kept or state.status.final:
        return state.ended_at or 0.0
    match state.status:
        case Status.RUNNING:
            return max(now, (state.started_at or now) + took)
        case Status.UP_FOR_RETRY:
            return max(now, state.due or 0.0) + took
        case Status.NEEDS_ATTENTION:
            return now
    waits = [ends[name] for name in step.after] if step.trigger not in IMPATIENT else []
    return max([now, *waits]) + took
