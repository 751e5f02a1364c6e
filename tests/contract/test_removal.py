"""What the store of a home promises to whoever deletes runs."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Counter, Run, RunStatus, Status, StepState, Transition, View
from orchestrator.core.rules import Tally
from orchestrator.core.steps import Step
from orchestrator.home.database import Database
from orchestrator.stores.sqlite.store import SqliteStore

PLAN = compile_plan("g", "v1", (Step("a"), Step("b"), Step("c", after=("a", "b"))))
RUN = Run("r", "key1", "g", "v1", {}, started_at=100.0)
DONE = StepState(Status.SUCCEEDED, attempt=1, job="j", outputs={"rows": 3})
WHOLE = View({0: DONE}, {0: Counter(1, Tally(succeeded=1))})


@pytest.fixture(params=["file", "memory", "durable"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    path = ":memory:" if request.param == "memory" else tmp_path / "store.db"
    database = Database(path, durable=request.param == "durable")
    yield SqliteStore(database)
    database.close()


def ran(store: SqliteStore, run_id: str, *, of: str | None = None, version: str = "v1", ended: bool = True) -> str:
    """A run with a state and a counter; returns its key."""
    run = replace(RUN, id=run_id, key=f"key-{run_id}", version=version, rerun_of=of, family="r" if of else None)
    store.open_run(run, replace(PLAN, version=version))
    store.transact(run.key, 0, lambda _: Transition(DONE, (0,), Tally(succeeded=1)))
    if ended:
        store.end_run(run.key, RunStatus.FAILED, 200.0)
    return run.key


def test_a_run_goes_with_all_that_is_stored_of_it_and_no_other(store: SqliteStore):
    gone, kept = ran(store, "r", version="v1"), ran(store, "s", version="v2")
    assert store.remove_runs([gone]) == {gone: "r"}
    assert (store.find_run("r"), store.get_run(gone), store.get_plan("v1"), store.load_all(gone)) == (
        None,
        None,
        None,
        View(),
    )
    assert (store.load_all(kept), store.get_plan("v2"), len(store.list_runs())) == (
        WHOLE,
        replace(PLAN, version="v2"),
        1,
    )


def test_an_id_may_be_used_again_and_the_new_run_has_nothing_of_the_old_one(store: SqliteStore):
    store.remove_runs([ran(store, "r")])
    again = replace(RUN, key="another")
    assert store.open_run(again, PLAN) == store.find_run("r") == again
    assert (store.load_all("another"), store.get_plan("v1")) == (View(), PLAN)


def test_a_plan_goes_with_the_last_run_of_its_version(store: SqliteStore):
    one, two = ran(store, "r"), ran(store, "s")
    store.remove_runs([one])
    assert store.get_plan("v1") == PLAN
    store.remove_runs([two])
    assert store.get_plan("v1") is None


def test_a_family_goes_whole_or_not_at_all(store: SqliteStore):
    keys = [ran(store, "r"), ran(store, "r.2", of="r"), ran(store, "r.3", of="r.2")]
    assert [store.remove_runs(some) for some in (keys[:1], keys[1:], keys[::2])] == [{}, {}, {}]
    assert [store.load_all(key) for key in keys] == [WHOLE] * 3
    assert list(store.remove_runs(keys)) == sorted(keys)
    assert list(store.list_runs()) == []


def test_a_run_that_has_not_ended_keeps_its_family_and_no_other(store: SqliteStore):
    keys = [ran(store, "r"), ran(store, "r.2", of="r", ended=False), ran(store, "s")]
    assert store.remove_runs(keys) == {"key-s": "s"}
    assert {run.id for run in store.list_runs()} == {"r", "r.2"}


def test_deleting_twice_or_what_was_never_there_is_nothing(store: SqliteStore):
    key = ran(store, "r")
    assert [store.remove_runs(keys) for keys in ([key], [key], ["nobody"], [])] == [{key: "r"}, {}, {}, {}]


def test_whose_files_are_still_there_is_known_until_they_are_removed(store: SqliteStore):
    assert store.removed() == {}
    one, two = ran(store, "r"), ran(store, "s")
    store.remove_runs([one, two])
    assert store.removed() == {one: "r", two: "s"}
    store.files_removed(one)
    store.files_removed(one)
    assert store.removed() == {two: "s"}


def test_none_goes_while_a_record_cannot_be_read(store: SqliteStore):
    """It may be of any family, and of any version."""
    key = ran(store, "r")
    with store._database.transaction as connection:
        connection.execute("INSERT INTO runs VALUES ('broken', 1.0, '{')")
    assert (store.remove_runs([key]), store.load_all(key)) == ({}, WHOLE)


def test_what_was_deleted_is_seen_by_another_process_that_knew_it(tmp_path: Path):
    ours, theirs = (SqliteStore(Database(tmp_path / "store.db")) for _ in range(2))
    key = ran(ours, "r")
    assert theirs.load_all(key) == WHOLE
    ours.remove_runs([key])
    assert (theirs.load_all(key), theirs.get_run(key), theirs.load(key, [0], [0])) == (View(), None, View())
    for store in (ours, theirs):
        store._database.close()


def test_a_file_that_may_only_be_read_tells_what_is_left_of_deleted_runs(tmp_path: Path):
    path = tmp_path / "store.db"
    database = Database(path)
    key = ran(SqliteStore(database), "r")
    looking = Database(path, looking=True)
    assert SqliteStore(looking).removed() == {}
    SqliteStore(database).remove_runs([key])
    assert SqliteStore(looking).removed() == {key: "r"}
    for one in (database, looking):
        one.close()


def test_the_room_of_deleted_rows_is_given_back(tmp_path: Path):
    path = tmp_path / "store.db"
    database = Database(path)
    store = SqliteStore(database)
    store.open_run(replace(RUN, params={"text": "x" * 4_000_000}), PLAN)
    store.end_run("key1", RunStatus.FAILED, 200.0)
    database.shrink()
    full = path.stat().st_size
    store.remove_runs(["key1"])
    database.shrink()
    assert path.stat().st_size < full - 3_900_000
    database.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
