"""The ports that a world gives to the engine: each call is a turn of the loop, and may have a fault."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from orchestrator.core.job_end import JobEnd
from orchestrator.core.model import Run, RunStatus, StepState, Stop, Transition, View
from orchestrator.core.plan import Plan
from orchestrator.core.pools import LAST
from orchestrator.core.run_filter import EVERY, RunFilter
from orchestrator.errors import (
    AmbiguousLaunchError,
    BackendError,
    ConflictError,
    LaunchRefusedError,
    OrchestratorError,
    QueueError,
    StoreError,
)
from orchestrator.jobs.scripted import ScriptedBackend
from orchestrator.ports import (
    NONE_FAILED,
    Commit,
    Decide,
    JobRequest,
    JobRunning,
    JobStatus,
    KeptState,
    Launched,
    Occupant,
    Pool,
    Task,
    Unreadable,
    refuse,
)
from tests.doubles.memory_store import MemoryStore
from tests.simulation.loop import Crash
from tests.simulation.weather import WITHIN

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")


class ShakyStore:
    """The memory store, behind a bad connection."""

    def __init__(self, world: "World", inner: MemoryStore) -> None:
        self.world = world
        self.inner = inner

    def open_run(self, run: Run, plan: Plan, kept: Iterable[KeptState] = ()) -> Run:
        return self._call("open_run", lambda: self._open(run, plan, kept))

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        return self._call("transact", lambda: self._commit(run, node, decide))

    def pool(self, name: str, size: int, most: int) -> Pool:
        return self._call("pool", lambda: self.inner.pool(name, size, most))

    def standing(self, pool: str, rank: str = LAST) -> tuple[int, int]:
        return self.inner.standing(pool, rank)

    def occupants(self, pool: str) -> Sequence[Occupant]:
        return self._call("load", lambda: self.inner.occupants(pool))

    def size(self, pool: str) -> int | None:
        return self.inner.size(pool)

    def resize(self, pool: str, size: int, version: int) -> None:
        self._call("transact", lambda: self._resize(pool, size, version))

    def _resize(self, pool: str, size: int, version: int) -> None:
        self.inner.resize(pool, size, version)
        self.world.pools.resized(pool)

    def free(self, occupant: Occupant) -> bool:
        return self._call("transact", lambda: self.inner.free(occupant))

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        if nodes and joins:
            return self._call("load", lambda: self._torn(self.inner.load(run, nodes, ()), run, joins))
        return self._call("load", lambda: self.inner.load(run, nodes, joins))

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        joins = range(len(self.world.life(run).plan.joins))
        return self._call("load_all", lambda: self._torn(self.inner.load_all(run, unreadable, outputs), run, joins))

    def find_run(self, run_id: str) -> Run | None:
        return self.inner.find_run(run_id)

    def get_run(self, run: str) -> Run | None:
        return self._call("get_run", lambda: self.inner.get_run(run))

    def get_plan(self, version: str) -> Plan | None:
        return self._call("get_plan", lambda: self.inner.get_plan(version))

    def end_run(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str] = NONE_FAILED) -> bool:
        return self._call("end_run", lambda: self._end(run, status, at, failed))

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        return self._call("stop_run", lambda: self.inner.stop_run(run, stop))

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse, wanted: RunFilter = EVERY) -> Sequence[Run]:
        return self.inner.list_runs(limit, unreadable, wanted)

    def unfinished(self, unreadable: Unreadable = refuse) -> Sequence[Run]:
        return self.inner.unfinished(unreadable)

    def _open(self, run: Run, plan: Plan, kept: Iterable[KeptState]) -> Run:
        there, again = self.inner.get_run(run.key), self.inner.open_run(run, plan, kept)
        if there is None and again.key == run.key:
            self.world.opened(run)
        return again

    def _commit(self, run: str, node: int, decide: Decide) -> Commit:
        """Others may commit between this one's read and its write."""
        seen: list[StepState] = []

        def slow(state: StepState) -> Transition | None:
            seen.append(state)
            transition = decide(state)
            if transition is not None:
                self.world.within()
            return transition

        commit = self.inner.transact(run, node, slow)
        if len(seen) > 1:
            self.world.count("commit: conflict")
        if commit.applied:
            self.world.committed(run, node, seen[-1], commit.state)
        else:
            self.world.count("commit: place taken" if commit.taken else "commit: refused")
        return commit

    def _torn(self, states: View, run: str, joins: Collection[int]) -> View:
        """The states as they were read before, and counters as they are read now: no store promises one moment."""
        self.world.loop.pause("counters")
        return View(states.states, self.inner.load(run, (), joins).counters, states.unreadable)

    def _end(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str]) -> bool:
        ended = self.inner.end_run(run, status, at, failed)
        if ended:
            self.world.life(run).watch.ended(status)
            self.world.traffic.ended(run)
        return ended

    def _call(self, verb: str, act: Callable[[], T]) -> T:
        return self.world.call(verb, act, StoreError)


class ShakyQueue:
    """The way to the queue. Tasks go one by one, so some of them may have been taken when it breaks."""

    def __init__(self, world: "World") -> None:
        self.world = world

    def put(self, tasks: Sequence[Task]) -> None:
        def some() -> None:
            self.world.traffic.take(tasks[: self.world.random.randint(0, len(tasks))])

        self.world.pools.asked(tasks)
        self.world.call("put", lambda: self.world.traffic.take(tasks), QueueError, some)


class ShakyBackend:
    """The way to a job service."""

    def __init__(self, world: "World", inner: ScriptedBackend) -> None:
        self.world = world
        self.inner = inner

    def launch(self, request: JobRequest) -> Launched:
        world = self.world

        def sent() -> Launched:
            request.fence()
            world.send(request)
            return self._launch(request)

        def late() -> None:
            request.fence()
            when = min(world.now + world.random.uniform(0.0, 30.0), world.loop.deadline())
            world.loop.at(when, lambda: self._late(request))

        return world.call("launch", sent, BackendError, late)

    def find(self, request: JobRequest) -> Launched | None:
        found = self.world.call("find", lambda: self.inner.find(request), BackendError)
        if found is not None:
            self.world.count("find: adopted")
        return self._told(found) if found else None

    def status(self, job: str) -> JobStatus:
        return self.world.call("status", lambda: self._status(job), BackendError)

    def cancel(self, job: str) -> None:
        self.world.call("cancel", lambda: self._cancel(job), BackendError)

    def _launch(self, request: JobRequest) -> Launched:
        before = len(self.inner.jobs)
        launched = self.inner.launch(request)
        if len(self.inner.jobs) > before:
            self.world.created(request, launched.job)
        else:
            self.world.count("launch: name taken")
        return self._told(launched)

    def _late(self, request: JobRequest) -> None:
        """A launch whose caller gave it up arrives at the service."""
        try:
            self._launch(request)
        except (LaunchRefusedError, AmbiguousLaunchError) as error:
            self.world.loop.say(f"{request.name}: launch came late: {error}")

    def _status(self, job: str) -> JobStatus:
        status = self.inner.status(job)
        if isinstance(status, JobEnd) and self.world.now < status.at + self.world.lag(job):
            self.world.count("status: lags")
            return JobRunning()
        return status

    def _cancel(self, job: str) -> None:
        before = self.inner.jobs[job].end
        self.inner.cancel(job)
        if self.inner.jobs[job].end != before:
            self.world.traffic.announce(job.partition("/")[0], self.world.now)

    def _told(self, launched: Launched) -> Launched:
        return launched if self.world.weather.hints else replace(launched, due=None)


def struck(fault: str, act: Callable[[], T], error: type[OrchestratorError], some: Callable[[], object] | None) -> T:
    """A call that goes wrong. ``some``: what it does where it does neither all nor nothing."""
    moment = fault.rpartition(" ")[2]
    if moment in ("after", "again"):
        result = act()
        if moment == "again":
            return act()
        del result
    elif moment in ("part", "late"):
        assert some is not None
        some()
    if fault.startswith("crash"):
        raise Crash(fault)
    if fault == "conflict":
        raise ConflictError("the same document is written by others all the time")
    if fault.startswith("foreign"):
        raise ZeroDivisionError(fault)
    if fault.startswith("lost"):
        raise AmbiguousLaunchError("the launch was sent, and no answer came")
    raise error(f"this call failed: {fault}")


def struck_within(fault: str) -> None:
    """A commit that ends between its read and its write."""
    assert fault in WITHIN
    raise Crash(fault) if fault == "crash" else StoreError("the commit was aborted")
