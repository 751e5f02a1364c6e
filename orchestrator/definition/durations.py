"""Durations in a graph file and on the command line: ``90s``, ``1.5h``."""

import re
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from orchestrator.definition.keys import refusal
from orchestrator.text import shown

DURATION = r"^[0-9]+(\.[0-9]+)?[smhd]$"

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

#: The longest duration that anybody may write, in days and in seconds.
TEN_YEARS_IN_DAYS = 3650

LONGEST = TEN_YEARS_IN_DAYS * _UNITS["d"]


def seconds(value: object) -> float:
    """``90s``, ``1.5h`` -> seconds."""
    expected = "expected a duration such as 30s, 10m, 6h or 2d"
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LONGEST:
        raise refusal(f"{expected}, got {shown(value)}: write {value:g}s if seconds are meant")
    if not isinstance(value, str) or len(value) > 40 or not re.fullmatch(DURATION, value):
        raise refusal(f"{expected}, got {shown(value)}")
    result = float(value[:-1]) * _UNITS[value[-1]]
    if result > LONGEST:
        raise refusal(f"expected a duration of at most {TEN_YEARS_IN_DAYS}d, got {shown(value)}")
    return result


def some_seconds(value: object) -> float:
    """A duration longer than 0."""
    result = seconds(value)
    if not result:
        raise refusal(f"expected a duration longer than 0, got {shown(value)}")
    return result


DURATION_SCHEMA = {"type": "string", "pattern": DURATION, "examples": ["30s", "10m", "6h", "2d"]}

Duration = Annotated[float, PlainValidator(seconds), WithJsonSchema(DURATION_SCHEMA)]

LongerDuration = Annotated[float, PlainValidator(some_seconds), WithJsonSchema(DURATION_SCHEMA)]
