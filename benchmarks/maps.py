"""What an item of a ``map`` costs: time, tasks, and what is read and written, on each store, for any number of items.

``python -m benchmarks.maps [--items 100 1000 10000] [--stores memory sqlite firestore]``: a JSON line for each case.
The real engine runs scripted jobs that end at once. Counts depend on no machine (tests/contract/test_counts.py).
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.costs import Line
from benchmarks.wire import Wire, world
from orchestrator.core.compiler import compile_plan
from orchestrator.core.inner_graphs import version_of
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import new_key
from orchestrator.core.plan import Inner, Plan
from orchestrator.core.steps import Step, Work
from orchestrator.definition.params import resolve
from orchestrator.engine import Engine
from orchestrator.engine.children import RunBackend
from orchestrator.engine.ledger import Ledger
from orchestrator.home.database import Database
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import Store
from orchestrator.stores.firestore.store import FirestoreStore
from orchestrator.stores.sqlite.store import SqliteStore
from tests.doubles.memory_store import MemoryStore

ITEMS = (100, 1_000, 10_000)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a map took. Per item: milliseconds, of these on a processor, tasks put, deliveries; on Firestore, documents
    read and written, and calls. In all: the most tasks that one handler put, and the most writes of one document.
    """

    items: int
    ms: float
    cpu_ms: float
    tasks: float
    deliveries: float
    tasks_a_handler: int
    reads: float = 0.0
    writes: float = 0.0
    calls: float = 0.0
    writes_a_document: int = 0


def plan_of(items: int) -> Plan:
    """A graph of one step, which is mapped over so many numbers."""
    inner = Inner(compile_plan("each", "w", (Step("each", Work("job", {"n": "{{ item }}"})),)))
    step = Step("each", Work("map", {"over": [*range(items)]}), inner=version_of(inner))
    return replace(compile_plan("bench", f"v{items}", (step,)), inners={version_of(inner): inner})


def taken(store: Store, items: int, wire: Wire | None = None) -> Taken:
    """What a map of so many items takes, from the start of its run to its end, without the watchdogs' later checks.

    ``wire``: counts what the client of Firestore does.
    """
    queue, plan = Line(), plan_of(items)
    jobs = ScriptedBackend(lambda _: Script(), time.time)
    backends: dict[str, Any] = {"job": jobs}
    engine = Engine(Ledger(store, queue, backends, time.time, signal_delay=0.0))
    backends["map"] = RunBackend(engine, resolve)
    run = Run(f"map-{items}", new_key(f"m{items:06}".encode()), "bench", plan.version, {}, time.time(), seal="s")
    if wire is not None:
        wire.reset()
    began, used = time.perf_counter(), time.process_time()
    engine.start(run, plan)
    deliveries, most = _drain(engine, store, queue, jobs)
    took, used = time.perf_counter() - began, time.process_time() - used
    ended = store.get_run(run.key)
    assert ended is not None
    assert ended.status is RunStatus.SUCCEEDED
    assert len(jobs.jobs) == items
    times = _each(1000 * took, items), _each(1000 * used, items)
    found = Taken(items, *times, _each(len(queue.names), items), _each(deliveries, items), most)
    if wire is None:
        return found
    reads, writes, calls = wire.reads, wire.writes.total(), wire.calls.total()
    return replace(
        found,
        reads=_each(reads, items),
        writes=_each(writes, items),
        calls=_each(calls, items),
        writes_a_document=max(wire.writes.values()),
    )


def _each(number: float, items: int) -> float:
    return round(number / items, 3)


def _drain(engine: Engine, store: Store, queue: Line, jobs: ScriptedBackend) -> tuple[int, int]:
    """Deliver everything, each as if to another instance. How many deliveries, and the most tasks that one put."""
    delivered = most = 0
    while queue.now:
        effect, put, launched = queue.now.popleft(), len(queue.names), len(jobs.jobs)
        engine.perform(effect)
        delivered, most = delivered + 1, max(most, len(queue.names) - put)
        if len(jobs.jobs) > launched:  # the job has ended: send its signal
            engine.signal(next(reversed(jobs.jobs)))
        if isinstance(store, FirestoreStore):
            store._recent.clear()
    return delivered, most


@contextmanager
def sqlite() -> Iterator[SqliteStore]:
    """A store in a new file."""
    with tempfile.TemporaryDirectory() as name:
        database = Database(Path(name) / "orchestrator.db")
        yield SqliteStore(database)
        database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, nargs="+", default=ITEMS)
    parser.add_argument("--stores", nargs="+", default=["memory", "sqlite", "firestore"])
    options = parser.parse_args()

    def tell(store: str, found: Taken) -> None:
        print(json.dumps({"store": store, **asdict(found)}), flush=True)

    for items in options.items if "memory" in options.stores else ():
        tell("memory", taken(MemoryStore(), items))
    for items in options.items if "sqlite" in options.stores else ():
        with sqlite() as store:
            tell("sqlite", taken(store, items))
    if "firestore" in options.stores:
        with world() as (client, wire):
            for items in options.items:
                tell("firestore", taken(FirestoreStore(client), items, wire))


if __name__ == "__main__":
    main()
