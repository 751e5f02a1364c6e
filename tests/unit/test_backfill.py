"""What a backfill does with each slot, by what has become of its runs; and whose a slot is if two are at work."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.active_runs import ActiveRuns
from orchestrator.core.graph import Graph, Param
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.names import run_key
from orchestrator.core.steps import Step
from orchestrator.definition.backfill_request import Asked, Slot, backfill
from orchestrator.definition.slot_range import Range
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.local.wiring import writing
from orchestrator.operations.backfill.feeder import _is_over
from orchestrator.operations.backfill.report import fitting, headline, plan_report, results_report, summary
from orchestrator.operations.backfill.slots import Does, Planned, Result, newest_round, planned, results
from orchestrator.stores.sqlite.store import SqliteStore

SALES = Graph("sales", (Step("a"),), (Param("date", "date", "today"), Param("full", "bool", True)))
NOW = 1_770_000_000.0
SLOTS = backfill(SALES, Path("sales.yaml"), Asked(Range("2026-01-01", "2026-01-06")), NOW)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / ".orchestrator")


@pytest.fixture
def store(home: Home) -> Iterator[SqliteStore]:
    with writing(home) as made:
        yield made


def begun(store: SqliteStore, slot: Slot, status: RunStatus = RunStatus.RUNNING, number: int = 1, **more: str) -> Run:
    """The run of a slot, or its rerun of that ``number``."""
    run_id = slot.run_id if number == 1 else f"{slot.run_id}.{number}"
    run = replace(slot.request.run(NOW), id=run_id, key=run_key(run_id), **more)  # type: ignore[arg-type]
    store.open_run(run, SALES.compile())
    if status is not RunStatus.RUNNING:
        store.end_run(run.key, status, NOW + 9, {"a": "exit"} if status is RunStatus.FAILED else {})
    found = store.find_run(run_id)
    assert found is not None
    return found


def does(plan: list[Planned]) -> list[tuple[str, str]]:
    return [(one.run_id.removeprefix("sales-backfill-2026-01-0"), str(one.does)) for one in plan]


def test_what_is_done_with_a_slot_follows_from_its_newest_run(home: Home, store: SqliteStore):
    begun(store, SLOTS[1])
    begun(store, SLOTS[2])
    begun(store, SLOTS[3], RunStatus.SUCCEEDED)
    begun(store, SLOTS[4], RunStatus.FAILED)
    begun(store, SLOTS[5], RunStatus.FAILED)
    begun(store, SLOTS[5], RunStatus.CANCELLED, 2, family=SLOTS[5].run_id)
    with home.driving(SLOTS[2].run_id):
        plan = planned(home, store, SLOTS, failed=False)
        again = planned(home, store, SLOTS, failed=True)
    begins = [("1", "run"), ("2", "continue"), ("3", "wait"), ("4", "nothing")]
    assert does(plan) == [*begins, ("5", "nothing"), ("6.2", "nothing")]
    assert does(again) == [*begins, ("5", "rerun"), ("6.2", "rerun")]
    assert [(result.run_id, result.succeeded) for result in results(plan)] == [
        (SLOTS[3].run_id, True),
        (SLOTS[4].run_id, False),
        (f"{SLOTS[5].run_id}.2", False),
    ]
    assert headline("sales", plan) == (
        "6 runs of sales: 1 to run, 1 to continue, 1 driven by another process, 1 succeeded, 1 failed, 1 cancelled"
    )
    assert [(run["status"], run["does"]) for run in plan_report("sales", again)["runs"]] == [
        ("new", "run"),
        ("interrupted", "continue"),
        ("running", "wait"),
        ("succeeded", "nothing"),
        ("failed", "rerun"),
        ("cancelled", "rerun"),
    ]


def test_where_nothing_has_run_everything_is_to_run(home: Home):
    assert {one.does for one in planned(home, None, SLOTS, failed=True)} == {Does.RUN}


def test_a_run_that_only_looks_like_a_rerun_of_a_slot_is_none(store: SqliteStore):
    first = begun(store, SLOTS[0], RunStatus.FAILED)
    begun(store, SLOTS[0], RunStatus.SUCCEEDED, 2)
    assert newest_round(store, first.id) == first
    third = begun(store, SLOTS[0], RunStatus.SUCCEEDED, 3, family=first.id)
    assert newest_round(store, first.id) == third


def test_a_slot_that_had_other_params_or_is_of_another_graph_is_refused(home: Home, store: SqliteStore):
    begun(store, SLOTS[0], RunStatus.SUCCEEDED)
    begun(store, SLOTS[1], RunStatus.SUCCEEDED, graph="orders")
    other = backfill(SALES, Path("s.yaml"), Asked(Range("2026-01-01", "2026-01-02"), given={"full": False}), NOW)
    with pytest.raises(UsageError) as refused:
        planned(home, store, other, failed=False)
    assert str(refused.value).splitlines() == [
        "run 'sales-backfill-2026-01-01' was started with other params (full)",
        "run 'sales-backfill-2026-01-02' is a run of graph 'orders'",
        "give the same params, or another --name, with which all slots run again",
    ]


def test_a_param_that_the_graph_has_gained_since_is_no_other_param(home: Home, store: SqliteStore):
    begun(store, SLOTS[0], RunStatus.SUCCEEDED)
    wider = replace(SALES, params=(*SALES.params, Param("new", "string", "x")))
    slots = backfill(wider, Path("s.yaml"), Asked(Range("2026-01-01", "2026-01-01")), NOW)
    assert [one.does for one in planned(home, store, slots, failed=False)] == [Does.NOTHING]


def test_a_round_that_another_backfill_began_is_not_run_again(store: SqliteStore):
    first = begun(store, SLOTS[0], RunStatus.FAILED)
    mine = Planned(SLOTS[0], first, Does.RERUN)
    assert not _is_over(mine, first)
    second = begun(store, SLOTS[0], RunStatus.RUNNING, 2, family=first.id)
    assert not _is_over(mine, second)  # it is waited for, or taken over
    assert _is_over(mine, replace(second, status=RunStatus.FAILED))
    assert _is_over(Planned(SLOTS[1], None, Does.RUN), begun(store, SLOTS[1], RunStatus.FAILED))


def test_the_end_names_what_did_not_succeed_and_the_command_that_goes_on(home: Home, store: SqliteStore):
    plan = planned(home, None, SLOTS[:3], failed=False)
    ended = [
        Result(SLOTS[0], begun(store, SLOTS[0], RunStatus.SUCCEEDED)),
        Result(SLOTS[1], begun(store, SLOTS[1], RunStatus.FAILED)),
        Result(SLOTS[2], None, "its files are in use"),
    ]
    assert next(summary(plan, ended[::-1], "again", "go on")).text == "3 runs: 1 succeeded, 1 failed, 1 not started"
    assert [line.text for line in summary(plan, ended, "again", "go on")] == [
        "3 runs: 1 succeeded, 1 failed, 1 not started",
        "failed    sales-backfill-2026-01-02  a (exit)",
        "not started  sales-backfill-2026-01-03  its files are in use",
        "rerun     again",
    ]
    assert [line.text for line in summary(plan, ended[:1], "again", "go on")] == [
        "3 runs: 1 succeeded, 2 left",
        "continue  go on",
    ]
    runs = results_report("sales", plan, ended[1:])["runs"]
    assert [(run["status"], run.get("failed"), run.get("error")) for run in runs] == [
        ("left", None, None),
        ("failed", {"a": "exit"}, None),
        ("not started", None, "its files are in use"),
    ]


def test_no_more_runs_are_open_than_may_be_active():
    """The others waited in line before whatever was started later; or skipped or cancelled each other."""
    graph = Graph("sales", (Step("load"),))
    said = "max_active_runs of graph 'sales' is 2: 2 runs at a time"
    assert fitting(graph, 4) == (4, "")
    assert fitting(replace(graph, active=ActiveRuns(2)), 4) == (2, said)
    assert fitting(replace(graph, active=ActiveRuns(2)), 2) == (2, "")
