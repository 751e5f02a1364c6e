"""The runs that a backfill asks for: their ids, the moments that they mean, their params, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.core.graph import Graph, Param, Schedule
from orchestrator.core.steps import Step
from orchestrator.definition import backfill_request
from orchestrator.definition.backfill_request import MAX_RUNS, Asked, Slot, backfill
from orchestrator.definition.over import run_id
from orchestrator.definition.slot_range import Range
from orchestrator.errors import UsageError
from orchestrator.home import check_run_id

PARAMS = (
    Param("date", "date", "today"),
    Param("at", "datetime", "now"),
    Param("region", "enum", "eu", False, ("eu", "us")),
)
SALES = Graph("sales", (Step("a"),), PARAMS)
DAILY = replace(SALES, schedule=Schedule("0 1 * * *", "Europe/Berlin", {"date": "yesterday"}))
NOW = datetime(2026, 1, 4, 23, 30, tzinfo=UTC).timestamp()


def slots(asked: Asked, graph: Graph = SALES) -> list[Slot]:
    return backfill(graph, Path("g/sales.yaml"), asked, NOW)


def days(first: str = "2026-01-01", last: str = "2026-01-02", every: str | None = None) -> Range:
    return Range(first, last, every)


def refused(asked: Asked, graph: Graph = SALES) -> list[str]:
    with pytest.raises(UsageError) as error:
        slots(asked, graph)
    return str(error.value).splitlines()


def test_a_slot_is_the_moment_that_today_and_now_mean_in_its_run():
    found = slots(Asked(days()))
    assert [slot.run_id for slot in found] == ["sales-backfill-2026-01-01", "sales-backfill-2026-01-02"]
    assert [slot.request.run(NOW + 86_400).params for slot in found] == [
        {"date": f"2026-01-0{day}", "at": f"2026-01-0{day}T00:00:00+00:00", "region": "eu"} for day in (1, 2)
    ]


def test_a_graph_with_a_schedule_has_its_times_its_zone_and_its_params():
    found = slots(Asked(days(last="2026-01-01")), DAILY)
    assert [slot.run_id for slot in found] == ["sales-backfill-2026-01-01T0100"]
    assert found[0].request.run(NOW).params == {"date": "2025-12-31", "at": "2026-01-01T01:00:00+01:00", "region": "eu"}
    assert [slot.run_id for slot in slots(Asked(days(last="2026-01-01", every="1d")), DAILY)] == [
        "sales-backfill-2026-01-01"
    ]
    given = slots(Asked(days(last="2026-01-01"), given={"date": "today"}), DAILY)
    assert given[0].request.run(NOW).params["date"] == "2026-01-01"


def test_today_is_the_day_in_the_zone_of_the_schedule():
    assert [slot.run_id for slot in slots(Asked(days("yesterday", "today", "1d")), DAILY)] == [
        "sales-backfill-2026-01-04",
        "sales-backfill-2026-01-05",
    ]


def test_values_are_combined_with_the_slots_and_only_the_slots_are_reversed():
    found = slots(Asked(days(), {"region": "us,eu"}, reverse=True, name="again"))
    assert [slot.run_id for slot in found] == [
        f"again-2026-01-0{day}-{region}" for day in (2, 1) for region in ("us", "eu")
    ]
    alone = slots(Asked(over={"region": '["eu", "us"]'}))
    assert [(slot.run_id, slot.moment) for slot in alone] == [("sales-backfill-eu", None), ("sales-backfill-us", None)]


def test_ids_are_the_same_for_the_same_slot_and_differ_for_any_other():
    values: list[dict[str, object]] = [
        {"a": "x"}, {"a": "X"}, {"a": "x y"}, {"a": "x/y"}, {"a": "1.2"}, {"a": "1"}, {"a": 1.5}, {"a": "-"},
        {"a": "ä"}, {"a": "x", "b": "y-z"}, {"a": "x-y", "b": "z"}, {"a": "x--y", "b": "z"}, {"a": "x", "b": "y--z"},
        {"a": "l" * 200}, {"a": "l" * 201}, {"a": [1, 2]}, {"a": {"k": None}}, {},
    ]  # fmt: skip
    found = [run_id(name, slot, each) for name in ("g", "g" * 99) for slot in ("", "2026-01-31") for each in values]  # type: ignore[arg-type]
    assert len(set(found)) == len(found)
    assert [check_run_id(f"{one}.1234") for one in found] == [f"{one}.1234" for one in found]  # its reruns fit too
    assert not any("." in one for one in found)  # RUN.2 is a rerun


def test_a_value_and_an_id_are_as_long_as_they_may_be():
    assert run_id("g", "", {"a": "v" * 40}) == f"g-{'v' * 40}"
    assert run_id("g", "", {"a": "v" * 41})[: 2 + 41] == f"g-{'v' * 40}-"
    assert run_id("g" * 79, "2026-01-31", {}) == f"{'g' * 79}-2026-01-31"
    assert len(run_id("g" * 81, "2026-01-31", {})) == 90
    assert run_id("g" * 81, "2026-01-31", {}).startswith(f"{'g' * 81}-")


def test_a_backfill_has_up_to_so_many_runs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backfill_request, "MAX_RUNS", 6)
    assert len(slots(Asked(days(last="2026-01-03"), {"region": "eu,us"}))) == 6
    assert len(slots(Asked(days(last="2026-01-06")))) == 6
    more = "expected at most 6 runs, got more: give a shorter range, or a longer --every"
    assert refused(Asked(days(last="2026-01-04"), {"region": "eu,us"})) == [more]
    assert refused(Asked(days(last="2026-01-07"))) == [more]
    assert MAX_RUNS == 10_000


def test_everything_that_is_wrong_is_told_at_once():
    asked = Asked(Range("2026-13-01", None, "0d"), {"region": "eu,eu", "regin": "x", "at": ""}, {"dat": "1", "at": "x"})
    assert [line.partition(", got")[0].partition(" (did")[0] for line in refused(asked)] == [
        "--from: expected a date such as 2025-01-31, today or yesterday",
        "--to: expected a day such as 2026-01-31, today or yesterday",
        "--every: expected an interval such as 1d, 1w, 12h or 30m, or a cron expression such as '0 6 * * 1-5'",
        "--over at: --param sets it too: keep one of the two",
        "--over region: expected each value once",
        "--over at: expected one value or more, none of them empty",
        "param 'dat': this graph has no such param",
        "param 'regin': this graph has no such param",
        "param 'at': expected a time such as 2025-01-31T06:00:00Z, or now",
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(), "expected --from DAY and --to DAY, or --over NAME=VALUE,VALUE"),
        (Asked(Range(every="1d"), {"region": "eu"}), "--from: expected a day such as 2026-01-31, today or yesterday"),
        (Asked(days("2026-01-03")), "--from: expected a day that is not after --to, got 2026-01-03 and 2026-01-02"),
        (Asked(days("1899-12-31")), "--from: expected a day from 1900-01-01 to 2999-12-31, got 1899-12-31"),
        (Asked(days(every="0 0 31 12 *")), "the range has no slot: give a longer one, or another --every"),
        (Asked(over={"region": "[1"}), 'expected a list such as eu,us or ["eu", "us"]'),
        (Asked(over={"region": "eu,uk"}), "param 'region': expected eu or us, got 'uk'"),
        (Asked(days(), given={"date": "2026-01-01", "at": "2026-01-01T00:00:00Z"}), "let a param take the slot"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(asked: Asked, said: str):
    assert said in refused(asked)[0]


def test_runs_that_would_do_the_same_are_refused():
    graph = replace(SALES, params=(Param("date", "date", "today"),))
    (said,) = refused(Asked(days(every="12h")), graph)
    assert "runs sales-backfill-2026-01-01 and sales-backfill-2026-01-01T1200 would have the same params" in said
