"""Every transition that a step can make: from which status, by which event, to which status. Pure data.

``evolve`` decides; this table is what it must agree with. The diagram in docs/lifecycle.md is made from it, and the
simulation checks every commit against it (tests/unit/test_arrows.py, tests/simulation/watch.py).
"""

from dataclasses import dataclass

from orchestrator.core.events import (
    Announced,
    Event,
    GatePassed,
    HoldReleased,
    HoldRequested,
    JobEnded,
    JobLaunched,
    LaunchClaimed,
    LaunchUnanswered,
    LaunchUnsent,
    PlaceAwaited,
    RetryRequested,
    StepSettled,
    StopRequested,
    TimeUp,
    WaitLimited,
    WaitOver,
)
from orchestrator.core.model import MARKS, Status


@dataclass(frozen=True, slots=True)
class Arrow:
    """``event`` may lead from ``source`` to ``target``. ``when``: in which case, if the names do not say it."""

    source: Status
    event: type[Event]
    target: Status
    when: str = ""


ARROWS = (
    Arrow(Status.PENDING, LaunchClaimed, Status.LAUNCHING),
    Arrow(Status.PENDING, PlaceAwaited, Status.PENDING, "its pool is full"),
    Arrow(Status.PENDING, StopRequested, Status.PENDING),
    Arrow(Status.PENDING, StepSettled, Status.SUCCEEDED, "a step without a job"),
    Arrow(Status.PENDING, GatePassed, Status.SUCCEEDED, "a gate"),
    Arrow(Status.PENDING, GatePassed, Status.PENDING, "a gate of at_least, before all have arrived"),
    Arrow(Status.PENDING, WaitLimited, Status.PENDING, "the first arrival, with all_done_within"),
    Arrow(Status.PENDING, WaitOver, Status.PENDING),
    Arrow(Status.PENDING, StepSettled, Status.SKIPPED, "by its rule or its when"),
    Arrow(Status.PENDING, StepSettled, Status.UPSTREAM_FAILED, "by its rule"),
    Arrow(Status.PENDING, StepSettled, Status.CANCELLED, "cancelled before it began"),
    Arrow(Status.LAUNCHING, LaunchClaimed, Status.LAUNCHING, "takes over an expired claim"),
    Arrow(Status.LAUNCHING, LaunchUnsent, Status.LAUNCHING),
    Arrow(Status.LAUNCHING, LaunchUnanswered, Status.LAUNCHING),
    Arrow(Status.LAUNCHING, StopRequested, Status.LAUNCHING),
    Arrow(Status.LAUNCHING, JobLaunched, Status.RUNNING),
    Arrow(Status.LAUNCHING, JobEnded, Status.SUCCEEDED, "a call ends with its launch"),
    Arrow(Status.LAUNCHING, JobEnded, Status.FAILED, "the launch was refused"),
    Arrow(Status.LAUNCHING, JobEnded, Status.CANCELLED, "cancelled before there was a job"),
    Arrow(Status.LAUNCHING, JobEnded, Status.UP_FOR_RETRY, "before the launch was recorded"),
    Arrow(Status.LAUNCHING, JobEnded, Status.NEEDS_ATTENTION, "the launch was refused, and on_failure is hold"),
    Arrow(Status.RUNNING, TimeUp, Status.RUNNING),
    Arrow(Status.RUNNING, StopRequested, Status.RUNNING),
    Arrow(Status.RUNNING, JobEnded, Status.SUCCEEDED),
    Arrow(Status.RUNNING, JobEnded, Status.FAILED, "no attempt left, or permanent"),
    Arrow(Status.RUNNING, JobEnded, Status.CANCELLED, "the job was cancelled"),
    Arrow(Status.RUNNING, JobEnded, Status.UP_FOR_RETRY, "attempts left, or interrupted"),
    Arrow(Status.RUNNING, JobEnded, Status.NEEDS_ATTENTION, "as failed or cancelled, and on_failure is hold"),
    Arrow(Status.NEEDS_ATTENTION, RetryRequested, Status.UP_FOR_RETRY),
    *(
        Arrow(Status.NEEDS_ATTENTION, StopRequested, status, "" if status is Status.CANCELLED else "marked")
        for status in (Status.CANCELLED, *MARKS)
    ),
    Arrow(Status.PENDING, StepSettled, Status.FAILED, "marked before it began"),
    *(Arrow(status, JobEnded, Status.SKIPPED, "marked") for status in (Status.LAUNCHING, Status.RUNNING)),
    *(Arrow(Status.UP_FOR_RETRY, StopRequested, status, "marked") for status in MARKS),
    Arrow(Status.UP_FOR_RETRY, LaunchClaimed, Status.LAUNCHING, "the next attempt"),
    Arrow(Status.UP_FOR_RETRY, PlaceAwaited, Status.UP_FOR_RETRY, "its pool is full"),
    Arrow(Status.UP_FOR_RETRY, StopRequested, Status.CANCELLED),
    *(
        Arrow(status, event, status)
        for status in (
            Status.PENDING,
            Status.LAUNCHING,
            Status.RUNNING,
            Status.UP_FOR_RETRY,
            Status.NEEDS_ATTENTION,
        )
        for event in (HoldRequested, HoldReleased)
    ),
    *(Arrow(status, Announced, status) for status in (Status.NEEDS_ATTENTION, Status.FAILED)),
    Arrow(Status.SUCCEEDED, StopRequested, Status.SUCCEEDED, "its job goes on"),
    Arrow(Status.SUCCEEDED, JobEnded, Status.SUCCEEDED, "its job went on until now"),
)
