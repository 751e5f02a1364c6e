"""Finds contradictions between a run's states and counters. Steps concerned must not begin. Pure.

A step whose document was deleted looks pending. It would run again and arrive at its joins again, and these would
release steps that must wait for others. ``invariants`` checks more, for people.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from orchestrator.core.joins import arrival
from orchestrator.core.model import Counter, Status, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import IMPATIENT, NOBODY, Tally

T = TypeVar("T")

Doubts = Mapping[str, frozenset[int]]

_NONE = Counter()

#: How often a run that seems contradictory is read again.
_READS = 3


def doubts(plan: Plan, view: View) -> Doubts:
    """Each contradiction in ``view``, which contains all of a run, and the nodes that must not begin because of it.

    A view that was read while others write may seem contradictory: see ``confirmed``.
    """
    found = [*_counters(plan, view), *_successors(plan, view)]
    return {
        said: frozenset(node for node in nodes if view.state(node).status is Status.PENDING) for said, nodes in found
    }


def confirmed(seeming: Mapping[str, T], read: Callable[[], Mapping[str, T]]) -> dict[str, T]:
    """The contradictions among ``seeming`` that are real, or may be: those of ``settled``."""
    sure, unsettled = settled(seeming, read)
    return {**sure, **unsettled}


def settled(seeming: Mapping[str, T], read: Callable[[], Mapping[str, T]]) -> tuple[dict[str, T], dict[str, T]]:
    """The contradictions among ``seeming`` that are real, and those of which nobody can tell yet.

    Each call of ``read`` returns those that are seen now. One that is reported twice in a row in the same words is
    real: an unchanged counter has counted nothing that the later states would not show. One that is reported for the
    same place every time, with other figures, is real, or steps end there faster than the run can be read.
    """
    sure: dict[str, T] = {}
    for _ in range(_READS):
        if not seeming:
            break
        again = read()
        sure |= {said: found for said, found in again.items() if said in seeming}
        places = {_place(said) for said in seeming} - {_place(said) for said in sure}
        seeming = {said: found for said, found in again.items() if _place(said) in places}
    return sure, dict(seeming)


def _place(said: str) -> str:
    return said.partition(": ")[0]


def _counters(plan: Plan, view: View) -> Iterator[tuple[str, set[int]]]:
    """Joins whose counters differ from the states of the nodes that arrive there."""
    unknown = {join for node, known in enumerate(plan.nodes) if node in view.unreadable for join in known.arrives}
    sums = _arrivals(plan, view)
    for number, join in enumerate(plan.joins):
        counter, (arrived, *ended) = view.counters.get(number, _NONE), sums[number]
        if join.only is not None or _figures(counter) == sums[number] or number in unknown:
            continue
        expected = Counter(arrived, Tally(*ended))
        waiting = ", ".join(plan.nodes[node].name for node in join.waiting)
        yield (
            f"counters/{number}: the join before {waiting} counts {_said(counter)}, and the steps before it say "
            f"{_said(expected)}",
            {*join.waiting, *(node for node, known in enumerate(plan.nodes) if number in known.arrives)},
        )


def _arrivals(plan: Plan, view: View) -> list[list[int]]:
    """The figures that the counter of each join should have by the states of the nodes that arrive there."""
    sums = [[0, 0, 0, 0, 0] for _ in plan.joins]  # plain numbers: a large run has thousands of joins
    for node, known in enumerate(plan.nodes):
        state = view.states.get(node)
        if state is not None and (state.status.final or state.passed is not None):  # a gate may pass on a part
            ended = arrival(state)
            for join in known.arrives:
                figures = sums[join]
                figures[0] += state.status.final
                figures[1] += ended.succeeded
                figures[2] += ended.failed
                figures[3] += ended.upstream_failed
                figures[4] += ended.skipped
    return sums


def _figures(counter: Counter) -> list[int]:
    ended = counter.ended
    return [counter.arrived, ended.succeeded, ended.failed, ended.upstream_failed, ended.skipped]


def _successors(plan: Plan, view: View) -> Iterator[tuple[str, set[int]]]:
    """Steps that have begun although their only predecessor has not ended. Such a join has no counter.

    In a rerun, what is kept may have let a step with an impatient rule begin, before the only one that is left.
    """
    for number, node in enumerate(plan.nodes):
        only = plan.joins[node.join].only if node.join is not None else None
        state = view.state(number)
        if only is None or number == plan.end or only in view.unreadable or view.state(only).status.final:
            continue
        if node.rule in IMPATIENT and node.join is not None and plan.joins[node.join].base is not NOBODY:
            continue
        if state.status not in (Status.PENDING, Status.CANCELLED):
            before = plan.nodes[only].name
            yield (
                f"steps/{only}: {before} is {view.state(only).status}, and {node.name} after it is {state.status}",
                {only},
            )


def _said(counter: Counter) -> str:
    """``3 ended: 2 succeeded, 1 failed``."""
    ended = counter.ended
    kinds = [(ended.succeeded, "succeeded"), (ended.failed, "failed"), (ended.upstream_failed, "upstream_failed")]
    told = [f"{number} {word}" for number, word in (*kinds, (ended.skipped, "skipped")) if number]
    return f"{counter.arrived} ended{': ' if told else ''}{', '.join(told)}"
