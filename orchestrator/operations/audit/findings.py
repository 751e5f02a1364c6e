"""Jobs and processes that still run, and whose end no run waits for. Looking changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator.reporting.times import clock, duration, iso
from orchestrator.system.terminal import one_line


@dataclass(frozen=True, slots=True)
class Leftover:
    """A job that is left: its name, the place where it runs, and why it is left.

    ``since``: when it began, seconds since the epoch. ``state``: what it does now. ``used``: what it has used so far.
    """

    name: str
    where: str
    why: str
    since: float | None
    state: str
    used: str = ""

    def lines(self, now: float) -> list[str]:
        """What it is, since when it runs, and what it has used."""
        began = ""
        if self.since is not None:
            began = f" since {clock(self.since, '%Y-%m-%d %H:%M:%S')} ({duration(now - self.since)})"
        told = [f"{self.name}  {self.state}{began}", f"  {self.where}", f"  {self.why}"]
        return told + ([f"  used so far: {self.used}"] if self.used else [])

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Leftover":
        """What ``json`` made. Raises LookupError, TypeError or ValueError if it is something else."""
        since = data["since"]
        began = None if since is None else datetime.fromisoformat(since).timestamp()
        return cls(data["name"], data["where"], data["why"], began, data["state"], data["used"] or "")

    def json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "where": self.where,
            "why": self.why,
            "since": iso(self.since),
            "state": self.state,
            "used": self.used or None,
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """``left``: what was found. ``unclear``: what could not be told, in sentences. ``looked_at``: how many run."""

    left: Sequence[Leftover] = ()
    unclear: Sequence[str] = field(default_factory=list)
    looked_at: int = 0

    @property
    def clean(self) -> bool:
        return not self.left and not self.unclear

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Audit":
        """What a console answers. Raises LookupError, TypeError or ValueError if it is something else."""
        return cls([Leftover.of(one) for one in data["left"]], list(data["unclear"]), int(data["running"]))


def unclear(name: str, error: Exception) -> str:
    """That it cannot be told whether a job is left."""
    return f"{name}: it cannot be told whether this is left: {one_line(str(error))}"
