"""``python -m tests.simulation.embedded``: simulates embedded worlds, and prints the results."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from orchestrator.local.loop import BATCH
from tests.simulation.embedded.jobs import OUTCOMES
from tests.simulation.embedded.luck import EVERYTHING, Luck
from tests.simulation.embedded.world import World
from tests.simulation.graphs import random_scenario, scenario
from tests.simulation.scenario import Attempt, Behaviour


def simulate(seed: int) -> tuple[list[str], Counter[str]]:
    """What is wrong in the world of a seed, and the faults that it had."""
    random = Random(seed)
    if random.random() < 0.15:  # as wide as no random one
        width = random.randint(BATCH + 10, 2 * BATCH)
        given = scenario("wide", [f"s{number}" for number in range(width)], [set() for _ in range(width)], random)
    else:
        given = random_scenario(random)
    attempts = {step: tuple(map(_played, attempts)) for step, attempts in given.attempts.items()}
    if given.name == "wide":  # and all of it ends at once
        attempts = dict.fromkeys(attempts, (Attempt(seconds=50.0),))
    with tempfile.TemporaryDirectory(prefix="simulated-") as folder:
        world = World(
            replace(given, attempts=attempts), Luck.drawn(random), random, Path(folder), Random(f"{seed} people")
        )
        return world.play(), world.faults


def _played(attempt: Attempt) -> Attempt:
    """The attempt as it can be simulated here, where all interruptions are our own."""
    known = attempt.behaviour is Behaviour.IS_REFUSED or (
        attempt.behaviour in OUTCOMES and attempt.behaviour is not Behaviour.IS_INTERRUPTED
    )
    return attempt if known else replace(attempt, behaviour=Behaviour.FAILS)


def main(arguments: Sequence[str]) -> int:
    """Simulate, and print the results. Returns 0 if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.embedded", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    parser.add_argument("--stop", action="store_true", help="stop at the first failure")
    parser.add_argument("--seed", type=int, help="this one alone")
    chosen = parser.parse_args(arguments)
    begun, failed, faults = time.monotonic(), 0, Counter[str]()
    seeds = range(chosen.start, chosen.start + chosen.seeds) if chosen.seed is None else [chosen.seed]
    for seed in seeds:
        failures, came = simulate(seed)
        faults += came
        failed += bool(failures)
        if failures:
            print(f"seed {seed}: {failures[0]}", flush=True)
            if chosen.stop:
                break
    print(f"{len(seeds)} seeds, {failed} failed, {time.monotonic() - begun:.1f} s")
    print("\n".join(f"{faults[fault]:9} {fault}" for fault in EVERYTHING))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
