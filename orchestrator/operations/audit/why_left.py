"""Whether a job that runs belongs to an attempt of a run that has not ended."""

from orchestrator.core.model import RunStatus
from orchestrator.core.names import JobRef
from orchestrator.ports import Store
from orchestrator.reporting.phrases import status_word
from orchestrator.reporting.times import clock


def why_left(store: Store, job: JobRef) -> str:
    """Why nobody waits for the end of this job; empty if its run does.

    A job that a step leaves running on purpose (``streaming``) belongs to its run also when that has ended. Raises
    StoreError, and UnreadableRecordError if the records do not tell.
    """
    run = store.get_run(job.run)
    if run is None:
        return f"there is no run with its key, {job.run}"
    state = store.load(run.key, (job.node,), ()).state(job.node)
    if state.attempt == job.attempt and (state.status.active or state.live):
        return ""
    if run.status is not RunStatus.RUNNING:
        at = f" at {clock(run.ended_at, '%Y-%m-%d %H:%M:%S')}" if run.ended_at is not None else ""
        return f"its run {run.id} has ended ({run.status}){at}"
    if state.attempt > job.attempt:
        return f"run {run.id} is at attempt {state.attempt} of this step, and this is attempt {job.attempt}"
    return f"run {run.id} does not know that it runs: its step is {status_word(state.status)}"
