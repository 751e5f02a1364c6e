"""Backends that do nothing to a job before what led to it is on disk. Decides nothing."""

from orchestrator.home.database import Database
from orchestrator.ports import JobBackend, JobOver, JobRequest, JobStatus, Launched


class Settled:
    """``backend``, for a world in which a transaction serves many tasks.

    A process outlives its launcher. If it began before the end of a python step that led to it is on disk, and this
    process were killed then, that step would run again after its successor had begun. And one that is stopped before it
    is on disk why would have been cancelled by nobody knows whom.
    """

    def __init__(self, backend: JobBackend, database: Database) -> None:
        self._backend = backend
        self._database = database

    def launch(self, request: JobRequest) -> Launched | JobOver:
        self._database.settle()
        return self._backend.launch(request)

    def find(self, request: JobRequest) -> Launched | None:
        return self._backend.find(request)

    def status(self, job: str) -> JobStatus:
        return self._backend.status(job)

    def cancel(self, job: str) -> JobOver | None:
        self._database.settle()
        return self._backend.cancel(job)


class OutsideTransaction(Settled):
    """``backend``, whose launches call what users wrote, and have no transaction open while they do."""

    def launch(self, request: JobRequest) -> Launched | JobOver:
        with self._database.suspended():
            return self._backend.launch(request)
