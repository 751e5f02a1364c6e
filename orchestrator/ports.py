"""The four ports and what they promise: Store, Queue, JobBackend, Clock. One contract suite per port (tests/contract)
tests every adapter.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from orchestrator.core.job_end import JobEnd
from orchestrator.core.messages import Effect
from orchestrator.core.model import Counter, Run, RunStatus, StepState, Stop, Transition, View
from orchestrator.core.plan import Plan
from orchestrator.core.pools import LAST, NO_MOVES, Moves, Place, Wait
from orchestrator.core.run_filter import EVERY, RunFilter
from orchestrator.core.steps import Json
from orchestrator.errors import StoreError, UnreadableRecordError

#: Decides what a commit writes. Pure: a store may call it several times, and it must not call the store.
Decide = Callable[[StepState], Transition | None]

#: The most writes in one commit, which was Firestore's limit for years. Plans stay below it, and every store checks it.
MAX_WRITES = 500


#: A step that a rerun keeps, by its number, and its state in the rerun (core/kept_steps.py).
KeptState = tuple[int, StepState]


NONE_FAILED: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Commit:
    """The result of ``transact``. If ``applied`` is False, nothing was written, and ``state`` is as it was read.

    ``counters``: the new values of the counters that this commit changed. ``moves``: what it changed in pools.
    ``taken``: it was not applied because a place that it wanted to take is taken.
    """

    applied: bool
    state: StepState
    counters: Mapping[int, Counter]
    moves: Moves = NO_MOVES
    taken: bool = False


def check_writes(transition: Transition) -> None:
    """Raises StoreError if the transition's commit would have too many writes."""
    moves = 0 if transition.moves is NO_MOVES else len(transition.moves)
    if (writes := 1 + len(transition.joins) + moves) > MAX_WRITES:
        raise StoreError(f"a commit of {writes} writes: at most {MAX_WRITES} go together")


#: Called with each record that cannot be read.
Unreadable = Callable[[UnreadableRecordError], object]


def refuse(error: UnreadableRecordError) -> None:
    """Raises ``error``."""
    raise error


@dataclass(frozen=True, slots=True)
class Pool:
    """Some of a pool, as read: numbers of free places, and who is first in line, in order: as many as these places.

    ``size``: how many places it has, if somebody has set that (``Store.resize``).
    """

    free: Sequence[int]
    first: Sequence[Wait]
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Occupant:
    """The step that has a place: its run's key, and its node."""

    place: Place
    run: str
    node: int


@runtime_checkable
class Lines(Protocol):
    """Knows the lines of pools."""

    def standing(self, pool: str, rank: str = LAST) -> tuple[int, int]:
        """How many places of a pool are taken, and how many are in line before ``rank``; without one, in all.

        As ``Store.pool``, it passes over those that nobody can tell that it is their turn.
        """
        ...

    def occupants(self, pool: str) -> Sequence[Occupant]:
        """Who has the places of a pool."""
        ...

    def size(self, pool: str) -> int | None:
        """How many places a pool has, if somebody has set that (``Store.resize``)."""
        ...


class Reader(Protocol):
    """Where runs are read: a store, or a deployment's console. Every method may raise StoreError.

    A method that returns many records leaves out one that cannot be read, and calls ``unreadable``; all others raise
    UnreadableRecordError.
    """

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        """The current states of ``nodes`` and counters of ``joins``. Those that were never written are absent."""
        ...

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        """All states and counters of a run. A node with an unreadable state is in ``unreadable``, and is not pending.

        Without ``outputs``, the states have none: together these may take more memory than is available.
        """
        ...

    def find_run(self, run_id: str) -> Run | None:
        """The run with this id; None if there is none."""
        ...

    def get_run(self, run: str) -> Run | None:
        """The run with this key; None if there is none."""
        ...

    def get_plan(self, version: str) -> Plan | None:
        """The plan of this version; None if there is none."""
        ...

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse, wanted: RunFilter = EVERY) -> Sequence[Run]:
        """The runs that are ``wanted``, the newest start first. A record that cannot be read may be any of them.

        Runs that are the jobs of other runs' steps (``Run.parent``) are in no list but that of the unfinished.
        """
        ...

    def run_ids(self, limit: int) -> Sequence[tuple[str, str]]:
        """Ids and keys of runs, the newest start first. Nothing else is read, because the params may be large.

        Runs whose id cannot be read are left out.
        """
        ...


class Store(Reader, Lines, Protocol):
    """Where runs are kept. It decides nothing. Every method may raise StoreError or ConflictError.

    A commit whose response is lost may still have been applied: the caller reads again and assumes nothing.

    A record that cannot be read is never overwritten.
    """

    def open_run(self, run: Run, plan: Plan, kept: Iterable[KeptState] = ()) -> Run:
        """Write the run and, once per version, its plan, in one atomic commit; nothing if a run has that id already.

        Returns the run that has the id, as it is stored: this one, or the earlier one, which has another key.
        ``kept``: states that must be there when the run is. They are iterated once, and not at all if a run has that
        id. Several callers may open the same run at once; then they write the same states.
        """
        ...

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        """Write what ``decide`` makes of the node's state, with the arrivals at its joins, in one atomic commit.

        The commit is applied only if the node's state is still as ``decide`` saw it; otherwise it is read again and
        decided again. The counters are added to blindly: they are not read, and they never make a commit fail.
        What it changes in pools is part of the commit and is written blindly too, except that a place is only taken if
        it is free; otherwise nothing is written.
        A commit of more than ``MAX_WRITES`` writes is refused with StoreError.
        """
        ...

    def pool(self, name: str, size: int, most: int) -> Pool:
        """At most ``most`` free places of a pool of ``size``, and as many of those who are first in its line.

        Whatever has been set by ``resize`` counts instead of ``size``. If that is less than before, it shows no place
        as free that may not be taken yet (core/pools.py, ``usable``).

        A store of one machine passes over those whose run no process drives. They stay in line, and count again when
        their run is resumed.
        """
        ...

    def resize(self, pool: str, size: int, version: int) -> None:
        """Set how many places the pool of a run has, until that ends. Nothing if a ``version`` as new has been set."""
        ...

    def free(self, occupant: Occupant) -> bool:
        """Free a place whose occupant does not know of it. False if it has changed since ``occupants`` read it."""
        ...

    def end_run(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str] = NONE_FAILED) -> bool:
        """Record the end of a running run, and which steps made it fail. False if it has ended already."""
        ...

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        """Record that somebody cancels a run. Returns the first such request, which counts; None if it has ended."""
        ...

    def unfinished(self, unreadable: Unreadable = refuse) -> Sequence[Run]:
        """Every run that has not ended, in any order."""
        ...


#: The queues. Launches are limited in number and rate, checks are not. A deployment has a queue for signals, too:
#: whoever puts tasks there may ask for first checks only. Notifications have their own queue, because a receiver may be
#: down or slow, and it never gives a task up, because nobody looks at an ended run again.
LAUNCHES = "launches"
CHECKS = "checks"
SIGNALS = "signals"
NOTICES = "notices"
QUEUES = (LAUNCHES, CHECKS, SIGNALS, NOTICES)


@dataclass(frozen=True, slots=True)
class Task:
    """An effect on a queue. Putting a task whose ``name`` was put before does nothing."""

    name: str
    queue: str
    effect: Effect

    @property
    def due(self) -> float:
        """The earliest time of its delivery, in seconds since the epoch."""
        return self.effect.due


class Queue(Protocol):
    """Delayed, named tasks, each delivered at least once and again after a failure, in any order."""

    def put(self, tasks: Sequence[Task]) -> None:
        """Accept all ``tasks`` durably. A name that is taken is no error. Raises QueueError if any was not accepted."""
        ...


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a backend needs to launch one attempt. ``spec`` is rendered: it contains no ``{{ }}`` any more.

    ``job_name``: the step's own name for its jobs, if it has one; ``name`` contains it too.
    ``recorded``: the attempt's job, if one is recorded.
    ``fence``: to be called immediately before the launch is sent. If it raises an OrchestratorError, nothing may be
    sent, because somebody else may be launching the attempt by now.
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
    """The job has not ended, as far as is known. ``due``: when another check is worthwhile, if known."""

    due: float | None = field(default=None, compare=False)


JobStatus = JobRunning | JobEnd


@dataclass(frozen=True, slots=True)
class Launched:
    """A job that exists. ``job``: its id, which only its backend understands. ``due``: when a check is worthwhile.

    ``over``: it is known to have ended. ``beside``: other jobs of the attempt that were found and have not ended.
    """

    job: str
    due: float | None = None
    over: bool = field(default=False, compare=False)
    beside: tuple[str, ...] = ()


class JobBackend(Protocol):
    """A service that runs jobs of one kind."""

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        """Launch the job under ``request.name``. If a job with that name exists, return that one.

        A JobEnd means that the attempt ended during this call, and no job is left to check.

        Raises LaunchRefusedError if another try cannot help, AmbiguousLaunchError if the job may have been launched,
        and BackendError if this call certainly launched nothing, so that the next may be made at once.
        """
        ...

    def find(self, request: JobRequest) -> Launched | None:
        """The job that was launched under ``request.name``, in any state; None if there certainly is none.

        If ``request.recorded`` is among several, it is that one.
        """
        ...

    def status(self, job: str) -> JobStatus:
        """The status of the job. Raises BackendError if it cannot be found out now."""
        ...

    def cancel(self, job: str) -> JobEnd | None:
        """Ask the job to stop; harmless if it has ended. Called again, insist. Returns its end, if it ends at once."""
        ...


@runtime_checkable
class Discards(Protocol):
    """A backend whose service may have two jobs of one attempt, because its names can be used again."""

    def discard(self, job: str) -> None:
        """Cancel a duplicate job; harmless if it has ended. Raises BackendError if another try may help."""
        ...


@dataclass(frozen=True, slots=True)
class Notification:
    """What a receiver is told. ``id``: the same for every try and receiver. ``at``: when it happened.

    ``text``: for people, several lines. ``data``: the same for programs. Both may quote errors of users' jobs.
    """

    id: str
    occasion: str
    graph: str
    run: str
    at: float
    text: str
    data: Mapping[str, Json]


class Receivers(Protocol):
    """Those who are notified of what happens to runs."""

    def asked(self, graph: str, own: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        """By receiver, the occasions on which a new run of ``graph`` notifies it. ``own``: what the graph says."""
        ...

    def notify(self, to: str, notification: Notification) -> None:
        """Hand the notification to the receiver ``to``. Raises NotNotifiedError, also if there is none.

        Two calls with the same ``id`` may both arrive.
        """
        ...


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> float:
        """Seconds since the epoch."""
        ...
