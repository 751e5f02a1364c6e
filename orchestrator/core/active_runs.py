"""How many runs of a graph may be active at once (``max_active_runs``), and what becomes of one more. Frozen data."""

from dataclasses import dataclass
from enum import StrEnum


class Policy(StrEnum):
    """What becomes of a run for which there is no place: it waits in line, does not run, or replaces the oldest."""

    QUEUE = "queue"
    SKIP = "skip"
    CANCEL_PREVIOUS = "cancel_previous"


#: Who cancels a run for which there is no place; and how the reason begins where it does not run at all.
LIMIT, SKIPPED = "max_active_runs", "skipped: "


@dataclass(frozen=True, slots=True)
class ActiveRuns:
    """At most ``limit`` runs of a graph are active at once."""

    limit: int
    policy: Policy = Policy.QUEUE
