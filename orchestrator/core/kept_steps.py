"""A rerun is a new run that keeps steps of an earlier one: its plan is the graph's, without them. Pure.

A kept step is never owed and arrives nowhere. What it would bring to a join is the join's ``base``, which is there from
the start. Nodes and joins have the same numbers as in the graph's own plan, so that everything else stays as it is.
A step that is kept may come after one that runs again, if it need not wait for that (rerun.py). Nobody waits for what
arrives there then.

Which steps are kept is written in the run's record, a letter a step, and the plan is made anew from that and from the
graph's own plan wherever it is needed. Two machines must make the same of it: whoever changes that raises the schema.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from operator import add

from orchestrator.core.joins import arrival
from orchestrator.core.model import Status, StepState
from orchestrator.core.plan import JoinPlan, Node, Plan, Role
from orchestrator.core.rules import NOBODY, Tally

#: The letter of a step that runs again.
AGAIN = "."
_LETTERS = {
    Status.SUCCEEDED: "s",
    Status.SKIPPED: "k",
    Status.FAILED: "f",
    Status.UPSTREAM_FAILED: "u",
    Status.CANCELLED: "c",
}
_STATUSES = {letter: status for status, letter in _LETTERS.items()}


def letters(plan: Plan, kept: Mapping[int, Status]) -> str:
    """The text for a run's record that says which steps are kept, and how each of them ended."""
    return "".join(_LETTERS[kept[node]] if node in kept else AGAIN for node in range(len(plan.steps)))


def statuses(kept: str) -> dict[int, Status]:
    """How each step ended that is kept, by its number. Raises ValueError if ``letters`` never writes such a text."""
    if strange := set(kept) - _STATUSES.keys() - {AGAIN}:
        raise ValueError(f"expected letters of steps that are kept, got {min(strange)!r}")
    return {node: _STATUSES[letter] for node, letter in enumerate(kept) if letter != AGAIN}


def as_kept(state: StepState) -> StepState:
    """The state that a rerun has of a step it keeps. A job that goes on belongs to the run that started it, and so do
    a hold and what was told of a deadline.
    """
    control = replace(state.control, hold=None) if state.control is not None else None
    state = replace(state, endangered_at=None, forecast=None, missed_at=None)
    return replace(state, live=False, ended_by=None, control=control)


def plan_of(base: Plan, kept: str) -> Plan:
    """The plan of a run that keeps these steps of ``base``, the plan of its graph. Raises ValueError."""
    if not kept:
        return base
    if len(kept) != len(base.steps):
        raise ValueError(f"{len(kept)} steps are kept or run again, and the graph has {len(base.steps)}")
    gone = _gone(base, statuses(kept))
    return replace(
        base,
        nodes=tuple(_node(node) if number in gone else node for number, node in enumerate(base.nodes)),
        joins=tuple(_join(join, nodes, gone) for join, nodes in zip(base.joins, _arriving(base), strict=True)),
    )


def _gone(base: Plan, kept: Mapping[int, Status]) -> dict[int, Tally]:
    """What each node brings to a join that is kept: the steps, and the gates before which nothing else is."""
    gone = {node: arrival(StepState(status)) for node, status in kept.items()}
    arriving, todo = _arriving(base), list(gone)
    while todo:
        for join in base.nodes[todo.pop()].arrives:
            waiting = base.joins[join].waiting
            gates = [node for node in waiting if node not in gone and base.nodes[node].role in (Role.GATE, Role.QUIET)]
            if gates and gone.keys() >= set(arriving[join]):
                brought = reduce(add, (gone[node] for node in arriving[join]), NOBODY)
                for gate in gates:
                    gone[gate] = NOBODY if base.nodes[gate].role is Role.QUIET else brought
                todo += gates
    return gone


def _node(node: Node) -> Node:
    return replace(node, role=Role.KEPT, join=None, arrives=())


def _join(join: JoinPlan, nodes: list[int], gone: Mapping[int, Tally]) -> JoinPlan:
    left = [node for node in nodes if node not in gone]
    if len(left) == len(nodes):
        return join
    return JoinPlan(
        len(left),
        tuple(node for node in join.waiting if node not in gone),
        left[0] if len(left) == 1 else None,
        reduce(add, (gone[node] for node in nodes if node in gone)),
    )


def _arriving(plan: Plan) -> list[list[int]]:
    """By join: the nodes that arrive there."""
    arriving: list[list[int]] = [[] for _ in plan.joins]
    for number, node in enumerate(plan.nodes):
        for join in node.arrives:
            arriving[join].append(number)
    return arriving
