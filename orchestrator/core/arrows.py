"""Every transition that a step can make: from which status, by which event, to which status. Pure data.

``evolve`` decides; this table is what it must agree with. The diagram in docs/lifecycle.md is made from it, and the
simulation checks every commit against it (tests/unit/test_arrows.py, tests/simulation/watch.py).
"""

from dataclasses import dataclass

from orchestrator.core import events
from orchestrator.core.model import MARKS, Status


@dataclass(frozen=True, slots=True)
class Arrow:
    """``event`` may lead from ``source`` to ``target``. ``when``: in which case, if the names do not say it."""

    source: Status
    event: type[events.Event]
    target: Status
    when: str = ""


ARROWS = (
    Arrow(Status.PENDING, events.LaunchClaimed, Status.LAUNCHING),
    Arrow(Status.PENDING, events.PlaceAwaited, Status.PENDING, "its pool is full"),
    Arrow(Status.PENDING, events.StopRequested, Status.PENDING),
    Arrow(Status.PENDING, events.StepSettled, Status.SUCCEEDED, "a step without a job"),
    Arrow(Status.PENDING, events.GatePassed, Status.SUCCEEDED, "a gate"),
    Arrow(Status.PENDING, events.GatePassed, Status.PENDING, "a gate of at_least, before all have arrived"),
    Arrow(Status.PENDING, events.WaitLimited, Status.PENDING, "the first arrival, with all_done_within"),
    Arrow(Status.PENDING, events.WaitOver, Status.PENDING),
    Arrow(Status.PENDING, events.StepSettled, Status.SKIPPED, "by its rule or its when"),
    Arrow(Status.PENDING, events.StepSettled, Status.UPSTREAM_FAILED, "by its rule"),
    Arrow(Status.PENDING, events.StepSettled, Status.CANCELLED, "cancelled before it began"),
    Arrow(Status.LAUNCHING, events.LaunchClaimed, Status.LAUNCHING, "takes over an expired claim"),
    Arrow(Status.LAUNCHING, events.LaunchUnsent, Status.LAUNCHING),
    Arrow(Status.LAUNCHING, events.LaunchUnanswered, Status.LAUNCHING),
    Arrow(Status.LAUNCHING, events.StopRequested, Status.LAUNCHING),
    Arrow(Status.LAUNCHING, events.JobLaunched, Status.RUNNING),
    Arrow(Status.LAUNCHING, events.JobEnded, Status.SUCCEEDED, "a call ends with its launch"),
    Arrow(Status.LAUNCHING, events.JobEnded, Status.FAILED, "the launch was refused"),
    Arrow(Status.LAUNCHING, events.JobEnded, Status.CANCELLED, "cancelled before there was a job"),
    Arrow(Status.LAUNCHING, events.JobEnded, Status.UP_FOR_RETRY, "before the launch was recorded"),
    Arrow(Status.LAUNCHING, events.JobEnded, Status.NEEDS_ATTENTION, "the launch was refused, and on_failure is hold"),
    Arrow(Status.RUNNING, events.TimeUp, Status.RUNNING),
    Arrow(Status.RUNNING, events.StopRequested, Status.RUNNING),
    Arrow(Status.RUNNING, events.JobEnded, Status.SUCCEEDED),
    Arrow(Status.RUNNING, events.JobEnded, Status.FAILED, "no attempt left, or permanent"),
    Arrow(Status.RUNNING, events.JobEnded, Status.CANCELLED, "the job was cancelled"),
    Arrow(Status.RUNNING, events.JobEnded, Status.UP_FOR_RETRY, "attempts left, or interrupted"),
    Arrow(Status.RUNNING, events.JobEnded, Status.NEEDS_ATTENTION, "as failed or cancelled, and on_failure is hold"),
    Arrow(Status.NEEDS_ATTENTION, events.RetryRequested, Status.UP_FOR_RETRY),
    *(
        Arrow(Status.NEEDS_ATTENTION, events.StopRequested, status, "" if status is Status.CANCELLED else "marked")
        for status in (Status.CANCELLED, *MARKS)
    ),
    Arrow(Status.PENDING, events.StepSettled, Status.FAILED, "marked before it began"),
    *(Arrow(status, events.JobEnded, Status.SKIPPED, "marked") for status in (Status.LAUNCHING, Status.RUNNING)),
    *(Arrow(Status.UP_FOR_RETRY, events.StopRequested, status, "marked") for status in MARKS),
    Arrow(Status.UP_FOR_RETRY, events.LaunchClaimed, Status.LAUNCHING, "the next attempt"),
    Arrow(Status.UP_FOR_RETRY, events.StepSettled, Status.SUCCEEDED, "a step without a job"),
    Arrow(Status.UP_FOR_RETRY, events.StepSettled, Status.SKIPPED, "its when, asked again"),
    Arrow(Status.UP_FOR_RETRY, events.PlaceAwaited, Status.UP_FOR_RETRY, "its pool is full"),
    Arrow(Status.UP_FOR_RETRY, events.StopRequested, Status.CANCELLED),
    *(
        Arrow(status, event, status)
        for status in (
            Status.PENDING,
            Status.LAUNCHING,
            Status.RUNNING,
            Status.UP_FOR_RETRY,
            Status.NEEDS_ATTENTION,
        )
        for event in (events.HoldRequested, events.HoldReleased, events.LimitsSet)
    ),
    *(
        Arrow(status, event, status)
        for status in Status
        for event in (events.DeadlineEndangered, events.DeadlineMissed)
        if event is events.DeadlineMissed or not status.final
    ),
    *(Arrow(status, events.Announced, status) for status in (Status.NEEDS_ATTENTION, Status.FAILED)),
    Arrow(Status.SUCCEEDED, events.StopRequested, Status.SUCCEEDED, "its job goes on"),
    Arrow(Status.SUCCEEDED, events.JobEnded, Status.SUCCEEDED, "its job went on until now"),
)
