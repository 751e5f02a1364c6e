"""The vocabulary of a run: statuses, states and transitions. Frozen data.

Times are seconds since the epoch, by the clock of whoever wrote them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from orchestrator.core.active_runs import LIMIT, SKIPPED, Policy
from orchestrator.core.control import Act, Control
from orchestrator.core.past_attempts import Past, Queued
from orchestrator.core.pools import NO_MOVES, Moves, Place, Wait
from orchestrator.core.rules import NOBODY, Tally
from orchestrator.core.steps import Json


class Status(StrEnum):
    """The status of a step. The names are Airflow's where Airflow has one."""

    PENDING = "pending"
    LAUNCHING = "launching"
    RUNNING = "running"
    UP_FOR_RETRY = "up_for_retry"
    NEEDS_ATTENTION = "needs_attention"
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
        """Whether a job of the step may exist and be running."""
        return self in (Status.LAUNCHING, Status.RUNNING)


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.UPSTREAM_FAILED, Status.SKIPPED, Status.CANCELLED})


#: The ``cause`` of a step that ended because somebody cancelled it.
OPERATOR = "operator"

#: The ``cause`` of a mapped step that was skipped because there is no item.
EMPTY = "empty"

#: As what a step can be marked.
MARKS = (Status.SUCCEEDED, Status.FAILED, Status.SKIPPED)

#: The ``cause`` of a step that ended as somebody had marked it.
MARKED = "marked"


@dataclass(frozen=True, slots=True)
class Stop:
    """A request to cancel a run or one of its steps: when, by whom, and why. ``by`` and ``why`` may be empty.

    ``mark``: as what the step is to end instead of cancelled: succeeded (then with ``outputs``, or those that its job
    left), failed or skipped.
    """

    at: float
    by: str = ""
    why: str = ""
    mark: Status | None = None
    outputs: Mapping[str, Json] | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class StepState:
    """Everything that is known about one node in one run.

    ``attempt``: the number of the latest attempt, 0 before the first. ``interruptions``: how many attempts were
    interrupted, and so do not count as retries; ``unasked``: how many of these we did not cause; ``quota``: how many of
    them had no job, because there was no quota for it.
    ``due``: if up for retry, when the next attempt is owed; if running, when the next check is worthwhile (None: not
    known); if launching, the time at which the claim was given up because nothing had been sent; if pending, when it
    waits no longer for the steps before it that have not ended (``all_done_within``); 0 if that time has come.
    ``passed``: the tally that a gate passed on, or that a pending gate of ``at_least`` has passed on so far.
    ``cause``: the class of a failure, as one word (``timeout``, ``exit``, ``exception``, ``refused``…).
    ``stop``: somebody cancelled the step before it ended. No further attempt begins, and a running job is asked to stop
    until it has ended; the job's end decides how the step ends.
    ``live``: the step has succeeded but its job is still running, as a streaming job does; the run owns that job.
    ``overdue``: when we first asked the job to stop because of its timeout; if set, the timeout is why it ends.
    ``ended_by``: the chain of the check that ended the attempt. That check is redelivered until what is owed is paid.
    ``lost``: how many processes in a row claimed the attempt's launch and then disappeared.
    ``control``: what people controlled for the step during the run, such as a hold.
    ``past``: the attempts before this one, the newest of them.
    ``places``: those that an active attempt has in pools. ``waits``: the next attempt waits for a place (pools.py).
    ``queued``: the lines of pools that the step has joined, the newest of them.
    ``announced``: the latest attempt whose final failure was announced to receivers; 0 if there was none.
    ``endangered_at``: when it was first found that the node is expected to end after its deadline, namely at
    ``forecast``; ``missed_at``: when it was found that the deadline had passed. The state of the node at the end of
    the plan has these for the run's own deadline, and nothing else (deadlines.py).
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
    quota: int = 0
    control: Control | None = None
    past: tuple[Past, ...] = ()
    places: tuple[Place, ...] = ()
    waits: Wait | None = None
    announced: int = 0
    endangered_at: float | None = None
    forecast: float | None = None
    missed_at: float | None = None
    queued: tuple[Queued, ...] = ()

    def without_outputs(self) -> "StepState":
        return self if self.outputs is None else replace(self, outputs=None)


PENDING = StepState()


@dataclass(frozen=True, slots=True)
class Transition:
    """One atomic write: the node's new state, and at each of ``joins`` one arrival, which adds ``adds`` there.

    ``arrived``: 0 if the node only passes something on and has yet to arrive.
    ``moves``: what changes in pools. A transition that takes a place which is taken by now is not made.
    """

    state: StepState
    joins: tuple[int, ...] = ()
    adds: Tally = NOBODY
    arrived: int = 1
    moves: Moves = NO_MOVES


@dataclass(frozen=True, slots=True)
class Counter:
    """What a store keeps for a join: how many predecessors arrived and how they ended. Zero before the first."""

    arrived: int = 0
    ended: Tally = NOBODY


@dataclass(frozen=True, slots=True)
class View:
    """Some states and counters of a run, as read. Whatever is absent is at its start: a pending state, a zero counter.

    ``unreadable``: the nodes whose stored state cannot be read; nothing is known about them.
    """

    states: Mapping[int, StepState] = field(default_factory=dict)
    counters: Mapping[int, Counter] = field(default_factory=dict)
    unreadable: Collection[int] = frozenset()

    def state(self, node: int) -> StepState:
        return self.states.get(node, PENDING)

    def without(self, *nodes: Iterable[int]) -> "View":
        """The same view with these nodes treated as unreadable, because their states cannot be trusted."""
        return replace(self, unreadable=frozenset(self.unreadable).union(*nodes))


class RunStatus(StrEnum):
    """The status of a run."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a graph.

    ``folder``: the folder of the graph's file, on the machine that runs it; ``file``: its name there, None if the graph
    was made without a file, or by a version that did not note it. ``stop``: somebody cancelled the run.
    ``time_zone``: the IANA name of the time zone in which its dates and times are meant.
    ``failed``: if it failed, the steps that caused it (at most 20), each with the class of its failure.
    ``deployment``: the values of ``{{ run.deployment.NAME }}`` on one machine, where there is no deployment.
    ``seal``: the secret that signs its launch tasks (messages.py); only those who may read the whole run get it. Empty
    where nobody else can create tasks.
    ``kept``: in a rerun, a letter per step: whether it is kept, and how it ended (kept_steps.py); in other runs, empty.
    ``notify``: by receiver, the occasions on which it is notified (occasions.py); until the run is started, what its
    graph says about that.
    ``rerun_of``: the id of the run whose steps a rerun keeps. ``family``: the id of the first run of the family.
    ``parent``: if it is the job of another run's step, the name of that job, which is also its own id; its *root* is
    then the run that somebody started, and ``root`` that run's id. ``nests``: it has steps whose jobs are runs.
    ``inside``: in a rerun, the paths of the steps that were named inside its steps, to run again (rerun_inside.py);
    ``inside_only``: and no others there.
    ``drives``: what became of the processes that drove it on one machine, the newest acts: ``interrupted``, ``killed``
    (then ``at`` is the last time that is known before that), and who ``resumed`` it.
    ``typical``: by step, how many seconds it took in earlier runs, if the graph has deadlines (deadlines.py).
    ``moments``: when the times of day are that the deadlines name, of its graph and of those inside.
    ``mapped``: if it is that of a step with ``map``, the number of items; they are its param ``items`` (mapped.py).
    ``max_parallel``: how many of its attempts may be active at once; None: any number. ``active_limit``: how many runs
    of its graph may be active at once, with the ``active_policy`` for one more; None: any number.
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
    kept: str = ""
    rerun_of: str | None = None
    family: str | None = None
    file: str | None = None
    parent: str | None = None
    root: str | None = None
    nests: bool = False
    mapped: int | None = None
    notify: Mapping[str, Sequence[str]] = field(default_factory=dict)
    max_parallel: int | None = None
    inside: tuple[str, ...] = ()
    inside_only: bool = False
    drives: tuple[Act, ...] = ()
    typical: str = ""
    moments: Mapping[str, float] = field(default_factory=dict)
    active_limit: int | None = None
    active_policy: Policy = Policy.QUEUE

    @property
    def top(self) -> str:
        """The id of the run that somebody started: itself, unless it is the job of another run's step."""
        return self.root or self.id

    @property
    def skipped(self) -> str | None:
        """Why it was not to begin at all, by the ``max_active_runs`` of its graph; None if it was."""
        stop = self.stop
        return stop.why if stop is not None and stop.by == LIMIT and stop.why.startswith(SKIPPED) else None

    @property
    def first(self) -> str:
        """The id of the first run of its family: itself, unless it is a rerun."""
        return self.family or self.id
