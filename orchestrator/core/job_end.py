"""How the job of an attempt ended, as the job service tells it. Frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.core.steps import Json


class Outcome(StrEnum):
    """How a job ended. ``interrupted``: it vanished with the machine or was stopped by us; it costs no retry."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Interruption(StrEnum):
    """What interrupted an attempt.

    ``asked``: we did, such as on Ctrl-C. ``lost``: nobody knows, since who drove the run was gone too, or the machine
    had no process for it. ``vanished``: its process was seen to end, and nothing tells how.
    """

    ASKED = "asked"
    LOST = "lost"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended, at ``at``. ``outputs`` for the steps downstream; ``error`` and ``cause`` if it did not succeed.

    ``permanent``: another attempt would fail the same way. ``retry_after``: it would, for so many seconds.
    ``live``: the step has what it waited for, and the job goes on until it is cancelled: a streaming job that runs.
    ``drained``: it stopped in good order because it was asked to. That is a success, except of a step that was
    cancelled. ``interruption``: what interrupted it, if ``outcome`` is interrupted.
    """

    outcome: Outcome
    at: float
    outputs: Mapping[str, Json] | None = None
    error: str | None = None
    cause: str | None = None
    permanent: bool = False
    retry_after: float = 0.0
    live: bool = False
    drained: bool = field(default=False, compare=False)
    interruption: Interruption = Interruption.LOST
