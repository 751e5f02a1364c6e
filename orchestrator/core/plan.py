"""A plan: a graph compiled to plain data and stored with each run. Handling an event needs only the plan.

Nodes are numbered: first the steps, in the graph's order; then the gates; last the end of the run. *Gates* are the
inner nodes of a tree of joins. Where more than ``WIDE`` predecessors meet, they arrive in groups at gates, and the
gates arrive at the step's own join, so no counter is written more than about ``WIDE`` times. A step that arrives at
very many joins also does so through gates, so no commit has more than about ``SPREAD`` writes. The gates of a rule that
counts successes pass on early what they have (early_joins.py).

The steps that decide how the run ended arrive at its end (``deciders``). But a run must not end before all its steps
have, and an impatient rule (``one_success``…) lets a step end while its predecessors run. So the other steps that no
successor with a patient rule waits for arrive at the end too: through a *quiet* gate, which passes on that they ended,
but not how.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from graphlib import TopologicalSorter

from orchestrator.core.param import Param
from orchestrator.core.rules import CARRYING, IMPATIENT, NOBODY, Tally, TriggerRule
from orchestrator.core.steps import Json, Step

#: The most arrivals at one join. Firestore sustains about one write a second to a document, and more in bursts.
WIDE = 32

#: The most counters in one commit. With the state, that is below the 500 writes that Firestore long allowed.
SPREAD = 400


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

    ``max_parallel``: how many attempts of a run may be active at once; None: any number.
    """

    graph: str
    version: str
    steps: tuple[Step, ...]
    nodes: tuple[Node, ...]
    joins: tuple[JoinPlan, ...]
    fails_on: FailsOn = FailsOn.ANY
    inners: Mapping[str, Inner] = field(default_factory=dict)
    max_parallel: int | None = None

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


class Compiler:
    """Turns steps into a plan. Use ``compile_plan``."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.names = [step.name for step in steps]
        self.rules = [step.trigger for step in steps]
        self.roles = [Role.STEP] * len(steps)
        self.join_of: list[int | None] = [None] * len(steps)
        self.arrivals: list[tuple[int, ...]] = []  # by join
        self.shared: dict[object, int] = {}

    def nodes(self) -> tuple[Node, ...]:
        arrives: list[list[int]] = [[] for _ in self.names]
        for join, nodes in enumerate(self.arrivals):
            for node in nodes:
                arrives[node].append(join)
        return tuple(
            Node(name, role, rule, join, tuple(joins))
            for name, role, rule, join, joins in zip(
                self.names, self.roles, self.rules, self.join_of, arrives, strict=True
            )
        )

    def joins(self) -> tuple[JoinPlan, ...]:
        waiting: list[list[int]] = [[] for _ in self.arrivals]
        for node, join in enumerate(self.join_of):
            if join is not None:
                waiting[join].append(node)
        return tuple(
            JoinPlan(len(nodes), tuple(behind), nodes[0] if len(nodes) == 1 else None)
            for nodes, behind in zip(self.arrivals, waiting, strict=True)
        )

    def node(self, name: str, role: Role, rule: TriggerRule, join: int | None) -> int:
        self.names.append(name)
        self.roles.append(role)
        self.rules.append(rule)
        self.join_of.append(join)
        return len(self.names) - 1

    def join(self, arrivals: tuple[int, ...], rule: TriggerRule) -> int:
        """The join where ``arrivals`` meet: a tree if there are many. Nodes with the same predecessors share it.

        The gates of an impatient rule may pass early, so only nodes with the same rule share such a tree.
        """
        rule = rule if rule in IMPATIENT else TriggerRule.ALL_DONE
        key = arrivals if len(arrivals) <= WIDE else (arrivals, rule)
        if key not in self.shared:
            while len(arrivals) > WIDE:
                arrivals = tuple(self.gate(self.meet(group), rule) for group in _groups(arrivals, WIDE))
            self.shared[key] = self.meet(arrivals)
        return self.shared[key]

    def meet(self, arrivals: tuple[int, ...]) -> int:
        self.arrivals.append(arrivals)
        return len(self.arrivals) - 1

    def spread(self) -> None:
        """Let a node that arrives at too many counters arrive at gates instead, each of which does so for some."""
        counted: dict[int, list[int]] = {}
        for join, nodes in enumerate(self.arrivals):
            if len(nodes) > 1:
                for node in nodes:
                    counted.setdefault(node, []).append(join)
        for node, joins in counted.items():
            if len(joins) > SPREAD:
                for part in _groups(tuple(joins), SPREAD):
                    gate = self.gate(self.meet((node,)), TriggerRule.ALL_DONE)
                    for join in part:
                        self.arrivals[join] = tuple(
                            gate if before == node else before for before in self.arrivals[join]
                        )

    def gate(self, join: int, rule: TriggerRule) -> int:
        return self.node(f"_gate.{len(self.names)}", Role.GATE, rule, join)


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


def compile_plan(graph: str, version: str, steps: Sequence[Step], fails_on: FailsOn = FailsOn.ANY) -> Plan:
    """Compile valid ``steps`` (no unknown name, no cycle). The same steps give the same plan."""
    compiler = Compiler(steps)
    numbers = {step.name: number for number, step in enumerate(steps)}
    awaited: set[int] = set()
    for number, step in enumerate(steps):
        before = tuple(sorted(numbers[name] for name in step.after))
        if step.trigger not in IMPATIENT:
            awaited.update(before)
        if before and step.trigger is not TriggerRule.ALWAYS:  # that rule waits for none of them
            compiler.join_of[number] = compiler.join(before, step.trigger)
    last = deciders(steps, fails_on)
    if unawaited := sorted(set(range(len(steps))) - awaited.union(last)):
        join = compiler.join(tuple(unawaited), TriggerRule.ALL_DONE)
        last.append(compiler.node("_unawaited", Role.QUIET, TriggerRule.ALL_DONE, join))
    join = compiler.join(tuple(last), TriggerRule.ALL_DONE)
    compiler.spread()
    compiler.node("_end", Role.END, TriggerRule.ALL_DONE, join)
    return Plan(graph, version, tuple(steps), compiler.nodes(), compiler.joins(), fails_on)


def _groups(numbers: tuple[int, ...], most: int) -> Iterator[tuple[int, ...]]:
    """Split into the fewest groups of at most ``most`` numbers, as even as possible."""
    count = -(-len(numbers) // most)
    size, larger = divmod(len(numbers), count)
    start = 0
    for index in range(count):
        stop = start + size + (index < larger)
        yield numbers[start:stop]
        start = stop
