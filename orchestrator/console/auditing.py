"""Finds jobs that still run though no run waits for them, and stops them, as ``orchestrator audit`` does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.console.exchange import Call
from orchestrator.errors import NotFoundError

if TYPE_CHECKING:
    from orchestrator.operations.audit.cloud import Jobs

Answer = tuple[int, Mapping[str, Any]]

#: Seconds to wait for an answer of Dataflow.
_TIMEOUT = 30.0


def audit(call: Call) -> Answer:
    """What is left, and what cannot be told."""
    with _jobs(call) as jobs:
        found = jobs.audit()
    return 200, {
        "left": [one.json() for one in found.left],
        "unclear": list(found.unclear),
        "running": found.looked_at,
    }


def stop(call: Call) -> Answer:
    """Ask a job to stop if no run waits for it: 409 if one does, or if it has ended."""
    where = call.body.job
    with _jobs(call) as jobs:
        job = jobs.found(where)
        if job is None:
            raise NotFoundError(f"this deployment has no job {where}")
        left = jobs.judged(job)
        if left is None:
            return 409, {"errors": [f"{where} is no leftover: a run waits for its end, or it has ended"], "said": []}
        return 200, {"job": where, "said": [f"{left.name}: {jobs.ask_to_stop(left)}"], "changed": True}


@contextmanager
def _jobs(call: Call) -> Iterator["Jobs"]:
    from orchestrator.jobs.dataflow.http import Api
    from orchestrator.operations.audit.cloud import Jobs

    told = call.deployed.settings
    api = Api(told.project, told.dataflow_endpoint, None, _TIMEOUT)
    try:
        yield Jobs(api, call.deployed.engine.ledger.store, told.job_prefix)
    finally:
        api.close()
