"""A whole run on engine, Dataflow backend and fake in bad weather: one job an attempt, and the right end."""

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run, RunStatus, Status, Stop
from orchestrator.core.names import parse_job_name, run_key
from orchestrator.core.plan import Plan
from orchestrator.core.steps import CheckPolicy, Json, Retry, Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import OrchestratorError
from orchestrator.fakes.dataflow.script import LAUNCHER_ERROR, Fault, LaunchCall, Script, out_of_quota, unavailable
from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.jobs.dataflow.backend import DataflowBackend
from orchestrator.ports import Task
from tests.doubles.memory_store import MemoryStore

#: How much faster than the world this one is.
SCALE = 200.0
BORN = time.time()
BAD: list[Fault] = ["lost answer", "lost call", unavailable(), out_of_quota()]


def clock() -> float:
    return BORN + (time.time() - BORN) * SCALE


class Tasks:
    """A queue of named, delayed tasks that a few threads deliver again until each was performed."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._due: list[tuple[float, int, Task]] = []
        self._lock = threading.Lock()
        self.tries = 0

    def put(self, tasks: Any) -> None:
        with self._lock:
            for task in tasks:
                if task.name not in self._names:
                    self._names.add(task.name)
                    self._push(task.due, task)

    def again(self, task: Task) -> None:
        with self._lock:
            self._push(clock() + 2.0, task)

    def take(self) -> Task | None:
        with self._lock:
            return heapq.heappop(self._due)[2] if self._due and self._due[0][0] <= clock() else None

    def _push(self, due: float, task: Task) -> None:
        self.tries += 1
        heapq.heappush(self._due, (due, self.tries, task))


@contextmanager
def workers(engine: Engine, tasks: Tasks, number: int) -> Iterator[list[BaseException]]:
    """Threads that perform tasks meanwhile. Gives what went wrong that may not."""
    over, wrong = threading.Event(), list[BaseException]()

    def work() -> None:
        while not over.is_set():
            if (task := tasks.take()) is None:
                over.wait(0.002)
                continue
            try:
                engine.perform(task.effect)
            except OrchestratorError:
                tasks.again(task)
            except BaseException as error:  # noqa: BLE001 - it is raised by the test
                wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    yield wrong
    over.set()
    for thread in threads:
        thread.join()


def written() -> Callable[[LaunchCall], Script]:
    """The first job of every third step fails, one of them in its launcher. An attempt without quota has no job."""
    begun: set[int] = set()

    def write(call: LaunchCall) -> Script:
        ref = parse_job_name(call.name)
        assert ref is not None
        first = ref.node not in begun
        begun.add(ref.node)
        if first and ref.node % 3 == 1:
            return Script(running=2, end="FAILED", errors=["a work item has failed 4 times"])
        if first and ref.node == 3:
            return Script(launcher_error=LAUNCHER_ERROR)
        return Script(running=3, metrics={"rows": ref.node})

    return write


def test_a_run_in_bad_weather_has_one_job_an_attempt_and_ends_well():
    work = Work("dataflow", {"template": "gs://b/t", "temp_location": "gs://b/tmp"})
    more: dict[str, Any] = {"work": work, "retry": Retry(2, delay=5), "check": CheckPolicy(delay=1, every=20)}
    first = [Step(f"s{number}", **more) for number in range(12)]
    plan = compile_plan("g", "v", [*first, Step("join", after=tuple(step.name for step in first), **more)])
    random, lock = Random(7), threading.Lock()

    def chaos(method: str) -> Fault | None:
        with lock:
            return random.choice(BAD) if random.random() < (0.3 if "launch" in method else 0.1) else None

    def emit(kind: str, body: dict[str, Any]) -> None:
        if kind == "log":
            engine.signal(body["resource"]["labels"]["job_name"])

    tasks, store = Tasks(), MemoryStore()
    run = Run("r", run_key("r"), "g", "v", {}, clock())
    with FakeDataflow(written(), emit, time_scale=SCALE, lag=1.0, appear=0.5, chaos=chaos) as fake:
        backend = DataflowBackend("p", "europe-west4", clock, api_endpoint=fake.url)
        engine = Engine(Ledger(store, tasks, {"dataflow": backend}, clock, launch_lease=5.0))
        with workers(engine, tasks, 4) as wrong:
            engine.start(run, plan)
            while (now := store.get_run(run.key)) is not None and now.status is RunStatus.RUNNING and not wrong:
                threading.Event().wait(0.01)
        backend.close()
        assert wrong == []
        assert now is not None
        assert now.status is RunStatus.SUCCEEDED
        states = store.load_all(run.key).states
        tried = {node: state.attempt - state.quota for node, state in states.items()}  # a quota uses up no retry
        ended = {node: (state.status, tried[node], state.outputs) for node, state in states.items() if state.job}
        twice = {1, 3, 4, 7, 10}
        assert ended == {node: (Status.SUCCEEDED, 2 if node in twice else 1, {"rows": node}) for node in range(13)}
        assert set(fake.launches.values()) == {1}
        assert sum(fake.launches.values()) == 13 + len(twice)
        assert (fake.active, fake.misfits) == ([], [])


def streaming(mode: Json) -> Plan:
    """A streaming step and one that needs it. No watchdog would look within the test."""
    spec: dict[str, Json] = {"template": "gs://b/t", "streaming": mode}
    look = CheckPolicy(delay=1, every=1e7)
    clicks = Step("clicks", Work("dataflow", spec), check=look)
    return compile_plan("g", "v", [clicks, Step("join", after=("clicks",))])


@dataclass
class Stream:
    """One world of streaming jobs: each is ready after a while, and nobody signals that."""

    fake: FakeDataflow
    engine: Engine
    store: MemoryStore

    def run(self, name: str, mode: Json) -> Run:
        run = Run(name, run_key(name), "g", "v", {}, clock())
        self.engine.start(run, streaming(mode))
        self.wait(lambda: (self.store.get_run(run.key) or run).status is not RunStatus.RUNNING)
        return run

    def wait(self, done: Callable[[], bool]) -> None:
        while not done():
            threading.Event().wait(0.01)


@pytest.fixture
def stream() -> Iterator[Stream]:
    script = Script(queued=60, pending=60, running=None, streaming=True, stopping=20)
    tasks, store = Tasks(), MemoryStore()
    with FakeDataflow(lambda _: script, time_scale=SCALE) as fake:
        backend = DataflowBackend("p", "europe-west4", clock, api_endpoint=fake.url, drain_for=1e9)
        engine = Engine(Ledger(store, tasks, {"dataflow": backend}, clock, launch_lease=1e6))
        with workers(engine, tasks, 2) as wrong:
            yield Stream(fake, engine, store)
        backend.close()
        assert wrong == []
        assert fake.misfits == []


@pytest.mark.slow
def test_a_streaming_step_is_ready_by_its_own_look_and_cancelling_its_run_drains_its_job(stream: Stream):
    run = stream.run("r", True)
    states = stream.store.load_all(run.key).states
    assert (states[0].status, states[0].live, states[1].status) == (Status.SUCCEEDED, True, Status.SUCCEEDED)
    assert len(stream.fake.active) == 1
    stream.engine.cancel(run.key, Stop(clock(), "ann", "enough"))
    stream.wait(lambda: not stream.store.load_all(run.key).state(0).live)
    (job,) = stream.fake.service.jobs.values()
    assert job.state == "JOB_STATE_DRAINED"
    assert stream.fake.calls["jobs.update"] == 1
    ended = stream.store.get_run(run.key)
    assert ended is not None
    assert ended.status is RunStatus.SUCCEEDED  # what has ended stays as it was


@pytest.mark.slow
def test_a_job_that_is_kept_serves_every_run_and_outlives_them(stream: Stream):
    for name in ("monday", "tuesday"):
        run = stream.run(name, "keep")
        stream.engine.cancel(run.key, Stop(clock(), "ann", "enough"))
    assert stream.fake.launches == {"g-clicks": 1}
    assert stream.fake.active == ["g-clicks"]
    assert stream.fake.calls["jobs.update"] == 0


@pytest.mark.slow
def test_a_launch_whose_look_beforehand_failed_is_made_by_the_next_delivery(stream: Stream):
    """It waited for the lease of its own claim, which here would be for hours."""
    stream.fake.fail("jobs.list", unavailable(), unavailable())
    stream.run("r", True)
    (job,) = stream.fake.service.jobs.values()
    assert stream.fake.calls["flexTemplates.launch"] == 1
    assert stream.fake.launches == {job.name: 1}
