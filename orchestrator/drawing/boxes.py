"""The text in the boxes of a picture: for one step, or for a group of steps. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from orchestrator.core.kinds import NONE, kind_of
from orchestrator.core.model import PENDING, Status, StepState
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Step
from orchestrator.drawing.picture import Box, Counts, States, plain
from orchestrator.reporting.held import held_by, hold_of
from orchestrator.reporting.inside import tolerated
from orchestrator.reporting.phrases import ORDER, attempt_of, status_word
from orchestrator.reporting.times import duration

#: A group has the colour of the first of these that one of its steps has.
_TELLING = (
    Status.NEEDS_ATTENTION,
    Status.FAILED,
    Status.UPSTREAM_FAILED,
    Status.CANCELLED,
    Status.RUNNING,
    Status.LAUNCHING,
    Status.UP_FOR_RETRY,
    Status.PENDING,
    Status.SUCCEEDED,
    Status.SKIPPED,
)

_NAMED = 2  # how many failed steps a group names
_LONGEST = 36  # characters of a name in a list
_MAX_ERROR = 400  # characters


def step_box(step: Step, states: States | None, now: float | None) -> Box:
    """The box of one step."""
    kind = _kind(step)
    if states is None:
        return Box(step.name, None, (kind,), _marks(step), _tip(step, None))
    state = states.get(step.name, PENDING)
    words = (kind, *_held(state), *_time(state, now), *_attempt(step, state), *_tolerated(step, state))
    return Box(step.name, state.status, words, _marks(step), _tip(step, state))


def group_box(place: str, steps: Sequence[Step], states: States | None) -> Box:
    """The box of several steps: how many there are, and their statuses. ``place``: the title if their names differ."""
    names = [step.name for step in steps]
    kinds, marks = {_kind(step) for step in steps}, {_marks(step) for step in steps}
    counts = count(states, steps)
    return Box(
        title=_family(names) or place,
        status=next((status for status in _TELLING if status in dict(counts)), None),
        words=(f"{len(steps):,} steps", *(kinds if len(kinds) == 1 else ())),
        marks=marks.pop() if len(marks) == 1 else (),
        tip=_some(names, 12),
        counts=counts,
        culprits=_culprits(steps, states),
    )


def count(states: States | None, steps: Iterable[Step]) -> Counts:
    """How many steps have each status, in the order of ``ORDER``, without zeros."""
    if states is None:
        return ()
    found = Counter(states.get(step.name, PENDING).status for step in steps)
    return tuple((status, found[status]) for status in ORDER if found[status])


def _family(names: Sequence[str]) -> str:
    """The common beginning of the names, as ``mProject_…``; empty if it is too short to be useful."""
    first, last = min(names), max(names)
    alike = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    cut = alike if alike == len(first) else max(first.rfind(mark, 0, alike) for mark in "_.-") + 1
    return f"{first[:cut]}…" if cut > 2 else ""


def _culprits(steps: Sequence[Step], states: States | None) -> str:
    """The names of the first steps that failed themselves, and of those that succeeded although items failed."""
    found = [(step, states.get(step.name, PENDING)) for step in steps] if states is not None else []
    failed = [step.name for step, state in found if state.status is Status.FAILED]
    partly = [step.name for step, state in found if tolerated(step, state)]
    kinds = (("failed", failed), ("items failed", partly))
    return "; ".join(f"{what}: {_some(names, _NAMED)}" for what, names in kinds if names)


def _some(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(shorten(name, _LONGEST) for name in names[:most]) + more


def shorten(name: str, most: int) -> str:
    """``name``, shortened to at most ``most`` characters. More is kept of its end, where names differ."""
    return name if len(name) <= most else f"{name[: most // 4]}…{name[most // 4 + 1 - most :]}"


def _kind(step: Step) -> str:
    kind = "no job" if kind_of(step.work) is NONE else step.work.kind
    return f"{kind} · may fail" if step.allow_failure else kind


def _marks(step: Step) -> tuple[str, ...]:
    """The conditions of a step: its trigger rule, ``teardown``, ``when``."""
    rule: tuple[str, ...] = () if step.trigger is TriggerRule.ALL_SUCCESS else (step.rule,)
    if step.teardown:
        rule = ("teardown",)
    return rule if step.when is None else (*rule, "when")


def _time(state: StepState, now: float | None) -> tuple[str, ...]:
    """How long the newest attempt took or has been running, or when the next one starts.

    ``now`` is None if no process drives the run.
    """
    if now is None and (state.status.active or state.status is Status.UP_FOR_RETRY):
        return ("interrupted",)
    if state.status is Status.UP_FOR_RETRY:
        return () if state.due is None or now is None else (f"again in {duration(state.due - now)}",)
    end = state.ended_at if state.ended_at is not None else now
    if state.started_at is None or end is None:
        return ()
    return (duration(end - state.started_at),)


def _held(state: StepState) -> tuple[str, ...]:
    return ("held",) if hold_of(state) is not None else ()


def _tolerated(step: Step, state: StepState) -> tuple[str, ...]:
    """``1 of 4 items failed``, of a step with ``map`` that succeeded nevertheless."""
    said = tolerated(step, state)
    return (said.removesuffix(", tolerated"),) if said else ()


def _attempt(step: Step, state: StepState) -> tuple[str, ...]:
    """``attempt 2 of 3``, unless there was only one."""
    if state.attempt < 2 and state.status is not Status.UP_FOR_RETRY:
        return ()
    return (attempt_of(step, state, state.attempt),)


def _tip(step: Step, state: StepState | None) -> str:
    """The tooltip of the box: what does not fit inside."""
    lines = [step.name, step.description]
    if state is not None:
        lines.append(status_word(state.status) + (f": {state.error[:_MAX_ERROR]}" if state.error else ""))
        if (hold := hold_of(state)) is not None:
            lines.append(f"held {held_by(hold)}")
        lines.append(tolerated(step, state))
    if step.trigger is not TriggerRule.ALL_SUCCESS:
        lines.append(f"trigger: {step.rule}")
    if step.when is not None:
        lines.append(f"when: {step.when}")
    return "\n".join(plain(line) for line in lines if line)
