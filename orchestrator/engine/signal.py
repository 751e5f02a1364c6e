"""From a signal to a delayed look. Needs a queue alone: it touches no document, so a signal costs one task."""

from orchestrator.core.messages import SIGNAL, Check
from orchestrator.core.names import parse_job_name
from orchestrator.ports import CHECKS, Queue, Task


def notice(
    queue: Queue, name: str, due: float, prefix: str = "", chain: str = SIGNAL, queue_name: str = CHECKS
) -> bool:
    """Schedule a look at the job ``name`` for the time ``due``. False if the name is none of ours, and nothing is done.

    Ours are those that are named with ``prefix``. All signals of one attempt put the same task, so it is looked at once
    however many come before that look.
    """
    ref = parse_job_name(name, prefix)
    if ref is None:
        return False
    look = Check(ref.run, ref.node, ref.attempt, chain, due=due)
    queue.put([Task(look.name, queue_name, look)])
    return True
