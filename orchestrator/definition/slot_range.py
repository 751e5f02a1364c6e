"""The range of days of a backfill, as the user writes it: ``--from``, ``--to`` and ``--every``."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from orchestrator.core.graph import Schedule
from orchestrator.core.param import Param
from orchestrator.definition import cron, params, slots
from orchestrator.definition.cron import Cron
from orchestrator.definition.slots import Every
from orchestrator.errors import UsageError

#: The days that a range may contain.
_EARLIEST, _LATEST = date(1900, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True, slots=True)
class Range:
    """``first``, ``last``: days, both included. ``every``: a distance, or a cron expression; None: that of the graph's
    schedule, or a day.
    """

    first: str | None = None
    last: str | None = None
    every: str | None = None

    @property
    def given(self) -> bool:
        return (self.first, self.last, self.every) != (None, None, None)

    def moments(self, schedule: Schedule | None, now: datetime) -> Iterator[datetime]:
        """Its slots, in their order, in the time zone of ``now``. Raises UsageError, with everything that is wrong."""
        wrong: list[str] = []
        first, last = (_day(option, text, now, wrong) for option, text in (("--from", self.first), ("--to", self.last)))
        distance = _distance(self.every, schedule, wrong)
        if first is not None and last is not None and first > last:
            wrong.append(f"--from: expected a day that is not after --to, got {first} and {last}")
        if wrong or first is None or last is None or distance is None:
            raise UsageError("\n".join(wrong))
        return slots.moments(distance, first, last, now.tzinfo or UTC)


def _day(option: str, text: str | None, now: datetime, wrong: list[str]) -> date | None:
    if text is None:
        wrong.append(f"{option}: expected a day such as 2026-01-31, today or yesterday, got none")
        return None
    try:
        day = date.fromisoformat(str(params.parse(Param(option, "date"), text, now)))
    except ValueError as error:
        wrong.append(f"{option}: {error}")
        return None
    if not _EARLIEST <= day <= _LATEST:
        wrong.append(f"{option}: expected a day from {_EARLIEST} to {_LATEST}, got {day}")
        return None
    return day


def _distance(text: str | None, schedule: Schedule | None, wrong: list[str]) -> Every | Cron | None:
    if text is None:
        return cron.parsed(schedule.cron) if schedule else slots.every("1d")
    try:
        return slots.every(text)
    except UsageError as error:
        wrong.append(str(error))
        return None
