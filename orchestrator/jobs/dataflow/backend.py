"""The JobBackend of Dataflow: the protocol of launching once, and what a job's state means for its step."""

import logging
import time
from collections.abc import Mapping
from math import inf
from typing import Any

from orchestrator.core.model import Outcome
from orchestrator.core.steps import Json
from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError, OutputError
from orchestrator.jobs.dataflow import requests, states, twins
from orchestrator.jobs.dataflow.answers import AnswerError
from orchestrator.jobs.dataflow.causes import HOPELESS, PATIENCE, Cause, classify, explain
from orchestrator.jobs.dataflow.handle import Handle, read_handle
from orchestrator.jobs.dataflow.http import Api
from orchestrator.jobs.dataflow.metrics import outputs
from orchestrator.jobs.dataflow.states import Body
from orchestrator.jobs.functions import FunctionRaisedError, completed
from orchestrator.jobs.outputs import check_outputs
from orchestrator.ports import Clock, JobOver, JobRequest, JobRunning, JobStatus, Launched

log = logging.getLogger(__name__)

#: Seconds after a failure in which its messages may still be missing: "typically about 30", Beam waits for 50.
MESSAGE_GRACE = 60.0

#: "Regular cancel must have been attempted at least 30 minutes prior" (gcloud dataflow jobs cancel --force).
FORCE_AFTER = 30 * 60.0

#: Ended jobs are deleted after 30 days (Dataflow, "Stop a running pipeline"); a day more, for clocks.
RETENTION = 31 * 24 * 3600.0

#: How many updates of a job are followed.
_MOST_UPDATES = 20


class DataflowBackend:
    """Launches templates in a project, each step in its region or in ``default_region``.

    ``api_endpoint``: another server than Google's, such as the stand-in. ``credentials``: google-auth's; those of the
    environment if not given, and none at an endpoint without TLS. ``timeout``: seconds, for each call. ``defaults``:
    options of a job whose step does not say otherwise, by the graph file's names.
    """

    kind = "dataflow"

    def __init__(
        self,
        project: str,
        default_region: str | None,
        clock: Clock = time.time,
        *,
        api_endpoint: str | None = None,
        credentials: Any | None = None,
        timeout: float = 60.0,
        defaults: Mapping[str, Json] | None = None,
        message_grace: float = MESSAGE_GRACE,
        force_after: float = FORCE_AFTER,
    ) -> None:
        self._api = Api(project, api_endpoint, credentials, timeout)
        self._region = default_region
        self._clock = clock
        self._defaults = defaults or {}
        self._message_grace = message_grace
        self._force_after = force_after

    def launch(self, request: JobRequest) -> Launched | JobOver:
        """As the port promises. A finished job frees its name (Job.name), so jobs of the name are looked for first.

        A 409 may be the job of this very launch; and a launch that was answered with 400 has been seen to run
        (terraform-provider-google issue 14679). So whatever went wrong, a job of that name is adopted.
        """
        if found := self.find(request):
            return found
        region = requests.region(request, self._region)
        try:
            made = completed(request)
        except FunctionRaisedError as error:
            return JobOver(Outcome.FAILED, self._clock(), error=str(error), cause=error.cause)
        body = requests.body(requests.with_defaults(made, self._defaults))
        classic = requests.template(made) if requests.classic(made) else None
        try:
            job = self._api.launch(region, request.name, body, classic)
        except (AmbiguousLaunchError, LaunchRefusedError) as error:
            if adopted := self._look(request):
                log.warning("adopted job %s of %s, though: %s", adopted.job, request.name, error)
                return adopted
            raise
        return _launched(request, region, job)

    def find(self, request: JobRequest) -> Launched | None:
        """As the port promises. Duplicates of the job it finds are cancelled, and said so in the log."""
        region = requests.region(request, self._region)
        job, others = twins.choose(self._api.named(region, request.name), requests.labels(request))
        if job is None:
            return None
        for other in others:
            log.warning(
                "job %s is a second one called %s, beside %s: cancelling it", other["id"], request.name, job["id"]
            )
            self._cancel_twin(region, str(other["id"]))
        return _launched(request, region, job)

    def status(self, job: str) -> JobStatus:
        """As the port promises. A job that Dataflow does not know may be too new for it: that says nothing."""
        handle = read_handle(job)
        try:
            return self._status(handle)
        except AnswerError as error:
            born = handle.born
            if error.status != 404 or born is None or self._clock() < born + RETENTION:
                raise
            text = f"Dataflow does not know job {handle.id} any more: ended jobs are deleted after 30 days"
            return JobOver(Outcome.FAILED, self._clock(), error=text, cause=Cause.UNKNOWN.value)

    def cancel(self, job: str) -> None:
        """Ask the job to stop, a running streaming one to drain; asked again, cancel it; half an hour on, by force."""
        handle = read_handle(job)
        found = self._newest(handle)
        if states.ended(found):
            return
        where = states.state(found)
        wish: dict[str, Any] = {"requestedState": states.CANCELLED}
        if where == states.RUNNING and found.get("type") == states.STREAMING:
            wish = {"requestedState": states.DRAINED}
        elif where == states.CANCELLING and self._clock() >= (states.state_since(found) or inf) + self._force_after:
            wish["labels"] = {"force_cancel_job": "true"}
        try:
            self._api.update(handle.region, str(found["id"]), wish)
        except AnswerError as error:
            if error.status not in (400, 409):
                raise
            log.warning("%s", error)  # it has ended, and jobs.get does not know yet; or the next look tells

    def close(self) -> None:
        """Close idle connections."""
        self._api.close()

    def _cancel_twin(self, region: str, job: str) -> None:
        """Cancel a duplicate. It is not drained: what it read, the other job reads. What may pass is raised."""
        try:
            self._api.update(region, job, {"requestedState": states.CANCELLED})
        except AnswerError as error:
            if error.status not in (400, 403, 404):
                raise
            log.error("%s", error)  # noqa: TRY400 - a refusal, not a bug

    def _look(self, request: JobRequest) -> Launched | None:
        """The job of a launch that went wrong, if it is to be seen already."""
        try:
            return self.find(request)
        except BackendError as error:
            log.warning("cannot look for %s after its launch went wrong: %s", request.name, error)
            return None

    def _newest(self, handle: Handle) -> Body:
        """The job, or the one that replaced it."""
        job = self._api.get(handle.region, handle.id)
        for _ in range(_MOST_UPDATES):
            heir = job.get("replacedByJobId")
            if states.state(job) != states.UPDATED or not heir:
                break
            job = self._api.get(handle.region, str(heir))
        return job

    def _status(self, handle: Handle) -> JobStatus:
        job = self._newest(handle)
        since = states.state_since(job)
        at = self._clock() if since is None else since
        now = Handle(handle.region, str(job["id"]), handle.streaming)
        match states.state(job):
            case states.DONE:
                return self._succeeded(now, at)
            case states.RUNNING if handle.streaming:
                return JobOver(Outcome.SUCCEEDED, at)
            case states.DRAINED if handle.streaming:
                return self._succeeded(now, at)
            case states.CANCELLED | states.DRAINED as ended:
                word = ended.removeprefix("JOB_STATE_").lower()
                return JobOver(
                    Outcome.CANCELLED, at, error=f"Dataflow job {now.id} was {word}", cause=Cause.CANCELLED.value
                )
            case states.FAILED:
                return self._failed(now, at, fresh=since is not None and self._clock() < since + self._message_grace)
            case states.UPDATED if since is None or self._clock() >= since + self._message_grace:
                text = f"Dataflow job {now.id} was replaced, and Dataflow does not say by which"
                return JobOver(Outcome.FAILED, at, error=text, cause=Cause.UNKNOWN.value)
            case _:
                return JobRunning()

    def _succeeded(self, handle: Handle, at: float) -> JobOver:
        try:
            found = outputs(self._told(self._api.metrics, handle))
            return JobOver(Outcome.SUCCEEDED, at, outputs=check_outputs(found) if found else None)
        except OutputError as error:
            return JobOver(Outcome.FAILED, at, error=str(error), cause="outputs", hopeless=True)

    def _failed(self, handle: Handle, at: float, *, fresh: bool) -> JobStatus:
        messages = self._told(self._api.errors, handle)
        if not messages and fresh:
            return JobRunning()  # its messages lag: another look will have them
        cause = classify(messages)
        error = explain(messages) or f"Dataflow job {handle.id} failed, and no message of it says why"
        if cause is Cause.LAUNCHER:
            error += f" [its launcher's log: template_launches/{handle.id}/console_logs in the staging location]"
        return JobOver(
            Outcome.FAILED,
            at,
            error=error,
            cause=cause.value,
            hopeless=cause in HOPELESS,
            patience=PATIENCE.get(cause, 0.0),
        )

    def _told(self, ask: Any, handle: Handle) -> list[Any]:
        """What ``ask`` tells of the job; nothing if we may not know it. What may pass is raised."""
        try:
            return list(ask(handle.region, handle.id))
        except AnswerError as error:
            if error.status not in (400, 403, 404):
                raise
            log.warning("%s", error)
            return []


def _launched(request: JobRequest, region: str, job: Body) -> Launched:
    return Launched(str(Handle(region, str(job["id"]), requests.streaming(request))))
