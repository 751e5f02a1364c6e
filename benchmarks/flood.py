"""``python -m benchmarks.flood``: how long a wide fan takes with a slow queue and sweeps. In simulated time.

Launches and sweeps are the engine's own. The queue delivers one launch a second, in random order, since Cloud Tasks
promises none, and accepts each name once.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random

from orchestrator.core.compiler import compile_plan
from orchestrator.core.messages import Effect, Launch
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import run_key
from orchestrator.core.overdue import Pace
from orchestrator.core.steps import Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import LAUNCHES, Task
from tests.doubles.memory_store import MemoryStore

#: Seconds between two sweeps, between two launches, and for a job.
PERIOD, PACE, JOB = 900.0, 1.0, 300.0


@dataclass
class SlowQueue:
    """A queue that delivers launches one by one. ``puts``: how often each effect was accepted, under any name."""

    names: set[str] = field(default_factory=set)
    launches: list[Effect] = field(default_factory=list)
    others: list[tuple[float, int, Effect]] = field(default_factory=list)
    puts: Counter[str] = field(default_factory=Counter)
    numbers: "count[int]" = field(default_factory=count)
    random: Random = field(default_factory=lambda: Random(7))

    def put(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.name in self.names:
                continue
            self.names.add(task.name)
            if task.queue == LAUNCHES:
                self.puts[task.effect.name] += 1
                self.launches.append(task.effect)
            else:
                heappush(self.others, (task.due, next(self.numbers), task.effect))

    def launch(self) -> Effect:
        """The next launch to deliver."""
        chosen = self.random.randrange(len(self.launches))
        self.launches[chosen], self.launches[-1] = self.launches[-1], self.launches[chosen]
        return self.launches.pop()


@dataclass(frozen=True, slots=True)
class Flooded:
    """The result for a fan: the seconds until it ended, and how many launches were delivered.

    ``most``: how often a single launch was put, at most.
    """

    seconds: float
    deliveries: int
    most: int
    sweeps: int


def flooded(width: int, *, lost: Sequence[int] = (), period: float = PERIOD) -> Flooded:
    """Run a fan of ``width`` jobs after one step. The queue drops the launches with the numbers ``lost``."""
    fan = [Step(f"s{number}", Work("job", {}), ("first",)) for number in range(width)]
    plan = compile_plan("fan", "1", [Step("first", Work("job", {})), *fan])
    clock, queue, pace = [0.0], SlowQueue(), Pace()
    jobs = ScriptedBackend(lambda _: Script(JOB), lambda: clock[0])
    engine = Engine(Ledger(store := MemoryStore(), queue, {"job": jobs}, lambda: clock[0], launch_lease=90.0))
    run = Run("fan", run_key("fan"), "fan", "1", {}, 0.0)
    engine.start(run, plan)
    deliveries = sweeps = 0
    while (stored := store.get_run(run.key)) is not None and stored.status is RunStatus.RUNNING:
        if clock[0] >= period * (sweeps + 1):
            sweeps += 1
            _, pace = engine.sweep_overdue(stored, pace)
        if queue.launches:
            effect, deliveries = queue.launch(), deliveries + 1
            if not (isinstance(effect, Launch) and deliveries in lost):
                engine.perform(effect)
        while queue.others and queue.others[0][0] <= clock[0]:
            engine.perform(heappop(queue.others)[2])
        clock[0] += PACE
    return Flooded(clock[0], deliveries, max(queue.puts.values()), sweeps)


def main(arguments: Sequence[str]) -> int:
    """Measure, and print the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood", description=__doc__)
    parser.add_argument("--widths", type=int, nargs="*", default=[1000, 3000, 10_000])
    for width in parser.parse_args(arguments).widths:
        found = flooded(width)
        print(
            f"{width:6} launches at {1 / PACE:g} a second: {found.seconds:7,.0f} s, {found.deliveries:6} deliveries,"
            f" at most {found.most} of one launch, {found.sweeps} sweeps"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
