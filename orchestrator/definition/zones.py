"""Time zones by their IANA names, as far as this machine knows them. It knows no moment."""

import re
from collections.abc import Collection
from datetime import UTC, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from orchestrator.definition.wording import quoted
from orchestrator.errors import OrchestratorError
from orchestrator.suggestions import did_you_mean

_FORM = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")

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
    place = f"/{name}".lower().replace(" ", "_")
    near = [other for other in sorted(names) if other.lower().endswith(place)]
    hint = f" (did you mean '{near[0]}'?)" if near else did_you_mean(name, names)
    return f"expected a time zone such as Europe/Berlin or Etc/UTC, came {quoted(name)}{hint}"


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
