"""Launching, exactly once: claim, then launch, then record; what may have been launched is looked for first."""

from dataclasses import dataclass, replace

from orchestrator.core.messages import Launch
from orchestrator.core.model import (
    JobEnded,
    JobLaunched,
    LaunchClaimed,
    LaunchUnsent,
    Outcome,
    Run,
    Status,
    StepSettled,
    StepState,
)
from orchestrator.core.names import JobRef, job_name
from orchestrator.core.plan import Plan
from orchestrator.core.steps import NO_JOB
from orchestrator.definition.expressions import ExpressionError
from orchestrator.engine.checking import ended
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.rendering import holds, render
from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError
from orchestrator.ports import JobOver, JobRequest
from orchestrator.terminal import without_codes


def launch(ledger: Ledger, run: Run, plan: Plan, effect: Launch) -> None:
    """Launch an attempt, adopt its job if it was launched before, or end the step if there is nothing to launch."""
    node, step = effect.node, plan.steps[effect.node]
    work = ledger.work(step)
    try:
        if (
            step.when is not None
            and effect.attempt == 1
            and not holds(ledger.store, ledger.facts, run, plan, step.when)
        ):
            return ledger.handle(run, plan, node, StepSettled(Status.SKIPPED, ledger.clock(), cause="when"))
        if work.kind == NO_JOB:
            return ledger.handle(run, plan, node, StepSettled(Status.SUCCEEDED, ledger.clock()))
        spec = render(ledger.store, ledger.facts, run, plan, work.spec)
    except ExpressionError as error:
        return _refuse(ledger, run, plan, effect, str(error), "expression")
    claim = _claim(ledger, run, plan, effect)
    if claim is None:
        return ledger.roll_forward(run, plan, node)
    begun = ledger.clock()
    request = JobRequest(run, node, step.name, effect.attempt, claim.job_name, work.kind, spec, step.job_name)
    try:
        backend = ledger.backend(work.kind)
        found = None if claim.new else backend.find(request)
        if found is None and claim.abandoned:
            return ledger.handle(run, plan, node, JobEnded(effect.attempt, Outcome.CANCELLED, begun))
        job = found or backend.launch(request)
    except LaunchRefusedError as error:
        return ledger.handle(run, plan, node, _hopeless(effect, str(error), error.cause, ledger.clock()))
    except AmbiguousLaunchError:
        raise  # it may have been sent: the claim protects it until the lease runs out
    except BackendError:
        if ledger.launch_lease:
            ledger.commit(run, plan, node, LaunchUnsent(effect.attempt, claim.at, ledger.clock()))
        raise
    if isinstance(job, JobOver):
        state = StepState(Status.LAUNCHING, effect.attempt, started_at=begun)
        return ledger.handle(run, plan, node, ended(step, state, job, ledger.clock_skew))
    return ledger.handle(run, plan, node, JobLaunched(effect.attempt, job.job, ledger.clock(), job.due))


@dataclass(frozen=True, slots=True)
class _Claim:
    """An attempt that may be launched now, as ``job_name``. ``new``: nobody can have launched it before.

    ``at``: when this call claimed it, or took its claim over. ``abandoned``: the step was cancelled, and nobody else
    can be launching it, so without a job it has ended.
    """

    job_name: str
    new: bool
    at: float
    abandoned: bool = False


def _claim(ledger: Ledger, run: Run, plan: Plan, effect: Launch) -> _Claim | None:
    """The claim of the attempt: this call's, or the one that was there; None if it comes too late.

    The name is the recorded one: what an earlier version of this program, or another prefix, launched is found by it.
    Raises BackendError while the claim of another delivery is fresh.
    """
    event = LaunchClaimed(effect.attempt, _name(ledger, run, plan, effect), ledger.clock())
    commit = ledger.commit(run, plan, effect.node, event)
    if commit.applied:
        return _Claim(event.job_name, new=True, at=event.at)
    state = commit.state
    if state.status is not Status.LAUNCHING or state.attempt != effect.attempt:
        return None
    claim = _Claim(state.job_name or event.job_name, new=False, at=event.at)
    if ledger.launch_lease:
        fresh = state.due is None and event.at < (state.claimed_at or 0.0) + ledger.launch_lease
        # Of those who find that the lease ran out, one begins it anew: two of them might launch two jobs.
        anew = replace(event, job_name=claim.job_name, over=state.claimed_at)
        if fresh or not ledger.commit(run, plan, effect.node, anew).applied:
            raise BackendError(f"another delivery claimed {claim.job_name} and may be launching it: try again later")
    alone = ledger.alone or ledger.launch_lease > 0
    return replace(claim, abandoned=alone and state.stop is not None)


def _refuse(ledger: Ledger, run: Run, plan: Plan, effect: Launch, error: str, cause: str) -> None:
    """The attempt cannot be launched, now or ever: it fails, and its step with it."""
    if _claim(ledger, run, plan, effect) is None:
        return ledger.roll_forward(run, plan, effect.node)
    return ledger.handle(run, plan, effect.node, _hopeless(effect, error, cause, ledger.clock()))


def _hopeless(effect: Launch, error: str, cause: str, at: float) -> JobEnded:
    return JobEnded(effect.attempt, Outcome.FAILED, at, error=without_codes(error), cause=cause, hopeless=True)


def _name(ledger: Ledger, run: Run, plan: Plan, effect: Launch) -> str:
    step = plan.steps[effect.node]
    return job_name(step.job_name or step.name, JobRef(run.key, effect.node, effect.attempt), ledger.job_prefix)
