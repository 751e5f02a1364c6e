"""Chooses the attempt's job among several with one name. Pure: everyone who asks gets the same answer."""

from collections.abc import Mapping, Sequence

from orchestrator.jobs.dataflow.states import UPDATED, Body, ended, state


def choose(
    jobs: Sequence[Body], labels: Mapping[str, str], recorded: str | None = None
) -> tuple[Body | None, list[Body]]:
    """The job to adopt, and its duplicates that have not ended. Where one is ``recorded``, it is that.

    A job that shows other labels than ours is not ours. Of ours the oldest stays: what appears later changes nothing,
    and it may have done the work already. What an update replaced is no duplicate, and has the same name.
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
    """Whether the job shows that it is not ours; whether a list shows labels at all is not documented."""
    shown = job.get("labels") or {}
    return any(key in shown and shown[key] != value for key, value in labels.items())
