"""Tells receivers of starts of schedules that were due and did not happen.

Such a start has no run whose state could say so. Its id follows from the graph and the time, so whoever misses it puts
the same tasks; and it is told only if there is still no such run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.core.messages import MissedStart
from orchestrator.core.names import run_key
from orchestrator.core.occasions import Occasion, receivers_of
from orchestrator.core.run_filter import RunFilter
from orchestrator.engine import notification_texts
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.notifying import judged
from orchestrator.errors import NotNotifiedError
from orchestrator.ports import NOTICES, Notification, Task
from orchestrator.text import iso


@dataclass(frozen=True, slots=True)
class DueStart:
    """A start of ``graph`` that was due ``at``, in seconds since the epoch. ``run_id``: that of its run."""

    graph: str
    run_id: str
    at: float


def missed(ledger: Ledger, starts: Sequence[DueStart]) -> list[MissedStart]:
    """What is owed for those of ``starts`` that did not happen."""
    gone = (start for start in starts if ledger.store.find_run(start.run_id) is None)
    return [MissedStart(run_key(start.run_id), start.run_id, start.graph, start.at) for start in gone]


def told(ledger: Ledger, effect: MissedStart) -> list[Task]:
    """The notifications of a start that did not happen, one for each receiver that is notified of such."""
    tells = [replace(effect, to=to) for to in receivers_of(_asked(ledger, effect.graph), Occasion.MISSED_START)]
    return [Task(one.name, NOTICES, one) for one in tells]


def perform(ledger: Ledger, effect: MissedStart) -> None:
    """Put the notifications onto the queue, or notify the receiver ``to``. Nothing if the run is there by now."""
    if (notification := composed(ledger, effect)) is None:
        return
    if not effect.to:
        if tasks := told(ledger, effect):
            ledger.queue.put(tasks)
        return
    try:
        if ledger.receivers is not None:
            ledger.receivers.notify(effect.to, notification)
    except NotNotifiedError as error:
        raise judged(error, notification, ledger.clock()) from error


def composed(ledger: Ledger, effect: MissedStart) -> Notification | None:
    """The notification; None if the start has happened by now, or nobody is notified."""
    if ledger.receivers is None or ledger.store.find_run(effect.run_id) is not None:
        return None
    if ledger.alone:
        command = f"orchestrator run {effect.graph} --due {iso(effect.at)}{ledger.flags}"
    else:
        command = f"orchestrator start {effect.graph}{ledger.rerun_flags or ledger.flags}"
    return notification_texts.of_missed_start(effect, command)


def _asked(ledger: Ledger, graph: str) -> Mapping[str, Sequence[str]]:
    """Whom a run of the graph would notify: as its newest run does, because that knows what the graph itself says."""
    if ledger.receivers is None:
        return {}
    newest = ledger.store.list_runs(1, lambda _: None, RunFilter(graph=graph))
    return newest[0].notify if newest else ledger.receivers.asked(graph, {})
