"""What cannot be true of a run's states and counters together, so that nothing may begin because of it. Pure.

A step's document that somebody deleted is a pending step. It would run again and arrive at its joins again, and these
would let through what waits for others. ``invariants`` tells more of a run, and is for people.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from operator import add
from typing import TypeVar

from orchestrator.core.joins import arrival
from orchestrator.core.model import Counter, Status, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Tally

T = TypeVar("T")

Doubts = Mapping[str, frozenset[int]]

#: How often a run is read again that seems not to add up.
_READS = 3


def doubts(plan: Plan, view: View) -> Doubts:
    """Each thing that does not add up in ``view``, which has all of a run, and the nodes that must not begin on it.

    What is read while others write may seem so once: see ``confirmed``.
    """
    found = [*_counters(plan, view), *_successors(plan, view)]
    return {
        said: frozenset(node for node in nodes if view.state(node).status is Status.PENDING) for said, nodes in found
    }


def confirmed(seeming: Mapping[str, T], read: Callable[[], Mapping[str, T]]) -> dict[str, T]:
    """Of what seems not to add up, what is so. ``read`` says what seems so now, each time.

    What is said twice running in the same words is so: a counter that is the same has counted nothing that the later
    states would not show. So is what does not add up at the same place any time, with other figures: the run goes on.
    """
    sure: dict[str, T] = {}
    for _ in range(_READS):
        if not seeming:
            break
        again = read()
        sure |= {said: found for said, found in again.items() if said in seeming}
        places = {_place(said) for said in seeming} - {_place(said) for said in sure}
        seeming = {said: found for said, found in again.items() if _place(said) in places}
    return sure | dict(seeming)


def _place(said: str) -> str:
    return said.partition(": ")[0]


def _counters(plan: Plan, view: View) -> Iterator[tuple[str, set[int]]]:
    """Joins that count other than what has ended before them; none of those, if it is pending, has not been before."""
    arriving: list[list[int]] = [[] for _ in plan.joins]
    for number, node in enumerate(plan.nodes):
        for join in node.arrives:
            arriving[join].append(number)
    for join, nodes in enumerate(arriving):
        if plan.joins[join].only is not None or any(node in view.unreadable for node in nodes):
            continue
        ended = [state for node in nodes if (state := view.state(node)).status.final]
        expected = Counter(len(ended), reduce(add, map(arrival, ended), Tally()))
        if (counter := view.counters.get(join, Counter())) != expected:
            waiting = ", ".join(plan.nodes[node].name for node in plan.joins[join].waiting)
            yield (
                f"counters/{join}: the join before {waiting} counts {_said(counter)}, and the steps before it say "
                f"{_said(expected)}",
                {*nodes, *plan.joins[join].waiting},
            )


def _successors(plan: Plan, view: View) -> Iterator[tuple[str, set[int]]]:
    """Steps that have begun though the only one before them, for which no counter stands, has not ended."""
    for number, node in enumerate(plan.nodes):
        only = plan.joins[node.join].only if node.join is not None else None
        state = view.state(number)
        if only is None or only in view.unreadable or view.state(only).status.final:
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
