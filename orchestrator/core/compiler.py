"""Compiles the steps of a graph to a plan: nodes, joins, and trees of gates. Pure.

*Gates* are the inner nodes of a tree of joins. Where more than ``WIDE`` predecessors meet, they arrive in groups at
gates, and the gates arrive at the step's own join, so no counter is written more than about ``WIDE`` times. A step that
arrives at very many joins also does so through gates, so no commit has more than about ``SPREAD`` writes. The gates of
a rule that counts successes pass on early what they have (early_joins.py).

The steps that decide how the run ended arrive at its end (``deciders``). But a run must not end before all its steps
have, and an impatient rule (``one_success``…) lets a step end while its predecessors run. So the other steps that no
successor with a patient rule waits for arrive at the end too: through a *quiet* gate, which passes on that they ended,
but not how.
"""

from collections.abc import Iterator, Sequence

from orchestrator.core.plan import FailsOn, JoinPlan, Node, Plan, Role, deciders
from orchestrator.core.rules import IMPATIENT, TriggerRule
from orchestrator.core.steps import Step

#: The most arrivals at one join. Firestore sustains about one write a second to a document, and more in bursts.
WIDE = 32

#: The most counters in one commit. With the state, that is below the 500 writes that Firestore long allowed.
SPREAD = 400


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
