"""A rerun: a second world, in a weather of its own, of a run that keeps what the first world's run has ended well.

The oracle knows nothing of reruns: it must find the second run as if everything had been run at once.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.kept_steps import as_kept
from orchestrator.core.model import Status, StepState
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Step
from tests.simulation.graphs import attempts_of
from tests.simulation.life import Life
from tests.simulation.oracle import endings
from tests.simulation.scenario import Scenario
from tests.simulation.watch import ending

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Of the worlds in which a run ended, that it is rerun.
OFTEN = 0.15

_BAD = frozenset({Status.FAILED, Status.CANCELLED, Status.UPSTREAM_FAILED})

#: Which steps somebody wants to run again besides those that failed, or instead of them.
ALSO = ("what failed", "what failed", "and another", "only another")


def choose(life: Life, random: Random) -> dict[int, StepState]:
    """The states that a rerun of ``life`` keeps; none if there is nothing to run again, or to keep.

    What an operator or a deleted document has touched runs again: of that the oracle knows nothing.
    """
    view, plan = life.watch.view(), life.plan
    known, touched = endings(life.scenario), life.watch.touched
    states = {node: view.state(node) for node in range(len(plan.steps))}
    odd = {node for node in states if node in touched or ending(states[node]) != known[plan.steps[node].name]}
    also, bad = random.choice(ALSO), {node for node in states if states[node].status in _BAD}
    again = odd | (set() if also == "only another" else bad)
    if also != "what failed":
        again.add(random.randrange(len(states)))
    for node in plan.topological:
        before = [plan.numbers[name] for name in plan.steps[node].after]
        kept = [states[one].status for one in before if one not in again]
        if len(kept) < len(before) and (states[node].status in _BAD or not _enough(plan.steps[node], kept)):
            again.add(node)
    return {node: as_kept(state) for node, state in states.items() if node not in again} if again else {}


def _enough(step: Step, kept: list[Status]) -> bool:
    """Whether a step begins at once in a rerun that keeps these steps before it, and runs others of them again."""
    good, failed = kept.count(Status.SUCCEEDED), kept.count(Status.FAILED) + kept.count(Status.CANCELLED)
    match step.trigger:
        case TriggerRule.ONE_SUCCESS | TriggerRule.AT_LEAST:
            return good >= (step.at_least or 1)
        case TriggerRule.ONE_FAILED:
            return failed + kept.count(Status.UPSTREAM_FAILED) > 0
        case TriggerRule.ONE_DONE:
            return good + failed > 0
        case rule:
            return rule is TriggerRule.ALWAYS


def second(scenario: Scenario, kept: Collection[int], random: Random) -> Scenario:
    """The same, but for what becomes outside of the attempts of those steps that run again."""
    trouble = random.choice([0.0, 0.0, 0.3])
    tried = {
        step.name: scenario.attempts[step.name] if node in kept else attempts_of(random, step, trouble)
        for node, step in enumerate(scenario.steps)
    }
    return replace(scenario, attempts=tried)


def watch_kept(world: "World") -> None:
    """No job of a kept step was made, and its state is as it was."""
    (life,) = world.lives
    view = life.watch.view()
    for node, state in life.kept.items():
        name = life.plan.nodes[node].name
        if any(launched == node for launched, _ in life.watch.jobs):
            world.failures.append(f"{name}: launched, and it was kept")
        if view.state(node) != state:
            world.failures.append(f"{name}: kept as {state}, and it is {view.state(node)}")


Lives = Callable[[Scenario, Mapping[int, StepState]], "World"]


def rerun(first: "World", world_of: Lives, random: Random) -> "World | None":
    """The world of a rerun of the only run of ``first``; None if nobody wants one, or there is nothing to keep."""
    if len(first.lives) > 1 or first.failures or random.random() >= OFTEN:
        return None
    (life,) = first.lives
    kept = choose(life, random)
    return world_of(second(life.scenario, kept, random), kept) if kept else None
