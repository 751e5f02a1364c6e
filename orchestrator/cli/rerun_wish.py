"""What ``orchestrator rerun`` is asked for, on this machine or in the cloud."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.cli.confirm import confirmed
from orchestrator.cli.output import echo, echo_json
from orchestrator.core.rerun_inside import Selection
from orchestrator.reporting.rerun_plan import plan_lines


@dataclass(frozen=True, slots=True)
class Wish:
    """A rerun of the run that the user calls ``run``. ``given``: params with other values than before."""

    run: str
    wanted: Selection
    given: Mapping[str, object]
    graph: str | None = None
    same_version: bool = False
    run_id: str | None = None
    dry_run: bool = False
    token: str | None = None
    yes: bool = False

    def confirmed(self) -> bool:
        """Whether to start what was shown. Raises UsageError if nobody can be asked and the user has not said so."""
        return confirmed(self.yes or self.token is not None)


def show(plan: Mapping[str, Any], json: bool) -> None:
    """Print what a rerun would do (definition/reruns.py)."""
    if json:
        echo_json(plan)
        return
    for line in plan_lines(plan):
        echo(line)
