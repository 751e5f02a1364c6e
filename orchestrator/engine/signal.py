"""Turns a signal into a delayed check. It needs only a queue, and no document, so a signal costs one task."""

from orchestrator.core.messages import SIGNAL, Check
from orchestrator.core.names import parse_job_name
from orchestrator.ports import CHECKS, Queue, Task


def notice(
    queue: Queue, name: str, due: float, prefix: str = "", chain: str = SIGNAL, queue_name: str = CHECKS
) -> bool:
    """Schedule a check of the job ``name`` at the time ``due``. False, without doing anything, if it is not our job.

    Our jobs' names begin with ``prefix``. All signals of one attempt put the same task, so the job is checked once,
    however many signals arrive before that check.
    """
    ref = parse_job_name(name, prefix)
    if ref is None:
        return False
    check = Check(ref.run, ref.node, ref.attempt, chain, due=due)
    queue.put([Task(check.name, queue_name, check)])
    return True
