"""``python -m tests.simulation.nested``: simulates worlds of runs inside runs, and prints the results."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.simulation.nested.world import World


def simulate(seed: int) -> tuple[list[str], Counter[str], Counter[str]]:
    """What is wrong in the world of a seed, the faults that it had, and how many runs and jobs there were."""
    world = World(seed)
    failures = world.play()
    runs = world.runs
    kept = sum(bool(run.kept) for run in runs)
    return failures, world.faults, Counter({"runs": len(runs), "that keep": kept, "jobs": len(world.jobs.jobs)})


def main(arguments: Sequence[str]) -> int:
    """Simulate, and print the results. Returns 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.nested", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--stop", action="store_true", help="stop at the first failure")
    parser.add_argument("--seed", type=int, help="this one alone")
    chosen = parser.parse_args(arguments)
    begun, failed, faults, sizes = time.monotonic(), 0, Counter[str](), Counter[str]()
    seeds = range(chosen.start, chosen.start + chosen.seeds) if chosen.seed is None else [chosen.seed]
    for seed in seeds:
        failures, came, size = simulate(seed)
        faults += came
        sizes += size
        failed += bool(failures)
        if failures:
            print(f"seed {seed}: {failures[0]}", flush=True)
            if chosen.stop:
                break
    print(f"{len(seeds)} seeds, {failed} failed, {time.monotonic() - begun:.1f} s; {dict(sizes)}")
    print("\n".join(f"{number:9} {fault}" for fault, number in sorted(faults.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
