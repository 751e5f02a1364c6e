"""Somebody audits the jobs of a world at any time, and has those stopped that are left.

A job that its run still owns is never found, let alone stopped; when all is over, each job that still runs and that no
run owns is found.
"""

from random import Random
from typing import TYPE_CHECKING, Any

from orchestrator.core.names import run_key
from orchestrator.engine import Engine
from orchestrator.errors import BackendError, OrchestratorError
from orchestrator.jobs.dataflow import states
from orchestrator.jobs.dataflow.handle import read_handle
from orchestrator.jobs.dataflow.states import Body
from orchestrator.operations.audit.cloud import Jobs
from tests.simulation.dataflow import REGION, Dataflow, ShakyApi

if TYPE_CHECKING:
    from tests.simulation.world import World

#: In how many worlds with Dataflow, how often at most, and seconds between two audits on average.
HAPPENS, MOST, EVERY = 0.15, 30, (10.0, 100.0)

#: How many of the audits stop what they find.
STOPS = 0.7

#: A job of a run that is not there any more.
STRAY, STRAY_NAME = "stray", f"s0--{run_key('gone')}-0-1"


class Auditor:
    """``random``: what he does depends on nothing else."""

    def __init__(self, world: "World", random: Random | None) -> None:
        self.world, self.random = world, random or Random(0)
        weather, service = world.weather, world.service
        drawn = random is not None and random.random() < HAPPENS
        fit = isinstance(service, Dataflow) and not (weather.hand or weather.threads or weather.versions)
        self._left = self.random.randint(3, MOST) if drawn and fit else 0
        self._every = self.random.choice(EVERY)
        self.stray = self._left > 0  # whether that job runs

    def begin(self) -> None:
        if self._left:
            self._left -= 1
            self.world.loop.at(self.world.now + self.random.expovariate(1 / self._every), self._spawn)

    def _spawn(self) -> None:
        self.world.traffic.spawn("audit", self._audit, lambda _: None, self.world.now)
        self.begin()

    def _audit(self, engine: Engine) -> None:
        assert isinstance(self.world.service, Dataflow)
        jobs = Jobs(Listing(self.world, self.world.service), engine.ledger.store, "")
        try:
            found = jobs.audit()
            for left in found.left:
                self.world.count("audit: finds a job")
                self.must_be_left(left.where, "finds")
                if self.random.random() < STOPS:
                    self.world.count("audit: stops a job")
                    jobs.ask_to_stop(left)
        except OrchestratorError:
            raise
        except Exception as error:  # noqa: BLE001 - of an unforeseen answer, whoever audits is told
            self.world.loop.say(f"the audit comes to nothing: {error!r}")

    def stops_the_stray(self) -> None:
        self.stray = False

    def must_be_left(self, where: str, does: str) -> None:
        job = read_handle(where).id
        if self._owned(job):
            self.world.failures.append(f"an audit {does} {job}, which its run owns")

    def _owned(self, job: str) -> bool:
        """Whether the attempt that launched it goes on, or left it running on purpose."""
        if job == STRAY:
            return False
        request = self.world.service.jobs[job].request
        state = self.world.life(request.run.key).watch.view().state(request.node)
        return state.attempt == request.attempt and (state.status.active or state.live)

    def judge(self) -> None:
        """All is over: an audit finds what still runs and nobody owns."""
        world, service = self.world, self.world.service
        if not isinstance(service, Dataflow) or world.again.happens:
            return
        running = {job for job in service.jobs if not service.over(job)} | ({STRAY} if self.stray else set())
        jobs = Jobs(Calm(world, service), world.memory, "")
        found = {read_handle(left.where).id for left in jobs.audit().left}
        if found != {job for job in running if not self._owned(job)}:
            world.failures.append(f"of {sorted(running)} an audit finds {sorted(found)} when all is over")


class Listing(ShakyApi):
    """The API, and what only an audit asks of it."""

    def active(self) -> list[Body]:
        return self._world.call("find", self._active, BackendError)

    def _active(self) -> list[Body]:
        known = self._world.now - self._world.weather.unlisted
        service = self._service
        jobs = [job for job, it in service.jobs.items() if it.launched_at <= known and not service.over(job)]
        strays = [STRAY] if self._world.auditor.stray else []
        return [{"location": REGION, **self.body(job)} for job in (*jobs, *strays)]

    def metrics(self, region: str, job: str) -> list[Body]:
        return []

    def body(self, job: str) -> Body:
        """The job as it is now."""
        if job != STRAY:
            return self._service.body(job, self._world.now)
        state = states.RUNNING if self._world.auditor.stray else states.CANCELLED
        return {"id": STRAY, "name": STRAY_NAME, "type": "JOB_TYPE_BATCH", "currentState": state}

    def get(self, region: str, job: str) -> Body:
        if job != STRAY:
            return super().get(region, job)
        return self._world.call("status", lambda: self.body(job), BackendError)

    def update(self, region: str, job: str, body: dict[str, Any]) -> None:
        self._world.auditor.must_be_left(f"{region}/{job}", "stops")
        if job != STRAY:
            return super().update(region, job, body)
        return self._world.call("cancel", self._world.auditor.stops_the_stray, BackendError)


class Calm(Listing):
    """The same without any faults: nothing happens meanwhile."""

    def active(self) -> list[Body]:
        return self._active()

    def get(self, region: str, job: str) -> Body:
        return self.body(job)
