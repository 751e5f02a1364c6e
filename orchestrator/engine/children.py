"""Steps whose job is a run of its own. The engine itself is the backend of these jobs, and nothing else knows of them.

The id of such a run, a *child*, is the name of the job that it is. So it is opened once, however often it is launched;
it ends by its own join, and then tells its parent's step to look (``Engine``); docs/adr/0024-a-run-is-a-job.md.
"""

import hmac
import os.path
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from orchestrator.core import kept
from orchestrator.core.inner import whole
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.model import Run, RunStatus, Stop
from orchestrator.core.names import JobRef, ref_in, run_key
from orchestrator.core.param import Param
from orchestrator.core.plan import Inner
from orchestrator.core.rerun import worth_keeping
from orchestrator.core.steps import Json
from orchestrator.engine import Engine
from orchestrator.engine.execution import Execution
from orchestrator.engine.inside import STEP_ENDED
from orchestrator.engine.rendering import render
from orchestrator.errors import BackendError, LaunchRefusedError, OrchestratorError, StoreShortError, UsageError
from orchestrator.expressions import ExpressionError, zones
from orchestrator.ports import JobRequest, JobRunning, JobStatus, KeptState, Launched
from orchestrator.text import listed

#: The params of a run, from those that were given and the time that ``today`` means. Raises UsageError.
Resolve = Callable[[Sequence[Param], Mapping[str, object], datetime], Mapping[str, Json]]

#: The ``cause`` of a step whose run failed for several reasons.
STEPS = "steps"


class RunBackend:
    """Jobs of kind ``graph``. A job's id is the key of its run. ``opened`` is called with each key that is launched."""

    def __init__(self, engine: Engine, resolve: Resolve, opened: Callable[[str], None] = lambda _: None) -> None:
        self._engine = engine
        self._resolve = resolve
        self._opened = opened

    def launch(self, request: JobRequest) -> Launched:
        """Open the child and put its first tasks. Done again, this opens nothing, and puts the same tasks."""
        inner = self._inner(request.run, request.node)
        run, states = self._again(request, self._child(request, inner), inner)
        request.fence()
        return self._start(run, inner, states)

    def find(self, request: JobRequest) -> Launched | None:
        """The child, if it was opened. Its first tasks are put again: whoever opened it may have died before that."""
        run = self._engine.ledger.store.get_run(run_key(request.name))
        if run is None:
            return None
        if run.status is not RunStatus.RUNNING:
            return Launched(run.key, over=True)
        return self._start(run, self._inner(request.run, request.node), ())

    def status(self, job: str) -> JobStatus:
        """Raises BackendError if there is no such run: how it ended is then unknown, and it is not run again."""
        run = self._engine.ledger.store.get_run(job)
        if run is None:
            raise BackendError(f"the record of the run with the key '{job}' is gone, so it is not known how it ended")
        if run.status is RunStatus.RUNNING:
            return JobRunning()
        at = run.ended_at or run.started_at
        match run.status:
            case RunStatus.SUCCEEDED:
                return self._succeeded(run, at)
            case RunStatus.CANCELLED:
                return JobEnd(Outcome.CANCELLED, at)
            case _:
                return self._failed(run, at)

    def cancel(self, job: str) -> None:
        """Cancel the child, for the reason for which its step is cancelled. It ends after its own jobs."""
        ledger = self._engine.ledger
        run = ledger.store.get_run(job)
        if run is None:
            return
        ref = _parent(run)
        stop = ledger.store.load(ref.run, (ref.node,), ()).state(ref.node).stop
        late = Stop(ledger.clock(), why="the step that runs it has reached its timeout")
        self._engine.cancel(job, replace(stop, mark=None, outputs=None) if stop is not None else late)

    def discard(self, job: str) -> None:
        """Cancel a child whose step has ended without it."""
        try:
            self._engine.cancel(job, Stop(self._engine.ledger.clock(), why=STEP_ENDED))
        except OrchestratorError as error:
            raise BackendError(f"cannot cancel the run with the key '{job}' now: {error}") from error

    def _inner(self, run: Run, node: int) -> Inner:
        plan = self._engine.ledger.with_plan(run).plan
        return plan.inners[plan.steps[node].inner]

    def _start(self, run: Run, inner: Inner, states: Sequence[KeptState]) -> Launched:
        def check(there: Run) -> None:
            if there.key != run.key:  # somebody has started a run with the name of this job
                raise UsageError(f"the id '{run.id}' is taken by another run")

        try:
            there = self._engine.start(run, inner.plan, check, states)
        except StoreShortError:  # of the whole transaction
            raise
        except OrchestratorError as error:
            if not error.retryable:
                raise LaunchRefusedError(str(error), cause="refused") from error
            raise BackendError(f"cannot open run '{run.id}' now: {error}") from error
        self._opened(there.key)
        return Launched(there.key)

    def _child(self, request: JobRequest, inner: Inner) -> Run:
        """The child as it would start now. Raises LaunchRefusedError if its params do not fit its graph."""
        parent, given = request.run, request.spec.get("params")
        try:
            now = datetime.fromtimestamp(self._began(parent), zones.zone(parent.time_zone))
            params = self._resolve(inner.params, given if isinstance(given, dict) else {}, now)
        except UsageError as error:
            raise LaunchRefusedError(f"graph '{inner.plan.graph}': {error}", cause="params") from error
        key = run_key(request.name)
        folder = None if parent.folder is None else os.path.normpath(os.path.join(parent.folder, inner.folder))
        return Run(
            request.name,
            key,
            inner.plan.graph,
            inner.plan.version,
            params,
            self._engine.ledger.clock(),
            folder=folder,
            time_zone=parent.time_zone,
            seal=_sealed(parent.seal, key),
            deployment=parent.deployment,
            file=inner.file,
            parent=JobRef(parent.key, request.node, request.attempt).text,
            root=parent.root or parent.id,
        )

    def _began(self, run: Run) -> float:
        """When the run started that somebody started: ``today`` is the same in all runs inside it."""
        while run.parent is not None:
            run = self._engine.ledger.known(_parent(run).run).run
        return run.started_at

    def _again(self, request: JobRequest, run: Run, inner: Inner) -> tuple[Run, Sequence[KeptState]]:
        """A further attempt keeps the steps of the last one that need not run again, as a rerun does."""
        store = self._engine.ledger.store
        if request.attempt == 1:
            return run, ()
        past = store.load(request.run.key, (request.node,), ()).state(request.node).past
        last = next((attempt.job for attempt in reversed(past) if attempt.job is not None), None)
        before = store.get_run(last) if last is not None else None
        if before is None or (before.version, before.params) != (run.version, run.params):
            return run, ()
        view = store.load_all(before.key)
        good = worth_keeping(inner.plan, {node: state.status for node, state in view.states.items()})
        if not good:
            return run, ()
        run = replace(run, kept=kept.letters(inner.plan, good), rerun_of=before.id, family=before.first)
        return run, [(node, kept.as_kept(view.state(node))) for node in sorted(good)]

    def _succeeded(self, run: Run, at: float) -> JobEnd:
        ledger, ref = self._engine.ledger, _parent(run)
        inner, execution = self._inner(ledger.known(ref.run).run, ref.node), ledger.with_plan(run)
        try:
            outputs = dict(render(ledger.store, ledger.facts, execution, inner.outputs))
        except ExpressionError as error:
            said = f"the outputs of graph '{run.graph}' cannot be computed: {error}"
            return JobEnd(Outcome.FAILED, at, error=said, cause="expression", permanent=True)
        return JobEnd(Outcome.SUCCEEDED, at, outputs, live=self._lives_on(execution))

    def _lives_on(self, execution: Execution) -> bool:
        """Whether a streaming job of it is still running: then it is cancelled with the parent, although it ended."""
        plan = execution.plan
        if not any(step.work.spec.get("streaming") for step in whole(plan)):
            return False
        view = self._engine.ledger.store.load_all(execution.run.key, outputs=False)
        return any(state.live for state in view.states.values())

    def _failed(self, run: Run, at: float) -> JobEnd:
        """The end of a child that failed: because of which steps, and of one what it said."""
        ledger = self._engine.ledger
        plan, causes = ledger.with_plan(run).plan, set(run.failed.values())
        cause = causes.pop() if len(causes) == 1 else STEPS
        named = [name for name in run.failed if name in plan.numbers]
        if len(named) != 1:
            which = listed((f"{name} ({why})" if why else name for name, why in run.failed.items()), "and")
            return JobEnd(Outcome.FAILED, at, error=f"these steps failed: {which}", cause=cause or STEPS)
        node = plan.numbers[named[0]]
        error = ledger.store.load(run.key, (node,), ()).state(node).error
        said = f"step '{named[0]}' failed" + (f": {error}" if error else "")
        return JobEnd(Outcome.FAILED, at, error=said, cause=cause or STEPS)


def _parent(run: Run) -> JobRef:
    """The attempt that a child is the job of. Raises BackendError if the run is no child."""
    if run.parent is None:
        raise BackendError(f"run '{run.id}' is not the job of a step")
    return ref_in(run.parent)


def _sealed(seal: str, key: str) -> str:
    """The seal of a child: a secret too, and the same whoever opens it."""
    return hmac.digest(seal.encode(), key.encode(), "sha256").hex()[:32] if seal else ""
