"""A node's join: what arrives there when a node ends, its current state, and its rule's verdict. Pure."""

from dataclasses import replace

from orchestrator.core.model import Counter, Status, StepState, Transition, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import NOBODY, Join, Tally, Verdict, verdict

_ARRIVAL = {
    Status.SUCCEEDED: Tally(succeeded=1),
    Status.FAILED: Tally(failed=1),
    Status.CANCELLED: Tally(failed=1),
    Status.UPSTREAM_FAILED: Tally(upstream_failed=1),
    Status.SKIPPED: Tally(skipped=1),
}


def final(plan: Plan, node: int, state: StepState) -> Transition:
    """End the node, and let it arrive at its successors' joins in the same commit. A join of one has no counter.

    A hold ends with its step.
    """
    if state.control is not None and state.control.hold is not None:
        state = replace(state, control=replace(state.control, hold=None))
    counted = tuple(join for join in plan.nodes[node].arrives if plan.joins[join].only is None)
    return Transition(state, counted, arrival(state))


def arrival(state: StepState) -> Tally:
    """What a final state adds to a join."""
    return _ARRIVAL[state.status] if state.passed is None else state.passed


def join_at(plan: Plan, node: int, view: View) -> Join:
    """The join of ``node``, according to ``view``."""
    number = plan.nodes[node].join
    if number is None:
        return Join()
    join = plan.joins[number]
    base = join.base
    if join.only is not None:
        state = view.state(join.only)
        if not state.status.final:
            return Join(1, base)
        pending, ended = 0, arrival(state)
    else:
        counter = view.counters.get(number, Counter())
        pending, ended = join.size - counter.arrived, counter.ended
    return Join(pending, ended if base is NOBODY else base + ended)


def decide(plan: Plan, node: int, view: View) -> Verdict:
    """The current verdict on ``node``'s join. A step that will not run waits until all its predecessors have ended."""
    join = join_at(plan, node, view)
    said = verdict(plan.nodes[node].rule, join)
    if join.pending and said is not Verdict.RUN:
        return Verdict.WAIT
    return said
