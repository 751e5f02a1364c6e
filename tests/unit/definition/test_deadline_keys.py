"""Deadlines as they are written: durations and times of day; which moment a time of day is."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError

from orchestrator.core.codec import run_from_json, run_to_json
from orchestrator.core.deadlines import due_of
from orchestrator.core.graph import Graph, Schedule
from orchestrator.core.plan_codec import plan_from_json, plan_to_json
from orchestrator.core.steps import Step
from orchestrator.definition.backfill_request import Asked, backfill
from orchestrator.definition.build import build
from orchestrator.definition.deadline_keys import deadline, moments
from orchestrator.definition.document import document
from orchestrator.definition.run_request import run_request
from orchestrator.definition.slot_range import Range

ZURICH = "Europe/Zurich"
EXPECTED = "expected a duration such as 90m or 4h, or a time of day such as 06:30 or 06:30 Europe/Zurich, got "
NIGHTLY = Graph("nightly", (Step("a", deadline="05:00 Etc/UTC"),), schedule=Schedule("0 4 * * *", ZURICH))


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("written", "means"),
    [("90m", 5400.0), ("06:30", "06:30"), ("00:00", "00:00"), ("  23:59   Europe/Zurich ", "23:59 Europe/Zurich")],
)
def test_a_deadline_is_a_duration_or_a_time_of_day(written: str, means: float | str) -> None:
    assert deadline(written) == means


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("6:30", f"{EXPECTED}'6:30': write 06:30"),
        ("24:00", f"{EXPECTED}'24:00'"),
        ("06:30:15", f"{EXPECTED}'06:30:15'"),
        ("7am", f"{EXPECTED}'7am'"),
        ("4 hours", f"{EXPECTED}'4 hours'"),
        ("", f"{EXPECTED}''"),
        ("2026-01-01T06:30", f"{EXPECTED}'2026-01-01T06:30'"),
        (
            "06:30 Zurich",
            "expected a time zone such as Europe/Berlin or Etc/UTC, got 'Zurich' (did you mean 'Europe/Zurich'?)",
        ),
        (
            "06:30+01:00",
            "expected a time zone such as Europe/Berlin or Etc/UTC, got '+01:00' (did you mean 'Etc/GMT-1', which is "
            "UTC+1: the sign in its name is inverted?)",
        ),
        (4, "expected a duration such as 30s, 10m, 6h or 2d, got the number 4: write 4s if seconds are meant"),
        ("0s", "expected a duration longer than 0, got '0s'"),
    ],
)
def test_what_is_neither_is_refused(written: object, says: str) -> None:
    with pytest.raises(PydanticCustomError) as refused:
        deadline(written)
    assert refused.value.message() == says


@pytest.mark.parametrize(
    ("time", "after", "comes"),
    [
        ("06:30", "2026-01-15T04:00+01:00", "2026-01-15T06:30+01:00"),
        ("06:30", "2026-01-15T06:30+01:00", "2026-01-16T06:30+01:00"),  # next is after, not at
        ("06:30", "2026-01-15T06:29:59.9+01:00", "2026-01-15T06:30+01:00"),
        ("06:30", "2026-01-15T07:00+01:00", "2026-01-16T06:30+01:00"),
        ("06:30 Asia/Tokyo", "2026-01-15T04:00+01:00", "2026-01-16T06:30+09:00"),
        ("06:30 Etc/UTC", "2026-01-15T07:00+01:00", "2026-01-15T06:30+00:00"),
        ("06:30", "2026-03-28T23:00+01:00", "2026-03-29T06:30+02:00"),  # a night of 23 hours
        ("06:30", "2026-10-24T23:00+02:00", "2026-10-25T06:30+01:00"),  # and one of 25
        ("02:30", "2026-03-29T01:00+01:00", "2026-03-29T03:30+02:00"),  # the clock skips it
        ("02:30", "2026-03-29T03:45+02:00", "2026-03-30T02:30+02:00"),
        ("02:30", "2026-10-25T01:00+02:00", "2026-10-25T02:30+02:00"),  # it comes twice: the first counts
        ("02:30", "2026-10-25T02:45+02:00", "2026-10-26T02:30+01:00"),
        ("00:00", "2026-12-31T23:59+01:00", "2027-01-01T00:00+01:00"),
    ],
)
def test_a_time_of_day_is_the_next_moment_at_which_the_clock_shows_it(time: str, after: str, comes: str) -> None:
    assert moments([time], datetime.fromisoformat(after), ZURICH) == {time: at(comes)}


def test_it_counts_from_the_start_of_a_run_and_in_the_zone_of_its_schedule() -> None:
    graph = replace(NIGHTLY, deadline="06:30")
    now = at("2026-01-15T04:10+01:00")
    run = run_request(graph, Path("g.yaml"), "r1", {}, now).run(now)
    assert run.moments == {"06:30": at("2026-01-15T06:30+01:00"), "05:00 Etc/UTC": at("2026-01-15T05:00+00:00")}
    plan = graph.compile()
    assert [due_of(run, plan, node) for node in (0, plan.end)] == [at("2026-01-15T06:00+01:00"), run.moments["06:30"]]
    assert run_from_json(run_to_json(run)) == run
    assert plan_from_json(plan_to_json(plan)) == plan


def test_that_of_a_scheduled_run_counts_from_when_it_was_due_however_late_it_starts() -> None:
    now, due = at("2026-01-15T07:00+01:00"), datetime(2026, 1, 15, 3, tzinfo=UTC)
    run = run_request(NIGHTLY, Path("g.yaml"), "r1", {}, now, due).run(now)
    assert run.moments == {"05:00 Etc/UTC": at("2026-01-15T05:00+00:00")}


def test_that_of_a_run_of_a_backfill_counts_from_its_start_and_not_from_its_slot() -> None:
    now = at("2026-01-15T07:00+01:00")
    asked = Asked(Range("2025-12-01", "2025-12-01"))
    (slot,) = backfill(NIGHTLY, Path("g.yaml"), asked, now)
    assert slot.request.run(now).moments == {"05:00 Etc/UTC": at("2026-01-16T05:00+00:00")}


def test_a_time_of_day_whose_moment_is_not_known_is_no_deadline() -> None:
    run, plan = run_request(NIGHTLY, Path("g.yaml"), "r1", {}, 0.0).run(0.0), NIGHTLY.compile()
    assert due_of(replace(run, moments={}), plan, 0) == float("inf")


def test_moments_that_are_damaged_are_refused() -> None:
    data = run_to_json(run_request(NIGHTLY, Path("g.yaml"), "r1", {}, 0.0).run(0.0))
    with pytest.raises(ValueError, match=r"Run\.moments: expected numbers from 0 to"):
        run_from_json({**data, "moments": {"06:30": "soon"}})


def test_a_time_of_day_is_written_as_it_was_read() -> None:
    steps = {
        "a": {"deadline": "05:00 Europe/Zurich", "command": ["true"]},
        "b": {"deadline": "90m", "command": ["true"]},
    }
    graph, problems = build({"name": "g", "deadline": "06:30", "steps": steps})
    assert (problems, graph is not None) == ([], True)
    assert graph is not None
    found = document(graph)
    assert (found["deadline"], found["steps"]["a"]["deadline"]) == ("06:30", "05:00 Europe/Zurich")
    assert build(found) == (graph, [])
