"""One job an attempt: the one that is recorded goes on, and whoever sees another of that attempt cancels it.

What is recorded is never changed, so all who look agree; nothing is cancelled before it is recorded.
"""

import logging

from orchestrator.core.model import Status, StepState
from orchestrator.ports import Discards, JobBackend, JobRequest, Launched

log = logging.getLogger(__name__)


def recorded(state: StepState, attempt: int) -> str | None:
    """The job that ``attempt`` goes on with, or ended with, as far as the state still tells."""
    return state.job if state.attempt == attempt else None


def cancel_others(backend: JobBackend, request: JobRequest, state: StepState, found: Launched) -> None:
    """Cancel the jobs among ``found`` that are one too many, now that ``state`` is the step's. Raises BackendError."""
    if not isinstance(backend, Discards) or (state.status is Status.LAUNCHING and state.attempt == request.attempt):
        return
    stays = recorded(state, request.attempt)
    for job in (*(() if found.over else (found.job,)), *found.beside):
        if job != stays:
            log.warning("job %s, called %s, is one too many: cancelling it; %s", job, request.name, _instead(stays))
            backend.discard(job)


def _instead(job: str | None) -> str:
    return f"the attempt's job is {job}" if job else "the attempt is over"
