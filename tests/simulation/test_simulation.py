"""The default seeds: each is a world of its own, and each run in it must end as the oracle says."""

from collections import Counter
from functools import lru_cache
from random import Random

import pytest

from orchestrator.engine import Engine
from orchestrator.stores.firestore.store import FirestoreStore
from tests.real_graphs import graph_names
from tests.simulation.__main__ import Sum, repeated, several
from tests.simulation.graphs import random_scenario
from tests.simulation.weather import EVERYTHING, Weather
from tests.simulation.world import World, simulate

#: 500 seeds, in chunks small enough to spread over workers. The quick tests have the first 200 of them.
CHUNKS, QUICK, CHUNK = 20, 8, 25

#: Chunks in which every kind of fault happens. They run on one worker, which simulates each only once.
ALL_KINDS = 6

#: Real graphs with more nodes take a second each: `python -m tests.simulation --dag …`.
LARGEST = 120


@lru_cache
def simulated(chunk: int) -> Sum:
    return several(range(chunk * CHUNK, (chunk + 1) * CHUNK))


def chunks() -> list[object]:
    together = pytest.mark.xdist_group("all kinds of faults")
    marks = {chunk: together if chunk < ALL_KINDS else pytest.mark.slow for chunk in range(CHUNKS)}
    return [pytest.param(chunk, marks=() if ALL_KINDS <= chunk < QUICK else mark) for chunk, mark in marks.items()]


@pytest.mark.parametrize("chunk", chunks())
def test_every_run_ends_as_the_oracle_says_whatever_goes_wrong(chunk: int) -> None:
    failures = simulated(chunk).failures
    assert not failures, "\n".join(f"{repeated(seed)}\n  {found[0]}" for seed, found in failures.items())


@pytest.mark.xdist_group("all kinds of faults")
def test_every_kind_of_bad_luck_has_happened() -> None:
    faults = sum((simulated(chunk).faults for chunk in range(ALL_KINDS)), Counter[str]())
    assert [fault for fault in EVERYTHING if not faults[fault]] == []
    assert set(faults) <= set(EVERYTHING)


@pytest.mark.slow
@pytest.mark.parametrize("dag", graph_names(LARGEST))
def test_a_real_graph_ends_as_the_oracle_says_whatever_goes_wrong(dag: str) -> None:
    assert list(simulate(7, dag=dag).failures) == [], repeated(7, dag)


def test_a_world_of_threads_leaves_the_product_as_it_was() -> None:
    product = Engine.perform.__code__, FirestoreStore.transact.__code__
    weather = Weather(threads=0.3, firestore=True)
    world = World([random_scenario(Random(1))], weather, Random(2))
    result = world.play()
    assert list(result.failures) == []
    assert result.faults["thread: suspended between two statements"]
    assert (Engine.perform.__code__, FirestoreStore.transact.__code__) == product


def test_a_seed_always_gives_the_same_world() -> None:
    first: list[str] = []
    again: list[str] = []
    assert simulate(11, first) == simulate(11, again)
    assert first == again
