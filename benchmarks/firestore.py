"""The Firestore store on Google's emulator: contention at joins, and the cost of a step. One JSON line per case.

python -m benchmarks.firestore joins [--widths 1 10 100 1000 5000] [--cap 60] [--threads 32]
python -m benchmarks.firestore costs
"""

import argparse
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from google.api_core.exceptions import Aborted
from google.cloud.firestore import transactional

from benchmarks.costs import PRICES, PRICES_OF, spent
from benchmarks.embedded import chain, fan, layers
from benchmarks.wire import Wire, world
from orchestrator.core.compiler import compile_plan
from orchestrator.core.events import JobEnded
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Launch
from orchestrator.core.model import Run, Status, StepState
from orchestrator.core.names import run_key
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Step
from orchestrator.engine import Engine
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.ports import Task
from orchestrator.stores.firestore import documents as documents
from orchestrator.stores.firestore.store import FirestoreStore


class Threads:
    """A queue that delivers at once, on many threads, and each name once. Records launches, and how long calls took."""

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


def run_of(plan: Plan) -> Run:
    return Run("bench", run_key("bench"), "bench", plan.version, {}, time.time())


def ours(width: int, threads: int) -> dict[str, object]:
    """``width`` predecessors of one step end at once. Measured until the step's launch is on the queue."""
    names = [f"p{number}" for number in range(width)]
    plan = compile_plan("bench", "v", [*map(Step, names), Step("last", after=tuple(names))])
    with world() as (client, wire):
        store, queue, run = FirestoreStore(client), Threads(threads), run_of(plan)
        engine = Engine(Ledger(store, queue, {}, time.time))
        queue.perform = engine.perform
        store.open_run(run, plan)
        running = documents.of_state(StepState(Status.RUNNING, attempt=1, job="j"))
        for start in range(0, width, 400):
            batch = client.batch()
            for node in range(start, min(start + 400, width)):
                batch.create(client.document(f"runs/{run.key}/steps/{node}"), running)
            batch.commit()
        wire.reset()
        ended, begin = JobEnded(1, JobEnd(Outcome.SUCCEEDED, time.time())), time.perf_counter()
        for node in range(width):
            queue.go(engine.ledger.handle, Execution(run, plan), node, ended)
        launched = queue.done.wait(600.0)
        total = time.perf_counter() - begin
        queue.close()
        launches = len({task.name for task in queue.launched})
        return _row("ours", width, width if launched else 0, total, queue.seconds, wire, launches)


def naive(kind: str, width: int, threads: int, cap: float) -> dict[str, object]:
    """The same with a transaction that reads the join: a counter, or a bitmap. Given up after ``cap`` seconds."""
    with world() as (client, wire):
        join = client.document("joins/last")
        join.set({"left": width, "bits": bytes(-(-width // 8))})
        wire.reset()
        done, seconds, begin = [], [], time.perf_counter()

        def complete(number: int) -> None:
            start = time.perf_counter()
            while time.perf_counter() - begin < cap:
                with suppress(Aborted, ValueError):  # ValueError: after five tries of the client, all aborted
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


def cost(graph: str) -> dict[str, object]:
    plan = compile_plan("bench", "v", GRAPHS[graph]())
    with world() as (client, wire):
        found = spent(plan, client, wire)
    return {
        "graph": graph,
        "steps": len(plan.steps),
        "a_step": asdict(found),
        "dollars_a_million_steps": {place: found.dollars(place) for place in PRICES},
        "prices_of": PRICES_OF,
    }


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
