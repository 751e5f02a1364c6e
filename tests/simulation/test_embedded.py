"""Worlds of the embedded loop: each run must end as the oracle says, and what goes wrong in them does go wrong."""

from collections import Counter
from functools import lru_cache
from pathlib import Path
from random import Random

import pytest

from orchestrator.core.steps import CheckPolicy, Step, Work
from tests.simulation.breaking import mutated
from tests.simulation.embedded.__main__ import simulate
from tests.simulation.embedded.luck import EVERYTHING, Luck
from tests.simulation.embedded.machine import Machine
from tests.simulation.embedded.mutations import MUTANTS
from tests.simulation.embedded.world import World
from tests.simulation.mutants import attacked, named_seeds
from tests.simulation.mutations.mutant import Mutant
from tests.simulation.scenario import Attempt, Scenario

CHUNKS, CHUNK = 4, 15


@lru_cache
def simulated(chunk: int) -> tuple[dict[int, list[str]], Counter[str]]:
    came = {seed: simulate(seed) for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK)}
    failures = {seed: failures for seed, (failures, _) in came.items() if failures}
    return failures, sum((faults for _, faults in came.values()), Counter[str]())


@pytest.mark.xdist_group("embedded worlds")  # one worker simulates each chunk once, for both tests
@pytest.mark.parametrize("chunk", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, CHUNKS))])
def test_every_run_on_one_machine_ends_as_the_oracle_says(chunk: int) -> None:
    failures, _ = simulated(chunk)
    assert not failures, "\n".join(
        f"python -m tests.simulation.embedded --seed {seed}\n  {found[0]}" for seed, found in failures.items()
    )


@pytest.mark.xdist_group("embedded worlds")
@pytest.mark.slow
def test_every_kind_of_bad_luck_has_happened_on_one_machine() -> None:
    faults = sum((simulated(chunk)[1] for chunk in range(CHUNKS)), Counter[str]())
    assert [fault for fault in EVERYTHING if not faults[fault]] == []
    assert set(faults) <= set(EVERYTHING)


def test_a_seed_always_gives_the_same_embedded_world() -> None:
    assert simulate(5) == simulate(5)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_code_that_it_breaks(mutant: Mutant) -> None:
    compile(mutated(mutant), mutant.file, "exec")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "of many ends at once those that a turn does not look at are dropped",
        "a process begins before what led to it is on disk",
    ],
)
def test_a_mutant_of_the_embedded_world_is_killed(name: str) -> None:
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == name)
    assert attacked(mutant, 200, named_seeds()) is not None


@pytest.mark.parametrize("seed", range(10))
def test_an_end_that_found_a_full_disk_is_recorded_when_there_is_room_again(seed: int, tmp_path: Path) -> None:
    """The played clock went on to the next task that was due, the watchdog's, though the loop tries again at once."""
    step = Step("a", Work("job", {}), check=CheckPolicy(5.0, 600.0))
    given = Scenario("pinned", (step,), {}, {"a": (Attempt(seconds=50.0, outputs={"n": 1}),)})
    assert World(given, Luck(full=0.3), Random(seed), Machine(tmp_path)).play() == []
