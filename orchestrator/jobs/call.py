"""Short functions as jobs: called where the step is launched, so nothing is left to look at when the launch is over."""

import logging
from functools import partial

from orchestrator.core.model import Outcome
from orchestrator.jobs.python.calling import call
from orchestrator.jobs.python.deadline import MAX_SECONDS, TookTooLongError, within
from orchestrator.ports import Clock, JobOver, JobRequest

log = logging.getLogger(__name__)


class CallBackend:
    """Steps of kind ``call``: ``spec["function"]`` is called, and a mapping that it returns becomes the step's outputs.

    A call that was interrupted is made again, since nobody knows how far it came. The traceback of one that fails is
    logged.
    """

    def __init__(self, clock: Clock, max_seconds: float = MAX_SECONDS) -> None:
        self._clock = clock
        self._max_seconds = max_seconds

    def launch(self, request: JobRequest) -> JobOver:
        def write(trace: str) -> None:
            log.error("%s: %s", request.name, trace)

        request.fence()
        try:
            return within(self._max_seconds, partial(call, request, self._clock, write))
        except TookTooLongError as error:
            return JobOver(Outcome.FAILED, self._clock(), error=str(error), cause="timeout")

    def find(self, _: JobRequest) -> None:
        """None: nothing is left of a call."""

    def status(self, _: str) -> JobOver:
        """That it was interrupted: no job of this kind is ever recorded."""
        return JobOver(Outcome.INTERRUPTED, self._clock())

    def cancel(self, _: str) -> None:
        """Nothing: when it is recorded, it is over."""
