"""``max_active_runs`` on the real Firestore: runs that start at the same moment, and what a start costs."""

import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest
from google.cloud.firestore import Client

from benchmarks.wire import Wire, connected
from orchestrator.core.active_runs import LIMIT, ActiveRuns, Policy
from orchestrator.core.graph import Graph
from orchestrator.core.messages import WATCHDOG, Check, Effect
from orchestrator.core.model import Run, RunStatus, Stop
from orchestrator.core.names import run_key
from orchestrator.core.pools import pool_of_graph
from orchestrator.core.steps import Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import BackendError, ConflictError, StoreError
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import JobRequest, Launched, Task
from orchestrator.rehearsal import emulators
from orchestrator.stores.firestore.store import FirestoreStore

STEPS = (Step("load", Work("job")), Step("report", Work("job"), after=("load",)))
POOL = pool_of_graph("nightly")
AT_ONCE = 3


class Tasks:
    """A queue that any number of threads may use. Watchdogs are left out: every signal arrives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names = set[str]()
        self._waiting = deque[Effect]()

    def put(self, tasks: Sequence[Task]) -> None:
        with self._lock:
            for task in tasks:
                watchdog = isinstance(task.effect, Check) and task.effect.chain == WATCHDOG
                if task.name not in self._names and not watchdog:
                    self._names.add(task.name)
                    self._waiting.append(task.effect)

    def take(self, most: int) -> list[Effect]:
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def again(self, effect: Effect) -> None:
        with self._lock:
            self._waiting.append(effect)


class Jobs(ScriptedBackend):
    """Jobs that end when they are told to, and the most runs that had one at the same time."""

    def __init__(self) -> None:
        super().__init__(lambda _: Script(1e9), time.time)
        self.most = 0

    def launch(self, request: JobRequest) -> Launched:
        launched = super().launch(request)
        self.most = max(self.most, len({job.request.run.key for job in self.going}))
        return launched

    @property
    def going(self) -> list:  # type: ignore[type-arg]
        return [job for job in list(self.jobs.values()) if job.over > time.time()]


def _answered(do: Callable[[], object]) -> bool:
    """False if it has to be done again: the emulator was too slow, or others were faster."""
    try:
        do()
    except (BackendError, ConflictError, StoreError):
        return False
    return True


@dataclass
class Deployment:
    """Instances of one deployment, one for each of the runs that start at once."""

    clients: list[Client]
    limit: int
    policy: Policy
    tasks: Tasks = field(default_factory=Tasks)
    jobs: Jobs = field(default_factory=Jobs)

    def __post_init__(self) -> None:
        self.plan = Graph("nightly", STEPS, active=ActiveRuns(self.limit, self.policy)).compile()
        self.stores = [FirestoreStore(client) for client in self.clients]
        self.instances = [
            Engine(Ledger(store, self.tasks, {"job": self.jobs}, time.time, signal_delay=0.0)) for store in self.stores
        ]
        self.names = list[str]()

    def start(self, number: int = AT_ONCE) -> None:
        """So many runs start at the same moment, each on its own instance."""
        gate, names = threading.Barrier(number), [f"n{len(self.names) + one}" for one in range(number)]
        self.names += names

        def begin(engine: Engine, name: str) -> None:
            gate.wait()
            run = Run(name, run_key(name), "nightly", self.plan.version, {}, time.time(), seal="s")
            while not _answered(lambda: engine.start(run, self.plan)):
                pass  # whoever gets no answer asks again

        self._all(begin, zip(itertools.cycle(self.instances), names, strict=False))

    def settle(self) -> None:
        """Deliver what is waiting, as many at a time as there are instances, until nothing is."""
        while found := self.tasks.take(len(self.instances)):
            self._all(self._perform, zip(self.instances, found, strict=False))
            assert len(self.stores[0].occupants(POOL)) <= self.limit

    def _perform(self, engine: Engine, effect: Effect) -> None:
        if not _answered(lambda: engine.perform(effect)):
            self.tasks.again(effect)

    def _all(self, do: Callable[[Engine, object], None], each) -> None:  # type: ignore[no-untyped-def, type-arg]
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(do, engine, one) for engine, one in each]:
                done.result()

    def end_jobs(self) -> None:
        """The jobs that run now end."""
        for job in self.jobs.going:
            job.script = replace(job.script, seconds=time.time() - job.launched_at)
            self.instances[0].signal(job.request.name)
        self.settle()

    def run(self, name: str) -> Run:
        found = self.stores[0].find_run(name)
        assert found is not None
        return found

    def go_on(self) -> None:
        """Until all runs have ended."""
        self.settle()
        while any(self.run(name).status is RunStatus.RUNNING for name in self.names):
            assert self.jobs.going, "some runs have not ended, and none has a job"
            self.end_jobs()

    @property
    def left(self) -> tuple[tuple[int, int], Sequence[object]]:
        """Who stands in line, and who has places."""
        return self.stores[0].standing(POOL), self.stores[0].occupants(POOL)


@pytest.fixture
def clients(firestore_host: str, project: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Client]]:
    """A client for each instance."""
    monkeypatch.setenv(emulators.FIRESTORE.variable, firestore_host)
    made = [Client(project=project) for _ in range(AT_ONCE)]
    yield made
    for client in made:
        client.close()


def ends(found: Deployment) -> list[RunStatus]:
    return [found.run(name).status for name in found.names]


@pytest.mark.parametrize("limit", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_of_runs_that_start_at_once_as_many_as_may_are_active_and_all_get_there(clients: list[Client], limit: int):
    found = Deployment(clients, limit, Policy.QUEUE)
    found.start()
    found.settle()
    assert found.left[0] == (limit, AT_ONCE - limit)
    found.go_on()
    assert (ends(found), found.jobs.most) == ([RunStatus.SUCCEEDED] * AT_ONCE, limit)
    assert found.left == ((0, 0), [])


def test_of_runs_that_start_at_once_one_runs_and_the_others_are_skipped_and_its_place_is_free_again(
    clients: list[Client],
):
    found = Deployment(clients, 1, Policy.SKIP)
    found.start()
    found.settle()
    assert Counter(ends(found)) == {RunStatus.RUNNING: 1, RunStatus.CANCELLED: AT_ONCE - 1}
    (active,) = (name for name in found.names if found.run(name).status is RunStatus.RUNNING)
    why = f"skipped: run '{active}' is active, and max_active_runs of graph 'nightly' is 1"
    assert {found.run(name).skipped for name in found.names if name != active} == {why}
    found.go_on()
    assert found.left == ((0, 0), [])
    found.start(1)
    found.go_on()
    assert (found.run("n3").status, found.jobs.most) == (RunStatus.SUCCEEDED, 1)


def test_of_runs_that_start_at_once_only_the_newest_ends_well_where_it_replaces_the_others(clients: list[Client]):
    found = Deployment(clients, 1, Policy.CANCEL_PREVIOUS)
    found.start()
    found.go_on()
    newest = max(map(found.run, found.names), key=lambda run: (run.started_at, run.key))
    assert {name: found.run(name).status for name in found.names} == {
        name: RunStatus.SUCCEEDED if name == newest.id else RunStatus.CANCELLED for name in found.names
    }
    stops = [run.stop for run in map(found.run, found.names) if run.stop is not None]
    assert ([stop.by for stop in stops], found.jobs.most) == ([LIMIT] * (AT_ONCE - 1), 1)
    assert found.left == ((0, 0), [])


def test_a_run_that_is_cancelled_gives_its_place_to_the_next_and_one_in_line_leaves_it(clients: list[Client]):
    found = Deployment(clients, 1, Policy.QUEUE)
    found.start()
    found.settle()
    (active,) = {job.request.run.id for job in found.jobs.going}
    waiting, last = sorted(set(found.names) - {active}, key=lambda name: found.run(name).started_at)
    found.instances[1].cancel(run_key(waiting), Stop(time.time(), "ann", "not today"))
    found.instances[2].cancel(run_key(active), Stop(time.time(), "ann", "enough"))
    found.settle()
    assert {job.request.run.id for job in found.jobs.going} == {last}
    found.go_on()
    assert {name: found.run(name).status for name in (active, waiting, last)} == {
        active: RunStatus.CANCELLED, waiting: RunStatus.CANCELLED, last: RunStatus.SUCCEEDED,
    }  # fmt: skip
    assert (found.left, found.jobs.most) == (((0, 0), []), 1)


#: Documents read and written, and calls, of a start with the key: where there is a place, and where it has to wait.
START = {"begins": (10, 3, 11), "waits": (9, 3, 10)}


@pytest.mark.slow
def test_a_start_costs_as_much_however_many_runs_have_ended(
    firestore_host: str, project: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(emulators.FIRESTORE.variable, firestore_host)
    client, wire = connected(firestore_host, project)
    found, costs = Deployment([client], 1, Policy.QUEUE), list[dict[str, tuple[int, int, int]]]()
    for ended in (2, 12):
        while len(found.names) < ended:
            found.start(1)
            found.go_on()
        costs.append({"begins": started(found, wire), "waits": started(found, wire)})
        found.go_on()
    client.close()
    assert costs == [START, START]


def started(found: Deployment, wire: Wire) -> tuple[int, int, int]:
    """What the next start takes, at an instance that has nothing in memory."""
    for store in found.stores:
        store._recent.clear()
    wire.reset()
    found.start(1)
    return wire.reads, wire.writes.total(), wire.calls.total()
