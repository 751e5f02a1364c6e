"""Cancels a run, or some of its steps, by an engine whose queues are at work, and says what was done."""

from collections.abc import Collection

from orchestrator.core.model import RunStatus, Stop
from orchestrator.engine import Engine
from orchestrator.operations import tokens
from orchestrator.operations.control.arguments import reason
from orchestrator.operations.control.cancel_report import earlier, told
from orchestrator.operations.find_step import find_step
from orchestrator.operations.requests import CancelAsked, Done, Person
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import listed


def cancel(asked: CancelAsked, found: Found, person: Person, engine: Engine) -> Done:
    """Cancel a run, or the named steps. Returns as soon as all of it is asked to stop.

    A token is checked before, not with each commit: a cancellation holds for whatever it finds. Raises NotFoundError or
    ChangedError, and the errors of the store and the queue.
    """
    nodes = {find_step(found.plan, name) for name in asked.steps} or None
    tokens.check(found, nodes or (), asked.if_match)
    if over := nothing_left(found, nodes):
        return Done((over,))
    stop = Stop(person.at, person.name, reason(asked.why))
    waiting, jobs = engine.cancel(found.run.key, stop, nodes)
    before = earlier(engine.ledger.store, found.run.key, nodes, stop)
    return Done(tuple(told(found, nodes, before, waiting, jobs)), changed=before is None)


def nothing_left(found: Found, nodes: Collection[int] | None) -> str:
    """A sentence if everything that is to be cancelled has already ended, otherwise empty."""
    run = found.run
    if run.status is not RunStatus.RUNNING and not any(state.live for state in found.view.states.values()):
        return f"run {found.called} has ended ({run.status}): there is nothing left to cancel"
    states = [found.view.state(node) for node in nodes or ()]
    if nodes is None or any(state.live or not state.status.final for state in states):
        return ""
    ended = listed(f"{found.plan.steps[node].name} ({found.view.state(node).status})" for node in sorted(nodes))
    return f"run {found.called}: {ended}: there is nothing left to cancel"
