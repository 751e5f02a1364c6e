"""The Firestore store on Google's emulator: how joins stand a crowd, and what a step costs. One JSON line a case.

python -m benchmarks.firestore joins [--widths 1 10 100 1000 5000] [--cap 60] [--threads 32]
python -m benchmarks.firestore costs
"""

import argparse
import json
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import grpc
from google.api_core.exceptions import Aborted
from google.cloud.firestore import Client, transactional
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

from benchmarks.embedded import chain, fan, layers
from orchestrator import emulators
from orchestrator.core.messages import SIGNAL, Check, Launch
from orchestrator.core.model import JobEnded, Outcome, Run, RunStatus, Status, StepState
from orchestrator.core.names import run_key
from orchestrator.core.plan import Plan, compile_plan
from orchestrator.core.steps import Step
from orchestrator.engine import Engine
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import Task
from orchestrator.stores import _documents as documents
from orchestrator.stores.firestore import FirestoreStore

#: Dollars for 100,000 document reads and writes, Standard edition, beyond the free 50,000 and 20,000 a day; as
#: published in copies of cloud.google.com/firestore/pricing read on that day. Queue and functions cost extra.
PRICES_OF = "2026-11-23"
PRICES = {"us-central1": (0.03, 0.09), "nam5": (0.06, 0.18)}


class Wire(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Counts what goes through the real client's channel: calls, documents read and written, commits refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.calls: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.reads = 0

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        outcome = continuation(details, request)
        with self._lock:
            method = details.method.rpartition("/")[2]
            self.calls[method] += 1
            if method == "Commit" and (error := outcome.exception()) is not None:
                self.refused[error.code().name] += 1
            elif method == "Commit":
                self.writes.update(write.update.name for write in request.writes)
        return outcome

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        with self._lock:
            method = details.method.rpartition("/")[2]
            self.calls[method] += 1
            assert method == "BatchGetDocuments", method  # a query would be counted by its answers
            self.reads += len(request.documents)  # a document that is not there is billed too
        return continuation(details, request)


class Threads:
    """A queue that delivers at once, on many threads; a name is taken once. Keeps launches, and how long calls took."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._lock = threading.Lock()
        self._names: set[str] = set()
        self.launched: list[Task] = []
        self.done = threading.Event()
        self.seconds: list[float] = []
        self.perform: Callable[[Any], None] = lambda _: None

    def put(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            with self._lock:
                taken = task.name in self._names
                self._names.add(task.name)
            if isinstance(task.effect, Launch):
                self.launched.append(task)
                self.done.set()
            elif not taken:
                self.go(self.perform, task.effect)

    def go(self, call: Callable[..., None], *arguments: Any) -> None:
        def timed() -> None:
            start = time.perf_counter()
            call(*arguments)
            self.seconds.append(time.perf_counter() - start)

        self._pool.submit(timed).add_done_callback(lambda future: future.result())

    def close(self) -> None:
        self._pool.shutdown()


@contextmanager
def world() -> Iterator[tuple[Client, Wire]]:
    """An emulator of its own, warmed up, and the real client on it."""
    with emulators.running(emulators.FIRESTORE) as host:
        os.environ[emulators.FIRESTORE.variable] = host
        client, wire = Client(project="bench"), Wire()
        channel = grpc.intercept_channel(grpc.insecure_channel(host), wire)
        client._transport = FirestoreGrpcTransport(channel=channel)
        client._firestore_api_internal = FirestoreClient(transport=client._transport)
        for number in range(300):
            client.document(f"warm/{number % 10}").set({"n": number})
            client.document(f"warm/{number % 10}").get()
        wire.reset()
        yield client, wire
        client.close()  # type: ignore[no-untyped-call]


def run_of(plan: Plan) -> Run:
    return Run("bench", run_key("bench"), "bench", plan.version, {}, time.time())


def ours(width: int, threads: int) -> dict[str, object]:
    """``width`` predecessors of one step end at once; the clock stops when the step's launch is on the queue."""
    names = [f"p{number}" for number in range(width)]
    plan = compile_plan("bench", "v", [*map(Step, names), Step("last", after=tuple(names))])
    with world() as (client, wire):
        store, queue, run = FirestoreStore(client), Threads(threads), run_of(plan)
        engine = Engine(store, queue, {}, time.time)
        queue.perform = engine.perform
        store.open_run(run, plan)
        running = documents.of_state(StepState(Status.RUNNING, attempt=1, job="j"))
        for start in range(0, width, 400):
            batch = client.batch()
            for node in range(start, min(start + 400, width)):
                batch.create(client.document(f"runs/{run.key}/steps/{node}"), running)
            batch.commit()
        wire.reset()
        ended, begin = JobEnded(1, Outcome.SUCCEEDED, time.time()), time.perf_counter()
        for node in range(width):
            queue.go(engine.handle, run, plan, node, ended)
        launched = queue.done.wait(600.0)
        total = time.perf_counter() - begin
        queue.close()
        launches = len({task.name for task in queue.launched})
        return _row("ours", width, width if launched else 0, total, queue.seconds, wire, launches)


def naive(kind: str, width: int, threads: int, cap: float) -> dict[str, object]:
    """The same by a transaction that reads the join: a counter, or a bitmap. Given up after ``cap`` seconds."""
    with world() as (client, wire):
        join = client.document("joins/last")
        join.set({"left": width, "bits": bytes(-(-width // 8))})
        wire.reset()
        done, seconds, begin = [], [], time.perf_counter()

        def complete(number: int) -> None:
            start = time.perf_counter()
            while time.perf_counter() - begin < cap:
                with suppress(Aborted, ValueError):  # the latter after five tries of the client's own, all aborted
                    transactional(_CHANGES[kind])(client.transaction(), join, number)
                    done.append(number)
                    break
            if start - begin < cap:
                seconds.append(time.perf_counter() - start)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(complete, range(width)))
        total = time.perf_counter() - begin
        return _row(kind, width, len(done), total, seconds, wire, int(len(done) == width))


def _row(
    kind: str, width: int, done: int, total: float, seconds: Sequence[float], wire: Wire, launches: int
) -> dict[str, object]:
    return {
        "kind": kind,
        "width": width,
        "done": done,
        "seconds": round(total, 2),
        "p99_ms": round(1000 * sorted(seconds)[int(0.99 * len(seconds))], 1),
        "refused": dict(wire.refused),
        "most_writes_a_document": max(wire.writes.values(), default=0),
        "launches": launches,
    }


def _count_down(transaction: Any, join: Any, _: int) -> None:
    left = join.get(transaction=transaction).get("left")
    transaction.update(join, {"left": left - 1})


def _set_bit(transaction: Any, join: Any, number: int) -> None:
    bits = bytearray(join.get(transaction=transaction).get("bits"))
    bits[number // 8] |= 1 << number % 8
    transaction.update(join, {"bits": bytes(bits)})


_CHANGES = {"transactional counter": _count_down, "transactional bitmap": _set_bit}


GRAPHS = {
    "chain of 100": lambda: chain(100),
    "1->100->1": lambda: fan(100),
    "1->1000->1": lambda: fan(1000),
    "10 layers of 50": lambda: layers(10, 50, seed=7),
}


class Line:
    """A queue in memory: the watchdogs wait until the run has ended, everything else comes in turn."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.now: deque[Any] = deque()
        self.later: deque[Any] = deque()

    def put(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.name not in self.names:
                self.names.add(task.name)
                watchdog = isinstance(task.effect, Check) and task.effect.chain != SIGNAL
                (self.later if watchdog else self.now).append(task.effect)


def cost(graph: str) -> dict[str, object]:
    """A whole run by the real engine, each delivery at an instance that knows nothing of the others."""
    plan = compile_plan("bench", "v", GRAPHS[graph]())
    with world() as (client, wire):
        store, queue, run = FirestoreStore(client), Line(), run_of(plan)
        jobs = ScriptedBackend(lambda _: Script(), time.time)
        engine = Engine(store, queue, {"python": jobs}, time.time, signal_delay=0.0)
        engine.start(run, plan)
        ran = _drain(engine, store, queue.now, jobs)
        status = store.get_run(run.key)
        assert status is not None
        assert status.status is RunStatus.SUCCEEDED
        steps = len(plan.steps)
        figures = _figures(wire, steps)
        wire.reset()
        looks = _drain(engine, store, queue.later, jobs)
        late = _figures(wire, steps)
    writes, reads = figures["writes"], figures["reads"] + late["reads"]
    return {
        "graph": graph,
        "steps": steps,
        "deliveries_a_step": round(ran / steps, 2),
        "a_step": figures,
        "watchdogs_a_step": {"deliveries": round(looks / steps, 2), **late},
        "dollars_a_million_steps": {
            place: round(10 * (reads * read + writes * write), 2) for place, (read, write) in PRICES.items()
        },
        "prices_of": PRICES_OF,
    }


def _drain(engine: Engine, store: FirestoreStore, queue: deque[Any], jobs: ScriptedBackend) -> int:
    delivered = 0
    while queue:
        effect, before = queue.popleft(), len(jobs.jobs)
        engine.perform(effect)
        delivered += 1
        if len(jobs.jobs) > before:  # the job has ended: its signal comes
            engine.signal(next(reversed(jobs.jobs)))
        store._recent.clear()
    return delivered


def _figures(wire: Wire, steps: int) -> dict[str, float]:
    calls = sum(wire.calls.values())
    figures = {"writes": wire.writes.total(), "reads": wire.reads, "calls": calls, "refused": wire.refused.total()}
    return {name: round(figure / steps, 2) for name, figure in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=["costs", "joins"], metavar="joins|costs")
    parser.add_argument("--widths", nargs="+", type=int, default=[1, 10, 100, 1000, 5000])
    parser.add_argument("--cap", type=float, default=60.0, help="seconds for each transactional case")
    parser.add_argument("--threads", type=int, default=32)
    options = parser.parse_args()
    for graph in GRAPHS if "costs" in options.what else ():
        print(json.dumps(cost(graph)), flush=True)
    for width in options.widths if "joins" in options.what else ():
        print(json.dumps(ours(width, options.threads)), flush=True)
        for kind in _CHANGES:
            print(json.dumps(naive(kind, width, options.threads, options.cap)), flush=True)


if __name__ == "__main__":
    main()
