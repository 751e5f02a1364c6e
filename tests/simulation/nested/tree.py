"""A tree of graphs: what its jobs will do, and how every step of it must end unless somebody cancels something."""

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random

from orchestrator.core.inner import version_of
from orchestrator.core.model import Status
from orchestrator.core.param import Param
from orchestrator.core.plan import Inner, Plan, compile_plan
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import CheckPolicy, Retry, Step, Work

#: The rules that are tried: what is behind a graph only needs to know whether that succeeded.
RULES = (TriggerRule.ALL_SUCCESS, TriggerRule.ALL_SUCCESS, TriggerRule.ALL_DONE, TriggerRule.ONE_FAILED)


@dataclass(frozen=True, slots=True)
class Node:
    """A step, and the graph that it runs, if any. ``fails``: how many of its job's tries fail, the first of them."""

    step: Step
    inside: "Tree | None" = None
    fails: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Tree:
    """A graph, in the order of its steps; each comes after some of those before it."""

    nodes: tuple[Node, ...]
    version: str

    def plan(self) -> Plan:
        inners = {node.step.inner: node.inside.inner() for node in self.nodes if node.inside is not None}
        steps = tuple(node.step for node in self.nodes)
        return replace(compile_plan(f"graph-{self.version}", self.version, steps), inners=inners)

    def inner(self) -> Inner:
        """As the graph of a step. Its output tells the number that the step was given."""
        return Inner(self.plan(), (Param("n", "int", default=0),), {"n": "{{ params.n }}"})

    def find(self, path: str) -> Node:
        """The node with this whole name, such as ``b/c``."""
        first, _, rest = path.partition("/")
        node = next(node for node in self.nodes if node.step.name == first)
        return node if not rest or node.inside is None else node.inside.find(rest)


def drawn(random: Random, depth: int = 0, version: str = "v") -> Tree:
    """A random tree; the first is sure to have a graph in it."""
    nodes: list[Node] = []
    for number in range(random.randint(1, 4 if depth else 5)):
        before = [node.step.name for node in nodes]
        after = tuple(sorted(random.sample(before, random.randint(0, min(2, len(before))))))
        nests = depth < 3 and (random.random() < 0.35 or (depth == 0 and number == 0))
        inside = drawn(random, depth + 1, f"{version}.{number}") if nests else None
        work = Work("graph", {"params": {"n": number}}) if inside else Work("job", {})
        trouble, attempts = random.random() < 0.3, random.choice([1, 1, 2, 3])
        step = Step(
            f"s{number}",
            work,
            after,
            random.choice(RULES) if after else TriggerRule.ALL_SUCCESS,
            retry=Retry(attempts, random.choice([0.0, 20.0]), 1.0),
            check=CheckPolicy(random.choice([None, 5.0]), random.choice([60.0, 300.0])),
            inner=version_of(inside.inner()) if inside else "",
        )
        nodes.append(Node(step, inside, random.choice([1, 1, 2, 9]) if trouble else 0, random.random() * 90.0))
    return Tree(tuple(nodes), version)


@dataclass
class Oracle:
    """How everything ends. ``tries``: how often the job of each step is launched, by its whole name.

    ``ends``: how each step ended at last. It knows neither the machine nor what a run keeps, only what was promised:
    another attempt runs again what did not succeed, and what is behind that.
    """

    tries: Counter[str] = field(default_factory=Counter)
    ends: dict[str, Status] = field(default_factory=dict)

    def run(self, tree: Tree, path: str = "") -> bool:
        """Whether the graph succeeds. What of it is to be kept is in ``ends``."""
        again: set[str] = set()
        for node in tree.nodes:
            name, step = f"{path}{node.step.name}", node.step
            good = self.ends.get(name) in (Status.SUCCEEDED, Status.SKIPPED)
            if good and not again.intersection(step.after):
                continue
            again.add(step.name)
            self._forget(name)
            self.ends[name] = self._joined([self.ends[f"{path}{one}"] for one in step.after], step.trigger)
            if self.ends[name] is Status.PENDING:
                self.ends[name] = self._tried(node, name)
        bad = (Status.FAILED, Status.UPSTREAM_FAILED)
        return not any(self.ends[f"{path}{node.step.name}"] in bad for node in tree.nodes)

    def _forget(self, name: str) -> None:
        """A step that begins anew keeps nothing of what is inside it."""
        for other in [one for one in self.ends if one.startswith(f"{name}/")]:
            del self.ends[other]

    def _tried(self, node: Node, name: str) -> Status:
        for _ in range(node.step.retry.attempts):
            if node.inside is not None:
                good = self.run(node.inside, f"{name}/")
            else:
                self.tries[name] += 1
                good = self.tries[name] > node.fails
            if good:
                return Status.SUCCEEDED
        return Status.FAILED

    @staticmethod
    def _joined(before: list[Status], rule: TriggerRule) -> Status:
        """How a step ends without running; pending if it runs."""
        bad = sum(one in (Status.FAILED, Status.UPSTREAM_FAILED) for one in before)
        match rule:
            case TriggerRule.ALL_DONE:
                return Status.PENDING
            case TriggerRule.ONE_FAILED:
                return Status.PENDING if bad else Status.SKIPPED
        if bad:
            return Status.UPSTREAM_FAILED
        return Status.SKIPPED if Status.SKIPPED in before else Status.PENDING
