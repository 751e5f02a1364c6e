"""Finds the steps that a user names, in a run on which something can still be done."""

from collections.abc import Callable, Collection

from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import ref_in
from orchestrator.core.plan import Plan
from orchestrator.core.rerun_inside import step_named
from orchestrator.errors import NotFoundError
from orchestrator.ports import Reader
from orchestrator.reporting.found import Found
from orchestrator.text import did_you_mean


def find_step(plan: Plan, name: str) -> int:
    """The number of the step called ``name``; of a mapped step's, the item's number is enough. Raises NotFoundError."""
    if (found := step_named(plan, name)) is not None:
        return plan.numbers[found]
    hint = did_you_mean(name, plan.numbers)
    known = f": its steps are {', '.join(plan.numbers)}" if not hint and len(plan.steps) <= 12 else hint
    raise NotFoundError(f"graph '{plan.graph}' has no step '{name}'{known}")


def full_names(found: Found, names: Collection[str]) -> tuple[str, ...]:
    """The names of steps in full: ``per-file.17`` for ``17``. Raises NotFoundError."""
    return tuple(found.plan.steps[find_step(found.plan, name)].name for name in names)


def way(store: Reader, plan_of: Callable[[Run], Plan], run: Run) -> list[str]:
    """The steps on the way to a run inside another, from the run that somebody started; none to that one."""
    ref = ref_in(run.parent) if run.parent is not None else None
    above = store.get_run(ref.run) if ref is not None else None
    return [] if ref is None or above is None else [*way(store, plan_of, above), plan_of(above).steps[ref.node].name]


def too_late(command: str, found: Found) -> str:
    """A sentence that says what helps now, if the run has ended, so that nothing more can be done to it; or empty."""
    status = found.run.status
    if status is RunStatus.RUNNING:
        return ""
    said = f"run '{found.called}' has ended ({status}): there is nothing left to {command}"
    commanded = found.home is not None or found.url is not None  # else it is told to a program, over HTTP
    if commanded and status is not RunStatus.SUCCEEDED:
        said = f"{said}; to run again what did not succeed: {found.rerun}"
    return said
