"""The meaning of Dataflow's job states. Pure.

Source: the enum ``Job.currentState`` of dataflow v1b3, revision 20261018: 15 states. The API adds states, so every
other word means that the job has not ended. A job just launched may have no state at all. A paused job continues or is
cancelled later, so it has not ended.
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
STOPPED = "JOB_STATE_STOPPED"
QUEUED = "JOB_STATE_QUEUED"
PENDING = "JOB_STATE_PENDING"
PAUSING = "JOB_STATE_PAUSING"
PAUSED = "JOB_STATE_PAUSED"
CLEANING_UP = "JOB_STATE_RESOURCE_CLEANING_UP"

#: A job in one of these has not yet begun to work.
NOT_BEGUN = frozenset({UNKNOWN, STOPPED, QUEUED, PENDING})

#: A job in one of these will end, and frees its name then.
STOPPING = frozenset({DRAINING, CANCELLING})

#: The states of a job that has not ended. A job in an unknown state is checked further, and the log says so.
GOING = NOT_BEGUN | STOPPING | {RUNNING, PAUSING, PAUSED, CLEANING_UP}

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

    Launch responses without a state have 1970-01-01 as its time (recorded in 2022), which counts as none.
    """
    try:
        seconds = datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
    return seconds if seconds > 0 else None


#: Seconds between checks of a job that is starting: a quarter of the time that it has taken so far, within these.
_SOONEST, _LATEST = 15.0, 300.0


def next_check(job: Body, now: float) -> float:
    """When to check a starting job again, because no signal says that it is ready.

    There are about ten checks in the first six minutes, which a Flex template takes to start, and the delay is at most
    a quarter of the time that the job took.
    """
    age = now - (moment(job.get("createTime")) or now)
    return now + min(max(age / 4, _SOONEST), _LATEST)


def state_since(job: Body) -> float | None:
    """Since when the job is in its state."""
    return moment(job.get("currentStateTime"))
