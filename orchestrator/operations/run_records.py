"""A run's plan, as it ran, and its status, as it is now."""

from orchestrator.core import mapped
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.plan import Plan
from orchestrator.errors import StoreError
from orchestrator.home import Home
from orchestrator.ports import Reader
from orchestrator.reporting.found import INTERRUPTED


def standing(home: Home | None, run: Run) -> str:
    """The run's status, or ``interrupted`` if it has not ended and no process on this machine drives it."""
    alone = home is not None and run.status is RunStatus.RUNNING and not home.driven(run.top)
    return INTERRUPTED if alone else str(run.status)


def plan_of(home: Home | None, store: Reader, run: Run) -> Plan:
    """The plan of a run, without what a rerun keeps. Raises StoreError if it is not there, or another's."""
    plan = store.get_plan(run.version)
    if plan is None:
        raise StoreError(f"the plan of run '{run.id}' is missing from {home.database if home else 'its store'}")
    try:
        return mapped.plan_of(plan, run)
    except ValueError as error:
        raise StoreError(f"the plan of run '{run.id}' does not fit what the run keeps: {error}") from error
