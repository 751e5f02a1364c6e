"""A tree of graphs: what its jobs will do, and how every step of it must end unless somebody cancels something."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random

from orchestrator.core.compiler import compile_plan
from orchestrator.core.inner_graphs import version_of
from orchestrator.core.model import Status
from orchestrator.core.param import Param
from orchestrator.core.plan import Inner, Plan
from orchestrator.core.rerun_inside import Selection
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import CheckPolicy, Json, Retry, Step, Work

#: The rules that may let a step run before all before it have ended.
IMPATIENT = (
    TriggerRule.ONE_FAILED,
    TriggerRule.ONE_SUCCESS,
    TriggerRule.ONE_DONE,
    TriggerRule.ALWAYS,
    TriggerRule.AT_LEAST,
    TriggerRule.ALL_DONE_WITHIN,
)

#: The rules that are tried: those behind a graph that only need to know whether it succeeded, and all that do not wait.
RULES = (TriggerRule.ALL_SUCCESS, TriggerRule.ALL_SUCCESS, TriggerRule.ALL_SUCCESS, TriggerRule.ALL_DONE, *IMPATIENT)


@dataclass(frozen=True, slots=True)
class Node:
    """A step, and the graph that it runs, if any. ``fails``: how many of its job's tries fail, the first of them.

    ``body``: what a mapped step does for each of ``items``. It fails for every third item, the first included.
    """

    step: Step
    inside: "Tree | None" = None
    fails: int = 0
    seconds: float = 0.0
    body: "Node | None" = None
    items: int = 0

    def inner(self) -> Inner | None:
        """The graph that it runs, if any."""
        if self.body is not None:
            inner = self.body.inner()
            version = hashlib.sha256(repr(self.body.step).encode()).hexdigest()
            plan = compile_plan(self.body.step.name, version, (self.body.step,))
            return Inner(replace(plan, inners={} if inner is None else {self.body.step.inner: inner}))
        return self.inside.inner() if self.inside is not None else None

    def fail(self, name: str) -> int:
        """How many tries of the job called ``name`` fail."""
        index = name.rpartition(".")[2]
        return 0 if index.isdigit() and int(index) % 3 else self.fails


@dataclass(frozen=True, slots=True)
class Tree:
    """A graph, in the order of its steps; each comes after some of those before it."""

    nodes: tuple[Node, ...]
    version: str

    def plan(self) -> Plan:
        inners = {node.step.inner: inner for node in self.nodes if (inner := node.inner()) is not None}
        steps = tuple(node.step for node in self.nodes)
        plan = compile_plan(f"graph-{self.version}", self.version, steps)
        return replace(plan, inners=inners, max_parallel=limit(f"{self.version} {len(steps)}"))

    def inner(self) -> Inner:
        """As the graph of a step. Its output tells the number that the step was given."""
        return Inner(self.plan(), (Param("n", "int", default=0),), {"n": "{{ params.n }}"})

    def find(self, path: str) -> Node:
        """The node with this whole name, such as ``b/c``."""
        first, _, rest = path.partition("/")
        node = next(node for node in self.nodes if node.step.name == first)
        if node.body is not None:
            rest, node = rest.partition("/")[2], node.body
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
        rule = random.choice(RULES) if after else TriggerRule.ALL_SUCCESS
        trouble, attempts = random.random() < 0.3, random.choice([1, 1, 2, 3])
        step = Step(
            f"s{number}",
            work,
            after,
            rule,
            at_least=random.randint(1, len(after)) if rule is TriggerRule.AT_LEAST else None,
            within=random.choice([1.0, 30.0]) if rule is TriggerRule.ALL_DONE_WITHIN else None,
            retry=Retry(attempts, random.choice([0.0, 20.0]), 1.0),
            check=CheckPolicy(random.choice([None, 5.0]), random.choice([60.0, 300.0])),
            inner=version_of(inside.inner()) if inside else "",
        )
        node = Node(step, inside, random.choice([1, 1, 2, 9]) if trouble else 0, random.random() * 90.0)
        nodes.append(_mapped(random, node) if depth < 2 and random.random() < 0.25 else node)
    return Tree(tuple(nodes), version)


def limit(of: str) -> int | None:
    """How many attempts of a run may be active at once: the same for the same text, and often any number."""
    return Random(f"limit of {of}").choice([None, 1, 2])


def _mapped(random: Random, node: Node) -> Node:
    """The same for each of some items. Both the step and what it does for an item may be tried again."""
    step, items = node.step, random.choice([0, 1, 2, 3, 7])
    body = Step(step.name, step.work, retry=step.retry, check=step.check, inner=step.inner)
    made = Node(step, body=replace(node, step=body), items=items)
    inner = made.inner()
    assert inner is not None
    spec: dict[str, Json] = {"over": [*range(items)], "tolerate": random.choice([0, 0, 1, "50%"])}
    if (most := limit(f"{step.name} {items}")) is not None:
        spec["max_parallel"] = most
    retry = Retry(random.choice([1, 2]), 5.0, 1.0)
    outer = replace(step, work=Work("map", spec), retry=retry, check=CheckPolicy(), inner=version_of(inner))
    return replace(made, step=outer)


#: What another attempt, and a rerun without any wishes, runs again.
ALL_THAT_FAILED = Selection()


@dataclass
class Oracle:
    """How everything ends. ``tries``: how often the job of each step is launched, by its whole name.

    ``ends``: how each step ended at last. It knows neither the machine nor what a run keeps, only what was promised:
    another attempt runs again what did not succeed, and what is behind that.
    """

    tries: Counter[str] = field(default_factory=Counter)
    ends: dict[str, Status] = field(default_factory=dict)

    def run(self, tree: Tree, path: str = "", wanted: Selection = ALL_THAT_FAILED) -> bool:
        """Whether the graph succeeds. What of it is to be kept is in ``ends``. ``wanted``: whole names, in a rerun."""
        again: set[str] = set()
        for node in tree.nodes:
            name, step = f"{path}{node.step.name}", node.step
            kept = [self.ends[f"{path}{one}"] for one in step.after if one not in again]
            behind = len(kept) < len(step.after) and not (self._good(name) and _enough(step, kept))
            if not behind and not self._wants(name, wanted):
                continue
            if len(kept) < len(step.after) or not self._goes_on(name, wanted):
                self._forget(name)
            again.add(step.name)
            self.ends[name] = _joined(step, [self.ends[f"{path}{one}"] for one in step.after])
            if self.ends[name] is Status.PENDING:
                self.ends[name] = self._tried(node, name, wanted)
        bad = (Status.FAILED, Status.UPSTREAM_FAILED)
        return not any(self.ends[f"{path}{node.step.name}"] in bad for node in tree.nodes)

    def _good(self, name: str) -> bool:
        return self.ends.get(name) in (Status.SUCCEEDED, Status.SKIPPED)

    def _wants(self, name: str, wanted: Selection) -> bool:
        """Whether a step runs again of itself."""
        named = any(one == name or one.startswith(f"{name}/") for one in (*wanted.start, *wanted.only))
        return named or name not in self.ends or (not wanted.only and not self._good(name))

    def _goes_on(self, name: str, wanted: Selection) -> bool:
        """Whether a step that runs again keeps what is good inside it."""
        inside = any(one.startswith(f"{name}/") for one in (*wanted.start, *wanted.only))
        return inside or self.ends.get(name) is Status.FAILED

    def _forget(self, name: str) -> None:
        """A step that begins anew keeps nothing of what is inside it."""
        for other in [one for one in self.ends if one.startswith(f"{name}/")]:
            del self.ends[other]

    def _tried(self, node: Node, name: str, wanted: Selection) -> Status:
        if node.body is not None and not node.items:
            return Status.SKIPPED
        inside = any(one.startswith(f"{name}/") for one in (*wanted.start, *wanted.only))
        for attempt in range(node.step.retry.attempts):
            now = wanted if inside and not attempt else ALL_THAT_FAILED
            if node.body is not None:
                good = self._over(node, f"{name}/{node.step.name}", now)
            elif node.inside is not None:
                good = self.run(node.inside, f"{name}/", now)
            else:
                self.tries[name] += 1
                good = self.tries[name] > node.fail(name)
            if good:
                return Status.SUCCEEDED
        return Status.FAILED

    def _over(self, node: Node, name: str, wanted: Selection) -> bool:
        """Whether the step is good, after its body was tried for each item for which that is wanted."""
        tolerate, bad = node.step.work.spec["tolerate"], 0
        most = node.items // 2 if tolerate == "50%" else tolerate
        assert isinstance(most, int)
        assert node.body is not None
        for index in range(node.items):
            own = f"{name}.{index}"
            if self._wants(own, wanted):
                if not self._goes_on(own, wanted):
                    self._forget(own)
                self.ends[own] = self._tried(node.body, own, wanted)
            bad += self.ends[own] is not Status.SUCCEEDED
        return bad <= most


def _joined(step: Step, before: list[Status]) -> Status:
    """How a step ends without running; pending if it runs. ``before``: how all those before it have ended."""
    bad = sum(one in (Status.FAILED, Status.UPSTREAM_FAILED) for one in before)
    if not before or step.trigger in (TriggerRule.ALL_DONE, TriggerRule.ALL_DONE_WITHIN) or _enough(step, before):
        return Status.PENDING
    match step.trigger:
        case TriggerRule.ONE_FAILED | TriggerRule.ONE_DONE:
            return Status.SKIPPED
        case TriggerRule.ONE_SUCCESS | TriggerRule.AT_LEAST:
            return Status.UPSTREAM_FAILED if bad else Status.SKIPPED
    if bad:
        return Status.UPSTREAM_FAILED
    return Status.SKIPPED if Status.SKIPPED in before else Status.PENDING


def _enough(step: Step, before: list[Status]) -> bool:
    """Whether a step need not wait for others than those that have ended so. Then it does not run again with others."""
    good, failed = before.count(Status.SUCCEEDED), before.count(Status.FAILED)
    match step.trigger:
        case TriggerRule.ONE_SUCCESS | TriggerRule.AT_LEAST:
            return good >= (step.at_least or 1)
        case TriggerRule.ONE_FAILED:
            return failed + before.count(Status.UPSTREAM_FAILED) > 0
        case TriggerRule.ONE_DONE:
            return good + failed > 0
        case rule:
            return rule is TriggerRule.ALWAYS
