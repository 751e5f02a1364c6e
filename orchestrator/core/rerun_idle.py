"""Which steps of a rerun are to run again and will not, or at once, because of what is kept. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestrator.core.joins import arrival, met_by, needed
from orchestrator.core.model import Status, StepState
from orchestrator.core.plan import Plan
from orchestrator.core.rerun import NAMED, Choice, kept_before
from orchestrator.core.rules import NOBODY, Join, Verdict, verdict

_BROKEN = frozenset({Status.FAILED, Status.CANCELLED, Status.UPSTREAM_FAILED})


@dataclass(frozen=True, slots=True)
class Idle:
    """How a step will end without running, and the kept step because of which."""

    status: Status
    because_of: str


def idle(plan: Plan, choices: Collection[Choice]) -> dict[str, Idle]:
    """The steps of ``plan``, the plan of the graph, that will not run though they are chosen to; by name.

    Those that would be skipped are left out, as they were skipped before, unless the user has named them.
    """
    chosen = {choice.step: choice for choice in choices}
    found: dict[str, Idle] = {}
    for number in plan.topological:
        step = plan.steps[number]
        if not chosen[step.name].again:
            continue
        before = {name: status for name in step.after if (status := _known(chosen[name], found)) is not None}
        ended = sum((arrival(StepState(status)) for status in before.values()), NOBODY)
        said = verdict(step.trigger, Join(len(step.after) - len(before), ended, needed(plan, number)))
        if said is Verdict.UPSTREAM_FAILED:
            cause = next((name for name, status in before.items() if status in _BROKEN), next(iter(before)))
            found[step.name] = Idle(Status.UPSTREAM_FAILED, found[cause].because_of if cause in found else cause)
        elif said is Verdict.SKIP and chosen[step.name].why.startswith(NAMED):
            found[step.name] = Idle(Status.SKIPPED, next(iter(before)))
    return found


def hasty(plan: Plan, choices: Collection[Choice]) -> dict[str, list[str]]:
    """The steps that run again and begin at once, because enough before them is kept; and what they do not wait for."""
    chosen, found = {choice.step: choice for choice in choices}, dict[str, list[str]]()
    for step in plan.steps:
        kept = kept_before(step, chosen)
        if chosen[step.name].again and kept and met_by(step, kept):
            found[step.name] = [name for name in step.after if chosen[name].again]
    return found


def _known(before: Choice, found: Mapping[str, Idle]) -> Status | None:
    """How a step ends, as far as that is known before the rerun."""
    if before.again:
        return found[before.step].status if before.step in found else None
    return before.status
