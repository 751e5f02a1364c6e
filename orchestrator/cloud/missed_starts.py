"""Finds starts of schedules that were due in the cloud and did not happen: a part of the sweep.

How far each schedule was looked at is noted beside the position of the sweep. So each start is looked at once; if the
process dies before that is noted, it is looked at again, and the same tasks are put.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import takewhile

from orchestrator.cloud.start_body import scheduled_id
from orchestrator.core.graph import Schedule
from orchestrator.core.messages import MissedStart
from orchestrator.definition.due import due_after, rfc3339
from orchestrator.engine import Engine
from orchestrator.engine.missed_starts import DueStart, missed
from orchestrator.engine.sweep_rounds import Roster
from orchestrator.ports import CHECKS, Task

#: Seconds after which a start is missed: Cloud Scheduler tries five times again, for half an hour at most.
GRACE = 2400.0

#: The most starts of a graph that a sweep looks at: the newest.
MOST = 20

#: The name of the note, which the sweep keeps.
NOTE = "starts"


def look(engine: Engine, roster: Roster, schedules: Mapping[str, tuple[str, str]], now: float) -> list[MissedStart]:
    """Put a task for each start that was missed since the last look. Returns them.

    A schedule that is new, or has changed, counts from now on.
    """
    noted = roster.recall()
    before, after = noted.get(NOTE), dict[str, dict[str, object]]()
    known: Mapping[str, object] = before if isinstance(before, dict) else {}
    due: list[DueStart] = []
    for graph, (cron, zone) in schedules.items():
        said, seen = f"{cron} {zone}", known.get(graph)
        since = seen.get("until") if isinstance(seen, dict) and seen.get("schedule") == said else None
        if not isinstance(since, int | float):
            after[graph] = {"schedule": said, "until": now}
            continue
        due += _between(graph, Schedule(cron, zone), since, now - GRACE)
        after[graph] = {"schedule": said, "until": max(since, now - GRACE)}
    found = missed(engine.ledger, due)
    if found:
        engine.ledger.queue.put([Task(one.name, CHECKS, one) for one in found])
    if after != known:
        roster.note({**noted, NOTE: after})
    return found


def _between(graph: str, schedule: Schedule, after: float, until: float) -> list[DueStart]:
    """The newest starts that were due after ``after``, and not after ``until``."""
    last = datetime.fromtimestamp(until, UTC)
    moments = takewhile(lambda one: one <= last, due_after(schedule, datetime.fromtimestamp(after, UTC)))
    return [DueStart(graph, scheduled_id(graph, rfc3339(one)), one.timestamp()) for one in list(moments)[-MOST:]]
