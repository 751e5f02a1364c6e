"""Filters for dates and times, given as ISO 8601 text: they move them by days or hours, or format them."""

import re
from datetime import date, datetime, timedelta

from orchestrator.text import listed, quoted, shown

#: The form of a date or time; whether there is such a day is checked later.
LOOKS_LIKE_ONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", re.DOTALL)

_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)

#: The directives of strftime that mean the same on every system.
_KNOWN = "YmdHMSfjuVGyaAbBIpzZ%"


def add_days(value: object, days: object) -> str:
    """The date or time ``days`` later, or earlier if negative. Raises TypeError or ValueError."""
    return (_moment(value) + timedelta(days=_whole(days, "add_days"))).isoformat()


def add_hours(value: object, hours: object) -> str:
    """The time ``hours`` later, or earlier if negative. Raises TypeError or ValueError."""
    moment = _moment(value)
    if not isinstance(moment, datetime):
        raise TypeError(f"add_hours: expected a time such as 2025-01-31T06:00:00Z, got the date {moment}")
    return (moment + timedelta(hours=_whole(hours, "add_hours"))).isoformat()


def written(value: object, pattern: object) -> str:
    """The date or time in the form of ``pattern``, such as ``%Y%m%d``. Raises TypeError or ValueError."""
    moment = _moment(value)
    if not isinstance(pattern, str) or "%" not in pattern:
        raise ValueError(f"format: expected a pattern such as '%Y%m%d', got {shown(pattern)}")
    return _DIRECTIVE.sub(lambda match: _part(moment, match[1]), pattern)


def _part(moment: date, letter: str) -> str:
    if not letter or letter not in _KNOWN:
        known = listed([f"%{one}" for one in _KNOWN], "and")
        raise ValueError(f"format: there is no {quoted(f'%{letter}')} in a pattern: there are {known}")
    text = moment.strftime(f"%{letter}")
    return text.zfill(4) if letter in "YG" else text


def _moment(value: object) -> date:
    """The date or datetime in a text."""
    try:
        if isinstance(value, str) and LOOKS_LIKE_ONE.fullmatch(value):
            return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except ValueError as error:  # its text differs between versions of Python
        raise ValueError(
            f"expected a date such as 2025-01-31, or a time, got {shown(value)}: there is no such day or time"
        ) from error
    raise TypeError(f"expected a date such as 2025-01-31, or a time, got {shown(value)}")


def _whole(number: object, name: str) -> int:
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(f"{name}: expected a whole number, got {shown(number)}")
    return number
