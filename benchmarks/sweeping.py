"""``python -m benchmarks.sweeping``: what a round of sweeps takes, in seconds and memory. On Google's emulator.

Each run has one job that runs and one step behind it; nothing is overdue, as where nothing is wrong. The params of
every run take ``--params`` bytes. A round has all the time that it wants.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence

from google.cloud.firestore import Client

from benchmarks.wire import world
from orchestrator.core.model import Run, Status, StepState
from orchestrator.core.names import run_key
from orchestrator.core.plan import compile_plan
from orchestrator.core.steps import Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.rounds import Round
from orchestrator.ports import Task, refuse
from orchestrator.stores import _documents as documents
from orchestrator.stores.firestore import FirestoreStore

PLAN = compile_plan("swept", "v", [Step("a", Work("job", {})), Step("b", Work("job", {}), ("a",))])


class Nothing:
    """A queue that counts what is put."""

    tasks = 0

    def put(self, tasks: Sequence[Task]) -> None:
        self.tasks += len(tasks)


def made(client: Client, runs: int, size: int) -> None:
    """So many runs that have not ended, written past the store: several in a commit."""
    now = time.time()
    state = documents.of_state(StepState(Status.RUNNING, 1, job_name="j", job="j", claimed_at=now, started_at=now))
    FirestoreStore(client).open_run(Run("first", run_key("first"), "swept", "v", {}, now), PLAN)
    many = 200 if size < 10_000 else 2
    for begin in range(1, runs, many):
        batch = client.batch()
        for number in range(begin, min(runs, begin + many)):
            run = Run(f"r{number}", run_key(f"r{number}"), "swept", "v", {"p": "x" * size}, now)
            document = client.collection("runs").document(run.key)
            batch.set(document, documents.of_run(run))
            batch.set(document.collection("steps").document("0"), state)
        batch.commit()


def main(arguments: Sequence[str]) -> int:
    """Measure, and tell. One JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweeping", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--params", type=int, default=100, help="bytes of each run's params")
    asked = parser.parse_args(arguments)
    with world():
        client = Client(project="bench")  # one whose queries are not counted
        made(client, asked.runs, asked.params)
        queue, before = Nothing(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        store = FirestoreStore(client)
        begun, cpu = time.perf_counter(), time.process_time()
        rounds = Round(Engine(store, queue, {}, time.time), store, float("inf"), refuse)
        found = sum(one.run is not None for one in rounds)
        print(
            json.dumps(
                {
                    "runs": found,
                    "bytes of params": asked.params,
                    "seconds": round(time.perf_counter() - begun, 1),
                    "CPU seconds": round(time.process_time() - cpu, 1),
                    "tasks": queue.tasks,
                    "MiB at the most": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                    "MiB more at the most": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024),
                }
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
