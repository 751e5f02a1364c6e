"""When a schedule is due, and the id of the run that it starts then. Pure.

The clock's changes are seen to as for a backfill (slots.py): a time that is skipped is moved on, and of one that comes
twice the first counts, or both if the hours begin with ``*``. Cloud Scheduler "runs on wall clock time" and promises
nothing else for these times.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from orchestrator.core.graph import Schedule
from orchestrator.definition import cron, slots
from orchestrator.errors import UsageError
from orchestrator.expressions import zones

#: The first year in which anything was due, and the last in which it is.
_FIRST, _LAST = 1970, 9998

#: Clocks differ: what is due within a minute has come.
_AHEAD = timedelta(minutes=1)


def due_after(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """The moments after ``after`` at which the schedule is due, in their order, in its time zone.

    Raises UnknownZoneError.
    """
    zone, times = zones.zone(schedule.time_zone), cron.parsed(schedule.cron)
    day, start = after.astimezone(zone).date(), after.timestamp()
    while day.year <= _LAST:
        yield from (moment for moment in slots.moments(times, day, day, zone) if moment.timestamp() > start)
        day += timedelta(days=1)


def parsed_due(text: str, schedule: Schedule) -> datetime:
    """A time that a user writes, in the schedule's time zone unless it names another. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zones.zone(schedule.time_zone))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--due: expected a time such as 2026-01-31T06:00, got {text!r:.60}") from error


def check_due(moment: datetime, schedule: Schedule, now: datetime) -> None:
    """Raises UsageError unless the schedule was due at ``moment``, which may be up to a minute ahead of ``now``."""
    if not _FIRST <= moment.year <= _LAST:
        raise UsageError(f"--due: expected a time from the year {_FIRST} to the year {_LAST}")
    told = moment.astimezone(zones.zone(schedule.time_zone)).isoformat()
    latest = now + _AHEAD
    if moment > latest:
        raise UsageError(f"--due: expected a time that has come, got {told}: the server starts it when it is due")
    following = next(due_after(schedule, moment - timedelta.resolution), None)
    # Not '==', which is False for a time that comes twice and the same time in another zone (PEP 495).
    if following is not None and following.timestamp() == moment.timestamp():
        return
    near = [one for one in (_before(schedule, moment), following) if one is not None and one <= latest]
    hint = f": the nearest are {' and '.join(one.isoformat() for one in near)}" if near else ""
    raise UsageError(f"--due: the schedule '{schedule.cron}' ({schedule.time_zone}) is not due at {told}{hint}")


def _before(schedule: Schedule, moment: datetime) -> datetime | None:
    """The last time before ``moment`` at which the schedule was due; None if that was before the first year."""
    zone, times = zones.zone(schedule.time_zone), cron.parsed(schedule.cron)
    day = moment.astimezone(zone).date()
    while day.year >= _FIRST:
        if earlier := [one for one in slots.moments(times, day, day, zone) if one.timestamp() < moment.timestamp()]:
            return earlier[-1]
        day -= timedelta(days=1)
    return None


def rfc3339(moment: datetime) -> str:
    """``2026-01-31T05:00:00Z``, as Cloud Scheduler says when a start was due."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
