"""Events: what happened to a step. The state machine decides what each of them changes. Frozen data."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from orchestrator.core.control import Hold
from orchestrator.core.job_end import JobEnd
from orchestrator.core.model import Status, Stop
from orchestrator.core.pools import Place, Wait
from orchestrator.core.rules import Tally


@dataclass(frozen=True, slots=True)
class LaunchClaimed:
    """The intent to launch an attempt, written before the launch. ``job_name``: the name by which its job is found.

    ``over``: the ``claimed_at`` of an expired claim of the same attempt, which this one takes over.
    ``lost``: the owner of that claim disappeared, for example because what it called ended the process.
    ``places``: those that the attempt takes in pools. Whoever takes a claim over has those of its owner.
    """

    attempt: int
    job_name: str
    at: float
    over: float | None = None
    lost: bool = False
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaceAwaited:
    """An attempt is due, and a pool in which it needs a place is full: it waits in line there."""

    attempt: int
    wait: Wait


@dataclass(frozen=True, slots=True)
class LaunchUnsent:
    """The owner of the claim made at ``claimed_at`` certainly sent nothing, so another may launch at once."""

    attempt: int
    claimed_at: float
    at: float


@dataclass(frozen=True, slots=True)
class LaunchUnanswered:
    """The owner of the claim made at ``claimed_at`` may have launched: it got no response. It has not disappeared."""

    attempt: int
    claimed_at: float


@dataclass(frozen=True, slots=True)
class JobLaunched:
    """The job service has the attempt's job, with the id ``job``. ``due``: when a check is worthwhile, if known."""

    attempt: int
    job: str
    at: float
    due: float | None = None


@dataclass(frozen=True, slots=True)
class JobEnded:
    """An attempt's job ended, as ``end`` says. ``by``: the chain of the check that noticed it.

    ``claimed_at``: set if the attempt ended during its launch, without a job: the time of the claim of who launched it.
    ``doubt``: by how many seconds ``end.at`` may differ from our own clock.
    """

    attempt: int
    end: JobEnd
    by: str | None = None
    claimed_at: float | None = None
    doubt: float = inf


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The attempt reached its timeout at ``at``; its job is about to be asked to stop."""

    attempt: int
    at: float


@dataclass(frozen=True, slots=True)
class StepSettled:
    """A step ended without a job: it has none, its trigger rule or ``when`` said no, or it was cancelled first.

    ``attempt``: the one that did not begin because of that.
    """

    status: Literal[Status.SUCCEEDED, Status.SKIPPED, Status.UPSTREAM_FAILED, Status.CANCELLED]
    at: float
    cause: str | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class GatePassed:
    """Enough predecessors arrived at a gate for its rule; ``passed`` is added to the joins after the gate.

    ``whole``: False if more will follow, because some predecessors have yet to arrive.
    """

    passed: Tally
    at: float
    whole: bool = True


@dataclass(frozen=True, slots=True)
class WaitLimited:
    """The first predecessor of a step has arrived, and the step waits for the others until ``due`` at the latest."""

    due: float


@dataclass(frozen=True, slots=True)
class WaitOver:
    """The time has come until which a step waited for its predecessors."""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Somebody cancelled a step. This is written into the step's state, so that every handler of the step sees it."""

    stop: Stop


@dataclass(frozen=True, slots=True)
class HoldRequested:
    """Somebody holds a step: its running attempt continues, but no other begins."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class HoldReleased:
    """Somebody released a held step, or the time of its hold was up: then ``of`` is the time when it was held."""

    at: float
    by: str = ""
    why: str = ""
    of: float | None = None


@dataclass(frozen=True, slots=True)
class RetryRequested:
    """Somebody has a step retried that needs attention. ``attempt``: the attempt after which he saw that."""

    attempt: int
    at: float
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class LimitsSet:
    """Somebody set limits of a map or, at the node at the end of the plan, of a run; None: as they are."""

    at: float
    by: str = ""
    why: str = ""
    max_parallel: int | None = None
    tolerate: int | str | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """The notifications that the attempt has failed in the end are on the queue."""

    attempt: int


@dataclass(frozen=True, slots=True)
class DeadlineEndangered:
    """The node is expected to end after its deadline, namely at ``forecast``."""

    at: float
    forecast: float


@dataclass(frozen=True, slots=True)
class DeadlineMissed:
    """The node's deadline, the time ``due``, has passed, and the node had not ended."""

    at: float
    due: float


Event = (
    LaunchClaimed
    | PlaceAwaited
    | LaunchUnsent
    | LaunchUnanswered
    | JobLaunched
    | TimeUp
    | JobEnded
    | StepSettled
    | GatePassed
    | WaitLimited
    | WaitOver
    | StopRequested
    | HoldRequested
    | HoldReleased
    | RetryRequested
    | LimitsSet
    | Announced
    | DeadlineEndangered
    | DeadlineMissed
)
