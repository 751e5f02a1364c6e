"""A delay. Its job id is the time at which it ends, so nothing runs and nothing is stored."""

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.errors import LaunchRefusedError
from orchestrator.ports import Clock, JobRequest, JobRunning, JobStatus, Launched


class WaitBackend:
    """Steps of kind ``wait``: they succeed ``spec["seconds"]`` after their launch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def launch(self, request: JobRequest) -> Launched:
        seconds = request.spec.get("seconds")
        if not isinstance(seconds, int | float):
            raise LaunchRefusedError(f"step '{request.step}': wait: expected seconds, got {seconds!r}")
        end = self._clock() + seconds
        return Launched(repr(end), due=end)

    def find(self, _: JobRequest) -> None:
        """None: a delay whose launch was not recorded starts again."""

    def status(self, job: str) -> JobStatus:
        return JobEnd(Outcome.SUCCEEDED, float(job)) if self._clock() >= float(job) else JobRunning()

    def cancel(self, job: str) -> JobEnd:
        """Its end: nothing is running, so it ends as soon as it is asked to."""
        return JobEnd(Outcome.CANCELLED, min(self._clock(), float(job)))
