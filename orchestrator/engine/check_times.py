"""When a job is checked after a signal that it may have ended. Pure.

A job's state lags behind its log. Google does not say by how much; 30 s have been seen. With lags of up to 45 s, the
successor is launched 4 s after the state has changed (median; 11 s at most), which takes three checks more than
a single check after 30 s would (benchmarks/lags.py).
"""

from orchestrator.core.messages import EVENT, SIGNAL, Check
from orchestrator.core.steps import CheckPolicy

#: How many seconds after a log entry its job is checked. After the last of these, the interval doubles each time.
SIGNAL_DELAYS = (2.0, 6.0, 15.0, 24.0, 34.0, 45.0)

#: How many checks follow one signal; after them the watchdog is enough. Fewer if the step sets its own delay.
MAX_CHECKS, MAX_DELAYED = 10, 7


def of_a_signal(check: Check) -> bool:
    """Whether ``check`` is one of the checks that follow a signal."""
    return check.chain in (SIGNAL, EVENT)


def postponed(policy: CheckPolicy, check: Check, signal_delay: float, now: float) -> float | None:
    """When the first check after a log entry is due if the step sets a longer delay than the deployment; else None.

    The task was scheduled with the deployment's ``signal_delay``, because handling a signal does not read the step.
    """
    if check.chain != SIGNAL or check.number or policy.delay is None:
        return None
    due = check.due - signal_delay + policy.delay
    return due if due > now else None


def wait(policy: CheckPolicy, check: Check) -> float | None:
    """Seconds until the check that follows ``check``, which found the job running; None if none follows."""
    following = check.number + 1
    if policy.delay is not None:
        return policy.delay * 2.0 ** max(0, check.number - 1) if following < MAX_DELAYED else None
    if following >= MAX_CHECKS:
        return None
    if following < len(SIGNAL_DELAYS):
        return SIGNAL_DELAYS[following] - SIGNAL_DELAYS[check.number]
    return SIGNAL_DELAYS[-1] * 2.0 ** (following - len(SIGNAL_DELAYS))
