"""``status --watch``: a run is looked at until it has ended, and nothing is done to it."""

import threading
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.cli import follow
from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run, RunStatus, Status, StepState, Transition, View
from orchestrator.core.steps import Step, Work
from orchestrator.errors import StoreError
from orchestrator.home import Home
from orchestrator.local.wiring import writing
from orchestrator.operations import watching
from orchestrator.operations.load_run import found_run
from orchestrator.operations.watching import looks
from orchestrator.ports import Store
from orchestrator.stores.sqlite.store import SqliteStore
from tests.doubles.memory_store import MemoryStore
from tests.e2e.command_line import Place

WORK = Work("command")
STEPS = [Step("a", WORK), Step("b", WORK, after=("a",)), Step("c", WORK, after=("b",)), Step("d", WORK, after=("c",))]
PLAN = compile_plan("g", "v", STEPS)
RUN = Run("r1", "key1", "g", "v", {}, 1.0)
GOOD = StepState(Status.SUCCEEDED, 1, started_at=1.0, ended_at=2.0, outputs={"rows": 3})
RUNS = StepState(Status.RUNNING, 1, started_at=1.0)


def put(store: Store, node: int, state: StepState) -> None:
    store.transact("key1", node, lambda _: Transition(state))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a run that runs, of four steps in a row."""
    (tmp_path / ".git").mkdir()
    home = Home(tmp_path / ".orchestrator")
    with writing(home) as store:
        store.open_run(RUN, PLAN)
        put(store, 0, RUNS)
    return home


def change(home: Home, what: Callable[[SqliteStore], object]) -> None:
    with writing(home) as store:
        what(store)


def test_a_run_is_looked_at_until_it_has_ended(home: Home):
    changes = iter(
        (
            lambda store: put(store, 0, GOOD),
            lambda store: (put(store, 1, GOOD), put(store, 2, RUNS)),
            lambda store: (put(store, 2, GOOD), put(store, 3, GOOD), store.end_run("key1", RunStatus.SUCCEEDED, 3.0)),
        )
    )
    with home.driving("r1"):
        first = found_run(home.path, "r1", None, print)
        seen = list(looks(first, home.path, None, lambda _: change(home, next(changes)), print, outputs=True))
    assert [[str(found.view.state(node).status) for node in range(4)] for found in seen] == [
        ["succeeded", "pending", "pending", "pending"],
        ["succeeded", "succeeded", "running", "pending"],
        ["succeeded"] * 4,
    ]
    assert [found.word for found in seen] == ["running", "running", "succeeded"]
    assert seen[-1].view.state(3) == GOOD
    assert list(looks(seen[-1], home.path, None, pytest.fail, print)) == []


def test_what_is_told_of_the_run_s_own_deadline_is_read_until_it_has_passed():
    plan, store = replace(PLAN, deadline=60.0), MemoryStore()
    store.open_run(RUN, plan)
    assert plan.end in watching._open(RUN, plan, {})
    put(store, plan.end, StepState(missed_at=70.0))
    view = watching._news(store, plan, RUN, View())
    assert view.state(plan.end).missed_at == 70.0
    assert plan.end not in watching._open(RUN, plan, dict(view.states))


def test_a_run_whose_process_has_died_is_watched_no_longer(home: Home):
    with ExitStack() as driver:
        driver.enter_context(home.driving("r1"))
        first = found_run(home.path, "r1", None, print)
        seen = list(looks(first, home.path, None, lambda _: driver.close(), print))
    assert [found.word for found in seen] == ["interrupted"]


def test_only_steps_that_may_have_changed_are_read():
    """In the cloud each of them costs a read, and there may be thousands that wait."""

    class Counting(MemoryStore):
        asked: list[list[int]]

        def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
            self.asked.append(sorted(nodes))
            return super().load(run, nodes, joins)

    store = Counting()
    store.open_run(RUN, PLAN)
    view = View()
    for news, asked in (
        ([], [[0]]),
        ([(0, RUNS)], [[0]]),
        ([(0, GOOD), (1, GOOD), (2, RUNS)], [[0], [1], [2]]),
        ([], [[2]]),
        ([(2, GOOD), (3, GOOD)], [[2], [3]]),
        ([], []),
    ):
        for node, state in news:
            put(store, node, state)
        store.asked = []
        view = watching._news(store, PLAN, RUN, view)
        assert store.asked == asked
    assert {node: state.status for node, state in view.states.items()} == dict.fromkeys(range(4), Status.SUCCEEDED)


def test_a_store_that_fails_is_asked_again_and_that_is_told_once(home: Home, monkeypatch: pytest.MonkeyPatch):
    faults = iter((True, True, False))
    real, told = SqliteStore.get_run, []

    def failing(store: SqliteStore, run: str) -> Run | None:
        if next(faults, False):
            raise StoreError("the line is down")
        return real(store, run)

    with home.driving("r1"):
        first = found_run(home.path, "r1", None, print)
        monkeypatch.setattr(SqliteStore, "get_run", failing)
        assert next(looks(first, home.path, None, lambda _: None, told.append)).word == "running"
        assert told == ["the run cannot be read now, and will be read again: the line is down"]
        faults = iter([True] * 99)
        with pytest.raises(StoreError, match="the line is down"):
            next(looks(first, home.path, None, lambda _: None, told.append))


def test_where_there_is_no_terminal_each_change_is_a_line(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watching, "HERE", 0.01)
    looked = threading.Event()
    monkeypatch.setattr(follow.time, "sleep", lambda _: looked.set())

    def drive() -> None:
        looked.wait(180)
        bad = StepState(Status.FAILED, 1, error="no", started_at=1.0, ended_at=2.0)
        change(home, lambda store: put(store, 0, bad))
        change(home, lambda store: store.end_run("key1", RunStatus.FAILED, 3.0, {"a": "exit"}))

    driver = threading.Thread(target=drive)
    with home.driving("r1"):
        driver.start()
        said = Place(home.path.parent).look("status", "--watch")
        driver.join()
    assert (said.code, said.err) == (0, "")
    assert [line.removeprefix("TIME  ") for line in said.lines] == [
        "run r1: 4 steps",
        "a  failed           0.0 s  no",
        "failed after 0.0 s: 1 failed, 3 pending",
        "a failed: no",
        "rerun     orchestrator rerun r1",
    ]
    over = Place(home.path.parent).look("status", "--watch")
    assert over == Place(home.path.parent).look("status")
    assert over.code == 0


def test_ctrl_c_ends_the_watching_alone(home: Home, monkeypatch: pytest.MonkeyPatch):
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(follow.time, "sleep", interrupt)
    with home.driving("r1"):
        assert Place(home.path.parent).look("status", "--watch").code == 130
        assert Place(home.path.parent).look("status", "--watch", "--json").code == 130
    with writing(home) as store:
        assert store.get_run("key1") == RUN
        assert store.load_all("key1").states == {0: RUNS}


@pytest.mark.slow
def test_in_a_terminal_the_screen_is_redrawn_until_the_run_has_ended(home: Home):
    place = Place(home.path.parent)

    def drive() -> None:
        change(home, lambda store: [put(store, node, GOOD) for node in range(4)])
        change(home, lambda store: store.end_run("key1", RunStatus.SUCCEEDED, 3.0))

    with home.driving("r1"):
        said = place.watch("status", "--watch", then=drive)
    assert said.code == 0
    assert "running" in said.out
    assert said.out.rstrip().endswith("succeeded after 2.0 s: 4 succeeded")
