"""Finds the runs that are the jobs of a run's steps."""

from collections.abc import Collection, Iterator

from orchestrator.core.kinds import kind_of
from orchestrator.core.model import RunStatus, StepState
from orchestrator.core.names import JobRef, run_key
from orchestrator.core.plan import Plan
from orchestrator.engine.ledger import Ledger

#: Why a run inside is cancelled that was opened too late.
STEP_ENDED = "the step that runs it has ended"


def ended_without(ledger: Ledger, attempt: JobRef) -> bool:
    """Whether an attempt of a step has ended, although its job, a run, has not: the run was opened too late.

    Whoever opened it stood still for too long, and may have died before it saw that.
    """
    state = ledger.store.load(attempt.run, (attempt.node,), ()).state(attempt.node)
    over = not (state.status.active or state.live)
    return state.attempt > attempt.attempt or (state.attempt == attempt.attempt and over)


def child_key(state: StepState) -> str | None:
    """The key of the run that is the newest attempt's job, of a step that runs one. It may not have been opened."""
    if state.job is not None:
        return state.job
    return run_key(state.job_name) if state.job_name is not None and state.status.active else None


def nesting(plan: Plan) -> list[int]:
    """The steps whose jobs are runs."""
    return [number for number, step in enumerate(plan.steps) if kind_of(step.work).runs]


def inside(ledger: Ledger, key: str, nodes: Collection[int] | None = None) -> Iterator[str]:
    """The keys of the runs inside a run that have not ended, at any depth; each before those inside it.

    ``nodes``: only of these steps.
    """
    chosen = [node for node in nesting(ledger.known(key).plan) if nodes is None or node in nodes]
    states = ledger.store.load(key, chosen, ()).states if chosen else {}
    for state in states.values():
        child = child_key(state) if state.status.active or state.live else None
        run = ledger.store.get_run(child) if child is not None else None
        if run is not None and run.status is RunStatus.RUNNING:
            yield run.key
            yield from inside(ledger, run.key)
