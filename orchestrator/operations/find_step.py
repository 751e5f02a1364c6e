"""Finds the steps that a user names, in a run on which something can still be done."""

from orchestrator.core.model import RunStatus
from orchestrator.core.plan import Plan
from orchestrator.core.rerun_inside import step_named
from orchestrator.errors import NotFoundError
from orchestrator.reporting.found import Found
from orchestrator.text import did_you_mean


def find_step(plan: Plan, name: str) -> int:
    """The number of the step called ``name``; of a mapped step's, the item's number is enough. Raises NotFoundError."""
    if (found := step_named(plan, name)) is not None:
        return plan.numbers[found]
    hint = did_you_mean(name, plan.numbers)
    known = f": its steps are {', '.join(plan.numbers)}" if not hint and len(plan.steps) <= 12 else hint
    raise NotFoundError(f"graph '{plan.graph}' has no step '{name}'{known}")


def too_late(command: str, found: Found) -> str:
    """A sentence that says what helps now, if the run has ended, so that nothing more can be done to it; or empty."""
    status = found.run.status
    if status is RunStatus.RUNNING:
        return ""
    said = f"run '{found.run.id}' has ended ({status}): there is nothing left to {command}"
    commanded = found.home is not None or found.url is not None  # else it is told to a program, over HTTP
    if commanded and status is not RunStatus.SUCCEEDED:
        said = f"{said}; to run again what did not succeed: {found.rerun}"
    return said
