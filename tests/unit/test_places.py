"""Pools of one home that several processes share, and any of which may be killed: each has a world of its own here."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.active_runs import ActiveRuns
from orchestrator.core.codec import state_from_json
from orchestrator.core.graph import Graph
from orchestrator.core.model import Run
from orchestrator.core.names import run_key
from orchestrator.core.steps import Step, Work
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import InUseError
from orchestrator.home import BRIEFLY, Home
from orchestrator.local import places
from orchestrator.local.loop import Loop
from orchestrator.local.wiring import Embedded, embedded, reading
from orchestrator.operations.load_run import load
from orchestrator.reporting.phrases import waits_for

PLAN = Graph("g", tuple(Step(f"s{n}", Work("wait", {"seconds": 0.02}), pool="w") for n in range(3))).compile()

#: Ticks of a tenth of a second, after which a driver gives up.
PATIENCE = 200


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(places, "PERIOD", 0.02)
    return Home(tmp_path / ".orchestrator")


@contextmanager
def process(home: Home) -> Iterator[Embedded]:
    world = embedded(home, 4, pools={"w": 1})
    try:
        yield world
    finally:
        world.close()


def key(run: str) -> str:
    return run_key(run)


def begin(world: Embedded, run: str, root: str | None = None) -> None:
    world.engine.start(Run(run, key(run), "g", PLAN.version, {}, world.clock(), root=root), PLAN)


def kill(home: Home, *runs: str) -> None:
    """Each run is started by a process that is killed when its steps stand in line, but the first, which has begun."""
    for run in runs:
        with process(home) as world, home.driving(run):
            begin(world, run)
            Loop(world, [key(run)], 4)._turn()  # only one, so that what has begun does not end


def drive(home: Home, run: str, new: bool = False) -> bool:
    """Drive a run in a process of its own. Whether it ended."""
    with process(home) as world, home.driving(run, BRIEFLY):
        ticks = iter(range(PATIENCE))
        loop = Loop(world, [key(run)], 4, lambda: None if next(ticks, None) is not None else loop.stop())
        if new:
            begin(world, run)
        else:
            loop.recover()
        return loop.drive()


def active(world: Embedded, *runs: str) -> int:
    """How many attempts of these runs are active: in one statement, since one ends while another begins."""
    asked = f"SELECT state FROM states WHERE run IN ({', '.join('?' * len(runs))})"
    with world.database.read() as connection:
        found = connection.execute(asked, [key(run) for run in runs]).fetchall()
    return sum(state_from_json(json.loads(text)).status.active for (text,) in found)


def test_steps_of_runs_that_nobody_drives_do_not_keep_those_of_others_waiting(home: Home):
    kill(home, "dead", "late")
    assert drive(home, "new", new=True)
    with reading(home) as store:
        assert store.standing("w") == (0, 0)
        store.driven = None
        assert store.standing("w") == (0, 5)  # they are still in line


@pytest.mark.slow
def test_those_who_are_resumed_at_once_take_turns_until_all_have_ended(home: Home):
    runs = ["dead", "late", "last"]
    kill(home, *runs)
    with ThreadPoolExecutor(len(runs)) as threads, process(home) as watch:
        ends = [threads.submit(drive, home, run) for run in runs]
        most = 0
        while not all(end.done() for end in ends):
            most = max(most, active(watch, *runs))
        assert [end.result() for end in ends] == [True] * len(runs)
        assert most <= 1
        assert watch.store.standing("w") == (0, 0)


def test_who_is_resumed_stands_again_where_it_stood(home: Home):
    kill(home, "dead", "late")
    with process(home) as world:
        waits = [state.waits for state in world.store.load_all(key("late")).states.values()]
        ranks = sorted(wait.rank for wait in waits if wait is not None)
        assert [world.store.standing("w", rank) for rank in ranks] == [(1, 0), (1, 1), (1, 2)]
        with home.driving("dead"):
            assert [world.store.standing("w", rank) for rank in ranks] == [(1, 2), (1, 3), (1, 4)]


def test_who_waits_is_told_who_has_the_places_and_whether_that_run_goes_on(home: Home):
    kill(home, "dead")
    with reading(home) as store:
        run = store.get_run(key("dead"))
        assert run is not None

        def said() -> set[str]:
            states = load(home, store, run).view.states.values()
            return {waits_for(state.waits).partition(",")[0] for state in states if state.waits is not None}

        assert said() == {"waits for a place in the pool w (1 of 1 taken by dead/s0 of an interrupted run"}
        with home.driving("dead"):
            assert said() == {"waits for a place in the pool w (1 of 1 taken by dead/s0"}


def test_who_waits_learns_of_a_free_place_though_whoever_freed_it_died_before_it_told_anybody(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Ledger, "give", lambda *_: None)
    kill(home, "dead")
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(drive, [home] * 2, ["dead", "new"], [False, True])) == [True, True]


@pytest.mark.parametrize("root", [None, "top"])
def test_what_is_over_gives_its_place_back_once_no_process_drives_its_run_or_the_one_that_it_is_inside(
    home: Home, root: str | None
):
    with process(home) as world, home.driving("new"):
        begin(world, "dead", root)
        begin(world, "new")
        Loop(world, [key("dead")], 4)._turn()
        Loop(world, [key("new")], 4)._turn()
        (occupant,) = world.store.occupants("w")
        assert occupant.run == key("dead")
        world.clock.not_before(world.clock() + 60.0)  # what it ran is over
        looks = places.Places(world)
        with home.driving(root or "dead"):
            looks.look()
            assert list(world.store.occupants("w")) == [occupant]
        looks._next = 0.0
        looks.look()
        assert list(world.store.occupants("w")) == []


def test_a_run_that_waits_for_its_turn_is_not_swept_at_every_look(home: Home):
    """Each look put a task and performed it: ten rows a second, for as long as another run was active."""
    plan = replace(PLAN, active=ActiveRuns(1))
    with process(home) as world, home.driving("first"), home.driving("second"):
        for run in ("first", "second"):
            world.engine.start(Run(run, key(run), "g", plan.version, {}, world.clock()), plan)
        loop = Loop(world, [key("second")], 4)
        for _ in range(20):
            loop._turn()
            loop._quiet()
        with world.database.transaction as connection:
            world.queue.flush(connection)
            (put,) = connection.execute("SELECT count(*) FROM tasks WHERE run = ?", [key("second")]).fetchone()
    assert put == 1


def test_a_run_that_gives_its_turn_back_keeps_no_place_that_the_next_one_may_wait_for(home: Home):
    """The next one waited for the place of a step of the first, which waited for the next one to end: for ever."""
    plan = replace(PLAN, active=ActiveRuns(1))
    with process(home) as world, home.driving("next"):
        for run in ("dead", "next"):
            world.engine.start(Run(run, key(run), "g", plan.version, {}, world.clock()), plan)
        Loop(world, [key("dead")], 4)._turn()
        Loop(world, [key("next")], 4)._turn()
        assert [one.run for pool in ("w", "graph:g") for one in world.store.occupants(pool)] == [key("dead")] * 2
        world.clock.not_before(world.clock() + 60.0)  # what it ran is over
        places.Places(world, lambda: [key("next")]).look()
        assert [one for pool in ("w", "graph:g") for one in world.store.occupants(pool)] == []


def test_who_resumes_a_run_waits_for_a_process_that_only_records_the_end_of_its_jobs(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    with ExitStack() as other:
        other.enter_context(home.driving("dead"))
        with pytest.raises(InUseError), home.driving("dead"):
            pass
        monkeypatch.setattr("orchestrator.home.time.sleep", lambda _: other.close())  # it is ready meanwhile
        with home.driving("dead", BRIEFLY):
            assert home.driven("dead")
