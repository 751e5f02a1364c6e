"""``python -m tests.simulation.embedded``: simulates embedded worlds, and prints the results."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from orchestrator.core.active_runs import ActiveRuns
from orchestrator.local.loop import BATCH
from tests.simulation.embedded.jobs import OUTCOMES
from tests.simulation.embedded.luck import EVERYTHING, Luck
from tests.simulation.embedded.machine import Machine
from tests.simulation.embedded.together import Together
from tests.simulation.embedded.world import World
from tests.simulation.graphs import random_scenario, scenario
from tests.simulation.loop import START
from tests.simulation.pools import SIZES, pooled
from tests.simulation.scenario import Attempt, Behaviour

#: In how many worlds several runs are driven at once.
TOGETHER = 0.04


def simulate(seed: int, kinds: Collection[str] = ()) -> tuple[list[str], Counter[str]]:
    """What is wrong in the world of a seed, if it is of all these ``kinds``, and the faults that it had."""
    if kinds and not is_together(seed):
        return [], Counter()
    if is_together(seed):
        return simulate_together(seed)
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
        machine, people = Machine(Path(folder)), Random(f"{seed} people")
        world = World(replace(given, attempts=attempts), Luck.drawn(random), random, machine, people)
        return world.play(), world.faults


def is_together(seed: int) -> bool:
    """Whether there are several runs in the world of a seed."""
    return Random(f"{seed} together").random() < TOGETHER


def simulate_together(seed: int) -> tuple[list[str], Counter[str]]:
    """The same of a world in which several runs are driven at once, and share pools."""
    random = Random(f"{seed} runs")
    pools = {"p": random.choice(SIZES)} if random.random() < 0.7 else {}
    active = ActiveRuns(random.choice([1, 1, 2])) if random.random() < 0.3 else None
    luck = Luck.drawn(random)
    luck = replace(luck, sets=0.0, kills=luck.kills or random.choice([3_000, 30_000]))
    if random.random() < 0.7:  # a full disk excuses a place that is of no use to anybody
        luck = replace(luck, full=0.0, fills=0.0)
    with tempfile.TemporaryDirectory(prefix="simulated-") as folder:
        machine = Together(Path(folder), Random(f"{seed} turns"), pools, active)
        for number in range(random.choice([2, 2, 3, 4])):
            drawn = pooled(random_scenario(random, most=8), [*pools], random)
            attempts = {step: tuple(map(_played, attempts)) for step, attempts in drawn.attempts.items()}
            most = random.choice(SIZES) if random.random() < 0.3 else None
            given = replace(drawn, attempts=attempts, max_parallel=most, active=active)
            world = World(given, luck, Random(f"{seed} run {number}"), machine, run=f"run-{number}")
            world.begins_at = START + random.choice([0.0, 0.0, 10.0, 300.0]) * random.random()
        failures = machine.play()
        return failures, sum((world.faults for world in machine.worlds.values()), Counter[str]())


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
    parser.add_argument("--kind", choices=["together"], help="only worlds of this kind")
    chosen = parser.parse_args(arguments)
    begun, failed, faults = time.monotonic(), 0, Counter[str]()
    seeds = range(chosen.start, chosen.start + chosen.seeds) if chosen.seed is None else [chosen.seed]
    for seed in seeds:
        failures, came = simulate(seed, [chosen.kind] if chosen.kind else [])
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
