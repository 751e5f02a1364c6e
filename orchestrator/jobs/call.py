"""Short functions as jobs: called where the step is launched, so nothing is left to look at when the launch is over."""

from orchestrator.core.model import Outcome
from orchestrator.errors import OutputError
from orchestrator.jobs.functions import UnknownFunctionError, called, describe
from orchestrator.jobs.limited import MOST_SECONDS, TookTooLongError
from orchestrator.jobs.outputs import check_outputs
from orchestrator.ports import Clock, JobOver, JobRequest


class CallBackend:
    """Steps of kind ``call``: ``spec["function"]`` is called, and a mapping that it returns becomes the step's outputs.

    A call that was interrupted is made again, since nobody knows how far it came.
    """

    def __init__(self, clock: Clock, most_seconds: float = MOST_SECONDS) -> None:
        self._clock = clock
        self._most_seconds = most_seconds

    def launch(self, request: JobRequest) -> JobOver:
        try:
            returned = _returned(request, self._most_seconds)
            outputs = None if returned is None else check_outputs(returned)
            return JobOver(Outcome.SUCCEEDED, self._clock(), outputs)
        except UnknownFunctionError as error:
            return JobOver(Outcome.FAILED, self._clock(), error=str(error), cause="function", hopeless=True)
        except OutputError as error:
            return JobOver(Outcome.FAILED, self._clock(), error=str(error), cause="outputs", hopeless=True)
        except TookTooLongError as error:
            return JobOver(Outcome.FAILED, self._clock(), error=str(error), cause="timeout")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's function may raise anything
            return JobOver(Outcome.FAILED, self._clock(), error=describe(error), cause="exception")

    def find(self, _: JobRequest) -> None:
        """None: nothing is left of a call."""

    def status(self, _: str) -> JobOver:
        """That it was interrupted: no job of this kind is ever recorded."""
        return JobOver(Outcome.INTERRUPTED, self._clock())

    def cancel(self, _: str) -> None:
        """Nothing: when it is recorded, it is over."""


def _returned(request: JobRequest, most_seconds: float) -> object:
    try:
        return called(str(request.spec["function"]), request, most_seconds)
    except SystemExit as end:
        if end.code in (None, 0):
            return None
        raise
