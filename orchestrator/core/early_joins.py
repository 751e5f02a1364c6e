"""Joins that something passes before all have arrived, other than by a rule's verdict. Pure; a part of ``machine``.

A step with ``all_done_within`` waits for a limited time, which begins with the first arrival. The end of that time is
recorded in the step's own state, and when it has come, that is recorded too: from then on the join says run. In a tree
of joins, the first arrival at any gate is enough. So the launch is the same as if all had arrived, also by its name.

For ``at_least``, a tree of joins has to know of each success, so its gates do not wait for their group: they pass on
their successes so far, and the rest when all have arrived. What was passed on is in the gate's state, so nothing is
passed on twice; several successes at the same moment may be passed on together.
"""

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.core.events import GatePassed, WaitLimited, WaitOver
from orchestrator.core.joins import OVER, decide, join_at, passing
from orchestrator.core.messages import Effect, Limit, Pass
from orchestrator.core.model import Status, StepState, Transition, View
from orchestrator.core.plan import Plan, Role
from orchestrator.core.rules import NOBODY, Tally, TriggerRule, Verdict

#: The rules of such joins.
RULES = (TriggerRule.ALL_DONE_WITHIN, TriggerRule.AT_LEAST)


def while_waiting(plan: Plan, run: str, node: int, view: View) -> Iterator[Effect]:
    """What is owed at a pending node although its join has to wait."""
    rule, state = plan.nodes[node].rule, view.state(node)
    if rule is TriggerRule.ALL_DONE_WITHIN:
        if state.due is not None:
            yield Limit(run, node, due=state.due)
        elif join_at(plan, node, view).ended != NOBODY:
            for step in plan.limited[node]:
                if step not in view.unreadable and may_limit(view.state(step)):
                    yield Limit(run, step)
    elif rule is TriggerRule.AT_LEAST and plan.nodes[node].role is Role.GATE:
        arrived = join_at(plan, node, view).ended.succeeded
        if arrived > _passed_on(state):
            yield Pass(run, node, early=arrived)


def may_limit(state: StepState) -> bool:
    """Whether the time of a step can begin. The first limit holds: later arrivals do not put it off."""
    return state.status is Status.PENDING and state.due is None


def limited(plan: Plan, node: int, state: StepState, event: WaitLimited | WaitOver) -> Transition | None:
    """What the first arrival changes in the state of a step with ``all_done_within``, and what the end of its time."""
    if isinstance(event, WaitOver):
        return Transition(replace(state, due=OVER)) if state.status is Status.PENDING and state.due else None
    return Transition(replace(state, due=event.due)) if may_limit(state) and node in plan.limited else None


def limit(plan: Plan, node: int, view: View, at: float) -> WaitLimited | WaitOver | None:
    """The event that begins or ends the time of a step; None if nothing has arrived at its join or any gate of that."""
    if view.state(node).due is not None:
        return WaitOver()
    nodes = (number for number, steps in plan.limited.items() if node in steps)
    if all(join_at(plan, number, view).ended == NOBODY for number in nodes):
        return None
    return WaitLimited(at + (plan.steps[node].within or 0.0))


def gate_passed(plan: Plan, node: int, state: StepState, event: GatePassed) -> Transition | None:
    """What a gate's pass changes. An early one must pass on more successes than were passed on before."""
    if state.status is not Status.PENDING or not (event.whole or event.passed.succeeded > _passed_on(state)):
        return None
    return passing(plan, node, state, event.passed, event.at if event.whole else None)


def passed(plan: Plan, node: int, view: View, at: float) -> GatePassed | None:
    """The event that passes a gate now; None if it has to wait."""
    arrived = join_at(plan, node, view).ended
    if decide(plan, node, view) is Verdict.WAIT:
        early = plan.nodes[node].rule is TriggerRule.AT_LEAST and arrived.succeeded
        return GatePassed(Tally(succeeded=early), at, whole=False) if early else None
    return GatePassed(NOBODY if plan.nodes[node].role is Role.QUIET else arrived, at)


def _passed_on(state: StepState) -> int:
    return state.passed.succeeded if state.passed is not None else 0
