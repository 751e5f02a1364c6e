"""Gives the pool of a run, or of the run that is a map's job, the size that people have set, and wakes who waits there.

What was set is in the state of the map's step, or of the node at the run's end, so it counts as soon as that is
committed. The pool learns of it after that. Whoever dies in between leaves it to whoever makes the request again, and
to the next sweep.
"""

from orchestrator.core.limits import limits_at
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
    given = state.control.limits if state.control is not None else None
    limits = limits_at(execution.plan, node, state) if given is not None else None
    if limits is None or limits.max_parallel is None or given is None or given.max_parallel is None:
        return
    key = execution.run.key if node == execution.plan.end else child_key(state) if state.status.active else None
    run = ledger.store.get_run(key) if key is not None else None
    if key is None or (run is not None and run.status is not RunStatus.RUNNING):
        return
    pool = pool_of_run(key)
    ledger.store.resize(pool, limits.max_parallel, limits.version)
    look(ledger.store, ledger.queue, pool, limits.max_parallel, f"{key}-limits-{limits.version}")


def resize_all(ledger: Ledger, execution: Execution, view: View) -> None:
    """The same for everything at which limits were set: whoever set them may have died before."""
    for node, state in view.states.items():
        if state.control is not None and state.control.limits is not None:
            resize(ledger, execution, node, state)
