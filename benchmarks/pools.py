"""What a place in a pool costs in the cloud: documents read and written, and calls, per step, and beside no pool.

``python -m benchmarks.pools``: pools of 1, 20 and 200 places, with 1,000 steps that wait. Counts depend on no machine.
"""

import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from secrets import token_bytes
from typing import Any

from google.cloud.firestore import Client

from benchmarks.costs import Line
from benchmarks.wire import Wire, world
from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run
from orchestrator.core.names import new_key
from orchestrator.core.steps import Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.stores.firestore.store import FirestoreStore

SIZES, WAITING = (1, 20, 200), 1_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What something took per step: documents read and written, calls of Firestore, tasks put."""

    reads: float
    writes: float
    calls: float
    tasks: float


@dataclass(frozen=True, slots=True)
class Costs:
    """Of a step: ``launch`` where there is room, ``wait`` until it stands in line, and a ``turn``: the end of an
    attempt, with the launch of the step that gets its place. The watchdogs' later checks are left out.
    """

    launch: Cost
    wait: Cost
    turn: Cost


def measured(client: Client, wire: Wire, size: int, waiting: int, pool: str | None) -> Costs:
    """The costs in a pool of ``size``, with so many steps more than that. ``pool`` None: without a pool."""
    steps = tuple(Step(f"s{number}", Work("job"), pool=pool) for number in range(size + waiting))
    plan, name = compile_plan("bench", f"{pool} {size} {waiting}", steps), f"bench-{pool}-{size}-{waiting}"
    store, queue = FirestoreStore(client), Line()
    jobs = ScriptedBackend(lambda _: Script(), time.time)
    pools = {pool: size} if pool else {}
    engine = Engine(Ledger(store, queue, {"job": jobs}, time.time, signal_delay=0.0, pools=pools))
    engine.start(Run(name, new_key(token_bytes(7)), "bench", plan.version, {}, time.time(), seal="as deployed"), plan)
    counting = _Counting(engine, store, queue, wire)
    launch = counting.of(_some(counting, size), size)
    wait = counting.of(_some(counting, waiting), waiting)
    turn = counting.of(_turns(counting, jobs, waiting), waiting)
    if pool:
        assert len(jobs.jobs) == size + waiting
    return Costs(launch, wait, turn)


class _Counting:
    def __init__(self, engine: Engine, store: FirestoreStore, queue: Line, wire: Wire) -> None:
        self.engine, self.store, self.queue, self.wire = engine, store, queue, wire

    def of(self, doing: Iterator[object], number: int) -> Cost:
        """What ``doing`` takes, in all, divided by ``number``."""
        self.wire.reset()
        before = len(self.queue.names)
        deque(doing, maxlen=0)
        found = self.wire.reads, self.wire.writes.total(), self.wire.calls.total(), len(self.queue.names) - before
        return Cost(*(round(count / max(number, 1), 2) for count in found))

    def deliver(self) -> None:
        """Deliver the next task, to an instance that has nothing in memory but how many places have documents."""
        self.engine.perform(self.queue.now.popleft())
        self.store._recent.clear()


def _some(counting: _Counting, number: int) -> Iterator[None]:
    for _ in range(number):
        yield counting.deliver()


def _turns(counting: _Counting, jobs: ScriptedBackend, number: int) -> Iterator[Any]:
    """Jobs end one after the other, and each time whatever follows happens."""
    for job in range(number):
        counting.engine.signal(list(jobs.jobs)[job])
        while counting.queue.now:
            counting.deliver()
        yield job


def main() -> None:
    """Print a JSON line for each case."""
    with world() as (client, wire):
        plain = measured(client, wire, 20, 100, None)
        print(json.dumps({"pool": None, **asdict(plain)}), flush=True)
        for size in SIZES:
            print(
                json.dumps(
                    {"places": size, "waiting": WAITING, **asdict(measured(client, wire, size, WAITING, f"p{size}"))}
                )
            )


if __name__ == "__main__":
    main()
