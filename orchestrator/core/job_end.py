"""How the job of an attempt ended, as reported by its backend. Frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orchestrator.core.steps import Json


class Outcome(StrEnum):
    """How a job ended. ``interrupted``: it disappeared with its machine, or we stopped it; that uses up no retry."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Interruption(StrEnum):
    """What interrupted an attempt.

    ``asked``: we did, for example on Ctrl-C. ``lost``: unknown, because the process that drove the run was gone too, or
    the machine had no process left for it. ``vanished``: its process was seen to end without an exit status.
    ``quota``: there was no job, because the service had no quota for one; it will be launched later.
    """

    ASKED = "asked"
    LOST = "lost"
    VANISHED = "vanished"
    QUOTA = "quota"


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How and when (``at``) a job ended. ``outputs`` are for later steps; ``error`` and ``cause`` explain a failure.

    ``permanent``: another attempt would fail the same way. ``retry_after``: it would within this many seconds.
    ``live``: the step succeeds now, but the job keeps running until it is cancelled: a streaming job.
    ``drained``: the job was asked to stop and finished its work first. That is a success, unless the step was
    cancelled. ``interruption``: what interrupted it, if ``outcome`` is ``interrupted``.
    ``limits``: the version of the step's limits by which it was judged (core/limits.py), if it was judged by any.
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
    limits: int | None = None
