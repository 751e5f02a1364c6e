"""Gives the pool of a run, or of the run that is a map's job, the size that people have set, and wakes who waits there.

What was set is in the state of the map's step, or of the node at the run's end, so it counts as soon as that is
committed. The pool learns of it after that. Whoever dies in between leaves it to whoever makes the request again, and
to the next sweep.
"""

from orchestrator.core.limits import limits_set
from orchestrator.core.model import RunStatus, StepState, View
from orchestrator.core.pools import pool_of_run
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.pool_line import look
from orchestrator.engine.runs_inside import child_key


def resize(ledger: Ledger, execution: Execution, node: int, state: StepState) -> None:
    """Give a pool the size that was set at ``node``. Nothing if it has that, or if nothing is there to be limited.

    A map that has no run yet opens its next one with what was set.
    """
    size, version = limits_set(state).max_parallel, limits_set(state).version
    if size is None:
        return
    key = execution.run.key if node == execution.plan.end else child_key(state) if state.status.active else None
    run = ledger.store.get_run(key) if key is not None else None
    if key is None or (run is not None and run.status is not RunStatus.RUNNING):
        return
    pool = pool_of_run(key)
    ledger.store.resize(pool, size, version)
    look(ledger.store, ledger.queue, pool, size, f"{key}-limits-{version}")


def resize_all(ledger: Ledger, execution: Execution, view: View) -> None:
    """The same for everything at which limits were set: whoever set them may have died before."""
    for node, state in view.states.items():
        if limits_set(state).version:
            resize(ledger, execution, node, state)
