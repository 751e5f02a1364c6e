"""Typed params of a run: checks those given, and adds the defaults. It reads no clock.

It is also imported where events are handled, so it needs neither pydantic nor networkx.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from orchestrator.core.steps import Json
from orchestrator.core.values import RepeatedKeyError, misfit, read_json
from orchestrator.definition import patterns
from orchestrator.errors import UsageError
from orchestrator.text import did_you_mean, listed, quoted, shown

if TYPE_CHECKING:
    from orchestrator.core.param import Param

#: How many params that a graph does not have are reported one by one.
MAX_UNKNOWN = 20

#: Defaults that are only known when the run starts.
TODAY = "today"
YESTERDAY = "yesterday"
NOW = "now"

_DAYS = {TODAY: timedelta(), YESTERDAY: timedelta(days=-1)}

#: Any time, for checks whose result does not depend on it.
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class ParamsError(UsageError):
    """A run was given wrong params. ``lines``: one sentence for each mistake."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


def resolve(params: Sequence["Param"], given: Mapping[str, object], now: datetime) -> dict[str, Json]:
    """The value of every param. ``given``: text (``--param k=v``) or JSON values; ``now`` is when the run starts.

    Dates and times come out as ISO 8601 text, times in ``now``'s zone where they name none. Raises ParamsError with
    everything that is wrong.
    """
    values, wrong = _resolved(params, given, now)
    if wrong:
        raise ParamsError([f"param {quoted(name)}: {sentence}" for name, sentence in wrong])
    return values


def misfits(params: Sequence["Param"], given: Mapping[str, object]) -> list[tuple[str, str]]:
    """What ``resolve`` would refuse at any time: the param's name, and a sentence about it."""
    return _resolved(params, given, ANY_TIME)[1]


def _resolved(
    params: Sequence["Param"], given: Mapping[str, object], now: datetime
) -> tuple[dict[str, Json], list[tuple[str, str]]]:
    known = {param.name: param for param in params}
    unknown = [name for name in given if name not in known]
    wrong = [
        (name, f"this graph has no such param{did_you_mean(name, known) or _none_or_list(known)}")
        for name in unknown[:MAX_UNKNOWN]
    ]
    if rest := unknown[MAX_UNKNOWN:]:
        wrong.append((rest[0], f"this graph has no such param, nor the {len(rest) - 1:,} others that were given"))
    values: dict[str, Json] = {}
    for name, param in known.items():
        if name not in given and param.required:
            wrong.append((name, f"expected {_EXPECTED[param.type]}, got none, and it has no default"))
            continue
        try:
            values[name] = parse(param, given.get(name, param.default), now)
        except ValueError as error:
            wrong.append((name, str(error)))
    return values, wrong


def _none_or_list(known: Mapping[str, object]) -> str:
    return f": it has {listed(known, 'and')}" if known else ": it has none"


def parse(param: "Param", value: object, now: datetime) -> Json:
    """``value`` converted to the param's type. Raises ValueError with a sentence: what was expected, what was got."""
    if param.type == "enum":
        if isinstance(value, str) and value in param.values:
            return value
        hint = did_you_mean(value, param.values)
        raise ValueError(f"expected {listed(param.values)}, got {shown(value)}{hint}")
    try:
        parsed = _PARSERS[param.type](value, now)
    except RepeatedKeyError as error:
        raise ValueError(f"expected {_EXPECTED[param.type]}, got {shown(value)}: {error}") from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"expected {_EXPECTED[param.type]}, got {shown(value)}") from error
    if wrong := misfit(parsed):
        raise ValueError(f"expected {_EXPECTED[param.type]}, got {shown(value)}: {wrong}")
    items = parsed if isinstance(parsed, list) else [parsed]
    if param.pattern and (wrong := patterns.mismatch(param.pattern, items)):
        raise ValueError(wrong)
    return parsed


def wrong_pattern(param: "Param") -> str | None:
    """What is wrong with the pattern of a param, if it has one."""
    if param.pattern and param.type not in ("string", "list"):
        return f"only text and lists have a pattern, and this is {_EXPECTED[param.type]}"
    return patterns.wrong(param.pattern) if param.pattern else None


def _string(value: object, _: datetime) -> Json:
    if not isinstance(value, str):
        raise TypeError
    return value


def _int(value: object, _: datetime) -> Json:
    if isinstance(value, str) and len(value) <= 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise TypeError
    return value


def _float(value: object, _: datetime) -> Json:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        raise TypeError
    result = float(value)
    if not math.isfinite(result):
        raise ValueError
    return result


def _bool(value: object, _: datetime) -> Json:
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower())
    if not isinstance(value, bool):
        raise TypeError
    return value


def _date(value: object, now: datetime) -> Json:
    if isinstance(value, str) and value in _DAYS:
        return (now.date() + _DAYS[value]).isoformat()
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise TypeError
    return (value if isinstance(value, date) else date.fromisoformat(value)).isoformat()


def _datetime(value: object, now: datetime) -> Json:
    if value == NOW:
        return now.isoformat()
    if not isinstance(value, datetime | str):
        raise TypeError
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo or UTC)).isoformat()


def _list(value: object, _: datetime) -> Json:
    return items_of(value)


def items_of(value: object) -> list[Json]:
    """The items of a list, or of a text such as ``a,b`` or ``["a", "b"]``. Raises ValueError, TypeError or
    RecursionError if it is none.
    """
    if isinstance(value, str):
        text = value.strip()
        value = read_json(text) if text.startswith("[") else [item.strip() for item in text.split(",") if text]
    if not isinstance(value, list):
        raise TypeError
    return value


_PARSERS: dict[str, Callable[[object, datetime], Json]] = {
    "string": _string,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "list": _list,
}

_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date such as 2025-01-31, today or yesterday",
    "datetime": "a time such as 2025-01-31T06:00:00Z, or now",
    "enum": "one of its values",
    "list": 'a list such as a,b,c or ["a", "b"]',
}
