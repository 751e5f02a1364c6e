"""The runs that are the jobs of steps: what failed inside them, and why a step has none. Pure."""

from collections.abc import Iterator

from orchestrator.core.kinds import kind_of
from orchestrator.core.limits import limits_set
from orchestrator.core.model import MARKED, Status, StepState
from orchestrator.core.steps import Step
from orchestrator.engine.runs_inside import child_key
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import status_word
from orchestrator.reporting.times import with_clock
from orchestrator.system.terminal import one_line


def told(found: Found) -> list[int]:
    """The steps that get a line of their own: they failed, their jobs were stopped, or they made the run fail."""
    states = map(found.view.state, range(len(found.plan.steps)))
    return [
        node
        for node, state in enumerate(states)
        if state.status in (Status.FAILED, Status.NEEDS_ATTENTION)
        or (state.status is Status.CANCELLED and state.attempt > 0)
        or found.plan.steps[node].name in found.run.failed
    ]


def told_inside(found: Found, node: int, above: str = "") -> Iterator[tuple[str, Found, int]]:
    """The same of the run that is the job of a step, at any depth; of a step that is a run itself, those inside it.

    Each with its name as commands take it (``load/count``, ``per-file/17``), the run that has it, and its number there.
    """
    inner, path = found.inside.get(node), f"{above}{_short(found, node)}"
    for number in told(inner) if inner is not None else ():
        assert inner is not None
        deeper = list(told_inside(inner, number, f"{path}/"))
        yield from deeper or [(f"{path}/{_short(inner, number)}", inner, number)]


def _short(inner: Found, number: int) -> str:
    """The name of a step, or the number of an item."""
    return inner.plan.steps[number].name if inner.run.mapped is None else str(number)


def tolerated(step: Step, state: StepState) -> str:
    """``1 of 3 items failed, tolerated``, of a step with ``map`` that succeeded although items failed; else empty.

    The counts are in its outputs.
    """
    counts = state.outputs or {}
    count, failed = counts.get("count"), counts.get("failed")
    if state.status is not Status.SUCCEEDED or state.cause == MARKED or not kind_of(step.work).maps:
        return ""
    if not isinstance(count, int) or not isinstance(failed, int) or not failed:
        return ""
    return f"{failed:,} of {count:,} items failed, tolerated"


def may_tolerate(step: Step, state: StepState) -> bool:
    """Whether ``tolerated`` may have something to say, once the step's outputs are known."""
    return state.status is Status.SUCCEEDED and bool(step.work.spec.get("tolerate") or limits_set(state).tolerate)


def how_to_name(step: Step) -> str:
    """How to name what is inside a step that is a run."""
    return (
        f"name an item, as {step.name}/0" if kind_of(step.work).maps else f"name a step inside it, as {step.name}/STEP"
    )


def has_no_run(state: StepState, quoted: bool = True) -> str:
    """``has no run: …``, of a step whose job would be a run that is not there. ``quoted``: with the step's error."""
    if child_key(state) is not None and not state.status.active:
        return "has no run any more: the record of it is gone"
    if not state.status.final and (state.status.active or not state.attempt):
        return "has no run yet: it has not started"
    if not state.attempt:
        return f"has no run: its status is {status_word(state.status)}"
    error = f": {one_line(with_clock(state.error))}" if quoted and state.error else ""
    return f"has no run: it {_VERBS.get(state.status, 'failed')} before its run began{error}"


_VERBS = {Status.SKIPPED: "was skipped", Status.CANCELLED: "was cancelled", Status.SUCCEEDED: "succeeded"}
