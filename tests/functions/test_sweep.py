"""``sweep`` over many runs: page by page, on from where it stopped, and nobody is left out for ever."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import run_key
from orchestrator.core.overdue import Pace
from orchestrator.core.steps import Step, Work
from orchestrator.engine import sweep_rounds
from orchestrator.errors import StoreError
from tests.functions.cloud import Cloud, logged

PLAN = compile_plan("g", "v1", [Step("a", Work("wait", {"seconds": 5}))])
RUNS = sorted((Run(f"r{n}", run_key(f"k{n}"), "g", "v1", {"n": n}, 1.0) for n in range(7)), key=lambda run: run.key)
KEYS = [run.key for run in RUNS]


@pytest.fixture
def many(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Seven runs, in pages of two, and time for one page."""
    monkeypatch.setenv("ORCHESTRATOR_SWEEP_FOR", "0")
    world = cloud.world("sweep")
    monkeypatch.setattr(sweep_rounds, "PAGE", 2)
    for run in RUNS:
        world.engine.ledger.store.open_run(run, PLAN)
    return cloud


def in_no_hurry(cloud: Cloud) -> Any:
    """The world of its sweeps, which have a minute."""
    world = cloud.world("sweep")
    world.settings = replace(world.settings, sweep_for=60.0)
    return world


def order(cloud: Cloud) -> list[str]:
    """The keys of the runs that a sweep comes to, in that order."""
    store, seen = cloud.world("sweep").engine.ledger.store, []
    get_run = store.get_run
    with pytest.MonkeyPatch.context() as context:
        context.setattr(store, "get_run", lambda key: seen.append(key) or get_run(key))
        cloud.post("sweep", b"")
    return seen


def test_a_sweep_goes_on_where_the_last_one_stopped_and_comes_to_everybody(many: Cloud):
    assert [sorted(order(many)) for _ in range(4)] == [KEYS[:2], KEYS[2:4], KEYS[4:6], KEYS[6:]]
    assert sorted(order(many)) == KEYS[:2]


def test_a_sweep_that_has_time_begins_behind_where_the_last_one_stopped_and_comes_to_all(many: Cloud):
    assert sorted(order(many)) == KEYS[:2]
    in_no_hurry(many)
    seen = order(many)
    assert [sorted(seen[:2]), sorted(seen[2:4]), seen[4:5], sorted(seen[5:])] == [
        KEYS[2:4],
        KEYS[4:6],
        KEYS[6:],
        KEYS[:2],
    ]
    assert sorted(order(many)) == KEYS


def test_a_sweep_says_that_some_are_left(many: Cloud):
    with logged() as lines:
        answer = many.post("sweep", b"").get_json()
    assert answer == {"runs": 2, "tasks": 2, "left": True}
    said = [line["message"] for line in lines if line["severity"] == "INFO"]
    assert said == ["swept 2 runs, and others are left for the next time"]


def test_a_sweep_that_dies_halfway_is_not_followed_by_one_that_dies_there_too(many: Cloud):
    class DiedError(BaseException):
        """The process is gone."""

    def dies(key: str) -> None:
        raise DiedError(key)

    with pytest.MonkeyPatch.context() as context:
        context.setattr(many.world("sweep").engine.ledger.store, "get_run", dies)
        with pytest.raises(DiedError):
            many.post("sweep", b"")
    assert sorted(order(many)) == KEYS[2:4]


def test_what_other_runs_told_of_the_launches_queue_is_known_to_the_next_sweep(many: Cloud):
    world = in_no_hurry(many)
    world.engine.ledger.store.note({"after": "", "owed": 7.5, "moved": 9.5})
    found = world.sweep(lambda _: None, lambda _run, _said: None)
    assert len(list(found)) == 7
    assert found._pace == Pace(owed=7.5, moved=9.5)
    assert world.engine.ledger.store.recall() == {"after": "", "owed": 7.5, "moved": 9.5}


@pytest.mark.parametrize("noted", [{}, {"after": 7, "owed": "x", "moved": float("nan")}, {"after": None, "new": [1]}])
def test_a_note_that_nobody_could_have_left_is_no_note(noted: dict[str, object]):
    assert sweep_rounds._noted(noted) == ("", Pace())


def test_where_nothing_is_unfinished_nothing_is_noted(cloud: Cloud):
    assert cloud.post("sweep", b"").get_json() == {"runs": 0, "tasks": 0}
    assert cloud.world("sweep").engine.ledger.store.recall() == {}


def test_a_run_that_ends_meanwhile_or_whose_store_fails_keeps_nobody(many: Cloud, monkeypatch: pytest.MonkeyPatch):
    store = in_no_hurry(many).engine.ledger.store
    get_run = store.get_run

    def shaky(key: str) -> Run | None:
        if key == KEYS[3]:
            raise StoreError("down")
        if key == KEYS[4]:
            store.end_run(key, RunStatus.FAILED, 5.0)
        return None if key == KEYS[5] else get_run(key)

    monkeypatch.setattr(store, "get_run", shaky)
    with logged() as lines:
        answer = many.post("sweep", b"")
    assert answer.status_code == 503
    assert [line["key"] for line in lines if line["message"] == "not swept: down"] == [KEYS[3]]
    assert lines[-1]["tasks"] == 4


def test_a_sweep_reads_no_params_to_find_the_runs_and_holds_one_of_them_at_a_time(many: Cloud):
    """A run's params may take a megabyte, and a query of all runs had all of them."""
    store = in_no_hurry(many).engine.ledger.store
    assert store.unfinished_keys("", 5) == KEYS[:5]
    assert store.unfinished_keys(KEYS[4], 5) == KEYS[5:]
    order(many)
    assert many.world("sweep").engine.ledger._runs == {}
