"""What a step costs, in counts: they depend on no machine, so that what was gained is not lost unseen.

Whoever lowers a count lowers it here too; whoever must raise one says in the commit what for. ``make bench`` has times.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import pytest

from benchmarks.costs import spent
from benchmarks.counts import counts
from benchmarks.embedded import chain, fan, layers
from benchmarks.maps import taken
from benchmarks.pools import measured
from benchmarks.sweeping import made, swept
from benchmarks.wire import connected
from orchestrator.core.compiler import compile_plan
from orchestrator.core.steps import Step
from orchestrator.rehearsal import emulators
from orchestrator.stores.firestore.store import FirestoreStore
from tests.doubles.memory_store import MemoryStore

GRAPHS: Mapping[str, Callable[[], list[Step]]] = {
    "chain": lambda: chain(100),
    "fan": lambda: fan(100),
    "layers": lambda: layers(5, 20, seed=7),
}

#: On one machine, a step: of CPython 3.11, which makes the most calls.
EMBEDDED = {
    "chain": {"SQL statements": 8.27, "commits": 1.03, "tasks put": 2.01, "Python calls": 281},
    "fan": {"SQL statements": 5.71, "commits": 0.09, "tasks put": 2.05, "Python calls": 248},
    "layers": {"SQL statements": 6.44, "commits": 0.08, "tasks put": 2.01, "Python calls": 263},
}

#: In the cloud, a step (``benchmarks.costs.Spent``).
CLOUD = {
    "chain": {"writes": 3.04, "reads": 1.07, "calls": 4.08, "refused": 0.0, "tasks": 3.01, "deliveries": 2.01,
              "late_reads": 1.0, "late_calls": 1.0, "late_deliveries": 1.0},
    "fan": {"writes": 4.1, "reads": 1.11, "calls": 4.16, "refused": 0.0, "tasks": 3.05, "deliveries": 2.05,
            "late_reads": 1.0, "late_calls": 1.0, "late_deliveries": 1.0},
    "layers": {"writes": 5.68, "reads": 1.07, "calls": 4.08, "refused": 0.0, "tasks": 3.01, "deliveries": 2.01,
               "late_reads": 1.0, "late_calls": 1.0, "late_deliveries": 1.0},
}  # fmt: skip


def more(graph: str, found: Mapping[str, float], known: Mapping[str, float]) -> Sequence[str]:
    """What takes more than it did."""
    return [
        f"{graph}: {kind} a step: {found[kind]:g}, and it was {known[kind]:g}"
        for kind in known
        if found[kind] > known[kind]
    ]


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_step_costs_no_more_on_one_machine_than_it_did(graph: str):
    counts(GRAPHS[graph]())  # what is imported or compiled once is no step's
    found = counts(GRAPHS[graph]())
    assert more(graph, found, EMBEDDED[graph]) == []
    assert found.keys() == EMBEDDED[graph].keys()


@pytest.mark.slow
@pytest.mark.parametrize("graph", GRAPHS)
def test_a_step_costs_no_more_in_the_cloud_than_it_did(
    graph: str, firestore_host: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(emulators.FIRESTORE.variable, firestore_host)
    client, wire = connected(firestore_host, f"counts-{graph}")
    found = asdict(spent(compile_plan("counted", "v", GRAPHS[graph]()), client, wire))
    client.close()
    assert more(graph, found, CLOUD[graph]) == []
    assert found.keys() == CLOUD[graph].keys()


@pytest.mark.slow
def test_a_sweep_costs_in_the_cloud_as_much_a_run_however_many_there_are(
    firestore_host: str, monkeypatch: pytest.MonkeyPatch
):
    """Of a run its key, its record, its one step, and that it has no counter: the least that Firestore bills a query.

    A page of 50 takes a query and a note, and the round what was noted last, the plan, and a last note.
    """
    monkeypatch.setenv(emulators.FIRESTORE.variable, firestore_host)
    client, wire = connected(firestore_host, "counts-sweep")
    there, found = 0, {}
    for runs, pages in ((60, 2), (180, 4)):
        made(client, there, runs, size=10)
        there = runs
        assert swept(client, wire).runs == runs
        found[runs] = (wire.reads, wire.calls.total() - 2 * pages)
    client.close()
    assert found == {runs: (4 * runs + 2, 3 * runs + 3) for runs in (60, 180)}


#: Of a step in a pool: the launch where there is room, the wait until it stands in line, and a turn, which is the end
#: of an attempt with the launch of the step that gets its place. However many places there are.
PLACES = {
    "wait": {"reads": 3.1, "writes": 2.0, "calls": 4.1, "tasks": 0.0},
    "turn": {"reads": 7.1, "writes": 7.1, "calls": 11.1, "tasks": 3.1},
}


@pytest.mark.slow
def test_a_place_in_a_pool_costs_no_more_than_it_did_however_many_there_are(
    firestore_host: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(emulators.FIRESTORE.variable, firestore_host)
    client, wire = connected(firestore_host, "counts-pools")
    plain = asdict(measured(client, wire, 5, 20, None))
    found = {size: asdict(measured(client, wire, size, 20, f"p{size}")) for size in (1, 5, 40)}
    client.close()
    assert plain["launch"]["writes"] == 2.0
    for size, costs in found.items():
        assert costs["launch"]["writes"] == 3.0
        assert costs["launch"]["reads"] < 13.0
        for what, known in PLACES.items():
            assert more(f"{size} places, a {what}", costs[what], known) == []


#: Of an item of a map, by how many items there are: the step with the map, and the gates, are shared among them.
ITEMS = {
    10: {"tasks": 3.5, "deliveries": 2.4, "tasks_a_handler": 11},
    100: {"tasks": 3.09, "deliveries": 2.08, "tasks_a_handler": 101},
    1_000: {"tasks": 3.04, "deliveries": 2.039, "tasks_a_handler": 400},
}

#: The same on Firestore.
ITEMS_STORED = {
    10: {"reads": 2.8, "writes": 5.0, "calls": 6.3, "writes_a_document": 10},
    100: {"reads": 1.22, "writes": 4.18, "calls": 4.31, "writes_a_document": 25},
    1_000: {"reads": 1.05, "writes": 4.08, "calls": 4.09, "writes_a_document": 32},
}

LENGTHS = [10, 100, pytest.param(1_000, marks=pytest.mark.slow)]


@pytest.mark.parametrize("items", LENGTHS)
def test_an_item_of_a_map_takes_no_more_tasks_than_it_did_however_many_there_are(items: int):
    assert more(f"{items} items", asdict(taken(MemoryStore(), items)), ITEMS[items]) == []


@pytest.mark.slow
@pytest.mark.parametrize("items", [10, 100, 1_000])
def test_an_item_of_a_map_costs_no_more_in_the_cloud_than_it_did_however_many_there_are(
    items: int, firestore_host: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(emulators.FIRESTORE.variable, firestore_host)
    client, wire = connected(firestore_host, f"counts-map-{items}")
    found = asdict(taken(FirestoreStore(client), items, wire))
    client.close()
    assert more(f"{items} items", found, ITEMS[items] | ITEMS_STORED[items]) == []


def test_what_costs_more_is_told_with_the_old_count_and_the_new():
    found = {"commits": 2.5, "SQL statements": 8.0}
    assert more("chain", found, {"commits": 1.03, "SQL statements": 8.0}) == [
        "chain: commits a step: 2.5, and it was 1.03"
    ]
