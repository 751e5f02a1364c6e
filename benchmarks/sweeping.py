"""``python -m benchmarks.sweeping``: what a round of sweeps takes, in time, memory and reads, on Google's emulator.

Each run has one running job and one step after it. Nothing is overdue, as if nothing were wrong. The params of every
run take ``--params`` bytes. A round has unlimited time. Several numbers of runs are measured one after the other in one
emulator; each includes the runs of those before.

The emulator has no indexes: each query looks at all documents of collections with that name. So the time per run grows
there with the number of runs, and the time of a round with its square. Therefore the emulator's processor time is shown
separately from ours; ``reads`` and ``calls`` are what Firestore would be asked for.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from google.cloud.firestore import Client

from benchmarks.wire import Wire, world
from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run, Status, StepState
from orchestrator.core.names import run_key
from orchestrator.core.steps import Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.sweep_rounds import Round
from orchestrator.ports import Task, refuse
from orchestrator.stores.firestore import documents as documents
from orchestrator.stores.firestore.store import FirestoreStore

PLAN = compile_plan("swept", "v", [Step("a", Work("job", {})), Step("b", Work("job", {}), ("a",))])


class Nothing:
    """A queue that only counts tasks."""

    tasks = 0

    def put(self, tasks: Sequence[Task]) -> None:
        self.tasks += len(tasks)


@dataclass(frozen=True, slots=True)
class Swept:
    """The cost of a round over ``runs`` runs. ``ms``, ``reads`` and ``calls`` are per run.

    ``cpu_ms``, ``emulator_ms``: processor time per run, here and in the emulator. ``mib``: the most memory.
    """

    runs: int
    ms: float
    cpu_ms: float
    emulator_ms: float
    reads: float
    calls: float
    tasks: int
    mib: int


def made(client: Client, first: int, runs: int, size: int) -> None:
    """Create the unfinished runs from number ``first`` to ``runs``, without the store: several in one commit."""
    now = time.time()
    state = documents.of_state(StepState(Status.RUNNING, 1, job_name="j", job="j", claimed_at=now, started_at=now))
    if not first:
        FirestoreStore(client).open_run(Run("first", run_key("first"), "swept", "v", {}, now), PLAN)
    many = 200 if size < 10_000 else 2
    for begin in range(max(1, first), runs, many):
        batch = client.batch()
        for number in range(begin, min(runs, begin + many)):
            run = Run(f"r{number}", run_key(f"r{number}"), "swept", "v", {"p": "x" * size}, now)
            document = client.collection("runs").document(run.key)
            batch.set(document, documents.of_run(run))
            batch.set(document.collection("steps").document("0"), state)
        batch.commit()


def swept(client: Client, wire: Wire, most: int | None = None) -> Swept:
    """Sweep all runs in one round, or the first ``most``."""
    store, queue, runs = FirestoreStore(client), Nothing(), 0
    wire.reset()
    begun, cpu, emulator = time.perf_counter(), time.process_time(), of_children(os.getpid())
    for one in islice(Round(Engine(Ledger(store, queue, {}, time.time)), store, float("inf"), refuse), most):
        assert one.run is not None, one
        runs += 1
    return Swept(
        runs,
        round(1000 * (time.perf_counter() - begun) / runs, 1),
        round(1000 * (time.process_time() - cpu) / runs, 1),
        round(1000 * (of_children(os.getpid()) - emulator) / runs, 1),
        round(wire.reads / runs, 2),
        round(wire.calls.total() / runs, 2),
        queue.tasks,
        round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    )


def of_children(pid: int) -> float:
    """The processor time, in seconds, of all running child processes. Linux only."""
    ids = [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]
    stats = [Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split() for child in ids]
    ticks = sum(int(stat[11]) + int(stat[12]) for stat in stats)
    return ticks / os.sysconf("SC_CLK_TCK") + sum(map(of_children, ids))


def main(arguments: Sequence[str]) -> int:
    """Measure, and print one JSON line for each number of runs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweeping", description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[2000, 5000, 10_000])
    parser.add_argument("--params", type=int, default=100, help="bytes of each run's params")
    parser.add_argument("--of", type=int, help="sweep only so many of them, as if the round had to stop then")
    asked, there = parser.parse_args(arguments), 0
    with world() as (client, wire):
        for runs in sorted(asked.runs):
            made(client, there, runs, asked.params)
            there = runs
            print(json.dumps({"there": runs, **asdict(swept(client, wire, asked.of))}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
