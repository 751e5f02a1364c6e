"""Deadlines of a run and of its steps: whether they can be kept, and when to look at that again. Pure.

A deadline is a time after the run's start by which a step has to end or, for the node at the end of the plan, the run.
Or it is a time of day: which moment that is was found out when the run was requested (``Run.moments``).
What was told of it is in the state of its node. Whether it can be kept is judged by how long the steps took in earlier
runs (``Run.typical``), on the longest way from what has not ended. A step whose duration is not known counts as if it
took no time, and one that does not wait for a step before it as if it did not come after it: so nothing is expected to
be late that could be in time.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from math import inf

from orchestrator.core.events import DeadlineEndangered, DeadlineMissed
from orchestrator.core.messages import Deadline
from orchestrator.core.model import Run, Status, StepState, Transition, View
from orchestrator.core.plan import Plan, Role
from orchestrator.core.rules import IMPATIENT

#: Seconds from the moment at which a deadline cannot be kept any more to the look that finds that.
_SOON = 1.0


def written(durations: Iterable[float | None]) -> str:
    """The text for a run's record: by step, how long it typically takes; nothing for those of which that is unknown."""
    texts = ["" if seconds is None else str(max(0, round(seconds))) for seconds in durations]
    return ",".join(texts) if any(texts) else ""


def typical(run: Run, plan: Plan) -> Sequence[float]:
    """By step, how many seconds it typically takes; 0 if that is unknown."""
    texts = run.typical.split(",") if run.typical else []
    if len(texts) != len(plan.steps):
        return [0.0] * len(plan.steps)
    return [float(text) if text.isdecimal() else 0.0 for text in texts]


def due_of(run: Run, plan: Plan, node: int) -> float:
    """The time of a node's deadline, in seconds since the epoch; infinite if it has none.

    So is that of a time of day whose moment is not known: whoever wrote the run knew of none.
    """
    due = plan.deadlines.get(node, inf)
    return run.moments.get(due, inf) if isinstance(due, str) else run.started_at + due


def changed(state: StepState, event: DeadlineEndangered | DeadlineMissed) -> Transition | None:
    """What an event changes in the state of its node; None if that was noted before, or the node ended in time."""
    if state.missed_at is not None:
        return None
    if isinstance(event, DeadlineEndangered):
        new = state.endangered_at is None and not state.status.final
        return Transition(replace(state, endangered_at=event.at, forecast=event.forecast)) if new else None
    return None if _in_time(state, event.due) else Transition(replace(state, missed_at=event.at))


def missed(run: Run, plan: Plan, view: View, now: float) -> list[int]:
    """The nodes that had to end by ``now``, and did not, or too late, which was not noted yet."""
    known = [(node, view.state(node)) for node in plan.deadlines if node not in view.unreadable]
    unnoted = [(node, state, due_of(run, plan, node)) for node, state in known if state.missed_at is None]
    return [node for node, state, due in unnoted if due <= now and not _in_time(state, due)]


def endangered(run: Run, plan: Plan, view: View, now: float) -> dict[int, float]:
    """The nodes that are expected to end after their deadlines, which was not noted yet, and when they are to end.

    ``view``: the whole run.
    """
    if not run.typical:
        return {}
    ends = _forecast(run, plan, view, now)
    ends[plan.end] = max(ends.values(), default=now)
    opened = {node: due_of(run, plan, node) for node in _unwarned(plan, view)}
    return {node: ends[node] for node, due in opened.items() if now < due < ends[node]}


def too_slow(run: Run, plan: Plan, view: View, nodes: Iterable[int]) -> Iterator[Deadline]:
    """The looks that are owed at ``nodes`` because an attempt will end too late for a deadline, as it seems.

    Of ``view`` nothing but the states of ``nodes`` is needed.
    """
    begins = {node: at for node in nodes if node < len(plan.steps) and (at := _begins(view.state(node))) is not None}
    if not begins or not run.typical:
        return
    took, latest = typical(run, plan), _latest(run, plan, plan.deadlines)
    for node, at in begins.items():
        if node not in view.unreadable and at + took[node] > latest[node]:
            state = view.state(node)
            attempt = state.attempt + (state.status is Status.UP_FOR_RETRY)
            yield Deadline(run.key, after=node, of_attempt=attempt)


def next_look(run: Run, plan: Plan, view: View) -> Deadline | None:
    """The next look that is owed if nothing changes, from the states in ``view``; None if nothing is left to tell."""
    unread = view.unreadable
    dues = [due_of(run, plan, node) for node in plan.deadlines if node not in unread and _waits(view.state(node))]
    if run.typical and (unwarned := _unwarned(plan, view)):
        took, latest = typical(run, plan), _latest(run, plan, unwarned)
        for node in range(len(plan.steps)):
            state = view.state(node)
            if plan.nodes[node].role is Role.STEP and node not in unread and not state.status.final:
                begun = state.status in (Status.RUNNING, Status.NEEDS_ATTENTION)
                dues.append(latest[node] - (0.0 if begun else took[node]) + _SOON)
    due = min(dues, default=inf)
    return None if due == inf else Deadline(run.key, due=max(due, 0.0))


def _begins(state: StepState) -> float | None:
    """When an attempt began, or the next one is to; None if that is not known."""
    if state.status is Status.RUNNING:
        return state.started_at
    return state.due if state.status is Status.UP_FOR_RETRY else None


def _waits(state: StepState) -> bool:
    """Whether it is not decided yet that the node of a deadline keeps or misses it."""
    return state.missed_at is None and not state.status.final


def _unwarned(plan: Plan, view: View) -> list[int]:
    """The nodes of deadlines of which nothing was told yet, and that have not ended."""
    states = {node: view.state(node) for node in plan.deadlines if node not in view.unreadable}
    return [node for node, state in states.items() if _waits(state) and state.endangered_at is None]


def _in_time(state: StepState, due: float) -> bool:
    return state.status.final and (state.ended_at or 0.0) <= due


def _forecast(run: Run, plan: Plan, view: View, now: float) -> dict[int, float]:
    """By step, when it ended, or is to end at the earliest."""
    took, ends = typical(run, plan), dict[int, float]()
    for node in plan.topological:
        state, step = view.state(node), plan.steps[node]
        if plan.nodes[node].role is Role.KEPT:
            ends[node] = run.started_at
        elif state.status.final:
            ends[node] = state.ended_at or now
        elif state.status is Status.NEEDS_ATTENTION:  # somebody decides how it ends
            ends[node] = now
        elif state.status is Status.RUNNING:
            ends[node] = max(now, (state.started_at or now) + took[node])
        elif state.status is Status.UP_FOR_RETRY:
            ends[node] = max(now, state.due or now) + took[node]
        else:
            before = [ends[plan.numbers[name]] for name in step.after] if step.trigger not in IMPATIENT else []
            ends[node] = max([now, *before]) + took[node]
    return ends


def _latest(run: Run, plan: Plan, nodes: Collection[int]) -> list[float]:
    """By step, when it has to end at the latest for the deadlines of ``nodes``; infinite if none depends on it."""
    took = typical(run, plan)
    latest = [due_of(run, plan, plan.end) if plan.end in nodes else inf] * len(plan.steps)
    for node in reversed(plan.topological):
        if node in nodes:
            latest[node] = min(latest[node], due_of(run, plan, node))
        step = plan.steps[node]
        for name in step.after if step.trigger not in IMPATIENT else ():
            before = plan.numbers[name]
            latest[before] = min(latest[before], latest[node] - took[node])
    return latest
