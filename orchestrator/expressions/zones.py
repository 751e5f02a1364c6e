"""Time zones by their IANA names, as far as this machine knows them. It knows no moment."""

import re
from collections.abc import Collection
from datetime import UTC, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from orchestrator.errors import OrchestratorError
from orchestrator.text import did_you_mean, quoted

_FORM = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")

#: An offset from UTC, as people write it; ``posix`` where it is meant as one of the database's own names.
_OFFSET = re.compile(
    r"(?:(?P<posix>etc/gmt)|(?:etc/)?(?:utc|gmt|ut|z))?\s*(?P<sign>[+-])\s*(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?",
    re.IGNORECASE,
)

_ABBREVIATION = re.compile(r"[A-Za-z]{1,5}([+-]?[0-9:]+)?")

#: What the database has beside zones: this machine's own, and none at all.
_NO_ZONES = frozenset({"localtime", "Factory"})


class UnknownZoneError(OrchestratorError):
    """This machine has no time zone database, or a poor one: its fault, and not the graph's."""

    retryable = True
    http_status = 503


@cache
def known() -> frozenset[str]:
    """All names. None where there is no time zone database."""
    return frozenset(available_timezones()) - _NO_ZONES


def wrong(name: str, names: Collection[str]) -> str | None:
    """What is wrong with the name of a time zone, in a sentence. ``names``: those there are.

    Where there are none, every name of the right form is right: what was valid when it was deployed stays so.
    """
    if name in names or (not names and _FORM.fullmatch(name)):
        return None
    return f"expected a time zone such as Europe/Berlin or Etc/UTC, got {quoted(name)}{_hint(name, names)}"


def _hint(name: str, names: Collection[str]) -> str:
    """What may have been meant. Never a zone that is merely spelt alike: it may be hours away."""
    if match := _OFFSET.fullmatch(name):
        return _by_offset(match, names)
    place = f"/{name}".lower().replace(" ", "_")
    near = [other for other in sorted(names) if other.lower().endswith(place)]
    if near:
        return f" (did you mean '{near[0]}'?)"
    if _ABBREVIATION.fullmatch(name):
        return ": an abbreviation may mean several zones: name a place in the one that is meant"
    return did_you_mean(name, [other for other in names if "/" in other and not other.startswith("Etc/GMT")])


def _by_offset(match: re.Match[str], names: Collection[str]) -> str:
    """The zone of an offset such as ``GMT+2``. In the names of these the sign is the other way round (POSIX's)."""
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if match["posix"]:
        wanted = f"Etc/GMT{match['sign']}{hours}"
        where = f"{hours} h {'behind' if match['sign'] == '+' else 'ahead of'} UTC"
    else:
        wanted = f"Etc/GMT{'-' if match['sign'] == '+' else '+'}{hours}" if hours else "Etc/UTC"
        where = f"UTC{match['sign']}{hours}: in its name the sign is the other way round" if hours else "UTC"
    if minutes or wanted not in names:
        return ": this offset has no name: name a place where it is so"
    return f" (did you mean '{wanted}', which is {where}?)"


def zone(name: str) -> tzinfo:
    """The time zone. Raises UnknownZoneError."""
    if name in ("Etc/UTC", "UTC"):
        return UTC  # which needs no database
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError) as error:
        raise UnknownZoneError(
            f"this machine does not know the time zone '{name}': install the package tzdata"
        ) from error
