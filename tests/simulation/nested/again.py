"""Reruns of a run with runs inside: of what failed, and from or only of one step inside, such as an item of a map."""

from collections.abc import Iterator
from random import Random

from orchestrator.core.model import Run
from orchestrator.core.plan import Plan
from orchestrator.core.rerun import Rerun
from orchestrator.core.rerun_inside import Selection
from orchestrator.definition.reruns import numbered, request
from orchestrator.errors import UsageError
from orchestrator.ports import Store
from tests.simulation.nested.tree import ALL_THAT_FAILED, Tree

#: Of the runs that nobody cancels, that somebody reruns one.
OFTEN = 0.4

#: What somebody wants to run again.
FAILED, FROM, ONLY = "reruns what failed", "reruns from a step inside", "reruns only a step inside"
AGAIN = tuple(f"operator: {what}" for what in (FAILED, FROM, ONLY))


class Again:
    """What somebody wants to run again: ``what``, and the ``selection`` that says so. Draws from ``random`` alone."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.what, self.selection = FAILED, ALL_THAT_FAILED

    def wanted(self, tree: Tree) -> bool:
        """Whether somebody wants anything; then this knows what."""
        inside = [path for path in paths(tree) if "/" in path]
        self.what = self.random.choice([FAILED, FROM, ONLY]) if inside else FAILED
        if self.what != FAILED:
            named = (self.random.choice(inside),)
            self.selection = Selection(start=named) if self.what == FROM else Selection(only=named)
        return self.random.random() < OFTEN

    def planned(self, store: Store, run: Run, plan: Plan, now: float) -> Rerun | None:
        """The rerun; None if there is nothing to run again, or if what was named cannot be run again alone."""
        ended = store.get_run(run.key)
        assert ended is not None
        try:
            wish = request(store, ended, plan, store.load_all(run.key), None, {}, self.selection, stand_ins=False)
            return numbered(store, wish, None, now)
        except UsageError:
            return None


def paths(tree: Tree, prefix: str = "") -> Iterator[str]:
    """The whole names of all steps, at any depth, with the items of those that are mapped."""
    for node in tree.nodes:
        name = f"{prefix}{node.step.name}"
        yield name
        bodies = [(node, name)]
        if node.body is not None:
            bodies = [(node.body, f"{name}/{node.step.name}.{index}") for index in range(node.items)]
            yield from (path for _, path in bodies)
        for body, path in bodies:
            if body.inside is not None:
                yield from paths(body.inside, f"{path}/")
