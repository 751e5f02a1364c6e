"""What a step costs in the cloud: documents read and written, calls, tasks, and their price in dollars.

The real engine runs scripted jobs, with the real client on Firestore's emulator. No delivery finds in memory what
another one has read, as if each came to another instance.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.cloud.firestore import Client

from benchmarks.wire import Wire
from orchestrator.core.messages import WATCHDOG, Check
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import new_key
from orchestrator.core.plan import Plan
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import Task
from orchestrator.stores.firestore.store import FirestoreStore

#: Dollars for 100,000 document reads and writes, Standard edition, beyond the free 50,000 and 20,000 a day, according
#: to copies of cloud.google.com/firestore/pricing read on the day PRICES_OF. Queue and functions cost extra.
PRICES_OF = "2026-11-23"
PRICES = {"us-central1": (0.03, 0.09), "nam5": (0.06, 0.18)}


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run took, per step. ``late``: the part of the watchdogs, which check steps that have ended."""

    writes: float
    reads: float
    calls: float
    refused: float
    tasks: float
    deliveries: float
    late_reads: float
    late_calls: float
    late_deliveries: float

    def dollars(self, place: str) -> float:
        """The price of a million steps."""
        read, write = PRICES[place]
        return round(10 * ((self.reads + self.late_reads) * read + self.writes * write), 2)


class Line:
    """A queue in memory. The watchdogs wait until the run has ended; all other tasks are delivered in order."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.now: deque[Any] = deque()
        self.later: deque[Any] = deque()

    def put(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.name not in self.names:
                self.names.add(task.name)
                watchdog = isinstance(task.effect, Check) and task.effect.chain == WATCHDOG
                (self.later if watchdog else self.now).append(task.effect)


def spent(plan: Plan, client: Client, wire: Wire) -> Spent:
    """What a run of ``plan`` takes, per step."""
    store, queue, steps = FirestoreStore(client), Line(), len(plan.steps)
    run = Run("bench", new_key(b"a bench"), "bench", plan.version, {}, time.time(), seal="as deployed")
    jobs = ScriptedBackend(lambda _: Script(), time.time)
    engine = Engine(Ledger(store, queue, {"python": jobs}, time.time, signal_delay=0.0))
    wire.reset()
    engine.start(run, plan)
    ran = _drain(engine, store, queue.now, jobs)
    writes, reads, calls, refused = wire.writes.total(), wire.reads, wire.calls.total(), wire.refused.total()
    status = store.get_run(run.key)
    assert status is not None
    assert status.status is RunStatus.SUCCEEDED
    wire.reset()
    checks = _drain(engine, store, queue.later, jobs)
    found = (writes, reads, calls, refused, len(queue.names), ran, wire.reads, wire.calls.total(), checks)
    return Spent(*(round(number / steps, 2) for number in found))


def _drain(engine: Engine, store: FirestoreStore, queue: deque[Any], jobs: ScriptedBackend) -> int:
    delivered = 0
    while queue:
        effect, before = queue.popleft(), len(jobs.jobs)
        engine.perform(effect)
        delivered += 1
        if len(jobs.jobs) > before:  # the job has ended: send its signal
            engine.signal(next(reversed(jobs.jobs)))
        store._recent.clear()
    return delivered
