"""The steps before a step, their states, and what its trigger rule requires of them. Pure."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add

from orchestrator.core.joins import arrival
from orchestrator.core.model import PENDING, Status, StepState
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Join, Tally, TriggerRule

States = Mapping[int, StepState]

#: The statuses that count as failures for the steps after them.
BROKEN = frozenset({Status.FAILED, Status.CANCELLED, Status.UPSTREAM_FAILED})

#: What each rule requires.
REQUIRES = {
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
    return Join(len(plan.steps[node].after) - len(ended), reduce(add, map(arrival, ended), Tally()))


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
