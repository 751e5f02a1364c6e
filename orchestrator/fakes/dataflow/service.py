"""The service behind the fake of Dataflow: jobs, their states, and the rules of the real service."""

import itertools
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.fakes.dataflow import job as d
from orchestrator.fakes.dataflow.job import Job
from orchestrator.fakes.dataflow.lifecycle import Emit, Lifecycle
from orchestrator.fakes.dataflow.script import LaunchCall, RefusedError, Script
from orchestrator.fakes.dataflow.timer import Timer

#: Options that a launch may not contain both as parameters and as environment (terraform-provider-google issue 14679).
_ONCE = {"serviceAccount": "serviceAccountEmail", "network": "network", "subnetwork": "subnetwork"}

_BAD_NAME = (
    "JobName invalid; the name must consist of only the characters [-a-z0-9], starting with a letter and ending "
    "with a letter or number"
)


class Service:
    """Jobs that proceed as ``script`` decides for each launch. Times are in seconds of the fake; see FakeDataflow."""

    def __init__(
        self,
        project: str,
        script: Callable[[LaunchCall], Script],
        emit: Emit,
        folder: Path,
        *,
        time_scale: float,
        lag: float,
        appear: float,
        message_lag: float,
        max_jobs: int,
        templates: Collection[str] | None,
    ) -> None:
        self._project, self._script = project, script
        self._lag, self._appear, self._message_lag = lag / time_scale, appear / time_scale, message_lag / time_scale
        self._max_jobs, self._templates = max_jobs, templates
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._timers = (Timer(time_scale), Timer(1.0))
        self._lifecycle = Lifecycle(*self._timers, self._lock, emit, folder)
        self.jobs: dict[str, Job] = {}
        self.launches: Counter[str] = Counter()

    def start(self) -> None:
        for timer in self._timers:
            timer.start()

    def stop(self) -> None:
        """End the programs of jobs, and drop everything that is planned."""
        for timer in self._timers:
            timer.stop()
        self._lifecycle.stop()

    def launch(self, call: LaunchCall) -> dict[str, Any]:
        """Create a job. Raises RefusedError with the text of the real service."""
        self._check(call)
        script = self._script(call)
        with self._lock:
            active = [job for job in self.jobs.values() if not job.ended]
            if any((job.name, job.call.region) == (call.name, call.region) for job in active):
                raise RefusedError(409, "ALREADY_EXISTS", self._taken(call.name), "alreadyExists")
            if len(active) >= self._max_jobs:
                text = "Dataflow quota error for jobs-per-project quota. Project {} is running {} jobs. Please check."
                raise RefusedError(429, "RESOURCE_EXHAUSTED", text.format(self._project, len(active)))
            now = time.time()
            job = Job(self._id(now), self._project, call, script, now)
            self.jobs[job.id] = job
            self.launches[call.name] += 1
            self._lifecycle.enter(job, d.QUEUED)
            return {"job": job.launched()}

    def get(self, region: str, job_id: str, view: str) -> dict[str, Any]:
        with self._lock:
            job = self._job(region, job_id)
            return job.body(time.time() - self._lag, full=view in ("JOB_VIEW_ALL", "JOB_VIEW_DESCRIPTION"))

    def list(self, region: str | None, query: Mapping[str, str]) -> dict[str, Any]:
        """Summaries of jobs, the newest first; None: of all regions. A page's token is the number of its first job."""
        known, seen = time.time() - self._appear, time.time() - self._lag
        with self._lock:
            jobs = [job for job in self.jobs.values() if region in (None, job.call.region) and job.created <= known]
            jobs = [job for job in jobs if job.name == query.get("name", job.name)]
            wanted = {"ACTIVE": (False,), "TERMINATED": (True,)}.get(query.get("filter", "ALL"), (False, True))
            jobs = [job for job in jobs if (job.seen(seen)[1] in d.TERMINAL) in wanted]
            bodies = [job.body(seen) for job in sorted(jobs, key=lambda job: job.created, reverse=True)]
        return _page(bodies, query, "jobs")

    def update(self, region: str, job_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Cancel, drain, or cancel by force."""
        with self._lock:
            job = self._job(region, job_id)
            wish, force = body.get("requestedState"), body.get("labels", {}).get("force_cancel_job") == "true"
            if job.ended:
                raise RefusedError(400, "FAILED_PRECONDITION", f"(6b4c61a1): Job {job_id} is already in a final state.")
            if wish == d.DRAINED:
                if not job.script.streaming or job.state != d.RUNNING:
                    text = "(8d5f0c55): Only running streaming jobs can be drained."
                    raise RefusedError(400, "INVALID_ARGUMENT", text, "badRequest")
                self._lifecycle.enter(job, d.DRAINING)
            elif wish != d.CANCELLED:
                raise RefusedError(400, "INVALID_ARGUMENT", f"Cannot ask a job for {wish}.", "badRequest")
            elif force and job.state == d.CANCELLING:
                self._lifecycle.end(job, d.CANCELLED)
            elif job.state != d.CANCELLING:
                self._lifecycle.enter(job, d.CANCELLING)
            return job.body(time.time() - self._lag)

    def metrics(self, region: str, job_id: str) -> dict[str, Any]:
        with self._lock:
            return {"metrics": self._job(region, job_id).counters()}

    def messages(self, region: str, job_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Messages of at least ``minimumImportance``, the oldest first; new ones appear late."""
        ranks = ("DEBUG", "DETAILED", "BASIC", "WARNING", "ERROR")
        least = query.get("minimumImportance", "").removeprefix("JOB_MESSAGE_")
        wanted = ranks[ranks.index(least) :] if least in ranks else ranks
        known = time.time() - self._message_lag
        begin = datetime.fromisoformat(query["startTime"]).timestamp() if "startTime" in query else 0.0
        with self._lock:
            found = [
                {"time": d.stamp(at), "messageText": text, "messageImportance": f"JOB_MESSAGE_{rank}"}
                for at, rank, text in self._job(region, job_id).messages
                if begin <= at <= known and rank in wanted
            ]
        return _page(found, query, "jobMessages")

    def move(self, name: str, state: str, *errors: str, **fields: Any) -> None:
        """Put the newest job with this name or id into ``state`` now. ``fields``: what the API shows in addition."""
        with self._lock:
            job = next(job for job in reversed(self.jobs.values()) if name in (job.name, job.id))
            full = state if state.startswith("JOB_STATE_") else f"JOB_STATE_{state}"
            if full in d.TERMINAL:
                self._lifecycle.end(job, full, errors, fields)
            else:
                self._lifecycle.enter(job, full, fields)

    def _check(self, call: LaunchCall) -> None:
        if not re.fullmatch(r"[a-z]([-a-z0-9]{0,1022}[a-z0-9])?", call.name):
            raise RefusedError(400, "INVALID_ARGUMENT", _BAD_NAME, "badRequest")
        if self._templates is not None and call.template not in self._templates:
            text = f"(1a0f6c7be2a4d5c1): Unable to open template file: {call.template}."
            raise RefusedError(404, "NOT_FOUND", text, "notFound")
        twice = [key for key, option in _ONCE.items() if key in call.parameters and option in call.environment]
        if twice:
            text = "Runtime parameter {} should not be specified in both parameters field and environment field."
            wrong = [{"parameter": key, "description": text.format(key)} for key in twice]
            kind = "type.googleapis.com/google.dataflow.v1beta3.InvalidTemplateParameters"
            details = [{"@type": kind, "parameterViolations": wrong}]
            message = "The template parameters are invalid."
            raise RefusedError(400, "INVALID_ARGUMENT", message, "badRequest", details)

    def _taken(self, name: str) -> str:
        text = f"(1a2b3c4d5e6f7081): There is already an active job named {name}. "
        return text + "If you want to  submit a second job, try again by setting a different name."

    def _id(self, now: float) -> str:
        west = datetime.fromtimestamp(now, UTC) - timedelta(hours=8)
        return f"{west:%Y-%m-%d_%H_%M_%S}-{10**18 + next(self._numbers)}"

    def _job(self, region: str, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        if job is None or job.call.region != region or job.created > time.time() - self._appear:
            text = (
                f"(7d9ea65839310b88): Information about job {job_id} could not be found in our system. Please double "
            )
            text += "check the id is correct. If it is please contact customer support."
            raise RefusedError(404, "NOT_FOUND", text, "notFound")
        return job


def _page(found: list[dict[str, Any]], query: Mapping[str, str], key: str) -> dict[str, Any]:
    """One page. An empty one has no list at all, as in the real service."""
    size, start = int(query.get("pageSize", 50)), int(query.get("pageToken", 0))
    page: dict[str, Any] = {key: found[start : start + size]} if found[start : start + size] else {}
    if start + size < len(found):
        page["nextPageToken"] = str(start + size)
    return page
