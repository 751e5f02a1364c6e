"""A pure delay. Its job id is the time at which it ends, so nothing runs, and nothing is remembered anywhere."""

from orchestrator.core.model import Outcome
from orchestrator.errors import LaunchRefusedError
from orchestrator.ports import Clock, JobOver, JobRequest, JobRunning, JobStatus, Launched


class WaitBackend:
    """Steps of kind ``wait``: ``spec["seconds"]`` after their launch they have succeeded."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def launch(self, request: JobRequest) -> Launched:
        seconds = request.spec.get("seconds")
        if not isinstance(seconds, int | float):
            raise LaunchRefusedError(f"step '{request.step}': wait: expected seconds, got {seconds!r}")
        end = self._clock() + seconds
        return Launched(repr(end), due=end)

    def find(self, _: JobRequest) -> None:
        """None: a delay whose launch was not recorded begins again."""

    def status(self, job: str) -> JobStatus:
        return JobOver(Outcome.SUCCEEDED, float(job)) if self._clock() >= float(job) else JobRunning()

    def cancel(self, job: str) -> JobOver:
        """Nothing runs, so it is over by being asked."""
        return JobOver(Outcome.CANCELLED, min(self._clock(), float(job)))
