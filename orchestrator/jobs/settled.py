"""Backends that act on a job only when everything that led to it is on disk."""

from orchestrator.core.job_end import JobEnd
from orchestrator.home.database import Database
from orchestrator.ports import JobBackend, JobRequest, JobStatus, Launched


class Settled:
    """``backend``, for a loop in which one transaction serves many tasks.

    Processes outlive their launcher. Suppose one were started before the end of its predecessor, a python step, is on
    disk: if this process were killed then, the predecessor would run again although its successor has begun. And a
    process that is stopped before the cancellation is on disk would have been cancelled without a recorded reason.
    """

    def __init__(self, backend: JobBackend, database: Database) -> None:
        self._backend = backend
        self._database = database

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        self._database.settle()
        return self._backend.launch(request)

    def find(self, request: JobRequest) -> Launched | None:
        return self._backend.find(request)

    def status(self, job: str) -> JobStatus:
        return self._backend.status(job)

    def cancel(self, job: str) -> JobEnd | None:
        self._database.settle()
        return self._backend.cancel(job)


class OutsideTransaction(Settled):
    """``backend``, with launches outside of any transaction, because they call users' code."""

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        with self._database.suspended():
            return self._backend.launch(request)
