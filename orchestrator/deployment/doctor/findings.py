"""What a check finds: its level, what was found, and the fix. Data only."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """From best to worst. ``UNKNOWN``: it could not be read."""

    OK = "ok"
    WARN = "warn"
    UNKNOWN = "unknown"
    FAIL = "fail"


#: A finding of one of these levels makes the deployment unhealthy.
UNHEALTHY = (Level.UNKNOWN, Level.FAIL)

_RANK = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``fix``: a command or an instruction; empty if there is nothing to fix."""

    level: Level
    text: str
    fix: str = ""


Found = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Result:
    """The findings of one check."""

    group: str
    check: str
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        return max((finding.level for finding in self.findings), key=_RANK.__getitem__, default=Level.OK)


def note(text: str) -> Finding:
    """Something that is as it should be, and worth mentioning."""
    return Finding(Level.OK, text)


def warn(text: str, fix: str = "") -> Finding:
    return Finding(Level.WARN, text, fix)


def fail(text: str, fix: str) -> Finding:
    return Finding(Level.FAIL, text, fix)
