"""Finds and stops the Dataflow jobs of a deployment that are left."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestrator.core.names import parse_job_name
from orchestrator.errors import BackendError, StoreError, UsageError
from orchestrator.jobs.dataflow import states
from orchestrator.jobs.dataflow.answers import AnswerError
from orchestrator.jobs.dataflow.backend import DataflowBackend
from orchestrator.jobs.dataflow.handle import Handle
from orchestrator.jobs.dataflow.http import Api
from orchestrator.jobs.dataflow.states import Body
from orchestrator.jobs.dataflow.usage import usage
from orchestrator.operations.audit.findings import Audit, Leftover, unclear
from orchestrator.operations.audit.why_left import why_left
from orchestrator.ports import Store
from orchestrator.stores.firestore.store import connect

#: Seconds to wait for an answer of Dataflow.
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of a project, and the runs of one deployment in it. Its jobs have names that begin with ``prefix``."""

    api: Api
    store: Store
    prefix: str

    def audit(self) -> Audit:
        """The jobs of the deployment whose end no run waits for, in all regions.

        Jobs of other deployments, of people, and those that a graph keeps running (``streaming: keep``) are not looked
        at. Raises BackendError if the list of jobs is incomplete.
        """
        left, doubts, looked_at = [], [], 0
        for job in self.api.active():
            if parse_job_name(str(job["name"]), self.prefix) is None:
                continue
            looked_at += 1
            try:
                found = self.judged(job)
            except (StoreError, BackendError) as error:
                doubts.append(unclear(str(job["name"]), error))
                continue
            left += [found] if found is not None else []
        return Audit(left, doubts, looked_at)

    def found(self, where: str) -> Body | None:
        """The job at ``where``, ``REGION/ID``; None if there is none, or it is not the deployment's."""
        region, _, job_id = where.partition("/")
        try:
            job = self.api.get(region, job_id)
        except AnswerError as error:
            if error.status in (400, 404):  # the API's answer to a region that it does not have is 400
                return None
            raise
        known = parse_job_name(str(job.get("name", "")), self.prefix) is not None
        return {"location": region, **job} if known else None

    def judged(self, listed: Body) -> Leftover | None:
        """A job of the deployment, if it is left. Raises StoreError or BackendError if that cannot be told."""
        ref = parse_job_name(str(listed["name"]), self.prefix)
        why = why_left(self.store, ref) if ref is not None else ""
        return self._leftover(listed, why) if why else None

    def _leftover(self, listed: Body, why: str) -> Leftover | None:
        """None if the job has ended meanwhile: lists lag."""
        region, job_id = str(listed["location"]), str(listed["id"])
        job = self.api.get(region, job_id)
        if states.ended(job):
            return None
        began = states.moment(job.get("createTime"))
        where, word = str(Handle(region, job_id)), states.state(job).removeprefix("JOB_STATE_").lower()
        return Leftover(str(listed["name"]), where, why, began, word, self._used(region, job_id, job))

    def _used(self, region: str, job_id: str, job: Body) -> str:
        """What it has used so far; empty if Dataflow does not say."""
        try:
            found = usage(self.api.metrics(region, job_id), job.get("type") == states.STREAMING)
        except BackendError:
            return "unknown: its metrics cannot be read"
        return "" if found is None else str(found)

    def stop(self, left: Leftover) -> str:
        """As ``ask_to_stop``; what went wrong is said too."""
        try:
            return self.ask_to_stop(left)
        except BackendError as error:
            return f"not stopped: {error}"

    def ask_to_stop(self, left: Leftover) -> str:
        """Ask a job to stop, as when its run is cancelled: a streaming one drains. Says what Dataflow answers.

        Raises BackendError.
        """
        region, _, job_id = left.where.partition("/")
        DataflowBackend("", region, api=self.api).cancel(left.where)
        now = states.state(self.api.get(region, job_id)).removeprefix("JOB_STATE_").lower()
        return f"asked to stop, and is {now} now"

    def check_store(self) -> None:
        """Raises UsageError if the database has no run at all: it may be another deployment's, or a new one."""
        if not self.store.list_runs(1, lambda _: None):
            raise UsageError(
                "the database has no runs, so it may be the wrong one: give the right --database, or stop the jobs "
                "with 'gcloud dataflow jobs cancel'"
            )


@contextmanager
def jobs_of(project: str, prefix: str, database: str) -> Iterator[Jobs]:
    """The jobs of a project, with the caller's credentials."""
    api = Api(project, os.environ.get("DATAFLOW_EMULATOR_URL"), None, _TIMEOUT)
    store = connect(project, database)
    try:
        yield Jobs(api, store, prefix)
    finally:
        api.close()
        store.close()
