"""Launches an attempt exactly once: claim, launch, record. A job that may exist already is looked up first."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from orchestrator.core.events import JobEnded, JobLaunched, StepSettled
from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.limits import with_limits
from orchestrator.core.machine import MAX_LOST
from orchestrator.core.messages import Launch
from orchestrator.core.model import EMPTY, Status, StepState
from orchestrator.core.retries import QUOTA
from orchestrator.core.steps import NO_JOB, Json, OnFailure, Work
from orchestrator.engine.checking import ended
from orchestrator.engine.claiming import Claim, claimed
from orchestrator.engine.duplicate_jobs import cancel_others, check_later, discard_others
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.rendering import holds, params_of, render
from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError, QuotaError
from orchestrator.expressions import ExpressionError, are_in
from orchestrator.ports import JobBackend, JobRequest, Launched
from orchestrator.system.terminal import shown
from orchestrator.text import cut


def launch(ledger: Ledger, execution: Execution, effect: Launch) -> None:
    """Launch an attempt, adopt its job if it was launched before, or end the step if there is nothing to launch."""
    node, step = effect.node, execution.plan.steps[effect.node]
    work, wanted = ledger.work(step), True
    try:
        asks = effect.attempt == 1 or step.on_failure is OnFailure.HOLD  # there its ``when`` may have failed
        if step.when is not None and asks:
            with ledger.apart():
                wanted = holds(ledger.store, ledger.facts, execution, step.when, node)
        if not wanted:
            return ledger.handle(execution, node, StepSettled(Status.SKIPPED, ledger.clock(), "when", effect.attempt))
        if work.kind == NO_JOB:
            return ledger.handle(execution, node, StepSettled(Status.SUCCEEDED, ledger.clock(), None, effect.attempt))
        spec = work.spec
        if step.pool is not None and step.pool not in ledger.pools:
            return _refuse(ledger, execution, effect, f"no pool is called '{step.pool}' here", "refused")
        spec = _rendered(ledger, execution, spec, node) if are_in(spec) else spec
    except ExpressionError as error:
        return _refuse(ledger, execution, effect, str(error), "expression")
    if step.inner and spec.get("over") == []:
        return ledger.handle(execution, node, StepSettled(Status.SKIPPED, ledger.clock(), EMPTY, effect.attempt))
    claim = claimed(ledger, execution, effect)
    if isinstance(claim, StepState):
        return _too_late(ledger, execution, effect, Work(work.kind, spec), claim)
    if claim is None:
        return None  # it waits for a place
    if claim.control is not None and claim.control.limits is not None:
        spec = with_limits(spec, claim.control.limits)
    run = execution.run
    request = JobRequest(
        run if execution.outer is None else replace(run, params=params_of(execution, node)),
        node,
        step.name,
        effect.attempt,
        claim.job_name,
        work.kind,
        spec,
        step.job_name,
        fence=claim.confirm,
    )
    try:
        return _launch(ledger, claim, request, ledger.backend(work.kind))
    except LaunchRefusedError as error:
        claim.must_be_mine()
        _end(claim, _permanent(claim, str(error), error.cause))
        return check_later(ledger, execution, effect)


def _too_late(ledger: Ledger, execution: Execution, effect: Launch, work: Work, state: StepState) -> None:
    """Pay what the step owes in ``state``, in which the attempt has ended or has a job, and stop any other job."""
    ledger.roll_forward(execution, effect.node)
    found = discard_others(ledger, execution, effect, work, state)
    if not found and _may_have_left_one(state, effect.attempt):
        check_later(ledger, execution, effect)  # whoever ended it may have died before it did this


def _rendered(ledger: Ledger, execution: Execution, spec: Mapping[str, Json], node: int) -> Mapping[str, Json]:
    with ledger.apart():
        return render(ledger.store, ledger.facts, execution, spec, node)


def _may_have_left_one(state: StepState, attempt: int) -> bool:
    """Whether, for all the state says, the attempt ended during its launch: a refused launch may still have run."""
    return state.attempt > attempt or (state.attempt == attempt and state.job is None and not state.status.active)


def _launch(ledger: Ledger, claim: Claim, request: JobRequest, backend: JobBackend) -> None:
    """Find the attempt's job, or launch it, and record it. Raises LaunchRefusedError, BackendError."""
    execution, node, attempt, begun = claim.execution, request.node, request.attempt, ledger.clock()
    job: Launched | JobEnd | None
    sent = False
    try:
        job = None if claim.new else backend.find(request)
        if job is None and claim.abandoned:
            _end(claim, JobEnd(Outcome.CANCELLED, begun))
            return check_later(ledger, execution, claim.effect)  # the list may have missed a job launched before
        if job is None and claim.lost >= MAX_LOST:
            _end(claim, _worn(claim, begun))
            return check_later(ledger, execution, claim.effect)
        if job is None:
            claim.must_be_mine()
            job, sent = backend.launch(request), True
    except AmbiguousLaunchError:
        claim.unanswered()
        raise  # it may have been sent, so the claim stays valid until the lease expires
    except QuotaError as error:
        said, why = shown(cut(str(error))), Interruption.QUOTA
        _end(claim, JobEnd(Outcome.INTERRUPTED, ledger.clock(), error=said, cause=QUOTA, interruption=why))
        return None if claim.new else check_later(ledger, execution, claim.effect)
    except BackendError:
        claim.unsent()
        raise
    if isinstance(job, JobEnd):
        state = StepState(Status.LAUNCHING, attempt, started_at=begun)
        over = ended(execution.plan.steps[node], state, job, skew=0.0)  # start and end are from the same clock
        return _end(claim, over.end, over.doubt)
    commit = ledger.commit(execution, node, JobLaunched(attempt, job.job, ledger.clock(), job.due))
    if ledger.launch_lease:
        try:
            cancel_others(backend, request, commit.state, job)
        except BackendError:
            check_later(ledger, execution, claim.effect)  # the caller may have given up, and may not deliver this again
            raise
        if sent and not commit.applied:  # this launch was too late, and its job may become visible even later
            check_later(ledger, execution, claim.effect)
    return ledger.follow(execution, node, commit)


def _end(claim: Claim, end: JobEnd, doubt: float = inf) -> None:
    """End an attempt during its launch. Raises BackendError, for a redelivery, if another delivery is launching it."""
    ledger, execution, node = claim.ledger, claim.execution, claim.effect.node
    event = JobEnded(claim.effect.attempt, end, claimed_at=claim.at, doubt=doubt)
    commit = ledger.commit(execution, node, event)
    if not commit.applied and commit.state.status is Status.LAUNCHING and commit.state.attempt == event.attempt:
        raise BackendError(f"another delivery claimed {claim.job_name} and may be launching it: try again later")
    ledger.follow(execution, node, commit)


def _refuse(ledger: Ledger, execution: Execution, effect: Launch, error: str, cause: str) -> None:
    """Fail an attempt that can never be launched, and its step."""
    claim = claimed(ledger, execution, effect)
    if isinstance(claim, StepState):
        return ledger.roll_forward(execution, effect.node)
    if claim is None:
        return None  # it waits for a place even to fail, since its claim may be taken over
    claim.must_be_mine()
    return _end(claim, _permanent(claim, error, cause))


def _worn(claim: Claim, at: float) -> JobEnd:
    """The failure of an attempt whose launch killed each process that tried, as a user's function can do."""
    error = f"its launch was begun {claim.lost} times, and each time its process ended, or was not heard of again"
    return JobEnd(Outcome.FAILED, at, error=error, cause="launch")


def _permanent(claim: Claim, error: str, cause: str) -> JobEnd:
    return JobEnd(Outcome.FAILED, claim.ledger.clock(), error=shown(cut(error)), cause=cause, permanent=True)
