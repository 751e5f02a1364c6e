"""The vocabulary of a run: statuses, states, events and transitions. Frozen data.

Times are seconds since the epoch, by the clock of whoever wrote them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from typing import Literal

from orchestrator.core.rules import NOBODY, Tally
from orchestrator.core.steps import Json


class Status(StrEnum):
    """Where a step stands. Airflow's names where Airflow has one."""

    PENDING = "pending"
    LAUNCHING = "launching"
    RUNNING = "running"
    UP_FOR_RETRY = "up_for_retry"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in FINAL

    @property
    def active(self) -> bool:
        """A job of the step may exist and be running."""
        return self in (Status.LAUNCHING, Status.RUNNING)


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.UPSTREAM_FAILED, Status.SKIPPED, Status.CANCELLED})


class Outcome(StrEnum):
    """How a job ended. ``interrupted``: it vanished with the machine or was stopped by us; it costs no retry."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Interruption(StrEnum):
    """What interrupted an attempt.

    ``asked``: we did, such as on Ctrl-C. ``lost``: nobody knows, since who drove the run was gone too, or the machine
    had no process for it. ``vanished``: its process was seen to end, and nothing tells how.
    """

    ASKED = "asked"
    LOST = "lost"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended, at ``at``. ``outputs`` for the steps downstream; ``error`` and ``cause`` if it did not succeed.

    ``permanent``: another attempt would fail the same way. ``retry_after``: it would, for so many seconds.
    ``live``: the step has what it waited for, and the job goes on until it is cancelled: a streaming job that runs.
    ``drained``: it stopped in good order because it was asked to. That is a success, except of a step that was
    cancelled. ``interruption``: what interrupted it, if ``outcome`` is interrupted.
    """

    outcome: Outcome
    at: float
    outputs: Mapping[str, Json] | None = None
    error: str | None = None
    cause: str | None = None
    permanent: bool = False
    retry_after: float = 0.0
    live: bool = False
    drained: bool = field(default=False, compare=False)
    interruption: Interruption = Interruption.LOST


#: The cause of a step that ended because somebody had cancelled it.
OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Stop:
    """That somebody cancelled a run, or a step of it: when, who, and why, as far as they said."""

    at: float
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class StepState:
    """All that is known of one node in one run.

    ``attempt``: the newest attempt, 0 before the first. ``interruptions``: attempts that did not count; ``unasked``:
    those of them that were not of our making.
    ``due``: when the next attempt is owed, while up for retry; when a check will pay, while running (None: not known);
    while launching, since when its claim protects no launch any more, because nothing was sent.
    ``passed``: what a gate let through.
    ``cause``: a word for the class of a failure (``timeout``, ``exit``, ``exception``, ``refused``…).
    ``stop``: somebody cancelled the step before it had ended. No attempt begins any more, and a job that runs is asked
    to stop until it has ended; how the step ends, its job decides.
    ``live``: the step has succeeded and its job goes on, as a streaming job does; it belongs to the run.
    ``overdue``: since when the job is asked to stop because its time was up: then that is why it ends.
    ``ended_by``: the chain of the check that ended the attempt; it goes on until what is owed then is paid.
    ``lost``: how many in a row have claimed the attempt's launch and were not heard of again.
    """

    status: Status = Status.PENDING
    attempt: int = 0
    interruptions: int = 0
    job_name: str | None = None
    job: str | None = None
    claimed_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    due: float | None = None
    outputs: Mapping[str, Json] | None = None
    error: str | None = None
    cause: str | None = None
    passed: Tally | None = None
    stop: Stop | None = None
    live: bool = False
    overdue: float | None = None
    ended_by: str | None = None
    lost: int = 0
    unasked: int = 0

    def without_outputs(self) -> "StepState":
        return self if self.outputs is None else replace(self, outputs=None)


PENDING = StepState()


# Events: what happened.


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


@dataclass(frozen=True, slots=True)
class Transition:
    """One atomic write: the node's new state, and what arrives at each of ``joins`` (one arrival of ``adds``)."""

    state: StepState
    joins: tuple[int, ...] = ()
    adds: Tally = NOBODY


@dataclass(frozen=True, slots=True)
class Counter:
    """What a store keeps of a join: how many arrived, and how those steps ended. All zero before the first arrival."""

    arrived: int = 0
    ended: Tally = NOBODY


@dataclass(frozen=True, slots=True)
class View:
    """A part of a run as it was read. What is absent has not begun: a pending state, a counter at zero.

    ``unreadable``: the nodes that have a state which cannot be read, so nothing is known of them.
    """

    states: Mapping[int, StepState] = field(default_factory=dict)
    counters: Mapping[int, Counter] = field(default_factory=dict)
    unreadable: Collection[int] = frozenset()

    def state(self, node: int) -> StepState:
        return self.states.get(node, PENDING)

    def without(self, *nodes: Iterable[int]) -> "View":
        """What is left where these nodes are not to be believed: they are unreadable, too."""
        return replace(self, unreadable=frozenset(self.unreadable).union(*nodes))


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a graph. ``key``: what messages, job names and stores call it by; no other run ever has it.
    ``id``: what people call it; once nothing is left of a run, another may have its id.

    ``folder``: where the graph's file lies, on the machine that runs it. ``stop``: somebody cancelled the run.
    ``time_zone``: the IANA name of the clock by which its days and times are meant.
    ``failed``: once it has failed, the steps because of which, with the class of each failure; not more than a few.
    ``deployment``: what ``{{ run.deployment.NAME }}`` gives in it, where there is no deployment.
    ``seal``: what the proofs of its launches are made with (messages.py). Nobody is told it who is not told all of the
    run; empty where nobody else can put tasks.
    """

    id: str
    key: str
    graph: str
    version: str
    params: Mapping[str, Json]
    started_at: float
    status: RunStatus = RunStatus.RUNNING
    ended_at: float | None = None
    folder: str | None = None
    stop: Stop | None = None
    failed: Mapping[str, str] = field(default_factory=dict)
    time_zone: str = "Etc/UTC"
    seal: str = field(default="", repr=False)
    deployment: Mapping[str, str] = field(default_factory=dict)
