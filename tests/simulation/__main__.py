"""``python -m tests.simulation --seeds 50000 [--start K] [--jobs 2]``, or ``--seed 1234 --trace`` to repeat one."""

import argparse
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from tests.simulation.kinds import KINDS
from tests.simulation.weather import EVERYTHING
from tests.simulation.world import simulate

CHUNK = 100


@dataclass
class Sum:
    """The results of many seeds together."""

    seeds: int = 0
    steps: int = 0
    turns: int = 0
    failures: dict[int, list[str]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)


def several(seeds: range, stop: bool = False, dag: str | None = None, kinds: Sequence[str] = ()) -> Sum:
    """Simulate those of ``seeds`` that are of all ``kinds``, with a real graph if one is named; with ``stop``, only
    until the first failure.
    """
    total = Sum()
    for seed in seeds:
        result = simulate(seed, dag=dag, kinds=kinds)
        total.seeds += 1
        total.steps += result.steps
        total.turns += result.turns
        total.faults += result.faults
        if result.failures:
            total.failures[seed] = list(result.failures)
            if stop:
                break
    return total


def main(arguments: list[str]) -> int:
    """Simulate, and print the results. Returns 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--stop", action="store_true", help="stop at the first failure")
    parser.add_argument("--faults", action="store_true", help="say how often each kind of fault happened")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: say all that happens, turn by turn")
    parser.add_argument("--dag", help="a graph of tests/fixtures/graphs, such as noaa, instead of random ones")
    parser.add_argument("--kind", action="append", default=[], choices=KINDS, help="only worlds of this kind (of each)")
    chosen = parser.parse_args(arguments)
    logging.disable()  # what the product logs about all these faults
    if chosen.seed is not None:
        return one(chosen.seed, chosen.trace, chosen.dag)
    total = Sum()
    began = time.monotonic()
    seeds = range(chosen.start, chosen.start + chosen.seeds)
    jobs = 1 if chosen.stop else chosen.jobs
    for part in _parts(seeds, jobs, partial(several, stop=chosen.stop, dag=chosen.dag, kinds=chosen.kind)):
        _add(total, part)
        for seed, failures in part.failures.items():
            print(f"seed {seed}: {failures[0]}\n  {repeated(seed, chosen.dag)}")
        rate = total.seeds / (time.monotonic() - began)
        if sys.stdout.isatty() or total.seeds % (10 * CHUNK) == 0 or total.seeds == len(seeds):
            end = "\r" if sys.stdout.isatty() else "\n"
            print(f"{total.seeds} seeds, {len(total.failures)} failed, {rate:.0f} a second ", end=end, flush=True)
        if chosen.stop and total.failures:
            break
    print(f"{total.steps} steps, {total.turns} turns, {sum(total.faults.values())} faults")
    if chosen.faults:
        print("\n".join(f"{total.faults[fault]:9} {fault}" for fault in EVERYTHING))
    return 1 if total.failures else 0


def one(seed: int, traced: bool, dag: str | None) -> int:
    """Simulate one seed, and print what happens."""
    trace: list[str] | None = [] if traced else None
    result = simulate(seed, trace, dag)
    print("\n".join(trace or ()))
    print(f"seed {seed}: {result.steps} steps, {result.turns} turns, {result.seconds:.0f} s of its own time")
    print("\n".join(result.failures) if result.failures else "all is well")
    return 1 if result.failures else 0


def repeated(seed: int, dag: str | None = None) -> str:
    """The command that repeats a seed."""
    return f"python -m tests.simulation --seed {seed} --trace" + (f" --dag {dag}" if dag else "")


def _parts(seeds: range, jobs: int, simulated: Callable[[range], Sum]) -> Iterator[Sum]:
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    if jobs == 1:
        yield from map(simulated, chunks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(simulated, chunks)


def _add(total: Sum, part: Sum) -> None:
    total.seeds += part.seeds
    total.steps += part.steps
    total.turns += part.turns
    total.failures |= part.failures
    total.faults += part.faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
