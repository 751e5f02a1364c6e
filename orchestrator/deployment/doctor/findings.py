"""What a check finds: how bad it is, what it is, and what fixes it. Data only."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """From the best to the worst. ``UNKNOWN``: it could not be looked at."""

    OK = "ok"
    WARN = "warn"
    UNKNOWN = "unknown"
    FAIL = "fail"


#: Those that keep a deployment from being called well.
UNWELL = (Level.UNKNOWN, Level.FAIL)

_RANK = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. ``fix``: a command, or what to do; empty if there is nothing to fix."""

    level: Level
    text: str
    fix: str = ""


Found = Iterator[Finding]


@dataclass(frozen=True, slots=True)
class Result:
    """What one check found."""

    group: str
    check: str
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        return max((finding.level for finding in self.findings), key=_RANK.__getitem__, default=Level.OK)


def note(text: str) -> Finding:
    """Something that is as it should be, and worth a word."""
    return Finding(Level.OK, text)


def warn(text: str, fix: str = "") -> Finding:
    return Finding(Level.WARN, text, fix)


def fail(text: str, fix: str) -> Finding:
    return Finding(Level.FAIL, text, fix)
