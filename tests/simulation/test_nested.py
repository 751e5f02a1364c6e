"""Worlds of runs inside runs: every run must end as the oracle says, and what goes wrong in them does go wrong."""

from collections import Counter
from functools import lru_cache

import pytest

from tests.simulation.breaking import mutated
from tests.simulation.mutants import attacked, named_seeds
from tests.simulation.mutations.mutant import Mutant
from tests.simulation.nested.__main__ import simulate
from tests.simulation.nested.mutations import MUTANTS
from tests.simulation.nested.world import OTHERS

CHUNKS, CHUNK = 12, 50

#: The calls that children make, which can fail in each of these ways. A job is rarely cancelled: any of them will do.
CALLS = ("open_run", "end_run", "stop_run", "get_run", "put", "transact", "load", "launch", "status", "find")
WAYS = ("crash before", "crash after", "error before", "error after")


@lru_cache
def simulated(chunk: int) -> tuple[dict[int, list[str]], Counter[str]]:
    came = {seed: simulate(seed) for seed in range(chunk * CHUNK, (chunk + 1) * CHUNK)}
    failures = {seed: failures for seed, (failures, *_) in came.items() if failures}
    return failures, sum((faults + sizes for _, faults, sizes in came.values()), Counter[str]())


@pytest.mark.xdist_group("nested worlds")  # one worker simulates each chunk once, for both tests
@pytest.mark.parametrize("chunk", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, CHUNKS))])
def test_every_run_with_runs_inside_ends_as_the_oracle_says(chunk: int) -> None:
    failures, _ = simulated(chunk)
    assert not failures, "\n".join(
        f"python -m tests.simulation.nested --seed {seed}\n  {found[0]}" for seed, found in failures.items()
    )


@pytest.mark.xdist_group("nested worlds")
@pytest.mark.slow
def test_every_kind_of_bad_luck_has_happened_to_runs_inside_runs() -> None:
    happened = sum((simulated(chunk)[1] for chunk in range(CHUNKS)), Counter[str]())
    wanted = {*OTHERS, *(f"{call}: {way}" for call in CALLS for way in WAYS), "that keep"}
    assert sorted(wanted - set(happened)) == []
    assert any(f"cancel: {way}" in happened for way in WAYS)


def test_a_seed_always_gives_the_same_nested_world() -> None:
    assert simulate(5) == simulate(5)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_code_of_runs_inside_runs_that_it_breaks(mutant: Mutant) -> None:
    compile(mutated(mutant), mutant.file, "exec")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a run that is cancelled is told as failed", "another attempt runs all again"])
def test_a_mutant_of_runs_inside_runs_is_killed(name: str) -> None:
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == name)
    assert attacked(mutant, 600, named_seeds()) is not None
