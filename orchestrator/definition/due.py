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

#: The last year in which anything is due.
_LAST = 9998


def due_after(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """The moments after ``after`` at which the schedule is due, in their order, in its time zone.

    Raises UnknownZoneError.
    """
    zone, times = zones.zone(schedule.time_zone), cron.parsed(schedule.cron)
    day = after.astimezone(zone).date()
    while day.year <= _LAST:
        yield from (moment for moment in slots.moments(times, day, day, zone) if moment > after)
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


def rfc3339(moment: datetime) -> str:
    """``2026-01-31T05:00:00Z``, as Cloud Scheduler says when a start was due."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
