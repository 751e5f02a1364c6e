"""Milliseconds per step of the embedded engine: no-op Python steps on SQLite, one JSON line and one process per case.

In the same process, rounds of each case alternate with rounds of the floor: one SQLite commit per step (floor.py). For
both, the quickest round counts. ``times_floor`` is their ratio, which depends little on the machine.

python -m benchmarks.embedded [CASE ...] [--durable] [--parallel 32] [--rounds 5]
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.floor import floor
from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import run_key
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Step, Work
from orchestrator.home import Home
from orchestrator.local.loop import Loop
from orchestrator.local.wiring import embedded
from tests.real_graphs import LARGEST, shape_of

NOOP = Work("python", {"function": "noop_steps:noop", "args": {}})


def step(name: str, after: Iterable[str] = ()) -> Step:
    return Step(name, NOOP, tuple(sorted(after)))


def chain(length: int) -> list[Step]:
    return [step(f"s{number}", [f"s{number - 1}"] if number else []) for number in range(length)]


def fan(width: int) -> list[Step]:
    middle = [f"m{number}" for number in range(width)]
    return [step("first"), *(step(name, ["first"]) for name in middle), step("last", middle)]


def layers(count: int, width: int, seed: int) -> list[Step]:
    dice = random.Random(seed)
    steps = [step(f"s0_{index}") for index in range(width)]
    for layer in range(1, count):
        before = [f"s{layer - 1}_{index}" for index in range(width)]
        steps += [step(f"s{layer}_{index}", dice.sample(before, 3)) for index in range(width)]
    return steps


def large() -> list[Step]:
    after = shape_of(LARGEST)["after"]
    return [step(f"p{number}", [f"p{before}" for before in found]) for number, found in enumerate(after)]


CASES = {
    "chain of 100": (lambda: chain(100), 1),
    "1->100->1": (lambda: fan(100), 1),
    "1->1000->1": (lambda: fan(1000), 1),
    "10 layers of 50": (lambda: layers(10, 50, seed=7), 1),
    "one run of 1->5->1": (lambda: fan(5), 1),
    "20 runs of 1->5->1 at once": (lambda: fan(5), 20),
    "13,028 steps": (large, 1),
}


@dataclass(frozen=True, slots=True)
class Time:
    """How long something took, and how much processor time it used, all threads together."""

    seconds: float
    cpu: float


def measure(case: str, parallel: int, durable: bool, rounds: int) -> dict[str, object]:
    make, count = CASES[case]
    plan = Graph("bench", tuple(make())).compile()
    steps = len(plan.steps) * count
    floors, times = [], []
    for _ in range(rounds):
        floors.append(floor(durable))
        times.append(play(plan, count, parallel, durable))
    best = min(times, key=lambda time: time.seconds)
    return {
        "case": case,
        "steps": steps,
        "seconds": round(best.seconds, 3),
        "ms_per_step": round(1000 * best.seconds / steps, 3),
        "cpu_ms_per_step": round(1000 * best.cpu / steps, 3),
        "floor_ms_per_step": round(1000 * min(floors), 4),
        "times_floor": round(best.seconds / steps / min(floors), 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "parallel": parallel,
        "durable": "power cut" if durable else "killed process",
    }


def play(plan: Plan, count: int, parallel: int, durable: bool) -> Time:
    """Drive ``count`` runs of a plan at the same time, in a new home, until they have ended."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "noop_steps.py").write_text("def noop():\n    return None\n")
        world = embedded(Home(folder / "home"), parallel, durable=durable)
        runs = [
            Run(f"bench-{n}", run_key(f"bench-{n}"), "bench", plan.version, {}, time.time(), folder=name)
            for n in range(count)
        ]
        start, used = time.perf_counter(), time.process_time()
        for run in runs:
            world.engine.start(run, plan)
        loop = Loop(world, [run.key for run in runs], parallel)
        loop.drive()
        took = Time(time.perf_counter() - start, time.process_time() - used)
        ended = {stored.status for run in runs if (stored := world.store.get_run(run.key))}
        world.database.close()
    assert ended == {RunStatus.SUCCEEDED}, ended
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(CASES), metavar="CASE")
    parser.add_argument("--durable", action="store_true")
    parser.add_argument("--parallel", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--here", action="store_true", help="measure in this process")
    options = parser.parse_args()
    for case in options.cases:
        if options.here:
            print(json.dumps(measure(case, options.parallel, options.durable, options.rounds)), flush=True)
            continue
        flags = ["--parallel", str(options.parallel), "--rounds", str(options.rounds)]
        flags += ["--durable"] if options.durable else []
        subprocess.run([sys.executable, "-m", "benchmarks.embedded", case, "--here", *flags], check=True)


if __name__ == "__main__":
    main()
