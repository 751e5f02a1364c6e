"""How a rehearsal went, for people and for programs. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.cli.report import headline
from orchestrator.cli.words import counted, why
from orchestrator.core.model import Run, RunStatus
from orchestrator.words import duration


@dataclass
class Rehearsed:
    """How it went. ``launches``: how many jobs were made of each name; ``attempts``: those of Dataflow steps.

    ``active``: the jobs that still ran at the end. ``misfits``: calls that the Dataflow API would not understand.
    """

    runs: list[Run] = field(default_factory=list)
    attempts: int = 0
    launches: Mapping[str, int] = field(default_factory=dict)
    kills: int = 0
    happened: Mapping[str, int] = field(default_factory=dict)
    active: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)

    @property
    def twice(self) -> dict[str, int]:
        """The attempts that launched more than one job, and how many."""
        return {name: number for name, number in self.launches.items() if number > 1}

    @property
    def well(self) -> bool:
        """Every run succeeded, every attempt launched one job, and none is left."""
        return all(run.status is RunStatus.SUCCEEDED for run in self.runs) and not self.twice and not self.active

    def json(self) -> dict[str, Any]:
        return {
            "well": self.well,
            "runs": [headline(run, str(run.status)) for run in self.runs],
            "attempts": self.attempts,
            "jobs": sum(self.launches.values()),
            "launched_twice": self.twice,
            "kills": self.kills,
            "happened": dict(sorted(self.happened.items())),
            "still_active": self.active,
            "misfits": self.misfits,
        }

    def lines(self) -> Iterator[str]:
        """The same for people."""
        for run in self.runs:
            took = f" after {duration(run.ended_at - run.started_at)}" if run.ended_at is not None else ""
            said = f": {why(run)}" if why(run) else ""
            yield f"{run.id}  {'has not ended' if run.status is RunStatus.RUNNING else run.status}{took}{said}"
        jobs = counted(sum(self.launches.values()), "job")
        none = self.attempts - len(self.launches)
        each = (
            "" if self.twice else ", one each" if not none else f"; {none} of them launched none, the others one each"
        )
        yield f"{counted(self.attempts, 'attempt')} launched {jobs}{each}"
        for name, number in self.twice.items():
            yield f"LAUNCHED {number} TIMES: {name}"
        yield f"functions killed: {self.kills}"
        wrong = ", ".join(f"{number} x {what}" for what, number in sorted(self.happened.items()))
        yield f"what went wrong: {wrong or 'nothing'}"
        yield f"jobs still active: {', '.join(self.active) or 'none'}"
        for misfit in self.misfits:
            yield f"the Dataflow API would refuse: {misfit}"
