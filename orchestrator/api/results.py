"""What the Python API returns of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from orchestrator.core.model import RunStatus, Status
from orchestrator.core.plan import Role
from orchestrator.errors import NotFoundError, RunFailedError
from orchestrator.operations.attempt_logs import log_path
from orchestrator.reporting.found import Found
from orchestrator.text import did_you_mean

#: How many failed steps the text of an error names.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a run. ``attempts``: how many have begun. ``cause``: the class of a failure, as one word.

    ``log``: what its last attempt printed, if that is on this machine. ``kept``: a rerun has it from an earlier run.
    """

    name: str
    status: str
    attempts: int = 0
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    cause: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    log: Path | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class RunResult:
    """A run, as it was when it was read. ``home``: the folder in which it is kept; None in the cloud.

    ``warnings``: messages about the run, one sentence each.
    """

    id: str
    graph: str
    status: str
    params: Mapping[str, Any]
    steps: Mapping[str, StepResult]
    started_at: datetime
    ended_at: datetime | None = None
    rerun_of: str | None = None
    home: Path | None = None
    warnings: Sequence[str] = ()

    @property
    def succeeded(self) -> bool:
        return self.status == RunStatus.SUCCEEDED

    @property
    def failed(self) -> list[str]:
        """The names of the steps that failed, in the order of the graph."""
        return [step.name for step in self.steps.values() if step.status == Status.FAILED]

    def outputs(self, step: str) -> Mapping[str, Any]:
        """The outputs of a step; empty if it has none. Raises NotFoundError if there is no such step."""
        if step not in self.steps:
            raise NotFoundError(f"graph '{self.graph}' has no step '{step}'{did_you_mean(step, self.steps)}")
        return self.steps[step].outputs

    def raise_for_failure(self) -> Self:
        """The result itself. Raises RunFailedError if the run failed or was cancelled."""
        if self.status in (RunStatus.FAILED, RunStatus.CANCELLED):
            raise RunFailedError(self._told(), self)
        return self

    def _told(self) -> str:
        """One sentence: how the run ended, and the errors of the steps that failed."""
        ended = "failed" if self.status == RunStatus.FAILED else "was cancelled"
        said = [f"{name}: {self.steps[name].error or 'failed'}" for name in self.failed[:_NAMED]]
        more = len(self.failed) - len(said)
        causes = "; ".join([*said, *([f"and {more:,} more steps"] if more else [])])
        return f"run '{self.id}' {ended}{': ' if causes else ''}{causes}"

    def __repr__(self) -> str:
        failed = f", failed={self.failed}" if self.failed else ""
        return f"RunResult(id={self.id!r}, status={self.status!r}, steps={len(self.steps)}{failed})"


def result_of(found: Found, word: str | None = None, warnings: Sequence[str] = ()) -> RunResult:
    """The run that was found. ``word``: its status, if that is known better."""
    run = found.run
    return RunResult(
        run.id,
        run.graph,
        found.word if word is None else word,
        dict(run.params),
        {found.plan.steps[node].name: _step(found, node) for node in found.steps},
        _time(run.started_at),
        _time(run.ended_at) if run.ended_at is not None else None,
        run.rerun_of,
        found.home.path if found.home is not None else None,
        (*warnings, *found.unreadable, *found.doubts),
    )


def _step(found: Found, node: int) -> StepResult:
    state = found.view.state(node)
    return StepResult(
        found.plan.steps[node].name,
        str(state.status),
        state.attempt,
        dict(state.outputs or {}),
        state.error,
        state.cause,
        _time(state.started_at) if state.started_at is not None else None,
        _time(state.ended_at) if state.ended_at is not None else None,
        log_path(found, node),
        found.plan.nodes[node].role is Role.KEPT,
    )


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
