"""Worlds of the embedded loop: each run must end as the oracle says, and what goes wrong in them does go wrong."""

from collections import Counter
from functools import lru_cache

import pytest

from tests.simulation.embedded.__main__ import simulate
from tests.simulation.embedded.luck import EVERYTHING
from tests.simulation.embedded.mutations import MUTANTS
from tests.simulation.mutants import attacked, mutated
from tests.simulation.mutations import Mutant

CHUNKS, CHUNK = 4, 15


@lru_cache
def simulated(chunk: int) -> tuple[dict[int, list[str]], Counter[str]]:
    came = {seed: simulate(seed) for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK)}
    failures = {seed: failures for seed, (failures, _) in came.items() if failures}
    return failures, sum((fates for _, fates in came.values()), Counter[str]())


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_run_on_one_machine_ends_as_the_oracle_says(chunk: int) -> None:
    failures, _ = simulated(chunk)
    assert not failures, "\n".join(
        f"python -m tests.simulation.embedded --seed {seed}\n  {found[0]}" for seed, found in failures.items()
    )


def test_every_kind_of_bad_luck_has_happened_on_one_machine() -> None:
    fates = sum((simulated(chunk)[1] for chunk in range(CHUNKS)), Counter[str]())
    assert [fate for fate in EVERYTHING if not fates[fate]] == []
    assert set(fates) <= set(EVERYTHING)


def test_a_seed_always_gives_the_same_embedded_world() -> None:
    assert simulate(5) == simulate(5)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_code_that_it_breaks(mutant: Mutant) -> None:
    compile(mutated(mutant), mutant.file, "exec")


def test_a_mutant_of_the_embedded_world_is_killed() -> None:
    assert attacked(MUTANTS[0], seeds=30) is not None
