"""What the tasks of each queue may ask for. Pure.

Whoever creates a task decides what is in it, but grants (deployment/grants.py) say who may put tasks on which queue. So
the account that handles log entries, which others may write, can request checks of jobs and nothing else.
"""

from orchestrator.core.messages import Check, Effect, Launch, MissedStart, Notify
from orchestrator.engine.check_times import of_a_signal
from orchestrator.ports import LAUNCHES, NOTICES, SIGNALS


def misplaced(queue: str, effect: Effect) -> str | None:
    """Why a task from ``queue`` may not ask for ``effect``; None if it may.

    A signal may only ask for the first check, which puts the next one on the queue of checks.
    """
    if queue == SIGNALS and not (isinstance(effect, Check) and of_a_signal(effect) and effect.number == 0):
        return f"{effect.name} is not a first check after a signal, and the queue '{SIGNALS}' takes nothing else"
    if queue == LAUNCHES and not isinstance(effect, Launch):
        return f"{effect.name} is not a launch, and the queue '{LAUNCHES}' takes nothing else"
    if queue == NOTICES and not isinstance(effect, Notify | MissedStart):
        return f"{effect.name} is not a notification, and the queue '{NOTICES}' takes nothing else"
    return None
