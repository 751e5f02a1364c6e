"""Forged tasks, which are not owed: for any node and attempt of a run, or modelled on a task that was seen.

None of them may change anything. If one happens to be owed, it is performed like the real task: once.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from orchestrator.core.messages import (
    EVENT,
    LATE,
    SIGNAL,
    STOP,
    WATCHDOG,
    Announce,
    Check,
    Deadline,
    Effect,
    Finish,
    Launch,
    Limit,
    Notify,
    Pass,
    Release,
    Skip,
)
from orchestrator.core.occasions import OCCASIONS
from orchestrator.core.plan import Plan
from orchestrator.engine import Engine
from orchestrator.errors import NotFoundError
from orchestrator.ports import CHECKS, Task
from orchestrator.queues.local import Delivery

#: How the name of such a task begins.
FORGED = "forged"

_CHAINS = (SIGNAL, EVENT, WATCHDOG, LATE, STOP, "sweepx", "sweepxstop")


def forged(random: Random, run: str, plan: Plan, number: int, seen: Sequence[Launch | Release]) -> Task:
    """One of them. ``seen``: launches and releases of that run that were put before, which whoever makes this one up
    has read."""
    node = random.randrange(-1, len(plan.nodes) + 1)
    made: list[Effect] = [
        Launch(run, node, random.choice([1, 1, 1, 2, 3, 99, 10**6])),
        Check(run, node, random.randint(1, 4), random.choice(_CHAINS), random.randint(50, 99)),
        Skip(run, node),
        Pass(run, node, early=random.choice([0, 0, 1, 2, 40])),
        Limit(run, node, due=random.choice([0.0, 1.0])),
        Finish(run, after=random.choice([-1, node])),
        Announce(run, node, random.randint(1, 3)),
        Notify(run, "ops", random.choice(OCCASIONS), random.choice([-1, node]), random.choice([0, 0, 1, 2, 3])),
        Notify(run, "ops", "late", random.choice([-1, node]), ahead=random.randint(0, 1)),
        Deadline(run, due=random.choice([0.0, 1.0]), after=random.choice([-1, node])),
    ]
    if seen and random.random() < 0.5:
        read = random.choice(seen)
        made = [read, replace(read, due=0.0), replace(read, node=node)]
        if isinstance(read, Launch):
            made.append(replace(read, attempt=read.attempt + 1, due=0.0))
    effect = random.choice(made)
    return Task(f"{FORGED}-{number}-{effect.name}", CHECKS, effect)


def perform(engine: Engine, delivery: Delivery) -> bool:
    """Perform a task. False if it was one of these, and one that can never be performed: it is dropped."""
    try:
        engine.perform(delivery.effect)
    except NotFoundError:
        if not delivery.name.startswith(FORGED):
            raise
        return False
    return True
