"""The JobBackend of Dataflow: launches each job once, and reads its state."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.steps import Json
from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError
from orchestrator.jobs.dataflow import requests, states, twins
from orchestrator.jobs.dataflow.answers import AnswerError
from orchestrator.jobs.dataflow.causes import Cause
from orchestrator.jobs.dataflow.handle import Handle, read_handle
from orchestrator.jobs.dataflow.http import Api
from orchestrator.jobs.dataflow.states import Body
from orchestrator.jobs.dataflow.status import MESSAGE_GRACE, Standing
from orchestrator.jobs.python.functions import FunctionRaisedError, completed
from orchestrator.ports import Clock, JobRequest, JobStatus, Launched
from orchestrator.text import told

log = logging.getLogger(__name__)

#: "Regular cancel must have been attempted at least 30 minutes prior" (gcloud dataflow jobs cancel --force).
FORCE_AFTER = 30 * 60.0

#: Ended jobs are deleted after 30 days (Dataflow, "Stop a running pipeline"), plus a day for differing clocks.
RETENTION = 31 * 24 * 3600.0

#: Seconds for which a deployed job may drain before it is cancelled, however often it is asked to stop.
DRAIN_FOR = 30 * 60.0


class DataflowBackend:
    """Launches templates in a project, each step in its region or in ``default_region``.

    ``api``: replaces the calls to the service. ``api_endpoint``: a server other than Google's, such as the fake.
    ``credentials``: from google-auth; by default those of the environment, and none for an endpoint without TLS.
    ``timeout``: seconds for each call. ``defaults``: options for jobs whose steps do not set them, under the names of
    graph files. ``drain_for``: seconds for which a draining job is not cancelled, however often it is asked to stop.
    """

    kind = "dataflow"

    def __init__(
        self,
        project: str,
        default_region: str | None,
        clock: Clock = time.time,
        *,
        api: Api | None = None,
        api_endpoint: str | None = None,
        credentials: Any | None = None,
        timeout: float = 60.0,
        defaults: Mapping[str, Json] | None = None,
        message_grace: float = MESSAGE_GRACE,
        drain_for: float = 0.0,
        force_after: float = FORCE_AFTER,
    ) -> None:
        self._api = api or Api(project, api_endpoint, credentials, timeout)
        self._region = default_region
        self._clock = clock
        self._defaults = defaults or {}
        self._standing = Standing(self._api, clock, message_grace)
        self._drain_for = drain_for
        self._force_after = force_after

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        """As the port promises. A finished job frees its name (Job.name), so jobs of the name are looked for first.

        A 409 may be caused by the job of this same launch, and a launch that was answered with 400 has been seen to run
        (terraform-provider-google issue 14679). So after any error, a job of that name is adopted.
        """
        if found := self.find(request):
            return found
        region, named = requests.region(request, self._region), self._named(request)
        try:
            made = completed(named)
        except FunctionRaisedError as error:
            return JobEnd(Outcome.FAILED, self._clock(), error=str(error), cause=error.cause)
        try:
            body = requests.body(requests.with_defaults(made, self._defaults))
            classic = requests.template(made) if requests.classic(made) else None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:  # nothing was sent
            raise LaunchRefusedError(
                f"step '{request.step}': its request to Dataflow cannot be built: {told(error)}"
            ) from error
        request.fence()
        try:
            job = self._api.launch(region, named.name, body, classic)
        except (AmbiguousLaunchError, LaunchRefusedError) as error:
            if adopted := self._look(request):
                log.warning("adopted job %s of %s, though: %s", adopted.job, named.name, error)
                return adopted
            raise
        return self._launched(request, region, job)

    def find(self, request: JobRequest) -> Launched | None:
        """As the port promises. For a kept job, it is the one that has not ended, whichever run launched it."""
        region, request = requests.region(request, self._region), self._named(request)
        if requests.keep(request):
            return self._kept(request, region)
        stays = read_handle(request.recorded).id if request.recorded else None
        listed = self._api.named(region, request.name)
        job, others = twins.choose(listed, requests.labels(request), stays)
        if request.recorded and (job is None or job["id"] != stays):
            return Launched(request.recorded)  # a list without the recorded job is incomplete
        return self._launched(request, region, job, others) if job else None

    def status(self, job: str) -> JobStatus:
        """As the port promises. A job that Dataflow does not know may be too new, so it does not count as ended."""
        handle = read_handle(job)
        try:
            return self._standing.status(handle)
        except AnswerError as error:
            born = handle.born
            if error.status != 404 or born is None or self._clock() < born + RETENTION:
                raise
            text = f"Dataflow no longer knows job {handle.id}: ended jobs are deleted after 30 days"
            return JobEnd(Outcome.FAILED, self._clock(), error=text, cause=Cause.UNKNOWN.value)

    def cancel(self, job: str) -> None:
        """Cancel the job, or drain it if it is streaming and runs. Called again half an hour later, cancel it by force.

        A draining job is cancelled only after ``drain_for``. A kept job that has begun to work is left alone.
        """
        handle = read_handle(job)
        found = self._standing.newest(handle)
        wish = self._wish(handle, found)
        if wish is None:
            return
        try:
            self._api.update(handle.region, str(found["id"]), wish)
        except AnswerError as error:
            if error.status not in (400, 409):
                raise
            log.warning("%s", error)  # perhaps it ended and jobs.get lags; the next check will show

    def discard(self, job: str) -> None:
        """As the port promises. It is cancelled, not drained: another job reads the same input. Kept jobs stay."""
        handle = read_handle(job)
        if handle.keep:
            return
        try:
            found = self._api.get(handle.region, handle.id)
            if not (states.ended(found) or found.get("replaceJobId")):  # no list shows this: the job is being updated
                self._api.update(handle.region, handle.id, {"requestedState": states.CANCELLED})
        except AnswerError as error:
            if error.status not in (400, 403):
                raise
            log.error("%s", error)  # noqa: TRY400 - a refusal, not a bug

    def _wish(self, handle: Handle, found: Body) -> dict[str, Any] | None:
        """The state to request for a job that should stop; None to request nothing."""
        where, since = states.state(found), states.state_since(found)
        lasted = None if since is None else self._clock() - since
        if states.ended(found) or (handle.keep and where not in states.NOT_BEGUN):
            return None
        if where == states.RUNNING and found.get("type") == states.STREAMING:
            return {"requestedState": states.DRAINED}
        if where == states.DRAINING and lasted is not None and lasted < self._drain_for:
            return None
        if where == states.CANCELLING and lasted is not None and lasted >= self._force_after:
            return {"requestedState": states.CANCELLED, "labels": {"force_cancel_job": "true"}}
        return {"requestedState": states.CANCELLED}

    def close(self) -> None:
        """Close idle connections."""
        self._api.close()

    def _look(self, request: JobRequest) -> Launched | None:
        """The job of a launch that failed, if there is one already."""
        try:
            return self.find(request)
        except BackendError as error:
            log.warning("cannot look for %s after its launch went wrong: %s", request.name, error)
            return None

    def _kept(self, request: JobRequest, region: str) -> Launched | None:
        """The kept job of that name. Raises BackendError while it is stopping, because its name is still taken."""
        going = [job for job in self._api.named(region, request.name) if not states.ended(job)]
        if not going:
            return None
        self._must_be_its_own(request, region, going[0])
        what = f"job {going[0]['id']} called {request.name} is {states.state(going[0])}"
        if states.state(going[0]) in states.STOPPING:
            raise BackendError(f"{what}: another can start when it has ended")
        log.info("%s: it is kept", what)
        return self._launched(request, region, going[0])

    def _must_be_its_own(self, request: JobRequest, region: str, job: Body) -> None:
        """Raises LaunchRefusedError if a kept job belongs to another step with the same GRAPH-STEP name.

        With a job_name, any job of that name is accepted. Only the full view of a job certainly has its labels.
        """
        if request.job_name is not None:
            return
        shown = job.get("labels") or self._api.get(region, str(job["id"])).get("labels", {})
        graph, step = (shown.get(name) for name in requests.WHOSE)
        if (graph, step) != tuple(requests.labels(request)[name] for name in requests.WHOSE):
            whose = f"belongs to step '{step}' of graph '{graph}'" if graph and step else "was not started by a step"
            raise LaunchRefusedError(
                f"step '{request.step}': the job {job['id']} called {request.name} {whose}: give the step a job_name"
            )

    def _named(self, request: JobRequest) -> JobRequest:
        return requests.kept(request) if requests.keep(request) else request

    def _launched(self, request: JobRequest, region: str, job: Body, others: Sequence[Body] = ()) -> Launched:
        """The job, and when to check it next, because no signal says that a job has begun to work."""
        keep, streaming = requests.keep(request), requests.streaming(request)
        due = states.next_check(job, self._clock()) if keep or streaming else None
        handle, *beside = (str(Handle(region, str(one["id"]), streaming, keep)) for one in (job, *others))
        return Launched(handle, due, states.ended(job), tuple(beside))
