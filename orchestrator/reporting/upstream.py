"""The steps before a step, their states, and what its trigger rule requires of them. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

from orchestrator.core.joins import arrival, needed
from orchestrator.core.model import PENDING, Status, StepState
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Join, Tally, TriggerRule
from orchestrator.core.steps import Step
from orchestrator.reporting.times import clock
from orchestrator.text import span

States = Mapping[int, StepState]

#: The statuses that count as failures for the steps after them.
BROKEN = frozenset({Status.FAILED, Status.CANCELLED, Status.UPSTREAM_FAILED})

#: What each rule without a number requires.
_REQUIRES = {
    TriggerRule.ALL_SUCCESS: "that all steps before it succeed",
    TriggerRule.ALL_FAILED: "that all steps before it fail",
    TriggerRule.ALL_DONE: "that all steps before it end, in whatever way",
    TriggerRule.ALL_DONE_MIN_ONE_SUCCESS: "that all steps before it end, none skipped and at least one with success",
    TriggerRule.ONE_SUCCESS: "that one step before it succeeds",
    TriggerRule.ONE_FAILED: "that one step before it fails",
    TriggerRule.ONE_DONE: "that one step before it succeeds or fails",
    TriggerRule.NONE_FAILED: "that no step before it fails",
    TriggerRule.NONE_SKIPPED: "that no step before it is skipped",
    TriggerRule.ALWAYS: "nothing",
    TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS: "that no step before it fails and at least one succeeds",
    TriggerRule.ALL_SKIPPED: "that all steps before it are skipped",
}


def requires(step: Step) -> str:
    """What a step's trigger rule requires: ``that one step before it succeeds``."""
    if step.at_least is not None:
        return f"that at least {step.at_least} of the {len(step.after)} steps before it succeed"
    if step.within is not None:
        return f"that all steps before it end, or that {span(step.within)} have passed since the first of them did"
    return _REQUIRES[step.trigger]


def progress(plan: Plan, states: States, node: int) -> str:
    """How far a pending step with ``at_least`` has come: ``2 of 3 successes; 1 running``. Empty for all others."""
    step, waiting = plan.steps[node], unfinished(plan, states, node)
    if step.at_least is None:
        return ""
    counts = Counter(states.get(number, PENDING).status for number in waiting)
    left = ", ".join(f"{count} {str(status).replace('_', ' ')}" for status, count in counts.items())
    return f"{join_of(plan, states, node).ended.succeeded} of {step.at_least} successes; {left}"


def at_the_latest(state: StepState) -> str:
    """``runs at 14:03:00 at the latest``, for a pending step that waits for a limited time; empty for all others."""
    if state.status is not Status.PENDING or not state.due:
        return ""
    return f"{'runs' if state.stop is None else 'ends'} at {clock(state.due)} at the latest"


def predecessors(plan: Plan, node: int) -> list[int]:
    """The direct predecessors of a step, in the graph's order."""
    return sorted(plan.numbers[name] for name in plan.steps[node].after)


def unfinished(plan: Plan, states: States, node: int) -> list[int]:
    """The direct predecessors that have not ended, those that are closest to their end first."""
    stage = {Status.RUNNING: 0, Status.LAUNCHING: 1, Status.UP_FOR_RETRY: 2, Status.PENDING: 3}
    waiting = [(states.get(number, PENDING).status, number) for number in predecessors(plan, node)]
    return [number for status, number in sorted(waiting, key=lambda w: (stage.get(w[0], 4), w[1])) if not status.final]


def join_of(plan: Plan, states: States, node: int) -> Join:
    """A step's join, computed from the states of its predecessors: the stored counters may lag behind, at gates."""
    ended = [states[number] for number in predecessors(plan, node) if states.get(number, PENDING).status.final]
    tally = reduce(add, map(arrival, ended), Tally())
    return Join(len(plan.steps[node].after) - len(ended), tally, needed(plan, node))


def at_work_before(plan: Plan, states: States, node: int) -> list[int]:
    """The steps, however far back, that ``node`` is waiting for: those that run, or wait for a retry or a slot."""
    found, seen = set(), set()
    todo = unfinished(plan, states, node)
    while todo:
        number = todo.pop()
        if number in seen:
            continue
        seen.add(number)
        further = unfinished(plan, states, number) if number not in states else []
        if not further:
            found.add(number)
        todo.extend(further)
    return sorted(found)


def root_causes(plan: Plan, states: States, node: int) -> list[int]:
    """The steps whose failure is the reason that ``node`` never ran."""
    found, seen = set(), set()
    todo = [node]
    while todo:
        for number in predecessors(plan, todo.pop()):
            status = states.get(number, PENDING).status
            if number in seen or status not in BROKEN:
                continue
            seen.add(number)
            if status is Status.UPSTREAM_FAILED:
                todo.append(number)
            else:
                found.add(number)
    return sorted(found)


def by_depth(plan: Plan) -> list[int]:
    """The steps in the order of a run: by the length of the longest path to them, then as written."""
    depth = [0] * len(plan.steps)
    left = [len(step.after) for step in plan.steps]
    after: list[list[int]] = [[] for _ in plan.steps]
    for number in range(len(plan.steps)):
        for before in predecessors(plan, number):
            after[before].append(number)
    ready = [number for number, count in enumerate(left) if not count]
    for number in ready:  # which grows
        for follower in after[number]:
            depth[follower] = max(depth[follower], depth[number] + 1)
            left[follower] -= 1
            if not left[follower]:
                ready.append(follower)
    return sorted(range(len(plan.steps)), key=lambda number: (depth[number], number))


def names(plan: Plan, nodes: Sequence[int]) -> list[str]:
    return [plan.steps[node].name for node in nodes]
