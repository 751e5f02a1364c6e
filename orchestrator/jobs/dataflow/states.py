"""What Dataflow's words for a job's state mean. Pure.

Source: the enum ``Job.currentState`` of dataflow v1b3, revision 20261018: 15 states. The API adds states, so every
other word means that the job has not ended. A job just launched may have no state at all.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

#: An answer of the API, or a part of one.
Body = Mapping[str, Any]

DONE = "JOB_STATE_DONE"
FAILED = "JOB_STATE_FAILED"
CANCELLED = "JOB_STATE_CANCELLED"
UPDATED = "JOB_STATE_UPDATED"
DRAINED = "JOB_STATE_DRAINED"
RUNNING = "JOB_STATE_RUNNING"
DRAINING = "JOB_STATE_DRAINING"
CANCELLING = "JOB_STATE_CANCELLING"
UNKNOWN = "JOB_STATE_UNKNOWN"

#: "After a job has reached a terminal state, no further state updates may be made" (Job.currentState).
#: JOB_STATE_STOPPED is not among them, though ``jobs.list`` counts it as terminated: it is "not yet started".
TERMINAL = frozenset({DONE, FAILED, CANCELLED, UPDATED, DRAINED})

STREAMING = "JOB_TYPE_STREAMING"


def state(job: Body) -> str:
    """The job's state; ``JOB_STATE_UNKNOWN`` if it has none yet."""
    return str(job.get("currentState") or UNKNOWN)


def ended(job: Body) -> bool:
    """Whether the job reached a terminal state."""
    return state(job) in TERMINAL


def moment(text: object) -> float | None:
    """Seconds since the epoch of a time as Google writes it; None if there is none.

    Launch answers without a state carry 1970-01-01 as its time (recorded in 2022): that is none.
    """
    try:
        seconds = datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
    return seconds if seconds > 0 else None


def state_since(job: Body) -> float | None:
    """Since when the job is in its state."""
    return moment(job.get("currentStateTime"))
