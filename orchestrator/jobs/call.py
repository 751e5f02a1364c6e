"""Short functions as jobs: they are called where the step is launched, so a job has ended when its launch has."""

import logging
from functools import partial

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.jobs.python.calling import call
from orchestrator.jobs.python.deadline import MAX_SECONDS, TookTooLongError, within
from orchestrator.ports import Clock, JobRequest

log = logging.getLogger(__name__)


class CallBackend:
    """Steps of kind ``call``: ``spec["function"]`` is called, and a mapping that it returns becomes the step's outputs.

    An interrupted call is repeated, since it is not known how far it got. The traceback of a failed call is logged.
    """

    def __init__(self, clock: Clock, max_seconds: float = MAX_SECONDS) -> None:
        self._clock = clock
        self._max_seconds = max_seconds

    def launch(self, request: JobRequest) -> JobEnd:
        def write(trace: str) -> None:
            log.error("%s: %s", request.name, trace)

        request.fence()
        try:
            return within(self._max_seconds, partial(call, request, self._clock, write))
        except TookTooLongError as error:
            return JobEnd(Outcome.FAILED, self._clock(), error=str(error), cause="timeout")

    def find(self, _: JobRequest) -> None:
        """None: a call leaves nothing to find."""

    def status(self, _: str) -> JobEnd:
        """Interrupted: no job of this kind is ever recorded."""
        return JobEnd(Outcome.INTERRUPTED, self._clock())

    def cancel(self, _: str) -> None:
        """Does nothing: a call that is recorded has ended."""
