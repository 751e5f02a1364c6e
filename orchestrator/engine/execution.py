"""A run together with its plan: what every handler is given."""

from dataclasses import dataclass

from orchestrator.core.model import Run
from orchestrator.core.plan import Plan


@dataclass(frozen=True, slots=True)
class Execution:
    """A run, as it was when it started, and its plan, which does not change.

    ``outer``: of a mapped run, that of the step that is mapped: the expressions of its steps are written there.
    """

    run: Run
    plan: Plan
    outer: "Execution | None" = None
