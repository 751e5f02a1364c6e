"""How a status and a length of time are said, in pictures and on the command line alike. It decides nothing."""

from orchestrator.core.model import Status, StepState
from orchestrator.core.steps import Step


def status_word(status: Status) -> str:
    """A status as a person says it: ``upstream failed``."""
    return status.value.replace("_", " ")


def attempt_of(step: Step, state: StepState, attempt: int) -> str:
    """``attempt 2 of 3``; ``attempt 2`` where there is no retry; ``attempt 2 (1 interrupted)``.

    An attempt that was interrupted does not count, so it comes on top of those that the graph allows.
    """
    most = max(step.retry.attempts + state.interruptions, attempt)
    total = f" of {most}" if step.retry.attempts > 1 else ""
    lost = f" ({state.interruptions} interrupted)" if state.interruptions else ""
    return f"attempt {attempt}{total}{lost}"


def duration(seconds: float) -> str:
    """Two units at most: ``0.4 s``, ``12 s``, ``3 m 12 s``, ``2 h 05 m``, ``4 d 3 h``."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} m"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
