"""Looks at a pool's line, and wakes as many of those who wait there as there are free places.

Nobody watches a pool. Whoever finds no free place joins the line *and then looks once more*; whoever frees a place, or
leaves the line, *then* looks who is first, and wakes them. So of two that do this at the same moment, at least one sees
the other. Who is woken looks for itself, since the place may be gone again.
"""

from orchestrator.core.model import StepState
from orchestrator.core.pools import Wait
from orchestrator.core.task_codec import decode
from orchestrator.ports import Queue, Store, Task

#: How many free places, and how many of those in line, a look sees. Whoever takes a place looks further for the others.
PAGE = 4


def look(store: Store, queue: Queue, pool: str, size: int, by: str) -> int:
    """Wake those whose turn it may be. Returns how many. ``by``: who looks, and when, as a part of the tasks' names.

    Such a name must only be new: the step that is woken decides for itself.
    """
    seen = store.pool(pool, size, PAGE)
    tasks = [_task(wait, f"woken-{by}") for wait in seen.first]
    if tasks:
        queue.put(tasks)
    return len(tasks)


def may_have_given(state: StepState) -> bool:
    """Whether a step in this state may have freed a place, or left a line, without anybody having looked since.

    One that waits for its next attempt may have freed the place of the one before, and stands behind others now.
    """
    held = state.control is not None and state.control.hold is not None
    over = state.attempt > 0 or state.status.final or state.stop is not None or held
    return over and not state.status.active and (state.waits is None or state.attempt > 0)


def _task(wait: Wait, suffix: str) -> Task:
    launch = decode(wait.launch)
    return Task(f"{launch.name}-{suffix}", wait.queue, launch)
