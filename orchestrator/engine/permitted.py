"""What a lane of the queue may ask for. Pure.

A task's body is whatever its maker wrote, but who may put tasks on which lane is granted (deployment/grants.py). So the
account that reads other people's log entries can have jobs looked at, and nothing else.
"""

from orchestrator.core.messages import Check, Effect, Launch
from orchestrator.engine.check_times import of_a_signal
from orchestrator.ports import LAUNCHES, SIGNALS


def misplaced(lane: str, effect: Effect) -> str | None:
    """Why a task that came on ``lane`` may not ask for ``effect``; None if it may.

    A signal is worth the first look alone: what follows it, whoever looks puts on the lane of checks.
    """
    if lane == SIGNALS and not (isinstance(effect, Check) and of_a_signal(effect) and effect.look == 0):
        return f"{effect.name} is not a first look after a signal, and the queue '{SIGNALS}' takes nothing else"
    if lane == LAUNCHES and not isinstance(effect, Launch):
        return f"{effect.name} is not a launch, and the queue '{LAUNCHES}' takes nothing else"
    return None
