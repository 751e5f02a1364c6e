"""What a step's state keeps of its earlier attempts, and of the lines in which it stood. Frozen data."""

from dataclasses import dataclass

#: How many earlier attempts a state keeps, the newest ones, and how many characters of each one's error.
MAX_PAST, MAX_PAST_ERROR = 20, 500


@dataclass(frozen=True, slots=True)
class Past:
    """An attempt that was followed by another: when it was claimed, started and ended, its job, and why it ended.

    It was interrupted if it has neither ``error`` nor ``cause``. Times are seconds since the epoch.
    """

    attempt: int
    claimed_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    job: str | None = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """An attempt found no free place in ``pool``, and joined the line there at ``since``, seconds since the epoch."""

    attempt: int
    pool: str
    since: float
