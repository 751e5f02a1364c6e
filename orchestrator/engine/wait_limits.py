"""Limits the time for which a step waits: begins it at the first arrival, and ends it when it is up."""

from orchestrator.core import early_joins
from orchestrator.core.events import WaitLimited, WaitOver
from orchestrator.core.messages import Limit
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import BackendError


def limit(ledger: Ledger, execution: Execution, effect: Limit) -> WaitLimited | WaitOver | None:
    """The event that ``effect`` asks for, judged by the step's state; None if there is nothing to begin or to end.

    Raises BackendError, for a redelivery, if the end comes too early: a clock is wrong, or somebody forged the task.
    """
    node, plan, now = effect.node, execution.plan, ledger.clock()
    nodes = [number for number, steps in plan.limited.items() if node in steps]
    view = ledger.joins(execution, nodes, also=(node,))
    due = view.state(node).due
    if due is not None and not effect.due:
        return None  # it has begun
    if due and due > now + ledger.clock_skew:
        raise BackendError(f"{effect.name} came {due - now:.0f} s early: try again later")
    return early_joins.limit(plan, node, view, now)
