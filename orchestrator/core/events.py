"""What happened to a step: the events that the state machine decides by. Frozen data."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from orchestrator.core.job_end import JobEnd
from orchestrator.core.model import Status, Stop
from orchestrator.core.rules import Tally


@dataclass(frozen=True, slots=True)
class LaunchClaimed:
    """The intent to launch an attempt, written before the launch; ``job_name`` is how to find what came of it.

    ``over``: the ``claimed_at`` of a claim of the same attempt that this one takes over, because its time ran out.
    ``lost``: whoever had claimed it was not heard of again, as when what it called ended the process.
    """

    attempt: int
    job_name: str
    at: float
    over: float | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class LaunchUnsent:
    """Whoever claimed the attempt at ``claimed_at`` certainly sent nothing: the next may launch it at once."""

    attempt: int
    claimed_at: float
    at: float


@dataclass(frozen=True, slots=True)
class LaunchUnanswered:
    """Whoever claimed the attempt at ``claimed_at`` may have sent its launch, had no answer, and is not lost."""

    attempt: int
    claimed_at: float


@dataclass(frozen=True, slots=True)
class JobLaunched:
    """The job service knows the attempt's job, as ``job``. ``due``: when a check of it will pay, if that is known."""

    attempt: int
    job: str
    at: float
    due: float | None = None


@dataclass(frozen=True, slots=True)
class JobEnded:
    """An attempt's job ended, as ``end`` says. ``by``: the chain of the check that found it ended.

    ``claimed_at``: the attempt ended with its launch, without a job, for the owner of the claim of that time.
    ``doubt``: seconds by which ``end.at`` may differ from our own times.
    """

    attempt: int
    end: JobEnd
    by: str | None = None
    claimed_at: float | None = None
    doubt: float = inf


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The attempt's job is about to be asked to stop, because its time was up at ``at``."""

    attempt: int
    at: float


@dataclass(frozen=True, slots=True)
class StepSettled:
    """A step ended without a job: nothing to run, the join or ``when`` said no, or it was cancelled before."""

    status: Literal[Status.SUCCEEDED, Status.SKIPPED, Status.UPSTREAM_FAILED, Status.CANCELLED]
    at: float
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class GatePassed:
    """Enough has arrived at a gate; ``passed`` goes on to the joins behind it."""

    passed: Tally
    at: float


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody cancelled a step. It is written into the step's state, which everybody reads who handles the step."""

    stop: Stop


Event = (
    LaunchClaimed
    | LaunchUnsent
    | LaunchUnanswered
    | JobLaunched
    | TimeUp
    | JobEnded
    | StepSettled
    | GatePassed
    | StopRequested
)
