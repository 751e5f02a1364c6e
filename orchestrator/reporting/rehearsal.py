"""The result of a rehearsal, as lines and as JSON. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core.model import Run, RunStatus
from orchestrator.reporting.phrases import counted, why
from orchestrator.reporting.report import headline
from orchestrator.reporting.times import duration


@dataclass
class Rehearsed:
    """The result. ``launches``: how many jobs were made, by name; ``attempts``: how many Dataflow steps made.

    ``active``: the jobs that were still running at the end, without ``streaming`` ones, which are meant to.
    ``misfits``: calls that the Dataflow API would refuse. ``unexpected``: exceptions in functions and fakes, and
    dropped tasks. ``failures``: lines about the failed steps of a run, by its id; ``steps``: those steps as JSON.
    """

    runs: list[Run] = field(default_factory=list)
    attempts: int = 0
    launches: Mapping[str, int] = field(default_factory=dict)
    kills: int = 0
    happened: Mapping[str, int] = field(default_factory=dict)
    active: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    streaming: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    failures: Mapping[str, Sequence[str]] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def twice(self) -> dict[str, int]:
        """The attempts that launched more than one job, and how many."""
        return {name: number for name, number in self.launches.items() if number > 1}

    @property
    def passed(self) -> bool:
        """Every run succeeded, every attempt launched one job, none is left, and nothing else went wrong."""
        ended = all(run.status is RunStatus.SUCCEEDED for run in self.runs)
        return ended and not (self.twice or self.active or self.misfits or self.unexpected)

    def json(self) -> dict[str, Any]:
        """As JSON. Without ``streaming``, ``unexpected`` and a run's ``failed_steps`` where they would be empty."""
        rare = {"streaming": self.streaming, "unexpected": self.unexpected}
        return {
            "passed": self.passed,
            "runs": [self._run(run) for run in self.runs],
            "attempts": self.attempts,
            "jobs": sum(self.launches.values()),
            "launched_twice": self.twice,
            "kills": self.kills,
            "happened": dict(sorted(self.happened.items())),
            "still_active": self.active,
            "misfits": self.misfits,
            **{name: value for name, value in rare.items() if value},
        }

    def lines(self) -> Iterator[str]:
        """As lines."""
        for run in self.runs:
            took = f" after {duration(run.ended_at - run.started_at)}" if run.ended_at is not None else ""
            said = f": {why(run)}" if why(run) else ""
            yield f"{run.id}  {'has not ended' if run.status is RunStatus.RUNNING else run.status}{took}{said}"
            yield from (f"  {line}" for line in self.failures.get(run.id, ()))
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
        yield f"injected faults: {wrong or 'none'}"
        yield f"jobs still active: {', '.join(self.active) or 'none'}"
        for misfit in self.misfits:
            yield f"the Dataflow API would refuse: {misfit}"
        if self.streaming:
            yield f"streaming jobs that kept running: {', '.join(self.streaming)}"
        for what in self.unexpected:
            yield f"UNEXPECTED: {what}"

    def _run(self, run: Run) -> dict[str, Any]:
        failed = self.steps.get(run.id)
        return {**headline(run, str(run.status)), **({"failed_steps": dict(failed)} if failed else {})}


@dataclass(frozen=True, slots=True)
class Kept:
    """A rehearsal that keeps running. ``environment`` points the command line to it; ``logs``: the jobs' logs."""

    environment: Mapping[str, str]
    store: str
    runs: Sequence[str]
    logs: str

    @property
    def commands(self) -> list[str]:
        """Commands that show each run, for another terminal."""
        words = " ".join(f"{name}={value}" for name, value in self.environment.items())
        return [f"{words} orchestrator status {run} --store {self.store}" for run in self.runs]

    def lines(self) -> Iterator[str]:
        yield f"everything keeps running until Ctrl-C; the jobs' logs are in {self.logs}"
        yield from self.commands

    def json(self) -> dict[str, Any]:
        return {"environment": dict(self.environment), "store": self.store, "status": self.commands, "logs": self.logs}
