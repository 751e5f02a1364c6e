"""Verifies that a launch is owed before its attempt begins: by the proof in its task, or by reading the state.

Whoever may create tasks could invent a launch, and a claim only shows that nobody launched that attempt before. A proof
costs no read. A launch without one, from an older version or an invented one, costs one read.
"""

import logging

from orchestrator.core import machine
from orchestrator.core.messages import Launch
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import BackendError

log = logging.getLogger(__name__)


def may_begin(ledger: Ledger, execution: Execution, launch: Launch) -> bool:
    """Whether ``launch`` is owed now, or was before; in the latter case its claim says what is left to do.

    If it is not, what the step does owe is paid. Raises BackendError, for a redelivery, if it will be owed later.
    """
    latest = ledger.clock() + ledger.clock_skew
    if launch.due <= latest and launch.is_proved(execution.run.seal):
        return True
    view = ledger.joins(execution, (launch.node,), also=(launch.node,))
    if launch.attempt <= view.state(launch.node).attempt:
        return True
    for owed in machine.owed(execution.plan, execution.run.key, view, (launch.node,)):
        if isinstance(owed, Launch) and owed.attempt == launch.attempt:
            if owed.due <= latest:
                return True
            raise BackendError(f"{launch.name} came {owed.due - latest:.0f} s early: try again later")
    if (control := view.state(launch.node).control) is None or control.hold is None:
        log.warning(
            "%s is not owed, so it was not done: somebody made it up, or a record of its step is gone", launch.name
        )
    ledger.roll_forward(execution, launch.node)
    return False
