"""Tasks that nobody owes: made up for a run of the world, at any node, of any attempt. None of them may change a thing.

A launch of the attempt that is owed next is not among them: whoever may put one may write the step itself. Nor is a
look that asks a job to stop: that is what it does.
"""

from random import Random

from orchestrator.core.messages import EVENT, LATE, SIGNAL, WATCHDOG, Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.plan import Plan
from orchestrator.engine import Engine
from orchestrator.errors import NotFoundError
from orchestrator.ports import CHECKS, Task
from orchestrator.queues.local import Delivery

#: How the name of such a task begins.
FORGED = "forged"


def forged(random: Random, run: str, plan: Plan, number: int) -> Task:
    """One of them."""
    node = random.randrange(-1, len(plan.nodes) + 1)
    made: list[Effect] = [
        Launch(run, node, random.choice([99, 10**6])),
        Check(
            run,
            node,
            random.randint(1, 4),
            random.choice([SIGNAL, EVENT, WATCHDOG, LATE, "sweepx"]),
            random.randint(50, 99),
        ),
        Skip(run, node),
        Pass(run, node),
        Finish(run, after=random.choice([-1, node])),
    ]
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
