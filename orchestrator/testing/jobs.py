"""The jobs of a simulated run: every step is replaced, and every launch is noted.

A step whose job is a run has a real one, of which the steps are replaced, unless it is replaced itself.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.kinds import GRAPH, KINDS, MAP, kind_of
from orchestrator.core.model import Run
from orchestrator.core.steps import Work
from orchestrator.definition.params import resolve as resolve_params
from orchestrator.engine import Engine
from orchestrator.engine.children import OVER, RunBackend
from orchestrator.jobs.anywhere import anywhere
from orchestrator.jobs.python.functions import FunctionRaisedError, completed
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import Clock, JobBackend, JobRequest, JobStatus, Launched
from orchestrator.system.environment import variables_set
from orchestrator.testing.names import folder_in, name_in, named
from orchestrator.testing.replacements import Attempt, Replacement, script_of, succeed


class Jobs:
    """A backend for all kinds. A step without a replacement succeeds at once; one that waits does wait.

    ``variables``: the environment variables of all steps, for the functions that make parameters.
    ``launched``: the attempts, in the order of their launches. ``broken``: an AssertionError of a replacement.
    """

    def __init__(
        self, replacements: Mapping[str, Replacement], clock: Clock, folder: Path, variables: Mapping[str, str]
    ) -> None:
        self._variables = variables
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
        return {kind.key: self for kind in (*KINDS, MAP)}

    def run_inside(self, engine: Engine, opened: Callable[[str], None]) -> None:
        """Let ``engine`` open the runs that are the jobs of steps. ``opened`` is called with the key of each."""
        self._ledger = engine.ledger
        self._real[GRAPH.key] = self._real[MAP.key] = RunBackend(engine, resolve_params, opened)

    def folder(self, run: Run) -> Path:
        """What ``{{ run.dir }}`` is in ``run``: each run has its own."""
        return self._folder / folder_in(self._ledger, run)

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        try:
            with variables_set(self._variables):
                request = _completed(request)
        except FunctionRaisedError as error:
            self._note(request)
            return JobEnd(Outcome.FAILED, self._clock(), error=str(error), cause=error.cause)
        attempt = self._note(request)
        replaced = named(self._replacements, attempt.step) is not None
        backend = self._scripted if replaced else self._real.get(request.kind, self._scripted)
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
        attempt = self._attempts[request.name]
        name = named(self._replacements, attempt.step)
        try:
            return script_of(succeed() if name is None else self._replacements[name], attempt)
        except AssertionError as error:
            self.broken = error
            raise

    def _note(self, request: JobRequest) -> Attempt:
        attempt = self._attempts[request.name] = Attempt(
            name_in(self._ledger, request.run, request.step),
            request.attempt,
            request.kind,
            {"map" if key == OVER else key: value for key, value in request.spec.items()},
            dict(request.run.params),
            request.name,
            datetime.fromtimestamp(self._clock(), UTC),
            self.folder(request.run),
        )
        return attempt


def _completed(request: JobRequest) -> JobRequest:
    """The request with the parameters that the step's function makes, if it is of a kind that has one."""
    return completed(request) if kind_of(Work(request.kind)).cloud_only else request
