"""A plan: a graph compiled to plain data and stored with each run. Handling an event needs only the plan.

Nodes are numbered: first the steps, in the graph's order; then the gates, which are the inner nodes of trees of joins;
last the end of the run. compiler.py makes plans, and says why they have gates.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from graphlib import TopologicalSorter

from orchestrator.core.active_runs import ActiveRuns
from orchestrator.core.param import Param
from orchestrator.core.rules import CARRYING, NOBODY, Tally, TriggerRule
from orchestrator.core.steps import Json, Step


class Role(StrEnum):
    """The role of a node in a plan. ``kept``: a rerun does not run it again (kept_steps.py)."""

    STEP = "step"
    GATE = "gate"
    QUIET = "quiet"
    END = "end"
    KEPT = "kept"


class FailsOn(StrEnum):
    """Which steps fail the run if they end as failed or upstream_failed: ``any``, or only ``leaves``, as in Airflow.

    Steps with ``allow_failure`` and teardowns never do.
    """

    ANY = "any"
    LEAVES = "leaves"


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a plan. ``join``: where its predecessors arrive, if any. ``arrives``: the joins it arrives at."""

    name: str
    role: Role
    rule: TriggerRule
    join: int | None
    arrives: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """A join. ``size``: how many nodes arrive. ``waiting``: the nodes that wait here; they have the same predecessors.

    ``only``: the node that arrives, if there is just one. Its state says all that a counter could, so none is kept.
    ``base``: in a rerun, how the kept predecessors ended, which arrive no more (kept_steps.py).
    """

    size: int
    waiting: tuple[int, ...]
    only: int | None = None
    base: Tally = NOBODY


@dataclass(frozen=True, slots=True)
class Inner:
    """A graph that steps run. ``plan``: as it was compiled. ``outputs``: those of such a step, with expressions.

    ``unsafe``: its params of free text that may choose which code runs. ``folder``: where its file is, relative to the
    folder of the graph that runs it; ``file``: the name of that file, None if it has none.
    """

    plan: "Plan"
    params: tuple[Param, ...] = ()
    outputs: Mapping[str, Json] = field(default_factory=dict)
    unsafe: tuple[str, ...] = ()
    folder: str = "."
    file: str | None = None


@dataclass(frozen=True)
class Plan:
    """A compiled graph. ``version`` is the hash of its content. ``inners``: the graphs that its steps run.

    ``max_parallel``: how many attempts of a run may be active at once; None: any number. ``active``: how many runs.
    ``deadline``: so many seconds after its start, or at that time of day, the run has to end; if not, that is told.
    """

    graph: str
    version: str
    steps: tuple[Step, ...]
    nodes: tuple[Node, ...]
    joins: tuple[JoinPlan, ...]
    fails_on: FailsOn = FailsOn.ANY
    inners: Mapping[str, Inner] = field(default_factory=dict)
    max_parallel: int | None = None
    deadline: float | str | None = None
    active: ActiveRuns | None = None

    @cached_property
    def deadlines(self) -> dict[int, float | str]:
        """By node with a deadline, the seconds from the run's start to it, or the time of day (``Run.moments``).

        The run's own is that of its end.
        """
        found = {
            number: step.deadline
            for number, step in enumerate(self.steps)
            if step.deadline is not None and self.nodes[number].role is not Role.KEPT
        }
        return found if self.deadline is None else {**found, self.end: self.deadline}

    @property
    def end(self) -> int:
        """The number of the node that is the end of the run."""
        return len(self.nodes) - 1

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The node number of each step, by name."""
        return {step.name: number for number, step in enumerate(self.steps)}

    @cached_property
    def roots(self) -> tuple[int, ...]:
        """The nodes that may start at once: nothing, or not only what has yet to arrive, comes before them."""
        return tuple(
            number
            for number, node in enumerate(self.nodes)
            if node.role is not Role.KEPT and (node.join is None or self.joins[node.join].base is not NOBODY)
        )

    @cached_property
    def prioritised(self) -> bool:
        """Whether some steps are more urgent than others."""
        return bool({step.priority for step in self.steps} - {0})

    @cached_property
    def limited(self) -> dict[int, tuple[int, ...]]:
        """By node with the rule ``all_done_within``: the steps whose time begins when something arrives there.

        For a step that is itself; for a gate, the steps behind it, perhaps behind other gates.
        """
        found: dict[int, tuple[int, ...]] = {
            number: (number,)
            for number, step in enumerate(self.steps)
            if step.trigger is TriggerRule.ALL_DONE_WITHIN and self.nodes[number].join is not None
        }
        for number in range(len(self.nodes) - 1, len(self.steps) - 1, -1):  # a gate's number is below the next gate's
            if found and self.nodes[number].rule is TriggerRule.ALL_DONE_WITHIN:
                found[number] = tuple(step for node in self.successors(number) for step in found.get(node, ()))
        return found

    @cached_property
    def topological(self) -> tuple[int, ...]:
        """The steps' numbers, each after its predecessors."""
        names = TopologicalSorter({step.name: step.after for step in self.steps}).static_order()
        return tuple(self.numbers[name] for name in names)

    @cached_property
    def deciders(self) -> frozenset[int]:
        """The steps whose failure fails the run: all that count, or only the leaves among them."""
        if self.fails_on is FailsOn.LEAVES:
            return frozenset(deciders(self.steps, self.fails_on))
        return frozenset(number for number, step in enumerate(self.steps) if step.counts)

    @cached_property
    def hops(self) -> dict[str, int]:
        """By step: how many steps the longest way has from there to the end of the run."""
        ways = dict.fromkeys(self.numbers, 0)
        for node in reversed(self.topological):
            step = self.steps[node]
            for name in step.after:
                ways[name] = max(ways[name], ways[step.name] + 1)
        return ways

    def successors(self, node: int) -> Iterator[int]:
        """The nodes that wait at the joins ``node`` arrives at."""
        for join in self.nodes[node].arrives:
            yield from self.joins[join].waiting


def deciders(steps: Sequence[Step], fails_on: FailsOn) -> list[int]:
    """The steps that have to arrive at the run's end, so that it knows of every failure that counts.

    A step can be left out if its failure would make a successor upstream_failed that counts. With ``leaves``, only
    steps that count and have no successors but teardowns matter.
    """
    told: set[str] = set()
    for step in steps:
        carries = step.counts and step.trigger in CARRYING if fails_on is FailsOn.ANY else not step.teardown
        if carries:
            told.update(step.after)
    return [number for number, step in enumerate(steps) if step.counts and step.name not in told]
