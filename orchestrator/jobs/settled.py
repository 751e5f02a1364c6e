"""Backends that act on a job only when everything that led to it is on disk."""

from orchestrator.core.job_end import JobEnd
from orchestrator.home.database import Database
from orchestrator.ports import JobBackend, JobRequest, JobStatus, Launched


class Settled:
    """``backend``, for a world in which a transaction serves many tasks.

    A process outlives its launcher. Suppose it began before the end of the python step before it was on disk: if this
    process were killed then, that step would run again after its successor had begun. And a process that was stopped
    before the cancellation is on disk would have been cancelled for no recorded reason.
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
    """``backend``, whose launches call users' code while no transaction is open."""

    def launch(self, request: JobRequest) -> Launched | JobEnd:
        with self._database.suspended():
            return self._backend.launch(request)
