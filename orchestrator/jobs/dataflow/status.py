"""Reads a job's state, and decides what it means for its step."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.values import MAX_OUTPUT
from orchestrator.jobs.dataflow import states
from orchestrator.jobs.dataflow.answers import AnswerError
from orchestrator.jobs.dataflow.causes import PERMANENT, RETRY_AFTER, Cause, classify, explain
from orchestrator.jobs.dataflow.handle import Handle
from orchestrator.jobs.dataflow.http import Api
from orchestrator.jobs.dataflow.metrics import fitting, outputs
from orchestrator.jobs.dataflow.states import Body
from orchestrator.jobs.outputs import check_outputs
from orchestrator.ports import Clock, JobRunning, JobStatus

log = logging.getLogger(__name__)

#: Seconds after a failure in which its messages may still be missing: "typically about 30", Beam waits for 50.
MESSAGE_GRACE = 60.0

#: How many successive updates of a job are followed; after more, the newest job of its name is used.
MAX_UPDATES = 20

T = TypeVar("T")


class Standing:
    """Checks jobs of a project. ``grace``: seconds after a failure in which its messages may still be missing."""

    def __init__(self, api: Api, clock: Clock, grace: float) -> None:
        self._api = api
        self._clock = clock
        self._grace = grace

    def newest(self, handle: Handle) -> Body:
        """The job, or the one that replaced it. All of them have one name. Raises AnswerError, or BackendError."""
        job = self._api.get(handle.region, handle.id)
        for _ in range(MAX_UPDATES):
            heir = job.get("replacedByJobId")
            if states.state(job) != states.UPDATED or not heir:
                return job
            job = self._api.get(handle.region, str(heir))
        if states.state(job) != states.UPDATED or not job.get("name"):
            return job
        later = self._api.named(handle.region, str(job["name"]))
        return max((job, *later), key=lambda one: str(one.get("createTime", "")))

    def status(self, handle: Handle) -> JobStatus:
        """The status of the job. Raises AnswerError, or BackendError."""
        job = self.newest(handle)
        since = states.state_since(job)
        at = self._clock() if since is None else since
        old = since is None or self._clock() >= since + self._grace
        now = Handle(handle.region, str(job["id"]), handle.streaming, handle.keep)
        match states.state(job):
            case states.DONE:
                return self._succeeded(now, at)
            case states.RUNNING if handle.streaming or handle.keep:
                return JobEnd(Outcome.SUCCEEDED, at, live=handle.streaming)
            case states.DRAINED if handle.streaming:
                return replace(self._succeeded(now, at), drained=True)
            case states.CANCELLED | states.DRAINED as ended:
                text = f"Dataflow job {now.id} was {ended.removeprefix('JOB_STATE_').lower()}"
                return JobEnd(Outcome.CANCELLED, at, error=text, cause=Cause.CANCELLED.value)
            case states.FAILED:
                return self._failed(now, at, fresh=not old)
            case states.UPDATED if old:
                text = f"Dataflow job {now.id} was replaced, and Dataflow does not say by which"
                return JobEnd(Outcome.FAILED, at, error=text, cause=Cause.UNKNOWN.value)
            case going:
                if going not in states.GOING | {states.UPDATED}:
                    log.warning("job %s is in a state that nobody knows, and is taken to go on: %s", now.id, going)
                awaited = handle.streaming or handle.keep
                return JobRunning(states.next_check(job, self._clock()) if awaited else None)

    def _succeeded(self, handle: Handle, at: float) -> JobEnd:
        """A job that did its work has succeeded, even if its counters cannot be read."""
        found = outputs(self._told(lambda: self._api.metrics(handle.region, handle.id)))
        kept = fitting(found, MAX_OUTPUT)
        if len(kept) < len(found):
            left = f"{len(found) - len(kept):,} of the {len(found):,} counters"
            log.warning(
                "%s of job %s were left out of its outputs, which have at most %d bytes", left, handle.id, MAX_OUTPUT
            )
        return JobEnd(Outcome.SUCCEEDED, at, outputs=check_outputs(kept) if kept else None)

    def _failed(self, handle: Handle, at: float, *, fresh: bool) -> JobStatus:
        messages = self._told(lambda: self._api.errors(handle.region, handle.id, at))
        if not messages and fresh:
            return JobRunning()  # its messages come later: the next check will find them
        cause = classify(messages)
        error = explain(messages) or f"Dataflow job {handle.id} failed, and none of its messages says why"
        if cause is Cause.LAUNCHER:
            error += f" [its launcher's log: template_launches/{handle.id}/console_logs in the staging location]"
        return JobEnd(
            Outcome.FAILED,
            at,
            error=error,
            cause=cause.value,
            permanent=cause in PERMANENT,
            retry_after=RETRY_AFTER.get(cause, 0.0),
        )

    def _told(self, ask: Callable[[], Sequence[T]]) -> list[T]:
        """The result of ``ask``; an empty one if we have no permission. Temporary errors are raised."""
        try:
            return list(ask())
        except AnswerError as error:
            if error.status not in (400, 403, 404):
                raise
            log.warning("%s", error)
            return []
