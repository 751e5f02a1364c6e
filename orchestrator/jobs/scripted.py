"""Jobs that follow a script, for rehearsals, ``run --fake-dataflow`` and tests. Nothing is executed."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.steps import Json
from orchestrator.ports import Clock, JobRequest, JobRunning, JobStatus, Launched


@dataclass(frozen=True, slots=True)
class Script:
    """A job's script: it runs for ``seconds`` and ends with ``outcome``.

    ``cause`` and ``permanent`` are those of a failure. It ignores ``deaf`` requests to stop. The next one ends it with
    ``stopped``. ``live``: after its ``seconds`` the step has succeeded, and the job keeps running until it is asked to
    stop.
    """

    seconds: float = 0.0
    outcome: Outcome = Outcome.SUCCEEDED
    outputs: Mapping[str, Json] | None = None
    error: str | None = None
    deaf: int = 0
    stopped: Outcome = Outcome.CANCELLED
    live: bool = False
    cause: str = "scripted"
    permanent: bool = False


@dataclass(slots=True)
class ScriptedJob:
    """One job of the scripted service, asked to stop ``asked`` times; ``cancelled_at`` once it listened."""

    request: JobRequest
    script: Script
    launched_at: float
    cancelled_at: float | None = None
    asked: int = 0

    @property
    def over(self) -> float:
        """When it has ended, or will end unless it is asked to stop."""
        return inf if self.script.live and self.cancelled_at is None else self.cancelled_at or self.end

    @property
    def end(self) -> float:
        """When its step has ended."""
        end = self.launched_at + self.script.seconds
        return end if self.cancelled_at is None else min(end, self.cancelled_at)


class ScriptedBackend:
    """A job service in memory. ``write`` gives the script of each request; a name stays taken."""

    def __init__(self, write: Callable[[JobRequest], Script], clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self.jobs: dict[str, ScriptedJob] = {}

    def launch(self, request: JobRequest) -> Launched:
        with self._lock:
            if request.name not in self.jobs:
                self.jobs[request.name] = ScriptedJob(request, self._write(request), self._clock())
            return self._launched(self.jobs[request.name])

    def find(self, request: JobRequest) -> Launched | None:
        with self._lock:
            job = self.jobs.get(request.name)
            return self._launched(job) if job else None

    def status(self, job: str) -> JobStatus:
        with self._lock:
            found = self.jobs.get(job)
            if found is None:  # it was in the memory of an earlier process
                return JobEnd(Outcome.INTERRUPTED, self._clock())
            if self._clock() < found.end:
                return JobRunning()
            script = found.script
            if found.cancelled_at is not None and (script.live or found.end == found.cancelled_at):
                return JobEnd(script.stopped, found.cancelled_at)
            failed = script.outcome is Outcome.FAILED
            cause, permanent = (script.cause, script.permanent) if failed else (None, False)
            return JobEnd(script.outcome, found.end, script.outputs, script.error, cause, permanent, live=script.live)

    def cancel(self, job: str) -> None:
        with self._lock:
            found = self.jobs.get(job)
            if found is not None and found.cancelled_at is None and (found.script.live or self._clock() < found.end):
                found.asked += 1
                if found.asked > found.script.deaf:
                    found.cancelled_at = self._clock()

    def _launched(self, job: ScriptedJob) -> Launched:
        return Launched(job.request.name, due=job.end)
