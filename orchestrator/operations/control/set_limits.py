"""Sets limits of a map, or of a run, while it runs, and says what became of it."""

from collections.abc import Iterator

from orchestrator.core.control import Limits
from orchestrator.core.events import LimitsSet
from orchestrator.core.kinds import kind_of
from orchestrator.core.limits import is_unlimited, limits_at
from orchestrator.core.model import PENDING, Status, StepState
from orchestrator.errors import UsageError
from orchestrator.operations import tokens
from orchestrator.operations.control.arguments import reason
from orchestrator.operations.find_step import find_step, too_late
from orchestrator.operations.requests import Apply, Done, Person, SetAsked
from orchestrator.reporting.found import Found
from orchestrator.reporting.limits import told
from orchestrator.reporting.phrases import done_by, status_word, stopped


class NoSuchLimitError(UsageError):
    """What is to be set has no such limit."""

    http_status = 409


def set_limits(asked: SetAsked, found: Found, person: Person, apply: Apply) -> Done:
    """Set limits of a map or of the run. If they are so already, change nothing.

    Raises NotFoundError, ChangedError, or NoSuchLimitError with all that is wrong.
    """
    node = found.plan.end if asked.step is None else find_step(found.plan, asked.step)
    if ended := too_late("set", found):
        return Done(refused=(ended,))
    if wrong := list(_wrong(asked, found, node)):
        raise NoSuchLimitError("\n".join(wrong))
    unchanged = tokens.check(found, () if asked.step is None else {node}, asked.if_match)
    event = LimitsSet(person.at, person.name, reason(asked.why), asked.max_parallel, asked.tolerate)
    commit = apply(found, event, {node}, unchanged).get(node)
    state = commit.state if commit is not None else found.view.states.get(node, PENDING)
    name = f"run {found.called}" + ("" if asked.step is None else f": {found.plan.steps[node].name}")
    limits = limits_at(found.plan, node, state) or Limits()
    if commit is not None and commit.applied:
        assert state.control is not None
        return Done((f"{name}: {state.control.acts[-1].what}", *_then(asked, found, node, state)), changed=True)
    if commit is not None and _has(limits, asked):
        return Done((f"{name} has {' and '.join(told(limits))}: there is nothing to change",))
    return Done(refused=(f"{name}: its limits cannot be set: {_why_not(asked, found, state, limits)}",))


def _wrong(asked: SetAsked, found: Found, node: int) -> Iterator[str]:
    """What has no limit that is to be set."""
    if node != found.plan.end:
        step = found.plan.steps[node]
        kind = kind_of(step.work)
        if not kind.maps:
            inside = f"{found.called}/{step.name}"
            hint = f": to limit the run inside it, name that: {inside}" if kind.runs else ""
            yield f"step '{step.name}' is not a map, so it has neither max_parallel nor tolerate{hint}"
        return
    if found.run.mapped is not None:
        yield f"run '{found.called}' is the job of a map: name the run outside, and the step"
        return
    if asked.tolerate is not None:
        yield "tolerate: a run has none: name the step with 'map' that tolerates failures of its items"
    if asked.max_parallel is not None and found.plan.max_parallel is None:
        yield (
            f"max_parallel: run '{found.called}' began without one, so nobody counts what is at work: hold steps with "
            "'orchestrator hold', and write max_parallel into the graph for later runs"
        )


def _has(limits: Limits, asked: SetAsked) -> bool:
    most, tolerate = asked.max_parallel, asked.tolerate
    return most in (None, limits.max_parallel) and tolerate in (None, limits.tolerate)


def _then(asked: SetAsked, found: Found, node: int, state: StepState) -> Iterator[str]:
    """What follows from what was set."""
    if asked.step is not None and not state.status.active:
        retried = f": orchestrator retry {found.called} {asked.step}{found.flag}"
        attention = state.status is Status.NEEDS_ATTENTION
        when = "from the next attempt on" if state.attempt else "as soon as the step begins"
        yield f"it counts {when}{retried if attention else ''}"
    elif asked.max_parallel is not None:
        before = limits_at(found.plan, node, found.view.state(node))
        if before is not None and before.max_parallel is not None and asked.max_parallel > before.max_parallel:
            yield f"what waits for that begins at once, as long as fewer than {asked.max_parallel} are at work"
        else:
            yield f"what is at work goes on; no other begins unless fewer than {asked.max_parallel} are"


def _why_not(asked: SetAsked, found: Found, state: StepState, limits: Limits) -> str:
    if state.stop is not None and not state.status.final:
        return f"it was {done_by(state.stop)} {stopped(state.stop)}"
    if state.status is Status.FAILED:
        commanded = found.home is not None or found.url is not None
        mend = f": when the run has ended, {found.rerun} runs again what failed" if commanded else ""
        return f"it has ended ({status_word(state.status)}){mend}"
    if state.status.final:
        return f"it has ended ({status_word(state.status)})"
    if asked.max_parallel is not None and is_unlimited(limits, state):
        item = f"'orchestrator hold {found.called}/{asked.step} --why TEXT' keeps items from beginning"
        return f"its items began without max_parallel, so nobody counts those at work: {item}"
    return "it has changed meanwhile"
