"""Dataflow in a world: the real backend, on a service that frees a job's name when the job has ended.

Its lists lag and lose jobs, its states go back, it runs jobs that it refused, and at times it has no quota.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.names import parse_job_name
from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError, QuotaError
from orchestrator.jobs.dataflow import states
from orchestrator.jobs.dataflow.answers import AnswerError
from orchestrator.jobs.dataflow.backend import DataflowBackend
from orchestrator.jobs.dataflow.handle import read_handle
from orchestrator.jobs.dataflow.http import Api
from orchestrator.jobs.dataflow.states import Body
from orchestrator.jobs.scripted import ScriptedBackend, ScriptedJob
from orchestrator.ports import JobRequest, JobStatus, Launched

if TYPE_CHECKING:
    from tests.simulation.world import World

REGION = "europe-west4"

_ENDS = {
    Outcome.SUCCEEDED: states.DONE,
    Outcome.FAILED: states.FAILED,
    Outcome.CANCELLED: states.CANCELLED,
    Outcome.INTERRUPTED: states.DONE,  # Dataflow knows no such end: told apart below
}


class Dataflow(ScriptedBackend):
    """The service: scripted jobs with their ids, and how its API shows them. It answers no calls itself."""

    def named(self, name: str) -> list[str]:
        """The ids of all jobs with this name, the oldest first."""
        return [job for job, it in self.jobs.items() if it.request.name == name]

    def make(self, request: JobRequest) -> str:
        """Start a job. Returns its id."""
        job = f"{request.name}-{len(self.named(request.name)) + 1}"
        self.jobs[job] = ScriptedJob(request, self._write(request), self._clock())
        return job

    def over(self, job: str) -> bool:
        return self._clock() >= self.jobs[job].over

    def ask(self, job: str) -> bool:
        """Ask the job to stop. Returns whether that ended it."""
        it = self.jobs[job]
        it.asked += 1
        if it.asked <= it.script.deaf or it.cancelled_at is not None:
            return False
        it.cancelled_at = self._clock()
        return True

    def body(self, job: str, now: float) -> dict[str, Any]:
        """The job as the API shows it at the time ``now``."""
        it = self.jobs[job]
        state, since = _state(it, now)
        kind = states.STREAMING if it.script.live else "JOB_TYPE_BATCH"
        shown = {"id": job, "name": it.request.name, "type": kind, "currentState": state}
        return {**shown, "currentStateTime": _stamp(since), "createTime": _stamp(it.launched_at)}


def _state(job: ScriptedJob, now: float) -> tuple[str, float]:
    script, stopped = job.script, job.cancelled_at
    if stopped is not None and now >= stopped and (script.live or job.end == stopped):
        drained = script.live and script.stopped is Outcome.CANCELLED
        return states.DRAINED if drained else _ENDS[script.stopped], stopped
    if now >= job.end:
        return (states.RUNNING if script.live else _ENDS[script.outcome]), job.end
    return (states.PENDING if script.live else states.RUNNING), job.launched_at


class ShakyApi(Api):
    """The API of the service: each call is a turn of the loop, and may have a fault."""

    def __init__(self, world: "World", service: Dataflow) -> None:
        super().__init__("p", "http://nowhere", None, 60.0)
        self._world = world
        self._service = service

    def launch(self, region: str, name: str, body: dict[str, Any], classic: str | None) -> Body:
        world, request = self._world, self._request(name, body)
        world.send(request)

        def late() -> None:
            world.loop.at(world.now + world.random.uniform(0.0, 30.0), lambda: self._late(request))

        try:
            return world.strike("launch", lambda: self._launch(request), BackendError, late)
        except LaunchRefusedError:
            world.refused.add(name)
            raise

    def get(self, region: str, job: str) -> Body:
        return self._world.call("status", lambda: self._get(job), BackendError)

    def named(self, region: str, name: str) -> list[Body]:
        listed = self._world.call("find", lambda: self._listed(name), BackendError)
        self._world.ponder(name)
        return listed

    def update(self, region: str, job: str, body: dict[str, Any]) -> None:
        self._world.call("cancel", lambda: self._update(job, body), BackendError)

    def metrics(self, region: str, job: str) -> list[Body]:
        def told() -> list[Body]:
            outputs = self._service.jobs[job].script.outputs or {}
            return [{"name": {"origin": "user", "name": key}, "scalar": value} for key, value in outputs.items()]

        return self._world.call("status", told, BackendError)

    def errors(self, region: str, job: str, ended: float) -> list[str]:
        return self._world.call("status", lambda: ["Workflow failed. Causes: as it was written"], BackendError)

    def _request(self, name: str, body: Mapping[str, Any]) -> JobRequest:
        """The request that was meant by what came."""
        ref = parse_job_name(name)
        assert ref is not None
        life = self._world.life(ref.run)
        spec = {key: int(value) for key, value in body["launchParameter"]["parameters"].items()}
        run = life.stored
        assert run is not None
        return JobRequest(run, ref.node, life.plan.steps[ref.node].name, ref.attempt, name, "dataflow", spec)

    def _launch(self, request: JobRequest) -> Body:
        world, service, name = self._world, self._service, request.name
        try:
            world.no_quota()
        except AnswerError as error:
            world.count("launch: no quota")
            raise QuotaError(str(error)) from error
        if any(not service.over(job) for job in service.named(name)):
            world.count("launch: name taken")
            raise AmbiguousLaunchError(f"409 there is already an active job named {name}")
        job = service.make(request)
        world.created(request, job)
        if world.random.random() < world.weather.contradicts:
            world.count("launch: refused, and it runs")
            world.life(request.run.key).watch.surprise(request.node)
            raise LaunchRefusedError("400 (cf65…) the template parameters are invalid", "parameters")
        return service.body(job, world.now)

    def _late(self, request: JobRequest) -> None:
        """Let a launch arrive whose caller no longer waits for it."""
        try:
            self._launch(request)
        except (LaunchRefusedError, BackendError) as error:
            self._world.loop.say(f"{request.name}: launch came late: {error}")

    def _get(self, job: str) -> Body:
        world, it = self._world, self._service.jobs[job]
        world.no_quota()
        if world.now < it.launched_at + world.weather.unlisted:
            raise AnswerError(f"404 information about job {job} could not be found", 404)
        past = world.now
        if it.end <= past < it.end + world.lag(job):
            world.count("status: lags")
            past = it.end - 1.0
        elif world.random.random() < world.weather.goes_back:
            world.count("status: goes back")
            past = world.now - world.random.choice([1.0, 30.0, 300.0, 3000.0])
        return self._service.body(job, past)

    def _listed(self, name: str) -> list[Body]:
        world = self._world
        world.no_quota()
        known = world.now - world.weather.unlisted
        jobs = [job for job in self._service.named(name) if self._service.jobs[job].launched_at <= known]
        lost = [job for job in jobs if job not in world.lost and world.random.random() < world.weather.lost]
        for _ in lost:
            world.count("find: a list loses a job")
        world.lost.update(lost)  # no job is lost twice
        return [self._service.body(job, world.now) for job in reversed(jobs) if job not in lost]

    def _update(self, job: str, body: Mapping[str, Any]) -> None:
        self._world.no_quota()
        if self._service.over(job):
            raise AnswerError(f"400 job {job} is already in a final state", 400)
        if self._service.ask(job):
            self._world.traffic.announce(self._service.jobs[job].request.name, self._world.now)


class DataflowJobs:
    """The real backend, asked for jobs of scenarios. It tells of ends what Dataflow has no word for."""

    def __init__(self, world: "World", service: Dataflow) -> None:
        self._world = world
        self._service = service
        self._backend = DataflowBackend("p", REGION, lambda: world.now, api=ShakyApi(world, service))

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        return self._backend.launch(self._meant(request))

    def find(self, request: JobRequest) -> Launched | None:
        found = self._backend.find(self._meant(request))
        if found is not None:
            self._world.count("find: adopted")
        return found

    def status(self, job: str) -> JobStatus:
        status, it = self._backend.status(job), self._service.jobs[read_handle(job).id]
        if not isinstance(status, JobEnd) or status.drained:
            return status
        stopped = it.cancelled_at is not None and (it.script.live or it.end == it.cancelled_at)
        outcome = it.script.stopped if stopped else it.script.outcome
        outputs = it.script.outputs if not stopped and outcome is Outcome.SUCCEEDED else None
        cause = "scripted" if outcome is Outcome.FAILED else None
        return replace(status, outcome=outcome, outputs=outputs, cause=cause)

    def cancel(self, job: str) -> None:
        self._backend.cancel(job)

    def discard(self, job: str) -> None:
        self._world.count("launch: one job too many")
        it = self._service.jobs[read_handle(job).id]
        it.asked = max(it.asked, it.script.deaf)  # whoever discards asks once: Dataflow insists by itself
        self._backend.discard(job)

    def _meant(self, request: JobRequest) -> JobRequest:
        """The request as a graph's file has it."""
        attempt = self._world.life(request.run.key).attempt(request)
        spec = {"template": "gs://b/t", "parameters": dict(request.spec), "streaming": attempt.live}
        return replace(request, spec=spec)


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
