"""Deadlines in a graph file: a duration after the run's start, or a time of day, ``06:30 Europe/Zurich``."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from orchestrator.core.graph import Schedule
from orchestrator.definition.due import due_after
from orchestrator.definition.durations import DURATION_SCHEMA, some_seconds
from orchestrator.definition.keys import refusal
from orchestrator.expressions import zones
from orchestrator.text import shown

_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"

#: A time of day, and what follows it.
_WRITTEN = re.compile(rf"\s*(?P<time>{_TIME})(?![:.0-9])\s*(?P<zone>.*?)\s*", re.DOTALL)

#: What is read as a duration, right or wrong.
_DURATION = re.compile(r"-?[0-9.]+[smhd]")

_EXPECTED = "expected a duration such as 90m or 4h, or a time of day such as 06:30 or 06:30 Europe/Zurich"


def deadline(value: object) -> float | str:
    """Seconds after the run's start; or a time of day, as it is written: ``06:30``, ``06:30 Europe/Zurich``."""
    if isinstance(value, str) and (written := _WRITTEN.fullmatch(value)):
        zone = written["zone"]
        if zone and (no_zone := zones.wrong(zone, zones.known())):
            raise refusal(no_zone)
        return f"{written['time']} {zone}".rstrip()
    if isinstance(value, str) and not _DURATION.fullmatch(value):
        hint = f": write 0{value.strip()}" if _WRITTEN.fullmatch(f"0{value.strip()}") else ""
        raise refusal(f"{_EXPECTED}, got {shown(value)}{hint}")
    return some_seconds(value)


def moments(times: Iterable[str], after: datetime, time_zone: str) -> dict[str, float]:
    """When each time of day comes next ``after`` a moment, in seconds since the epoch: what ``Run.moments`` has.

    ``time_zone``: that of the times that name none. On days on which the clock is changed, times are those of a
    schedule. Raises UnknownZoneError.
    """
    return {time: _next(time, after, time_zone) for time in sorted(times)}


def _next(text: str, after: datetime, time_zone: str) -> float:
    time, _, zone = text.partition(" ")
    hour, minute = time.split(":")
    daily = Schedule(f"{int(minute)} {int(hour)} * * *", zone or time_zone)
    return next(due_after(daily, after)).timestamp()


_TIME_SCHEMA = {
    "type": "string",
    "pattern": rf"^{_TIME}( [A-Za-z][A-Za-z0-9_+/-]*)?$",
    "examples": ["06:30", "06:30 Europe/Zurich"],
}

Deadline = Annotated[float | str, PlainValidator(deadline), WithJsonSchema({"anyOf": [DURATION_SCHEMA, _TIME_SCHEMA]})]
