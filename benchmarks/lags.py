"""How late a successor is launched if a job's state lags behind its log, and how many checks that takes.

The real engine, a queue with its own clock, and scripted jobs. A log entry reports the end of each job at once, and for
a random time after that the service still says that it is running. ``late``: seconds from the time when the service
says that it has ended to the launch of the next job. One JSON line per case: python -m benchmarks.lags [--jobs 2001]
"""

import argparse
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from orchestrator.core.compiler import compile_plan
from orchestrator.core.job_end import JobEnd
from orchestrator.core.messages import Check, Effect, Launch
from orchestrator.core.model import Run
from orchestrator.core.names import run_key
from orchestrator.core.steps import CheckPolicy, Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.home.database import Database
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import CHECKS, LAUNCHES, JobRunning, JobStatus
from orchestrator.queues.local import LocalQueue
from tests.doubles.memory_store import MemoryStore

LONGEST = 45.0
POLICIES = {"one check after 30 s, then later and later": CheckPolicy(30.0), "a series of checks": CheckPolicy()}
LAGS: dict[str, Callable[[random.Random], float]] = {
    "0 to 45 s": lambda dice: dice.uniform(0.0, LONGEST),
    "none, or 0 to 45 s": lambda dice: dice.choice([0.0, dice.uniform(0.0, LONGEST)]),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """The result for one job: how many seconds too ``late`` its successor was launched, after how many ``checks``."""

    late: float
    checks: int


class Lagging(ScriptedBackend):
    """A service that says for ``lag`` seconds after its end that its first job is running."""

    def __init__(self, clock: Callable[[], float], lag: float) -> None:
        super().__init__(lambda _: Script(), clock)
        self._lag = lag
        self.checks = 0

    def status(self, job: str) -> JobStatus:
        self.checks += 1
        said = super().status(job)
        return JobRunning() if isinstance(said, JobEnd) and self._clock() < self._lag else said


def seen(policy: CheckPolicy, lag: float) -> Seen:
    """Play a job that ends at once, its log entry, and what follows until its successor is launched."""
    now = 0.0
    work = Work("job", {})
    plan = compile_plan("lags", "v", [Step("a", work, check=policy), Step("b", work, after=("a",))])
    database = Database(":memory:")
    jobs, queue = Lagging(lambda: now, lag), LocalQueue(database)
    engine, run = (
        Engine(Ledger(MemoryStore(), queue, {"job": jobs}, lambda: now)),
        Run("r", run_key("r"), "lags", "v", {}, now),
    )
    engine.start(run, plan)
    while len(jobs.jobs) < 2:
        for name in (CHECKS, LAUNCHES):
            due = queue.lease([run.key], name, now, 100)
            for delivery in due:
                _perform(engine, jobs, delivery.effect)
            queue.acknowledge(due)
        now = max(now, queue.next_due([run.key], [CHECKS, LAUNCHES]) or now)
    database.close()
    launched = max(job.launched_at for job in jobs.jobs.values())
    return Seen(launched - lag, jobs.checks)


def _perform(engine: Engine, jobs: Lagging, effect: Effect) -> None:
    watchdog = isinstance(effect, Check) and effect.chain == "watchdog"
    if not watchdog:
        engine.perform(effect)
    if isinstance(effect, Launch) and len(jobs.jobs) == 1:
        engine.signal(next(iter(jobs.jobs)))


def case(policy: str, lags: str, jobs: int, seed: int = 7) -> dict[str, Any]:
    dice = random.Random(seed)
    found = [seen(POLICIES[policy], LAGS[lags](dice)) for _ in range(jobs)]
    late = sorted(one.late for one in found)
    return {
        "checks": policy,
        "lags": lags,
        "late_s": {"middle": round(median(late), 1), "of 9 in 10": round(late[9 * jobs // 10], 1), "most": late[-1]},
        "checks_a_job": {
            "middle": median(one.checks for one in found),
            "mean": round(mean(one.checks for one in found), 2),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2001)
    options = parser.parse_args()
    for lags in LAGS:
        for policy in POLICIES:
            print(json.dumps(case(policy, lags, options.jobs)), flush=True)


if __name__ == "__main__":
    main()
