"""The four ports and what they promise: Store, Queue, JobBackend, Clock. One contract suite per port (tests/contract)
tests every adapter.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from orchestrator.core.job_end import JobEnd
from orchestrator.core.messages import Effect
from orchestrator.core.model import Counter, Run, RunStatus, StepState, Stop, Transition, View
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Json
from orchestrator.errors import StoreError, UnreadableRecordError

#: Decides what a commit writes. Pure: a store may call it several times, and it must not call the store.
Decide = Callable[[StepState], Transition | None]

#: The most writes in one commit: Firestore's limit for years. Plans keep below it, and every store holds them to it.
MAX_WRITES = 500


NONE_FAILED: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Commit:
    """What ``transact`` did. ``applied`` False: nothing was written, ``state`` is as it was read.

    ``counters``: the counters this commit changed, as it left them.
    """

    applied: bool
    state: StepState
    counters: Mapping[int, Counter]


def check_writes(transition: Transition) -> None:
    """Raises StoreError if a commit of this transition would have too many writes."""
    if (writes := 1 + len(transition.joins)) > MAX_WRITES:
        raise StoreError(f"a commit of {writes} writes: at most {MAX_WRITES} go together")


#: Called with each record that cannot be read.
Unreadable = Callable[[UnreadableRecordError], object]


def refuse(error: UnreadableRecordError) -> None:
    """Raises ``error``."""
    raise error


class Store(Protocol):
    """Where runs are kept. It decides nothing. Every method may raise StoreError or ConflictError.

    A commit whose response is lost may still have been applied: the caller reads again and assumes nothing.

    A record that cannot be read is never overwritten. A method that returns many records leaves it out and calls
    ``unreadable``; all others raise UnreadableRecordError.
    """

    def open_run(self, run: Run, plan: Plan) -> Run:
        """Write the run and, once per version, its plan, unless there is a run of that id: in one atomic commit.

        The run that has the id now, as it is stored: this one, known by its key, or the one that was there.
        """
        ...

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        """Write what ``decide`` makes of the node's state, with the arrivals at its joins, in one atomic commit.

        The commit is applied only if the node's state is still as ``decide`` saw it; otherwise it is read again and
        decided again. The counters are added to blindly: they are not read, and they never make a commit fail.
        A commit of more than ``MAX_WRITES`` writes is refused with StoreError.
        """
        ...

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        """The states and counters asked for, as of now; what was never written is absent."""
        ...

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        """All states and counters of a run. Nothing is known of those that are left out: they are not pending.

        Without ``outputs`` no state has any: together they may take more memory than there is.
        """
        ...

    def find_run(self, run_id: str) -> Run | None:
        """The run of that id."""
        ...

    def get_run(self, run: str) -> Run | None:
        """The run of that key."""
        ...

    def get_plan(self, version: str) -> Plan | None:
        """The plan of that version."""
        ...

    def end_run(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str] = NONE_FAILED) -> bool:
        """Record the end of a run that is still running, and which steps failed it. False if it had ended."""
        ...

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        """Record that somebody cancels a run. The one that holds: this, or an earlier one; None if it had ended."""
        ...

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse) -> Sequence[Run]:
        """Runs, the newest start first."""
        ...

    def run_ids(self, limit: int) -> Sequence[tuple[str, str]]:
        """Ids and keys of runs, the newest start first, and nothing else of them: the params may be large.

        Those whose id cannot be told are left out.
        """
        ...

    def unfinished(self, unreadable: Unreadable = refuse) -> Sequence[Run]:
        """Every run that has not ended, in no promised order."""
        ...


#: The queues. Launches are limited in number and rate, checks are not. A deployment has a third queue, for signals:
#: whoever puts tasks there may ask for first checks only.
LAUNCHES = "launches"
CHECKS = "checks"
SIGNALS = "signals"
QUEUES = (LAUNCHES, CHECKS, SIGNALS)


@dataclass(frozen=True, slots=True)
class Task:
    """An effect on its way. Putting a task whose ``name`` was put before does nothing."""

    name: str
    queue: str
    effect: Effect

    @property
    def due(self) -> float:
        """Not to be delivered before this time, seconds since the epoch."""
        return self.effect.due


class Queue(Protocol):
    """Delayed, named tasks, delivered at least once, in no promised order, again after a failure."""

    def put(self, tasks: Sequence[Task]) -> None:
        """Take all ``tasks``, durably. A name that is taken is not an error. Raises QueueError if any was not taken."""
        ...


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a backend needs to launch one attempt. ``spec`` is rendered: no ``{{ }}`` is left in it.

    ``job_name``: what the step says its jobs are to be called, if it says so; it is in ``name`` too.
    ``recorded``: the job that the attempt goes on with, if that is decided.
    ``fence``: to be called immediately before what launches is sent. It raises an OrchestratorError, and nothing may be
    sent, if somebody else may be launching the attempt by now.
    """

    run: Run
    node: int
    step: str
    attempt: int
    name: str
    kind: str
    spec: Mapping[str, Json]
    job_name: str | None = None
    recorded: str | None = None
    fence: Callable[[], None] = field(default=lambda: None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class JobRunning:
    """The job has not ended, or nothing says that it has. ``due``: when another check will pay, if that is known."""

    due: float | None = field(default=None, compare=False)


JobStatus = JobRunning | JobEnd


@dataclass(frozen=True, slots=True)
class Launched:
    """A job that its service knows, by an id that only its backend understands. ``due``: when a check of it will pay.

    ``over``: it is known to have ended. ``beside``: other jobs of the attempt that have not, as far as is to be seen.
    """

    job: str
    due: float | None = None
    over: bool = field(default=False, compare=False)
    beside: tuple[str, ...] = ()


class JobBackend(Protocol):
    """A service that runs jobs of one kind."""

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        """Launch the job under ``request.name``. If a job of that name is there, it is that one.

        JobEnd: the attempt ended here and now, and no job is left to check.

        Raises LaunchRefusedError if another try cannot help, AmbiguousLaunchError if it may have been launched, and
        BackendError if this call certainly launched nothing: then the next may be made at once.
        """
        ...

    def find(self, request: JobRequest) -> Launched | None:
        """The job launched under ``request.name``, in whatever state; None if there certainly is none.

        It is ``request.recorded`` if that is there.
        """
        ...

    def status(self, job: str) -> JobStatus:
        """How the job stands. Raises BackendError if that cannot be told now."""
        ...

    def cancel(self, job: str) -> JobEnd | None:
        """Ask the job to stop; harmless if it has. Asked again, insist. Its end, if it ends by being asked."""
        ...


@runtime_checkable
class Discards(Protocol):
    """A backend whose service may come to have a second job of an attempt: its names can be used again."""

    def discard(self, job: str) -> None:
        """Cancel a job that no step goes on with; harmless if it has ended. Raises BackendError if that may help."""
        ...


class Clock(Protocol):
    """Tells the time, and nothing else."""

    def __call__(self) -> float:
        """Seconds since the epoch."""
        ...
