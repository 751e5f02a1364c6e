"""The jobs of a simulated run: every step is replaced, and every launch is noted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.kinds import KINDS, kind_of
from orchestrator.core.steps import Work
from orchestrator.jobs.anywhere import anywhere
from orchestrator.jobs.python.functions import FunctionRaisedError, completed
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import Clock, JobBackend, JobRequest, JobStatus, Launched
from orchestrator.testing.replacements import Attempt, Replacement, script_of, succeed


class Jobs:
    """A backend for all kinds. A step without a replacement succeeds at once; one that waits does wait.

    ``launched``: the attempts, in the order of their launches. ``broken``: an AssertionError of a replacement.
    """

    def __init__(self, replacements: Mapping[str, Replacement], clock: Clock, folder: Path) -> None:
        self._replacements = replacements
        self._clock = clock
        self._folder = folder
        self._scripted = ScriptedBackend(self._script, clock)
        self._real = anywhere(clock)
        self._of_job: dict[str, JobBackend] = {}
        self._attempts: dict[str, Attempt] = {}
        self.broken: AssertionError | None = None

    @property
    def launched(self) -> tuple[Attempt, ...]:
        return tuple(self._attempts.values())

    @property
    def backends(self) -> dict[str, JobBackend]:
        """This, for every kind."""
        return {kind.key: self for kind in KINDS}

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        try:
            request = _completed(request)
        except FunctionRaisedError as error:
            self._note(request)
            return JobEnd(Outcome.FAILED, self._clock(), error=str(error), cause=error.cause)
        self._note(request)
        if request.step in self._replacements or request.kind not in self._real:
            backend: JobBackend = self._scripted
        else:
            backend = self._real[request.kind]
        found = backend.launch(request)
        if isinstance(found, Launched):
            self._of_job[found.job] = backend
        return found

    def find(self, _: JobRequest) -> None:
        """None: nobody else launches jobs."""

    def status(self, job: str) -> JobStatus:
        return self._of_job[job].status(job)

    def cancel(self, job: str) -> JobEnd | None:
        return self._of_job[job].cancel(job)

    def _script(self, request: JobRequest) -> Script:
        try:
            return script_of(self._replacements.get(request.step, succeed()), self._attempts[request.name])
        except AssertionError as error:
            self.broken = error
            raise

    def _note(self, request: JobRequest) -> None:
        self._attempts[request.name] = Attempt(
            request.step,
            request.attempt,
            request.kind,
            dict(request.spec),
            dict(request.run.params),
            request.name,
            datetime.fromtimestamp(self._clock(), UTC),
            self._folder,
        )


def _completed(request: JobRequest) -> JobRequest:
    """The request with the parameters that the step's function makes, if it is of a kind that has one."""
    return completed(request) if kind_of(Work(request.kind)).cloud_only else request
