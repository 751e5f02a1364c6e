"""A run that somebody asks for: what its params mean, and whether it is the run that was there."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.core.graph import Graph, Param, Schedule
from orchestrator.core.model import RunStatus
from orchestrator.core.steps import Step
from orchestrator.definition.run_request import run_request
from orchestrator.errors import UsageError

PARAMS = (Param("date", "date", "today"), Param("at", "datetime", "now"))
BERLIN = Graph("daily", (Step("a"),), PARAMS, schedule=Schedule("0 1 * * *", "Europe/Berlin"))
DUE = datetime(2026, 1, 30, 23, 30, tzinfo=UTC)
STARTED = datetime(2026, 2, 1, 0, 0, 1, tzinfo=UTC).timestamp()


def test_a_run_goes_by_the_clock_of_its_graphs_schedule_also_if_a_person_starts_it() -> None:
    graph = replace(BERLIN, params=(*PARAMS, Param("before", "date", "yesterday")))
    late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC).timestamp()
    run = run_request(graph, Path("g.yaml"), "r1", {}, late).run(late)
    assert run.params == {"date": "2026-02-01", "at": "2026-02-01T00:30:00+01:00", "before": "2026-01-31"}
    assert run.time_zone == "Europe/Berlin"


def test_a_graph_without_a_schedule_goes_by_utc() -> None:
    late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC).timestamp()
    run = run_request(Graph("daily", (Step("a"),), PARAMS), Path("g.yaml"), "r1", {}, late).run(late)
    assert run.params == {"date": "2026-01-31", "at": "2026-01-31T23:30:00+00:00"}
    assert run.time_zone == "Etc/UTC"


def test_a_run_that_is_there_keeps_the_clock_that_it_had() -> None:
    late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC).timestamp()
    stored = run_request(Graph("daily", (Step("a"),), PARAMS), Path("g.yaml"), "r1", {}, late).run(late)
    run_request(BERLIN, Path("g.yaml"), "r1", {}, late + 60).check_same(stored)


def test_a_scheduled_run_means_the_moment_it_was_due_by_its_schedules_clock() -> None:
    run = run_request(BERLIN, Path("g.yaml"), "r1", {}, STARTED, DUE).run(STARTED)
    assert run.params == {"date": "2026-01-31", "at": "2026-01-31T00:30:00+01:00"}
    assert run.started_at == STARTED


def test_a_graph_without_a_schedule_that_is_due_goes_by_utc() -> None:
    run = run_request(Graph("daily", (Step("a"),), PARAMS), Path("g.yaml"), "r1", {}, STARTED, DUE).run(STARTED)
    assert run.params == {"date": "2026-01-30", "at": "2026-01-30T23:30:00+00:00"}


def test_what_is_given_is_resolved_at_that_moment_too() -> None:
    graph = Graph("daily", (Step("a"),), (Param("date", "date", required=True),), schedule=BERLIN.schedule)
    assert run_request(graph, Path("g.yaml"), "r1", {"date": "today"}, STARTED, DUE).run(STARTED).params == {
        "date": "2026-01-31"
    }


def test_a_start_that_is_tried_again_days_later_asks_for_the_same_run() -> None:
    stored = run_request(BERLIN, Path("g.yaml"), "r1", {}, STARTED, DUE).run(STARTED)
    run_request(BERLIN, Path("g.yaml"), "r1", {}, STARTED + 200_000, DUE).check_same(stored)
    run_request(BERLIN, Path("g.yaml"), "r2", {}, STARTED + 200_000).check_same(
        run_request(BERLIN, Path("g.yaml"), "r2", {}, STARTED).run(STARTED)
    )


def test_another_moment_is_another_run() -> None:
    stored = run_request(BERLIN, Path("g.yaml"), "r1", {}, STARTED, DUE).run(STARTED)
    with pytest.raises(UsageError) as other:
        run_request(BERLIN, Path("g.yaml"), "r1", {}, STARTED, datetime(2026, 1, 31, 23, 30, tzinfo=UTC)).check_same(
            stored
        )
    assert str(other.value) == (
        "run 'r1' was started with other params (date, at): "
        "continue it as it was with 'orchestrator resume r1', or choose another --run-id"
    )


def test_a_run_with_other_params_names_them_and_tells_no_value() -> None:
    wanted = (Param("password", required=True), Param("rows", "int", 3), Param("day", default="x"))
    graph = Graph("daily", (Step("a"),), wanted)
    stored = run_request(graph, Path("g.yaml"), "r1", {"password": "hunter2", "rows": 1}, STARTED).run(STARTED)
    with pytest.raises(UsageError) as other:
        run_request(graph, Path("g.yaml"), "r1", {"password": "guessed"}, STARTED).check_same(
            replace(stored, status=RunStatus.FAILED)
        )
    assert str(other.value) == "run 'r1' was started with other params (password, rows): choose another --run-id"
