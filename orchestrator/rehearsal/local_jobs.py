"""Runs the ``local:`` block of a step in place of its Dataflow job.

The backends are those of ``orchestrator run``, so environment, working folder, outputs and errors are the same.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.kinds import PYTHON, WAIT
from orchestrator.core.mapped import plan_of
from orchestrator.core.model import Run
from orchestrator.core.names import JobRef, parse_job_name, ref_in
from orchestrator.engine.execution import Execution
from orchestrator.engine.rendering import facts_of, params_of, render
from orchestrator.errors import LaunchRefusedError
from orchestrator.expressions import ExpressionError
from orchestrator.fakes.dataflow.script import Ended, LaunchCall, Script
from orchestrator.fakes.dataflow.timer import counters
from orchestrator.home import Home
from orchestrator.jobs.dataflow import requests
from orchestrator.jobs.process.backend import ProcessBackend
from orchestrator.jobs.python.backend import PythonBackend
from orchestrator.jobs.python.isolated import PythonSteps
from orchestrator.ports import JobBackend, JobRequest, Store

#: How many Python functions run at the same time.
_THREADS = 8

#: Seconds to wait for the end of a killed job. A Python function cannot be killed: it ends with this process.
_TIMEOUT = 5.0


@dataclass
class _Job:
    """A job that a backend runs. ``over`` is set when its end has been reported."""

    request: JobRequest
    backend: JobBackend
    ended: Ended
    id: str = ""
    starting: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        with self.starting:
            try:
                found = self.backend.launch(self.request)
            except LaunchRefusedError as error:
                found = JobEnd(Outcome.FAILED, time.time(), error=str(error))
            if isinstance(found, JobEnd):
                self.tell(found)
            else:
                self.id = found.job

    def heard(self) -> None:
        """It may have ended."""
        with self.starting:
            found = self.backend.status(self.id)
        if isinstance(found, JobEnd):
            self.tell(found)

    def tell(self, over: JobEnd) -> None:
        if over.outcome is Outcome.SUCCEEDED:
            self.ended(None, counters(over.outputs or {}))
        else:
            self.ended(over.error or over.outcome, {})
        self.over.set()

    def kill(self) -> None:
        for _ in range(2):  # politely, and at once for certain
            if self.id and not self.over.is_set():
                self.backend.cancel(self.id)

    def join(self) -> None:
        self.over.wait(_TIMEOUT)


class LocalJobs:
    """Runs the jobs: as the ``local:`` block of their step, in the graph's folder, below ``home``.

    A job whose step has none succeeds after a moment; a streaming job runs until it is stopped. ``prefix``: of the
    names of jobs. ``variables``: the environment variables of all steps.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        graph_folder: Path,
        home: Home,
        prefix: str = "",
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._store, self._folder, self._home, self._prefix = store, graph_folder, home, prefix
        self._variables = variables
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self._processes = ProcessBackend(home, self._heard, time.time, variables)
        self._backends: dict[str, JobBackend] = {}

    def __call__(self, call: LaunchCall) -> Script:
        ref = parse_job_name(call.name, self._prefix) or self._starter(call)
        run = self._store().get_run(ref.run) if ref else None
        execution = _execution(self._store(), run) if run else None
        if ref is None or run is None or execution is None:
            return Script(0.2, 0.1, 0.3)
        step = execution.plan.steps[ref.node]
        streams = bool(step.work.spec.get("streaming"))
        local = step.local
        if local is None:
            return Script(0.2, 0.1, None if streams else 0.3, streaming=streams)
        try:
            facts = {**facts_of(run), "dir": str(self._home.data(run.first))}
            spec = render(self._store(), lambda _: facts, execution, local.spec, ref.node)
        except ExpressionError as error:
            return Script(0.1, 0.1, 0.0, end="FAILED", errors=(str(error),))
        if local.kind == WAIT.key:
            return Script(0.1, 0.1, float(str(spec["seconds"])), streaming=streams)
        here = replace(run, folder=str(self._folder), params=params_of(execution, ref.node))
        request = JobRequest(here, ref.node, step.name, ref.attempt, call.name, local.kind, spec)
        return Script(0.1, 0.1, begin=partial(self._begin, request), streaming=streams)

    def _starter(self, call: LaunchCall) -> JobRef | None:
        """The attempt that launches a job to be kept running: such a job is identified by its labels, not its name."""
        labels = call.environment.get("additionalUserLabels", {})
        for run in self._store().list_runs():
            if requests.label(run.id) == labels.get("orchestrator-run"):
                plan = self._store().get_plan(run.version)
                for node, step in enumerate(plan.steps if plan else ()):
                    if requests.label(step.name) == labels.get("orchestrator-step"):
                        return JobRef(run.key, node, int(labels["orchestrator-attempt"]))
        return None

    def _begin(self, request: JobRequest, ended: Ended) -> _Job:
        with self._lock:
            job = self._jobs[request.name] = _Job(request, self._backend(request.kind), ended)
        job.start()
        return job

    def _backend(self, kind: str) -> JobBackend:
        """Made for the first step that needs it, since the backend of Python functions replaces ``sys.stdout``."""
        if kind not in self._backends:
            self._backends[kind] = self._python() if kind == PYTHON.key else self._processes
        return self._backends[kind]

    def _python(self) -> JobBackend:
        threads = PythonBackend(self._home, self._heard, time.time, _THREADS, variables=self._variables)
        return PythonSteps(self._home, threads, self._processes)

    def _heard(self, name: str) -> None:
        with self._lock:
            job = self._jobs[name]
        job.heard()


def _execution(store: Store, run: Run) -> Execution | None:
    """A run with its plan, and with the run in which its steps are written, if that is another."""
    plan = store.get_plan(run.version)
    if plan is None:
        return None
    outer = store.get_run(ref_in(run.parent).run) if run.mapped is not None and run.parent is not None else None
    return Execution(run, plan_of(plan, run), _execution(store, outer) if outer is not None else None)
