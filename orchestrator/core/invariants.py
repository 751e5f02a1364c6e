"""Checks what must be true of a whole run at any moment, for tests, the simulation and ``verify``. Fixes nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add

from orchestrator.core.joins import arrival, needed
from orchestrator.core.model import MARKED, OPERATOR, Counter, RunStatus, Status, StepState, Stop, View
from orchestrator.core.names import parse_job_name
from orchestrator.core.outcome import was_cancelled
from orchestrator.core.plan import Plan, Role
from orchestrator.core.pool_moves import WAITING
from orchestrator.core.rules import Join, Tally, TriggerRule, Verdict, verdict

_CLAIMED = frozenset({"job_name", "claimed_at"})
_LAUNCHED = _CLAIMED | {"job", "started_at"}
_FAILURE = frozenset({"job", "error", "cause"})

#: The fields that a state must have, and those that it may have; all others must be absent.
_SHAPES: dict[Status, tuple[frozenset[str], frozenset[str]]] = {
    Status.PENDING: (frozenset(), frozenset({"due", "passed"})),
    Status.LAUNCHING: (_CLAIMED, frozenset({"due"})),
    Status.RUNNING: (_LAUNCHED, frozenset({"due"})),
    Status.UP_FOR_RETRY: (_CLAIMED | {"started_at", "ended_at", "due"}, _FAILURE),
    Status.SUCCEEDED: (frozenset({"ended_at"}), _LAUNCHED | {"outputs", "passed", "error", "cause"}),
    Status.FAILED: (_CLAIMED | {"started_at", "ended_at"}, _FAILURE),
    Status.CANCELLED: (frozenset({"ended_at"}), _LAUNCHED | _FAILURE),
    Status.NEEDS_ATTENTION: (_CLAIMED | {"started_at", "ended_at"}, _FAILURE),
    Status.UPSTREAM_FAILED: (frozenset({"ended_at"}), frozenset({"cause"})),
    Status.SKIPPED: (frozenset({"ended_at"}), frozenset({"cause"})),
}
#: Of a state that somebody marked: it may have begun, or not.
_MARKED = (frozenset({"ended_at", "cause"}), _LAUNCHED | _FAILURE | {"outputs"})
_OPTIONAL = (*sorted(_LAUNCHED), "ended_at", "due", "outputs", "error", "cause", "passed")
_NEVER_TRIED = frozenset({Status.PENDING, Status.UPSTREAM_FAILED, Status.SKIPPED})
_TRIED = frozenset({Status.LAUNCHING, Status.RUNNING, Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION, Status.FAILED})
_BAD = frozenset({Status.FAILED, Status.UPSTREAM_FAILED, Status.CANCELLED})


def violations(plan: Plan, view: View, status: RunStatus = RunStatus.RUNNING, stop: Stop | None = None) -> list[str]:
    """All violations in a run's record and in its states and counters, all of which are in ``view``."""
    inspector = Inspector(plan)
    return inspector.violations(view) + inspector.ending(view, status, stop)


@dataclass(frozen=True)
class Inspector:
    """Has a plan's edges in both directions, so that only nodes that have changed need to be checked again."""

    plan: Plan

    @cached_property
    def arriving(self) -> tuple[tuple[int, ...], ...]:
        """By join: the nodes that arrive there."""
        nodes: list[list[int]] = [[] for _ in self.plan.joins]
        for number, node in enumerate(self.plan.nodes):
            for join in node.arrives:
                nodes[join].append(number)
        return tuple(map(tuple, nodes))

    @cached_property
    def before(self) -> tuple[tuple[int, ...], ...]:
        """By step: its predecessors in the graph, even if the plan has gates in between."""
        return tuple(tuple(self.plan.numbers[name] for name in step.after) for step in self.plan.steps)

    def violations(self, view: View, nodes: Iterable[int] | None = None) -> list[str]:
        """What is wrong at ``nodes`` (all, unless told otherwise) and at the joins where they arrive."""
        chosen = range(len(self.plan.nodes)) if nodes is None else sorted(nodes)
        joins = sorted({join for node in chosen for join in self.plan.nodes[node].arrives})
        found = self._states(view, chosen)
        for join in joins:
            found += (f"join {join}: {wrong}" for wrong in self._counter(view, join))
        return found

    def states(self, view: View) -> list[str]:
        """What is wrong with the states, compared with each other. Nodes next to an unreadable state are left out."""
        unknown = set(view.unreadable)
        known = [
            node
            for node in range(len(self.plan.nodes))
            if node not in unknown
            and (node >= len(self.plan.steps) or unknown.isdisjoint(self.before[node]))
            and ((join := self.plan.nodes[node].join) is None or unknown.isdisjoint(self.arriving[join]))
        ]
        strangers = sorted(view.states.keys() - range(len(self.plan.nodes)))
        return self._states(view, known) + [f"steps/{node}: its graph has no such step" for node in strangers]

    def _states(self, view: View, nodes: Iterable[int]) -> list[str]:
        return [f"{self.plan.nodes[node].name}: {wrong}" for node in nodes for wrong in self._node(view, node)]

    def ending(self, view: View, status: RunStatus, stop: Stop | None = None) -> list[str]:
        """What is wrong with the run's own record. ``stop``: somebody cancelled the run."""
        if status is RunStatus.RUNNING:
            return []
        found = [
            f"{step.name}: the run has ended, and this step is {view.state(number).status}"
            for number, step in enumerate(self.plan.steps)
            if not view.state(number).status.final
        ]
        if status is RunStatus.CANCELLED:  # it ends after the jobs that it stops
            found += [
                f"{step.name}: the run has ended as cancelled, and the step's job goes on"
                for number, step in enumerate(self.plan.steps)
                if view.state(number).live and not step.teardown and self.plan.nodes[number].role is not Role.KEPT
            ]
        failed = any(view.state(step).status in _BAD for step in self.plan.deciders)
        expected = RunStatus.FAILED if failed else RunStatus.SUCCEEDED
        if stop is not None and was_cancelled(view.states.values(), stop):
            expected = RunStatus.CANCELLED
        if status is not expected:
            found.append(f"the run is recorded as {status}, and its steps say {expected}")
        return found

    def _node(self, view: View, node: int) -> Iterator[str]:
        state = view.state(node)
        yield from _shape(state)
        match self.plan.nodes[node].role:
            case Role.STEP:
                yield from self._attempts(node, state)
                yield from self._join(view, node, state)
            case Role.GATE | Role.QUIET:
                yield from self._gate(view, node, state)
            case Role.KEPT:
                if node < len(self.plan.steps) and not state.status.final:
                    yield f"kept from an earlier run, and {state.status}"
            case Role.END:
                if state.status is not Status.PENDING and not state.attempt and state.stop is None:
                    yield f"the end has no state of its own, and is {state.status}"

    def _attempts(self, node: int, state: StepState) -> Iterator[str]:
        forgiven = state.control.forgiven if state.control is not None else 0
        counted, most = state.attempt - state.interruptions - forgiven, self.plan.steps[node].retry.attempts
        if state.status is Status.UP_FOR_RETRY:
            most -= 1
        if state.interruptions < 0 or counted < 0 or counted > most:
            yield f"{state.status} at attempt {state.attempt}, {state.interruptions} interrupted, of {most}"
        before = [past.attempt for past in state.past]
        if before != sorted(set(before)) or any(not 0 < number < state.attempt for number in before):
            yield f"attempt {state.attempt} comes after attempts {before}"
        if state.passed is not None:
            yield "only a gate lets anything pass"
        named = parse_job_name(state.job_name) if state.job_name else None
        if named and (named.node, named.attempt) != (node, state.attempt):
            yield f"attempt {state.attempt} has the job name {state.job_name}"

    def _join(self, view: View, node: int, state: StepState) -> Iterator[str]:
        """Compare the rule's verdict, on how the predecessors really ended, with what happened to the step."""
        if state.status is Status.PENDING:
            if state.due is not None and node not in self.plan.limited:
                yield f"pending, and waits until {state.due}, and {self.plan.nodes[node].rule} does not"
            return
        tally, pending = self._sum(view, self.before[node])
        said = verdict(self.plan.nodes[node].rule, Join(pending, tally, needed(self.plan, node), late=True))
        if state.cause in (OPERATOR, MARKED) and not state.attempt:
            if pending and said is not Verdict.RUN:
                yield f"{state.status}, and {pending} before it are pending"
            elif state.cause == MARKED and said is not Verdict.RUN:
                yield f"{state.status} as it was marked, and {self.plan.nodes[node].rule} says {said}"
            return
        made = _verdict(state)
        if made is not said or (pending and said is not Verdict.RUN):
            rule = self.plan.nodes[node].rule
            yield f"{state.status}, and {rule} says {said}: before it, {_told(tally)}, and {pending} pending"

    def _gate(self, view: View, node: int, state: StepState) -> Iterator[str]:
        number, rule = self.plan.nodes[node].join, self.plan.nodes[node].rule
        if state.status is Status.PENDING and (state.passed is None or rule is TriggerRule.AT_LEAST):
            return
        if number is None and state.passed == Tally():  # nothing is before it: it only lets others begin in parts
            return
        if state.status is not Status.SUCCEEDED or state.passed is None or number is None:
            yield f"a gate is pending or has passed something, and this is {state.status}"
            return
        tally, pending = self._sum(view, self.arriving[number])
        tally += self.plan.joins[number].base
        let, early = state.passed, pending or state.passed != tally
        if self.plan.nodes[node].role is Role.QUIET:
            if pending or let != Tally():
                yield f"a quiet gate let through {_told(let)}, and {pending} pending"
        elif not _within(let, tally):
            yield f"let through {_told(let)}, and what arrived is {_told(tally)}"
        elif early and verdict(rule, Join(1, let)) is not Verdict.RUN:
            yield f"let through {_told(let)} too early for {rule}: {_told(tally)} arrived, {pending} pending"

    def _counter(self, view: View, join: int) -> Iterator[str]:
        counter = view.counters.get(join)
        if self.plan.joins[join].only is not None:
            if counter is not None:
                yield f"a lone arrival needs no counter, and this one has {_counted(counter)}"
            return
        tally, pending = self._sum(view, self.arriving[join])
        expected = Counter(len(self.arriving[join]) - pending, tally)
        if (counter or Counter()) != expected:
            yield f"counts {_counted(counter or Counter())}, and its predecessors say {_counted(expected)}"

    def _sum(self, view: View, nodes: Iterable[int]) -> tuple[Tally, int]:
        """How ``nodes`` have ended, and how many have not. A gate may have passed something on before it ends."""
        states = [view.state(node) for node in nodes]
        ended = [arrival(state) for state in states if state.status.final]
        early = [state.passed for state in states if not state.status.final and state.passed is not None]
        return reduce(add, [*ended, *early], Tally()), len(states) - len(ended)


def _told(tally: Tally) -> str:
    """``2 succeeded, 1 failed``, or ``nothing``."""
    ends = {name: getattr(tally, name) for name in ("succeeded", "failed", "upstream_failed", "skipped")}
    return ", ".join(f"{number} {name}" for name, number in ends.items() if number) or "nothing"


def _counted(counter: Counter) -> str:
    return f"{counter.arrived} arrived ({_told(counter.ended)})"


def _shape(state: StepState) -> Iterator[str]:
    again = state.attempt and state.status is Status.SKIPPED and state.cause != "trigger"  # by its when, asked again
    must, may = _MARKED if state.cause == MARKED or again else _SHAPES[state.status]
    for name in _OPTIONAL:
        known = getattr(state, name) is not None
        if known and name not in must and name not in may:
            yield f"{state.status}, yet it has {name} = {getattr(state, name)!r}"
        if not known and name in must:
            yield f"{state.status} without {name}"
    if state.places and not state.status.active:
        yield f"{state.status}, yet it holds places: {state.places}"
    if state.waits is not None and (state.status not in WAITING or state.stop is not None):
        yield f"{state.status}, yet it waits for a place: {state.waits}"
    if state.live and (state.status is not Status.SUCCEEDED or state.job is None):
        yield f"{state.status}, yet its job is said to go on"
    tried = (state.attempt and state.status in _NEVER_TRIED) or (not state.attempt and state.status in _TRIED)
    if tried and state.cause != MARKED and not again:
        yield f"{state.status} with attempt {state.attempt}"
    if state.started_at is not None and state.ended_at is not None and state.ended_at < state.started_at:
        yield f"{state.status}, started at {state.started_at} and ended before that, at {state.ended_at}"
    cancelled = state.status is Status.CANCELLED and state.cause == OPERATOR
    if cancelled and state.stop is None:
        yield "cancelled by an operator, and nobody asked for it"
    if state.stop is not None and state.status in (Status.UP_FOR_RETRY, Status.NEEDS_ATTENTION):
        yield f"{state.status}, and somebody has cancelled it"
    if state.cause == MARKED and state.stop is not None and state.stop.mark is not state.status:  # a kept step has none
        yield f"{state.status} as it was marked, and it was marked {state.stop}"


def _verdict(state: StepState) -> Verdict:
    """The verdict that must have led to ``state``."""
    if state.status is Status.UPSTREAM_FAILED:
        return Verdict.UPSTREAM_FAILED
    return Verdict.SKIP if state.status is Status.SKIPPED and state.cause == "trigger" else Verdict.RUN


def _within(part: Tally, whole: Tally) -> bool:
    return (
        part.succeeded <= whole.succeeded
        and part.failed <= whole.failed
        and part.upstream_failed <= whole.upstream_failed
        and part.skipped <= whole.skipped
    )
