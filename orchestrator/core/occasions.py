"""On which occasions receivers are notified. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum


class Occasion(StrEnum):
    """What a notification is about."""

    RUN_FAILED = "run_failed"
    RUN_SUCCEEDED = "run_succeeded"
    RUN_CANCELLED = "run_cancelled"
    STEP_FAILED = "step_failed"
    NEEDS_ATTENTION = "needs_attention"
    LATE = "late"
    MISSED_START = "missed_start"


OCCASIONS = tuple(map(str, Occasion))

#: The occasions of a receiver that names none: those on which a person has to do something.
USUAL = (Occasion.RUN_FAILED, Occasion.NEEDS_ATTENTION, Occasion.LATE, Occasion.MISSED_START)

#: The pattern of a receiver's name. It is part of the names of tasks.
RECEIVER = "[a-z][a-z0-9-]{0,39}"


def receivers_of(notify: Mapping[str, Sequence[str]], occasion: Occasion) -> list[str]:
    """The receivers that are notified on this occasion. ``notify``: by receiver, its occasions."""
    return sorted(to for to, occasions in notify.items() if occasion in occasions)
