"""A node's join: what arrives there when a node ends, its current state, and its rule's verdict. Pure."""

from collections.abc import Collection
from dataclasses import replace

from orchestrator.core.model import Counter, Status, StepState, Transition, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import MANY, NOBODY, Join, Tally, TriggerRule, Verdict, verdict
from orchestrator.core.steps import Step

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


def passing(plan: Plan, node: int, state: StepState, passed: Tally, ended_at: float | None) -> Transition:
    """Let a gate pass on ``passed``, less what it has passed on before. It arrives when it has ended."""
    if ended_at is None:
        now = replace(state, passed=passed)
    else:
        now = replace(state, status=Status.SUCCEEDED, ended_at=ended_at, passed=passed)
    adds = passed if state.passed is None else passed - state.passed
    return replace(final(plan, node, now), adds=adds, arrived=0 if ended_at is None else 1)


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
        pending = 0 if state.status.final else 1
        ended = (state.passed or NOBODY) if pending else arrival(state)
    else:
        counter = view.counters.get(number, Counter())
        pending, ended = join.size - counter.arrived, counter.ended
    ended = ended if base is NOBODY else base + ended
    counts = plan.nodes[node].rule is TriggerRule.AT_LEAST
    return Join(pending, ended, needed(plan, node)) if counts else Join(pending, ended)


def needed(plan: Plan, node: int) -> int:
    """How many successes ``node`` requires, if its rule is ``at_least``. A gate decides nothing by itself."""
    if plan.nodes[node].rule is not TriggerRule.AT_LEAST or node >= len(plan.steps):
        return MANY
    return plan.steps[node].at_least or 0


def met_by(step: Step, ended: Collection[Status]) -> bool:
    """Whether ``step`` need not wait for all before it, because enough of them have ended so."""
    tally = sum((arrival(StepState(status)) for status in ended), NOBODY)
    join = Join(len(step.after) - len(ended), tally, step.at_least or MANY)
    return join.pending > 0 and verdict(step.trigger, join) is Verdict.RUN


#: The ``due`` of a pending step that waits no longer.
OVER = 0.0


def decide(plan: Plan, node: int, view: View) -> Verdict:
    """The current verdict on ``node``'s join. A step that will not run waits until all its predecessors have ended."""
    join = join_at(plan, node, view)
    if join.pending and plan.nodes[node].rule is TriggerRule.ALL_DONE_WITHIN:
        join = replace(join, late=view.state(node).due == OVER)
    said = verdict(plan.nodes[node].rule, join)
    if join.pending and said is not Verdict.RUN:
        return Verdict.WAIT
    return said
