"""Chooses the attempt's job among several with one name. Pure: all processes choose the same one."""

from collections.abc import Mapping, Sequence

from orchestrator.jobs.dataflow.states import UPDATED, Body, ended, state


def choose(
    jobs: Sequence[Body], labels: Mapping[str, str], recorded: str | None = None
) -> tuple[Body | None, list[Body]]:
    """The job to adopt, and its duplicates that have not ended. If one is ``recorded``, that one is adopted.

    A job with labels other than ours is not ours. Of ours, the oldest is adopted: jobs that appear later do not change
    the choice, and it may have done the work already. A job that an update replaced has the same name and is not a
    duplicate.
    """
    ours = [job for job in jobs if not _foreign(job, labels)]
    proven = [job for job in ours if job.get("labels")]
    candidates = sorted(
        proven or ours, key=lambda job: (job["id"] != recorded, str(job.get("createTime", "")), str(job["id"]))
    )
    if not candidates:
        return None, []
    if any(state(job) == UPDATED or job.get("replaceJobId") for job in ours):
        return candidates[0], []
    stays = candidates[0]
    return stays, [job for job in ours if job["id"] != stays["id"] and not ended(job)]


def _foreign(job: Body, labels: Mapping[str, str]) -> bool:
    """Whether the job's labels show that it is not ours. It is not documented whether lists contain labels."""
    shown = job.get("labels") or {}
    return any(key in shown and shown[key] != value for key, value in labels.items())
