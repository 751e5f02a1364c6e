"""The vocabulary of a run: statuses, states and transitions. Frozen data.

Times are seconds since the epoch, by the clock of whoever wrote them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

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
