"""Time zones by their IANA names, as far as this machine knows them."""

import re
from collections.abc import Collection
from datetime import UTC, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from orchestrator.errors import OrchestratorError
from orchestrator.text import did_you_mean, quoted

_FORM = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")

#: An offset from UTC, as people write it; ``posix`` if it is written like one of the database's own names.
_OFFSET = re.compile(
    r"(?:(?P<posix>etc/gmt)|(?:etc/)?(?:utc|gmt|ut|z))?\s*(?P<sign>[+-])\s*(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-9]{2}))?",
    re.IGNORECASE,
)

_ABBREVIATION = re.compile(r"[A-Za-z]{1,5}([+-]?[0-9:]+)?")

#: Names in the database that are not zones.
_NO_ZONES = frozenset({"localtime", "Factory"})


class UnknownZoneError(OrchestratorError):
    """This machine has no time zone database, or an incomplete one: the graph is not to blame."""

    retryable = True
    http_status = 503


@cache
def known() -> frozenset[str]:
    """All names; empty if there is no time zone database."""
    return frozenset(available_timezones()) - _NO_ZONES


def wrong(name: str, names: Collection[str]) -> str | None:
    """What is wrong with the name of a time zone, in a sentence; None if nothing is. ``names``: those that exist.

    If ``names`` is empty, every name of the right form is accepted, so that a deployed graph stays valid.
    """
    if name in names or (not names and _FORM.fullmatch(name)):
        return None
    return f"expected a time zone such as Europe/Berlin or Etc/UTC, got {quoted(name)}{_hint(name, names)}"


def _hint(name: str, names: Collection[str]) -> str:
    """A hint at what may have been meant; never a zone with a merely similar name, which may be hours away."""
    if match := _OFFSET.fullmatch(name):
        return _by_offset(match, names)
    place = f"/{name}".lower().replace(" ", "_")
    near = [other for other in sorted(names) if other.lower().endswith(place)]
    if near:
        return f" (did you mean '{near[0]}'?)"
    if _ABBREVIATION.fullmatch(name):
        return ": an abbreviation may mean several zones: give a place in the zone, such as Europe/Berlin"
    return did_you_mean(name, [other for other in names if "/" in other and not other.startswith("Etc/GMT")])


def _by_offset(match: re.Match[str], names: Collection[str]) -> str:
    """A hint at the zone of an offset such as ``GMT+2``. In these zones' names the sign is inverted (POSIX)."""
    hours, minutes = int(match["hours"]), int(match["minutes"] or 0)
    if match["posix"]:
        wanted = f"Etc/GMT{match['sign']}{hours}"
        where = f"{hours} h {'behind' if match['sign'] == '+' else 'ahead of'} UTC"
    else:
        wanted = f"Etc/GMT{'-' if match['sign'] == '+' else '+'}{hours}" if hours else "Etc/UTC"
        where = f"UTC{match['sign']}{hours}: the sign in its name is inverted" if hours else "UTC"
    if minutes or wanted not in names:
        return ": no zone is named after this offset: give a place that has it"
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
