"""One run, told in two parts by two versions: ``python story.py begin|end FILE``. It runs with old code, too.

So it uses only what every version has: the engine, an SQLite store and queue, a backend of its own. ``begin`` leaves
a run with a step in each state that a step can be in; ``end`` takes it to its end and prints how each step ended, as
JSON.
"""

import json
import sys
from pathlib import Path
from typing import Any

from orchestrator import ports
from orchestrator.core.messages import Finish
from orchestrator.core.model import Run, RunStatus, Stop
from orchestrator.core.names import JobRef, job_name, run_key
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Retry, Step, Work
from orchestrator.engine import Engine
from orchestrator.ports import CHECKS, LAUNCHES, Launched
from orchestrator.queues.local import LocalQueue

try:
    from orchestrator.core import events, job_end
except ImportError:  # an older version, which has both in its model
    from orchestrator.core import model as events
    from orchestrator.core import model as job_end

try:
    from orchestrator.core.compiler import compile_plan
except ImportError:  # where it was in older versions
    from orchestrator.core.plan import compile_plan

try:
    from orchestrator.home.database import Database
except ImportError:  # where it was in older versions
    from orchestrator.sqlite import Database

try:
    from orchestrator.stores.sqlite.store import SqliteStore
except ImportError:  # where it was in older versions
    from orchestrator.stores.sqlite import SqliteStore

try:
    from orchestrator.engine.execution import Execution
    from orchestrator.engine.ledger import Ledger
except ImportError:  # an older version, whose engine is a ledger
    Execution = None

JobEnded, JobLaunched, LaunchClaimed = events.JobEnded, events.JobLaunched, events.LaunchClaimed
Outcome = job_end.Outcome

#: How a job ended; older versions have another name for it, and its fields in the event.
JobEnd: Any = getattr(job_end, "JobEnd", None) or ports.JobOver  # type: ignore[attr-defined]

START = 1_700_000_000.0
JOB = Work("job", {"n": "{{ params.n }}"})
READS = Work("job", {"rows": "{{ steps.succeeded.outputs.rows }}"})
MANY = tuple(f"wide{number:02}" for number in range(40))
STEPS = (
    Step("succeeded", JOB),
    Step("failed", JOB, retry=Retry(1), allow_failure=True),
    Step("up_for_retry", JOB, retry=Retry(5, 60.0)),
    Step("running", JOB, timeout=3600.0),
    Step("launching", JOB),
    Step("stopped", JOB),
    Step("pending", READS, after=("succeeded",)),
    Step("skipped", after=("succeeded",), when="{{ params.n > 7 }}"),
    Step("never", JOB, after=("failed",), allow_failure=True),
    *(Step(name) for name in MANY),
    Step(
        "join",
        after=tuple(sorted((*MANY, "pending", "up_for_retry", "running", "launching"))),
        trigger=TriggerRule.ALL_DONE,
    ),
    Step("clean", after=("join",), teardown=True),
)
RUN = Run("a-run-of-another-version", run_key("a-run-of-another-version"), "story", "1", {"n": 3}, START)


def ended(outcome: Outcome, by: str | None = None, **told: Any) -> JobEnded:
    if hasattr(job_end, "JobEnd"):
        return JobEnded(1, JobEnd(outcome, START + 9.0, **told), by=by)
    return JobEnded(1, outcome, START + 9.0, by=by, **told)


def engine_of(*ports: Any, **options: Any) -> Engine:
    return Engine(*ports, **options) if Execution is None else Engine(Ledger(*ports, **options))


def handle(engine: Any, plan: Any, node: int, event: Any) -> None:
    if Execution is None:
        engine.handle(RUN, plan, node, event)
    else:
        engine.ledger.handle(Execution(RUN, plan), node, event)


class Jobs:
    """A service whose jobs all succeed, and are told so when they are looked at."""

    def launch(self, request: Any) -> Launched:
        return Launched(request.name)

    def find(self, request: Any) -> Launched:
        return Launched(request.name)

    def status(self, job: str) -> Any:
        return JobEnd(Outcome.SUCCEEDED, START + 500.0, {"rows": 42})

    def cancel(self, job: str) -> None:
        pass


def begin(file: Path) -> None:
    """Leave the run in the middle."""
    database = Database(file)
    plan = compile_plan("story", "1", STEPS)
    engine = engine_of(
        SqliteStore(database), LocalQueue(database), {"job": Jobs()}, lambda: START + 100.0, launch_lease=90.0
    )
    engine.start(RUN, plan)
    for name in ("succeeded", "failed", "up_for_retry", "running", "launching", "stopped"):
        node = plan.numbers[name]
        job = job_name(name, JobRef(RUN.key, node, 1))
        handle(engine, plan, node, LaunchClaimed(1, job, START + 1.0))
        if name == "launching":
            continue
        handle(engine, plan, node, JobLaunched(1, job, START + 2.0, due=START + 400.0))
        if name in ("failed", "up_for_retry"):
            handle(engine, plan, node, ended(Outcome.FAILED, error="boom", cause="exit"))
        elif name == "succeeded":
            handle(engine, plan, node, ended(Outcome.SUCCEEDED, "signal", outputs={"rows": 42}))
    engine.cancel(RUN.key, Stop(START + 20.0, "ann", "wrong input"), [plan.numbers["stopped"]])
    database.close()


def end(file: Path) -> dict[str, Any]:
    """Take it to its end."""
    database = Database(file)
    store, queue = SqliteStore(database), LocalQueue(database)
    now = START + 1000.0
    engine = engine_of(store, queue, {"job": Jobs()}, lambda: now, launch_lease=90.0)
    queue.release(RUN.key, now)
    engine.sweep(RUN.key, "1")
    for _ in range(100):
        now += 60.0
        for name in (CHECKS, LAUNCHES):
            for delivery in queue.lease([RUN.key], name, now, 100):
                engine.perform(delivery.effect)
                queue.acknowledge([delivery])
                if isinstance(delivery.effect, Finish):
                    break
    run, plan, view = store.get_run(RUN.key), store.get_plan("1"), store.load_all(RUN.key)
    database.close()
    assert run is not None
    assert plan is not None
    told = {step.name: str(view.state(number).status) for number, step in enumerate(plan.steps)}
    return {"run": str(run.status), "ended": run.status is not RunStatus.RUNNING, "steps": told}


if __name__ == "__main__":
    verb, path = sys.argv[1], Path(sys.argv[2])
    if verb == "begin":
        begin(path)
    else:
        print(json.dumps(end(path)))
