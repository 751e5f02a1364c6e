"""Who cancels, holds or releases, why, and until when: the arguments of these commands."""

import getpass
import os
import re
import time
from datetime import datetime, timedelta

from orchestrator.definition.durations import DURATION, LONGEST, TEN_YEARS_IN_DAYS, seconds
from orchestrator.errors import UsageError
from orchestrator.text import cut

#: How many characters of a reason are stored.
MAX_WHY = 1_000

_CLOCK = r"\d\d?:\d\d"
_FORMS = "a time such as 18:00 or 2026-11-28T18:00, or a duration such as 90m"

#: How far ahead a time may be. Later times than the calendar has could not be read back (core/times.py).
AHEAD = f"at most {TEN_YEARS_IN_DAYS} days from now"


def who() -> str:
    """The user's name, or their number if the system has no name for it, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def reason(text: str) -> str:
    """A reason as it is stored with a step's state."""
    return cut(text, MAX_WHY)


def needed_reason(text: str) -> str:
    """The same where a reason is required. Raises UsageError if there is none in the text."""
    if not text.strip():
        raise UsageError("--why: expected a reason, got an empty text")
    return reason(text)


def moment(text: str, now: float | None = None) -> float:
    """The time ``text``, in seconds since the epoch. ``18:00`` is the next time at which the local clock shows that.

    Raises UsageError if it is not a time, in the past, or too far ahead.
    """
    now = time.time() if now is None else now
    try:
        if re.fullmatch(DURATION, text):
            return now + seconds(text)
        at = _clock(text, now) if re.fullmatch(_CLOCK, text) else datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--until: expected {_FORMS}, {AHEAD}, got {text!r:.60}") from error
    if at <= now:
        raise UsageError(f"--until: expected a time in the future, got {text}")
    if is_too_far(at, now):
        raise UsageError(f"--until: expected a time {AHEAD}, got {text}")
    return at


def is_too_far(at: float, now: float) -> bool:
    """Whether the time ``at`` is further ahead than AHEAD says, or no number."""
    return not at <= now + LONGEST


def _clock(text: str, now: float) -> float:
    hour, minute = map(int, text.split(":"))
    today = datetime.fromtimestamp(now)
    at = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (at if at > today else at + timedelta(days=1)).timestamp()


def next_day(text: str, at: float, now: float) -> str:
    """A sentence if the time ``text``, without a day, means the next day, ``at``; else empty."""
    if not re.fullmatch(_CLOCK, text) or datetime.fromtimestamp(at).date() == datetime.fromtimestamp(now).date():
        return ""
    return (
        f"{text} has passed today, so tomorrow's is meant: {datetime.fromtimestamp(at).astimezone():%Y-%m-%d %H:%M %Z}"
    )
