"""When a job is looked at of which somebody said that it may have ended. Pure.

A job's state lags behind its log by nobody knows how much: Google does not say, and half a minute has been seen. With
lags of up to 45 s the successor is launched 4 s after the state has changed, in the middle, and after 11 s at the most,
for three looks more than one after 30 s (benchmarks/lags.py).
"""

from orchestrator.core.messages import EVENT, SIGNAL, Check
from orchestrator.core.steps import CheckPolicy

#: Seconds after a log entry at which its job is looked at. Afterwards each look comes twice as late as the one before.
LOOKS = (2.0, 6.0, 15.0, 24.0, 34.0, 45.0)

#: How many looks one signal is worth; after them the watchdog is enough. Fewer where the step says how late they are.
MAX_LOOKS, MAX_DELAYED = 10, 7


def of_a_signal(look: Check) -> bool:
    """Whether it is one of the looks that a signal is worth."""
    return look.chain in (SIGNAL, EVENT)


def postponed(policy: CheckPolicy, look: Check, signal_delay: float, now: float) -> float | None:
    """When a step that says how long after a log entry it is looked at wants its first look, if that is not ``now``.

    Who took the signal knew the deployment's ``signal_delay`` and not the step.
    """
    if look.chain != SIGNAL or look.look or policy.delay is None:
        return None
    due = look.due - signal_delay + policy.delay
    return due if due > now else None


def wait(policy: CheckPolicy, look: Check) -> float | None:
    """Seconds until the look after this one, which found the job running; None: there is none."""
    following = look.look + 1
    if policy.delay is not None:
        return policy.delay * 2.0 ** max(0, look.look - 1) if following < MAX_DELAYED else None
    if following >= MAX_LOOKS:
        return None
    if following < len(LOOKS):
        return LOOKS[following] - LOOKS[look.look]
    return LOOKS[-1] * 2.0 ** (following - len(LOOKS))
