"""The backends that are the same on one machine and in the cloud: they need nothing but a clock."""

from orchestrator.jobs.wait import WaitBackend
from orchestrator.ports import Clock, JobBackend


def anywhere(clock: Clock) -> dict[str, JobBackend]:
    """Each backend by its kind."""
    return {"wait": WaitBackend(clock)}
