"""The slots of a backfill: the moments of a range of days, in a time zone. Pure.

A wall-clock time that the clock skips is moved on by as much as the clock skips. Of one that comes twice, the first
counts; both count for parts of a day and for a cron expression whose hours begin with ``*``, as for cron(8).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from orchestrator.definition import cron
from orchestrator.definition.cron import Cron
from orchestrator.errors import UsageError
from orchestrator.text import quoted

_FORM = re.compile(r"([1-9][0-9]{0,4})([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(days=7)}

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Every:
    """The time between two slots."""

    step: timedelta
    days: bool = False

    @property
    def by_the_clock(self) -> bool:
        """Whether the slots are at the same wall-clock times on each day that has any: days of the calendar, however
        long each is, and parts of a day, from midnight on.
        """
        return self.days or not _DAY % self.step


def every(text: str) -> Every | Cron:
    """``1d``, ``2w``, ``12h``, ``30m`` or a cron expression. Raises UsageError, with everything that is wrong."""
    if match := _FORM.fullmatch(text):
        return Every(int(match[1]) * _UNITS[match[2]], days=match[2] in "dw")
    if len(text.split()) > 1:
        if wrong := cron.wrong(text):
            raise UsageError("\n".join(f"--every: {sentence}" for sentence in wrong))
        return cron.parsed(text)
    raise UsageError(
        f"--every: expected an interval such as 1d, 1w, 12h or 30m, or a cron expression such as '0 6 * * 1-5', "
        f"got {quoted(text)}"
    )


def moments(distance: Every | Cron, first: date, last: date, zone: tzinfo) -> Iterator[datetime]:
    """The slots from the beginning of ``first`` to the end of ``last``, in their order."""
    if isinstance(distance, Every) and not distance.by_the_clock:
        yield from _equally_far(distance.step, first, last, zone)
        return
    day = first
    while day <= last:
        yield from _of_day(distance, day, zone)
        day += distance.step if isinstance(distance, Every) and distance.days else _DAY


def _equally_far(step: timedelta, first: date, last: date, zone: tzinfo) -> Iterator[datetime]:
    """From the first midnight on, the same real time apart, whatever the clock shows."""
    at, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last + _DAY))
    while at < end:
        yield at.astimezone(zone)
        at += step


def _of_day(distance: Every | Cron, day: date, zone: tzinfo) -> Iterator[datetime]:
    """The slots of one day of the calendar; none if the zone has left that day out."""
    found = {moment for naive, twice in _times(distance, day) for moment in _moments(naive, twice, zone)}
    for moment in sorted(found):
        local = moment.astimezone(zone)
        if local.date() == day:
            yield local


def _times(distance: Every | Cron, day: date) -> Iterator[tuple[datetime, bool]]:
    """The wall-clock times of a day, and whether one that comes twice counts twice."""
    if isinstance(distance, Every):
        midnight = datetime.combine(day, time())
        for number in range(max(1, _DAY // distance.step)):
            yield midnight + number * distance.step, distance.step < _DAY
    elif distance.falls_on(day):
        for hour in distance.hours:
            for minute in distance.minutes:
                yield datetime.combine(day, time(hour, minute)), distance.every_hour


def _moments(naive: datetime, twice: bool, zone: tzinfo) -> Iterator[datetime]:
    """The moments at which the clock shows this, in UTC. PEP 495: in a gap, fold 0 gives a time after it."""
    once, again = (naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    yield once
    if twice and again > once:
        yield again


def called(slot: datetime) -> str:
    """A slot as part of a run's id: ``2026-01-31`` at midnight, else ``2026-01-31T0600``; ``…T0230b`` is the second of
    two that show the same time.
    """
    if slot.time() == time() and not slot.fold:
        return slot.date().isoformat()
    return f"{slot:%Y-%m-%dT%H%M}{'b' if slot.fold else ''}"
