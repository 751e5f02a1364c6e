"""Checks a cron expression as Cloud Scheduler accepts it: unix-cron, with five fields.

A field is ``*``, ``a``, ``a-b``, ``*/n``, ``a-b/n`` or a list of these; Sunday is 0 and 7. There is no ``L``, ``W``,
``#``, ``?`` or ``@daily``. (https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules)
The times of a range of days are computed by slots.py.
"""

import re
from dataclasses import dataclass
from datetime import date

from orchestrator.text import quoted

#: The longest text that is checked.
LONGEST = 500


@dataclass(frozen=True, slots=True)
class _Field:
    """One field: its name in a sentence, its lowest and highest number, and the words for them, lowest first."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    @property
    def range(self) -> str:
        words = f" or {self.words[0]} to {self.words[-1]}" if self.words else ""
        return f"{self.low} to {self.high}{words}"

    def number(self, text: str) -> int | None:
        """The number that digits or a word stand for; None if this field has no such number."""
        if text.upper() in self.words:
            return self.low + self.words.index(text.upper())
        number = int(text) if re.fullmatch(r"[0-9]{1,2}", text) else -1
        return number if self.low <= number <= self.high else None


_FIELDS = (
    _Field("the minute", 0, 59),
    _Field("the hour", 0, 23),
    _Field("the day of the month", 1, 31),
    _Field("the month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")),
    _Field("the day of the week", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)

#: Days of each month, in a leap year.
_DAYS_OF_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def wrong(text: str) -> list[str]:
    """Everything that is wrong with the text, one sentence for each item of a field; empty if it is right."""
    parts = text.split()
    if len(parts) != len(_FIELDS) or len(text) > LONGEST:
        expected = "expected minute, hour, day of the month, month and day of the week, such as '0 6 * * 1-5'"
        return [f"{expected}, got {quoted(text)}"]
    found = [
        (field, _wrong_item(field, item))
        for field, part in zip(_FIELDS, parts, strict=True)
        for item in part.split(",")
    ]
    sentences = [f"{field.name}: {sentence}" for field, sentence in found if sentence]
    return sentences or _never(*parts[2:])


@dataclass(frozen=True, slots=True)
class Cron:
    """What a valid cron expression says. ``either``: the days of the month and those of the week are both restricted,
    and a day that is one of either is enough (crontab(5)). ``every_hour``: its hours begin with ``*``.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    every_hour: bool

    def falls_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        both = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return any(both) if self.either else all(both)


def parsed(text: str) -> Cron:
    """A text in which nothing is ``wrong``."""
    parts = text.split()
    minutes, hours, days, months, weekdays = (_numbers(field, part) for field, part in zip(_FIELDS, parts, strict=True))
    return Cron(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        frozenset(days),
        frozenset(months),
        frozenset(number % 7 for number in weekdays),
        either=not parts[2].startswith("*") and not parts[4].startswith("*"),
        every_hour=parts[1].startswith("*"),
    )


def _never(day: str, month: str, weekday: str) -> list[str]:
    """Refuses days that never occur, such as 30 February. With a day of the week there is always one."""
    if not weekday.startswith("*"):
        return []
    days, months = _numbers(_FIELDS[2], day), _numbers(_FIELDS[3], month)
    if any(number <= _DAYS_OF_MONTHS[one - 1] for one in months for number in days):
        return []
    return [
        f"{_FIELDS[2].name}: expected one that month {quoted(month)} has, got {quoted(day)}: "
        "the schedule would never start a run"
    ]


def _numbers(field: _Field, text: str) -> set[int]:
    """All numbers that a valid field stands for."""
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        ends = [field.low, field.high] if span == "*" else [field.number(end) or 0 for end in span.split("-", 1)]
        found.update(range(ends[0], ends[-1] + 1, int(step or 1)))
    return found


def _wrong_item(field: _Field, item: str) -> str | None:
    span, slash, step = item.partition("/")
    ends = [] if span == "*" else span.split("-", 1)
    numbers = [field.number(end) for end in ends]
    for end, number in zip(ends, numbers, strict=True):
        if number is None:
            return f"expected {field.range}, got {quoted(end)}"
    if slash and len(ends) == 1:
        return f"expected '*/{step}' or a range such as '{span}-{field.high}/{step}', got {quoted(item)}"
    if slash and not (re.fullmatch(r"[0-9]{1,2}", step) and 1 <= int(step) <= field.high):
        return f"expected a step of 1 to {field.high} after the '/', got {quoted(step)}"
    return _falling(span, numbers)


def _falling(span: str, numbers: list[int | None]) -> str | None:
    match numbers:
        case [int(first), int(last)] if first > last:
            sunday = ": Sunday at its end is 7" if span.upper().endswith("-SUN") else ""
            return f"expected a range from a lower to a higher value, got {quoted(span)}{sunday}"
        case _:
            return None
