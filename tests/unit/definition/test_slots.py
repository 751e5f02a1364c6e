"""The slots of a range of days: clocks that are changed, month ends, cron expressions, and what is refused."""

from datetime import date
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from orchestrator.definition import slots
from orchestrator.errors import UsageError

BERLIN = ZoneInfo("Europe/Berlin")


def of(every: str, first: str, last: str, zone: str = "Europe/Berlin") -> list[str]:
    days = date.fromisoformat(first), date.fromisoformat(last)
    return [slots.called(slot) for slot in slots.moments(slots.every(every), *days, ZoneInfo(zone))]


def test_days_are_those_of_the_calendar_however_long_they_are():
    found = list(slots.moments(slots.every("1d"), date(2026, 3, 28), date(2026, 3, 31), BERLIN))
    assert [slot.isoformat() for slot in found] == [
        "2026-03-28T00:00:00+01:00",
        "2026-03-29T00:00:00+01:00",  # of 23 hours
        "2026-03-30T00:00:00+02:00",
        "2026-03-31T00:00:00+02:00",
    ]


def test_a_range_goes_over_the_ends_of_months_and_leap_days():
    assert of("1d", "2028-02-28", "2028-03-01") == ["2028-02-28", "2028-02-29", "2028-03-01"]
    assert of("1d", "2027-02-28", "2027-03-01") == ["2027-02-28", "2027-03-01"]
    assert of("1w", "2026-01-25", "2026-02-10") == ["2026-01-25", "2026-02-01", "2026-02-08"]
    assert of("2d", "2026-01-31", "2026-01-31") == ["2026-01-31"]


def test_parts_of_a_day_begin_at_midnight_of_each_day():
    assert of("12h", "2026-10-25", "2026-10-26") == [
        "2026-10-25", "2026-10-25T1200", "2026-10-26", "2026-10-26T1200",
    ]  # fmt: skip
    assert of("24h", "2026-10-25", "2026-10-26") == ["2026-10-25", "2026-10-26"]


@pytest.mark.parametrize("every", ["1h", "0 * * * *"])
def test_an_hour_that_comes_twice_has_two_slots_and_one_that_is_skipped_has_none(every: str):
    assert of(every, "2026-10-25", "2026-10-25")[1:5] == [
        "2026-10-25T0100", "2026-10-25T0200", "2026-10-25T0200b", "2026-10-25T0300",
    ]  # fmt: skip
    assert len(of(every, "2026-10-25", "2026-10-25")) == 25
    assert of(every, "2026-03-29", "2026-03-29")[1:3] == ["2026-03-29T0100", "2026-03-29T0300"]
    assert len(of(every, "2026-03-29", "2026-03-29")) == 23


def test_what_does_not_divide_a_day_keeps_its_interval_in_real_time():
    assert of("36h", "2026-03-28", "2026-03-30") == ["2026-03-28", "2026-03-29T1300"]
    assert of("5h", "2026-10-25", "2026-10-25") == [
        "2026-10-25", "2026-10-25T0400", "2026-10-25T0900", "2026-10-25T1400", "2026-10-25T1900",
    ]  # fmt: skip


def test_a_time_that_is_skipped_is_moved_on_and_one_that_comes_twice_is_the_first():
    assert of("30 2 * * *", "2026-03-28", "2026-03-30") == ["2026-03-28T0230", "2026-03-29T0330", "2026-03-30T0230"]
    found = list(slots.moments(slots.every("30 2 * * *"), date(2026, 10, 25), date(2026, 10, 25), BERLIN))
    assert [slot.isoformat() for slot in found] == ["2026-10-25T02:30:00+02:00"]


def test_a_day_that_a_zone_left_out_has_no_slot_and_one_without_a_midnight_has():
    assert of("1d", "2011-12-29", "2011-12-31", "Pacific/Apia") == ["2011-12-29", "2011-12-31"]
    assert of("1d", "2018-11-03", "2018-11-05", "America/Sao_Paulo") == [
        "2018-11-03", "2018-11-04T0100", "2018-11-05",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cron", "found"),
    [
        ("0 6 * * 1-5", ["2026-01-29T0600", "2026-01-30T0600", "2026-02-02T0600"]),
        ("0 6 * * FRI,7", ["2026-01-30T0600", "2026-02-01T0600"]),  # 7 is Sunday
        ("0 0 31 * *", ["2026-01-31"]),
        ("0 0 1 * *", ["2026-02-01"]),
        ("0 0 31 * 0", ["2026-01-31", "2026-02-01"]),  # either: both days are restricted
        ("0 0 1 * */3", ["2026-02-01"]),  # both: one of them begins with a star
        ("15,45 */12 30 1 *", ["2026-01-30T0015", "2026-01-30T0045", "2026-01-30T1215", "2026-01-30T1245"]),
    ],
)
def test_a_cron_expression_gives_its_times(cron: str, found: list[str]):
    assert of(cron, "2026-01-29", "2026-02-02") == found


def test_each_slot_of_a_year_of_minutes_has_a_name_of_its_own_and_comes_after_the_one_before():
    found = list(slots.moments(slots.every("30m"), date(2026, 1, 1), date(2026, 12, 31), BERLIN))
    assert len(found) == 365 * 48
    assert len({slots.called(slot) for slot in found}) == len(found)
    times = [slot.timestamp() for slot in found]
    assert all(later - earlier == 1800 for earlier, later in pairwise(times))


def test_the_first_slots_of_a_long_range_cost_nothing():
    endless = slots.moments(slots.every("1m"), date(1900, 1, 1), date(2999, 12, 31), BERLIN)
    assert len(list(islice(endless, 5))) == 5


@pytest.mark.parametrize(
    ("every", "said"),
    [
        ("daily", "--every: expected an interval such as 1d, 1w, 12h or 30m, or a cron expression"),
        ("0d", "got '0d'"),
        ("1.5h", "got '1.5h'"),
        ("", "got ''"),
        ("61 25 * * *", "--every: the minute: expected 0 to 59, got '61'\n--every: the hour: expected 0 to 23"),
        ("0 0 30 2 *", "the schedule would never start a run"),
    ],
)
def test_what_is_no_interval_is_refused(every: str, said: str):
    with pytest.raises(UsageError) as refused:
        slots.every(every)
    assert said in str(refused.value)
