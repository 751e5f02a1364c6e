"""Steps whose job is a run of its own. The engine itself is the backend of these jobs, and nothing else knows of them.

The id of such a run, a *child*, is the name of the job that it is. So it is opened once, however often it is launched;
it ends by its own join, and then tells its parent's step to look (``Engine``); docs/adr/0024-a-run-is-a-job.md.
"""

import hmac
import os.path
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from orchestrator.core import kept_steps
from orchestrator.core.inner_graphs import has_deadlines, whole
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.joins import join_at
from orchestrator.core.limits import limits_set, with_limits
from orchestrator.core.mapped import MAX_ITEMS, plan_of
from orchestrator.core.model import PENDING, Run, RunStatus, Status, Stop
from orchestrator.core.names import JobRef, ref_in, run_key
from orchestrator.core.param import Param
from orchestrator.core.plan import Inner, Role
from orchestrator.core.rerun import worth_keeping
from orchestrator.core.rerun_inside import Selection, paths
from orchestrator.core.steps import Json, Step
from orchestrator.engine import Engine
from orchestrator.engine.deadlines import inherited
from orchestrator.engine.execution import Execution
from orchestrator.engine.rendering import ITEMS, render
from orchestrator.engine.runs_inside import STEP_ENDED
from orchestrator.errors import BackendError, LaunchRefusedError, OrchestratorError, StoreShortError, UsageError
from orchestrator.expressions import ExpressionError, zones
from orchestrator.ports import JobRequest, JobRunning, JobStatus, KeptState, Launched
from orchestrator.text import listed, shown

#: The params of a run, from those that were given and the time that ``today`` means. Raises UsageError.
Resolve = Callable[[Sequence[Param], Mapping[str, object], datetime], Mapping[str, Json]]

#: The key of a mapped step's spec that has the list.
OVER = "over"

#: Why a step fails inside which only some steps were to run again.
_CHANGED = (
    "only {} was to run again, but the list or the params of this step are no longer what they were: "
    "rerun the step as a whole"
)

#: The ``cause`` of a step whose run failed for several reasons.
STEPS = "steps"


class RunBackend:
    """Jobs of the kinds ``graph`` and ``map``. A job's id is the key of its run.

    ``opened`` is called with each key that is launched.
    """

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
        if run.mapped is not None and run.status is not RunStatus.CANCELLED:
            return self._mapped(run, run.mapped, at)
        match run.status:
            case RunStatus.SUCCEEDED:
                return self._succeeded(run, at)
            case RunStatus.CANCELLED:
                return JobEnd(Outcome.CANCELLED, at, error=self._why_cancelled(run))
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
        parent = request.run
        items = items_of(request) if OVER in request.spec else None
        params = {ITEMS: items} if items is not None else self._params(request, inner)
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
            mapped=len(items) if items is not None else None,
            max_parallel=_parallel(request.spec),
            notify=inherited(parent) if has_deadlines(inner.plan) else {},
            moments=parent.moments if has_deadlines(inner.plan) else {},
        )

    def _params(self, request: JobRequest, inner: Inner) -> Mapping[str, Json]:
        given, run = request.spec.get("params"), request.run
        try:
            now = datetime.fromtimestamp(self._began(run), zones.zone(run.time_zone))
            return self._resolve(inner.params, given if isinstance(given, dict) else {}, now)
        except UsageError as error:
            raise LaunchRefusedError(f"graph '{inner.plan.graph}': {error}", cause="params") from error

    def _began(self, run: Run) -> float:
        """When the run started that somebody started: ``today`` is the same in all runs inside it."""
        while run.parent is not None:
            run = self._engine.ledger.known(_parent(run).run).run
        return run.started_at

    def _again(self, request: JobRequest, run: Run, inner: Inner) -> tuple[Run, Sequence[KeptState]]:
        """A further attempt keeps the steps of the last one that need not run again, as a rerun does.

        Raises LaunchRefusedError if only some steps were to run again, and would do something else than before.
        """
        store, wanted = self._engine.ledger.store, self._wanted(request)
        before = self._earlier(request, wanted)
        if before is None or (before.version, before.params) != (run.version, run.params):
            if wanted.names:
                raise LaunchRefusedError(_CHANGED.format(listed(wanted.names, "and")), cause="refused")
            return run, ()
        view = store.load_all(before.key)
        plan = plan_of(inner.plan, run)
        good = worth_keeping(plan, {node: state.status for node, state in view.states.items()}, wanted)
        run = replace(run, kept=kept_steps.letters(plan, good), rerun_of=before.id, family=before.first)
        run = replace(run, inside=paths(wanted.names), inside_only=bool(wanted.only))
        return run, [(node, kept_steps.as_kept(view.state(node))) for node in sorted(good)]

    def _wanted(self, request: JobRequest) -> Selection:
        """What was named inside the step when its run was rerun. Further attempts run again what did not succeed."""
        run = request.run
        named = Selection(only=run.inside) if run.inside_only else Selection(start=run.inside)
        return named.inside(request.step) if request.attempt == 1 else Selection()

    def _earlier(self, request: JobRequest, wanted: Selection) -> Run | None:
        """The run that was the job of the last attempt, in this run or in the one that this run goes on with."""
        store, run = self._engine.ledger.store, request.run
        if request.attempt > 1:
            past = store.load(run.key, (request.node,), ()).state(request.node).past
            last = next((attempt.job for attempt in reversed(past) if attempt.job is not None), None)
        else:
            last = self._before(run, request.node, wanted) if run.kept and run.rerun_of is not None else None
        return store.get_run(last) if last is not None else None

    def _before(self, run: Run, node: int, wanted: Selection) -> str | None:
        """The job of a step in the run that is rerun, if it failed, or something inside it is to run again; and if all
        that it depends on is as it was then.
        """
        ledger = self._engine.ledger
        earlier = ledger.store.find_run(run.rerun_of or "")
        plan = ledger.with_plan(run).plan
        step = plan.steps[node]
        same = all(plan.nodes[plan.numbers[name]].role is Role.KEPT for name in step.after)
        if earlier is None or not same or earlier.params != ledger.known(run.key).run.params:
            return None
        number = ledger.with_plan(earlier).plan.numbers.get(step.name)
        state = ledger.store.load(earlier.key, (number,), ()).state(number) if number is not None else PENDING
        return state.job if wanted.names or state.status in (Status.FAILED, Status.CANCELLED) else None

    def _mapped(self, run: Run, items: int, at: float) -> JobEnd:
        """The end of a run over many items: how they ended is counted at the run's own end."""
        ledger, ref = self._engine.ledger, _parent(run)
        execution = ledger.with_plan(run)
        step = ledger.known(ref.run).plan.steps[ref.node]
        ended = join_at(execution.plan, execution.plan.end, ledger.join(execution, execution.plan.end)).ended
        bad = ended.failed + ended.upstream_failed
        spec, version = self._limited(step, ref) if bad else (step.work.spec, None)
        counts: dict[str, Json] = {"count": items, "succeeded": ended.succeeded, "failed": bad}
        if bad <= tolerated(spec, items):
            return JobEnd(Outcome.SUCCEEDED, at, counts, live=self._lives_on(execution), limits=version)
        states = ledger.store.load_all(run.key, outputs=False).states.values()
        causes = Counter(one.cause or STEPS for one in states if one.status in (Status.FAILED, Status.CANCELLED))
        told = ", ".join(f"{number:,} {cause}" for cause, number in causes.most_common())
        said = f"{bad:,} of {items:,} items failed: {told}"
        cause = next(iter(causes)) if len(causes) == 1 else STEPS
        return JobEnd(Outcome.FAILED, at, error=said, cause=cause, limits=version)

    def _limited(self, step: Step, ref: JobRef) -> tuple[Mapping[str, Json], int]:
        """The spec of a map with the limits that people have set, and their version."""
        state = self._engine.ledger.store.load(ref.run, (ref.node,), ()).state(ref.node)
        given = limits_set(state)
        return with_limits(step.work.spec, given), given.version

    def _succeeded(self, run: Run, at: float) -> JobEnd:
        ledger, ref = self._engine.ledger, _parent(run)
        inner, execution = self._inner(ledger.known(ref.run).run, ref.node), ledger.with_plan(run)
        try:
            outputs = dict(render(ledger.store, ledger.facts, execution, inner.outputs))
        except ExpressionError as error:
            said = f"the outputs of graph '{run.graph}' cannot be computed: {error}"
            return JobEnd(Outcome.FAILED, at, error=said, cause="expression", permanent=True)
        return JobEnd(Outcome.SUCCEEDED, at, outputs, live=self._lives_on(execution))

    def _why_cancelled(self, run: Run) -> str | None:
        """Who cancelled a child, when and why; None if it was cancelled because its step was, which says so itself."""
        ref = _parent(run)
        state = self._engine.ledger.store.load(ref.run, (ref.node,), ()).state(ref.node)
        return None if run.stop is None or state.stop is not None else f"the run inside was cancelled {_told(run.stop)}"

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
        state = ledger.store.load(run.key, (node,), ()).state(node)
        said = f"step '{named[0]}' failed" + (f": {state.error}" if state.error else "")
        if state.status is Status.CANCELLED and state.stop is not None:
            said = f"step '{named[0]}' was cancelled {_told(state.stop)}"
        return JobEnd(Outcome.FAILED, at, error=said, cause=cause or STEPS)


def _told(stop: Stop) -> str:
    """``by ann at 2026-11-23 12:03:04 UTC: wrong input``."""
    by = f"by {stop.by} " if stop.by else ""
    at = datetime.fromtimestamp(stop.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{by}at {at}" + (f": {stop.why}" if stop.why else "")


def items_of(request: JobRequest) -> list[Json]:
    """The list over which a step is mapped. Raises LaunchRefusedError."""
    found = request.spec[OVER]
    if not isinstance(found, list):
        raise LaunchRefusedError(f"map: expected a list, got {shown(found)}", cause="map")
    if len(found) > MAX_ITEMS:
        raise LaunchRefusedError(
            f"map: expected at most {MAX_ITEMS:,} items, got {len(found):,}: map over parts of the list", cause="map"
        )
    return found


def tolerated(spec: Mapping[str, Json], items: int) -> int:
    """How many items may fail: ``tolerate`` is a number, or a share such as ``5%``."""
    tolerate = spec.get("tolerate") or 0
    if isinstance(tolerate, str):
        return int(float(tolerate.rstrip("%")) / 100 * items + 1e-9)
    return int(tolerate) if isinstance(tolerate, int | float) else 0


def _parallel(spec: Mapping[str, Json]) -> int | None:
    """How many items of a mapped step may be at work at once, if it says so."""
    most = spec.get("max_parallel")
    return most if isinstance(most, int) else None


def _parent(run: Run) -> JobRef:
    """The attempt that a child is the job of. Raises BackendError if the run is no child."""
    if run.parent is None:
        raise BackendError(f"run '{run.id}' is not the job of a step")
    return ref_in(run.parent)


def _sealed(seal: str, key: str) -> str:
    """The seal of a child: a secret too, and the same whoever opens it."""
    return hmac.digest(seal.encode(), key.encode(), "sha256").hex()[:32] if seal else ""
