"""What every store promises of pools: a place changes with the state of the step that has it, or not at all."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import PENDING, Run, RunStatus, Status, Transition
from orchestrator.core.pool_moves import with_moves
from orchestrator.core.pools import Moves, Place, Wait, pool_of_run, rank_of
from orchestrator.core.steps import Step
from orchestrator.ports import Commit, Decide, Occupant, Pool, Store

STEPS = 30
PLAN = compile_plan("g", "v1", tuple(Step(f"s{number}") for number in range(STEPS)))
RUN = Run("run-1", "key1", "g", "v1", {}, started_at=100.0)


@pytest.fixture(autouse=True)
def _opened(store: Store) -> None:
    store.open_run(RUN, PLAN)


def become(**changes: object) -> Decide:
    """A commit that changes these fields of the state."""
    return lambda state: with_moves(state, Transition(replace(state, **changes)))  # type: ignore[arg-type]


def take(number: int, pool: str = "p") -> Decide:
    return become(status=Status.LAUNCHING, attempt=1, places=(Place(pool, number),), waits=None)


def wait(node: int, priority: int = 0, pool: str = "p") -> Wait:
    return Wait(pool, rank_of(priority, 0, float(node), f"key1-{node}"), float(node), 2, "launches", "{}")


END = become(status=Status.SUCCEEDED, ended_at=300.0)


def test_a_new_pool_is_free_and_nobody_is_in_line(store: Store):
    assert tuple(store.pool("p", 3, 2).free) == (0, 1)
    assert tuple(store.pool("p", 3, 9).free) == (0, 1, 2)
    assert tuple(store.pool("p", 3, 9).first) == ()
    assert store.standing("p") == (0, 0)
    assert list(store.occupants("p")) == []


def test_a_place_is_taken_with_the_state_and_freed_with_it(store: Store):
    commit = store.transact("key1", 0, take(1))
    assert (commit.applied, commit.moves) == (True, Moves(takes=(Place("p", 1),)))
    assert tuple(store.pool("p", 3, 9).free) == (0, 2)
    assert list(store.occupants("p")) == [Occupant(Place("p", 1), "key1", 0)]
    assert store.load("key1", (0,), ()).state(0).places == (Place("p", 1),)
    commit = store.transact("key1", 0, END)
    assert commit.moves == Moves(frees=(Place("p", 1),))
    assert sorted(store.pool("p", 3, 9).free) == [0, 1, 2]
    assert list(store.occupants("p")) == []
    assert store.load("key1", (0,), ()).state(0).places == ()


def test_a_place_that_is_taken_is_not_taken_and_nothing_is_written(store: Store):
    store.transact("key1", 0, take(1))
    assert store.transact("key1", 1, take(1)) == Commit(False, PENDING, {}, taken=True)
    assert store.load_all("key1").states.keys() == {0}
    assert list(store.occupants("p")) == [Occupant(Place("p", 1), "key1", 0)]
    store.transact("key1", 0, END)
    assert store.transact("key1", 1, take(1)).applied


def test_a_place_can_be_taken_again_and_again(store: Store):
    for node in range(4):
        assert 0 in store.pool("p", 1, 9).free
        assert store.transact("key1", node, take(0)).applied
        assert tuple(store.pool("p", 1, 9).free) == ()
        assert store.transact("key1", node, END).applied


def test_pools_grow_and_shrink_and_do_not_know_of_each_other(store: Store):
    for node in range(3):
        store.transact("key1", node, take(node))
    store.transact("key1", 3, take(0, "q"))
    store.transact("key1", 1, END)
    assert tuple(store.pool("p", 3, 9).free) == (1,)
    assert sorted(store.pool("p", 5, 9).free) == [1, 3, 4]
    assert tuple(store.pool("p", 1, 9).free) == ()
    assert tuple(store.pool("q", 2, 9).free) == (1,)


def test_the_line_is_in_the_order_of_priorities_and_then_of_who_came_first(store: Store):
    for node, priority in enumerate([0, 5, 0, 7]):
        store.transact("key1", node, become(waits=wait(node, priority)))
    assert [one.who for one in store.pool("p", 2, 3).first] == ["key1-3", "key1-1"]
    seen = store.pool("p", 3, 3)
    assert [(one.who, one) for one in seen.first] == [
        ("key1-3", wait(3, 7)),
        ("key1-1", wait(1, 5)),
        ("key1-0", wait(0)),
    ]
    assert store.standing("p", wait(2).rank) == (0, 3)
    assert store.load("key1", (1,), ()).state(1).waits == wait(1, 5)


def test_whoever_takes_a_place_or_ends_leaves_the_line(store: Store):
    for node in range(3):
        store.transact("key1", node, become(waits=wait(node)))
    commit = store.transact("key1", 0, take(0))
    assert commit.moves == Moves(takes=(Place("p", 0),), leaves=wait(0))
    assert store.transact("key1", 1, END).moves == Moves(leaves=wait(1))
    assert tuple(store.pool("p", 2, 9).first) == (wait(2),)
    assert store.standing("p", wait(2).rank) == (1, 0)


def test_a_step_moves_from_one_line_to_another(store: Store):
    store.transact("key1", 0, become(waits=wait(0)))
    store.transact("key1", 0, become(waits=wait(0, pool="q")))
    assert (tuple(store.pool("p", 1, 9).first), tuple(store.pool("q", 1, 9).first)) == ((), (wait(0, pool="q"),))


def test_an_attempt_may_take_a_place_in_each_of_two_pools_or_none(store: Store):
    both = become(status=Status.LAUNCHING, attempt=1, places=(Place("p", 0), Place("q", 0)))
    store.transact("key1", 0, take(0, "q"))
    assert store.transact("key1", 1, both).taken
    assert tuple(store.pool("p", 1, 9).free) == (0,)
    store.transact("key1", 0, END)
    assert store.transact("key1", 1, both).applied
    assert (tuple(store.pool("p", 1, 9).free), tuple(store.pool("q", 1, 9).free)) == ((), ())


def test_of_many_who_want_the_same_places_each_place_is_one_step_s(store: Store):
    def launch(node: int) -> int | None:
        while free := store.pool("p", 3, 9).free:
            number = free[node % len(free)]
            if store.transact("key1", node, take(number)).applied:
                return number
        return None

    with ThreadPoolExecutor(8) as threads:
        got = [number for number in threads.map(launch, range(STEPS)) if number is not None]
    assert sorted(got) == [0, 1, 2]
    assert sorted(occupant.place.number for occupant in store.occupants("p")) == [0, 1, 2]


def test_a_place_that_is_left_behind_is_freed_unless_it_has_changed(store: Store):
    store.transact("key1", 0, take(0))
    (occupant,) = store.occupants("p")
    assert store.free(occupant)
    assert not store.free(occupant)
    assert tuple(store.pool("p", 1, 9).free) == (0,)
    store.transact("key1", 1, take(0))
    assert not store.free(occupant)
    assert tuple(store.pool("p", 1, 9).free) == ()


def test_a_look_shows_as_much_as_was_asked_for(store: Store):
    for node in range(STEPS):
        store.transact("key1", node, take(node) if node < 10 else become(waits=wait(node)))
    for node in range(5):
        store.transact("key1", node, END)
    assert isinstance(seen := store.pool("p", 20, 8), Pool)
    assert (len(seen.free), len(seen.first)) == (8, 8)
    assert set(seen.free) <= {*range(5), *range(10, 20)}
    assert store.standing("p", wait(20).rank) == (5, 10)


def test_who_saw_a_place_free_does_not_take_it_after_others_looked_at_who_has_it(store: Store):
    assert tuple(store.pool("p", 1, 9).free) == (0,)
    store.transact("key1", 0, take(0))
    store.transact("key1", 0, END)
    assert tuple(store.pool("p", 1, 9).free) == (0,)
    store.transact("key1", 1, take(0))
    assert store.transact("key1", 2, take(0)).taken  # another thread looks at it
    list(store.occupants("p"))
    assert store.transact("key1", 3, take(0)).taken
    assert list(store.occupants("p")) == [Occupant(Place("p", 0), "key1", 1)]


def test_a_size_that_was_set_counts_instead_of_the_one_that_is_known(store: Store):
    assert (store.size("p"), store.pool("p", 2, 9).size) == (None, None)
    store.resize("p", 4, 1)
    assert (store.size("p"), store.pool("p", 2, 9).size, store.size("q")) == (4, 4, None)
    assert tuple(store.pool("p", 2, 3).free) == (0, 1, 2)
    store.transact("key1", 0, take(3))
    assert sorted(store.pool("p", 2, 9).free) == [0, 1, 2]
    store.resize("p", 6, 2)
    assert sorted(store.pool("p", 2, 9).free) == [0, 1, 2, 4, 5]
    assert store.standing("p") == (1, 0)
    assert list(store.occupants("p")) == [Occupant(Place("p", 3), "key1", 0)]


def test_of_two_sizes_the_newer_version_counts_whichever_comes_last(store: Store):
    store.resize("p", 4, 2)
    store.resize("p", 1, 1)
    store.resize("p", 9, 2)
    assert store.size("p") == 4


def test_whoever_finds_every_place_taken_that_it_knows_sees_those_that_were_added(store: Store):
    store.transact("key1", 0, take(0))
    store.transact("key1", 1, become(waits=wait(1)))
    assert tuple(store.pool("p", 1, 9).free) == ()
    store.resize("p", 2, 1)
    seen = store.pool("p", 1, 9)
    assert (tuple(seen.free), tuple(seen.first), seen.size) == ((1,), (wait(1),), 2)


def test_of_a_smaller_size_no_place_is_free_while_as_many_are_taken_wherever_they_are(store: Store):
    for node in range(5):
        store.transact("key1", node, take(node))
    store.resize("p", 3, 1)
    assert tuple(store.pool("p", 5, 9).free) == ()
    for node in (0, 1):
        store.transact("key1", node, END)
        assert tuple(store.pool("p", 5, 9).free) == ()
    store.transact("key1", 4, END)
    assert tuple(store.pool("p", 5, 9).free) == (0,)  # place 3 is taken, and beyond the size
    store.transact("key1", 3, END)
    assert sorted(store.pool("p", 5, 9).free) == [0, 1]
    store.transact("key1", 2, END)
    assert sorted(store.pool("p", 5, 9).free) == [0, 1, 2]


def test_a_size_is_forgotten_with_its_run(store: Store):
    store.open_run(replace(RUN, id="run-2", key="key2", max_parallel=2), PLAN)
    pool = pool_of_run("key2")
    store.resize(pool, 5, 1)
    assert store.size(pool) == 5
    store.end_run("key2", RunStatus.SUCCEEDED, 200.0)
    assert store.size(pool) is None
