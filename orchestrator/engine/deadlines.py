"""Looks whether the deadlines of a run and its steps will be, or were, missed, and has that told: each once.

A look is a delayed task. What it finds goes onto the queue of notifications, is then recorded in the state of the
deadline's node, and is told only if it is recorded there. The next look is a function of the states, so whoever looks,
starts the run or sweeps it puts the same task.
"""

from collections.abc import Iterable
from dataclasses import replace

from orchestrator.core import deadlines
from orchestrator.core.events import DeadlineEndangered, DeadlineMissed
from orchestrator.core.messages import Deadline, Notify
from orchestrator.core.model import Run, View
from orchestrator.core.occasions import Occasion, receivers_of
from orchestrator.engine.consistency import sure_doubts
from orchestrator.engine.control import nodes_in
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import BackendError
from orchestrator.ports import CHECKS, NOTICES, Task

#: Seconds by which what was found is told later, because it is on the queue before it is recorded.
_HEAD_START = 2.0


def look(ledger: Ledger, execution: Execution, effect: Deadline) -> None:
    """Have told what is to be told now, and put the next look.

    Raises BackendError, for a redelivery, if it comes too early: a clock is wrong, or somebody forged the task.
    """
    run, plan, now = execution.run, execution.plan, ledger.clock()
    if effect.due > now + ledger.clock_skew:
        raise BackendError(f"{effect.name} came {effect.due - now:.0f} s early: try again later")
    stored = ledger.store.get_run(run.key)
    if stored is None or stored.ended_at is not None:  # whoever ended it had the rest told
        return
    now = max(now, effect.due)  # the queue's clock says that it is time
    view = _seen(ledger, execution)
    note_missed(ledger, execution, view, now)
    endangered = deadlines.endangered(run, plan, view, now)
    for node in _sure(ledger, execution, view, endangered):
        _tell(ledger, execution, node, DeadlineEndangered(now, endangered[node]))
    put_next(ledger, execution, _seen(ledger, execution))


def note_missed(ledger: Ledger, execution: Execution, view: View, now: float) -> None:
    """Have told which deadlines have passed by ``now``. ``view``: the states of all nodes with a deadline."""
    run, plan = execution.run, execution.plan
    for node in _sure(ledger, execution, view, deadlines.missed(run, plan, view, now)):
        _tell(ledger, execution, node, DeadlineMissed(now, deadlines.due_of(run, plan, node)))


def before_end(ledger: Ledger, execution: Execution, at: float) -> None:
    """The run is about to end: have told what nobody can tell after that."""
    note_missed(ledger, execution, ledger.store.load(execution.run.key, list(execution.plan.deadlines), ()), at)


def put_next(ledger: Ledger, execution: Execution, view: View) -> None:
    """Put the next look onto the queue, if one is owed."""
    if (owed := deadlines.next_look(execution.run, execution.plan, view)) is not None:
        ledger.queue.put([Task(owed.name, CHECKS, owed)])


def inherited(parent: Run) -> dict[str, tuple[str, ...]]:
    """Who is notified by a run inside ``parent``: of its deadlines, whoever is notified of those of ``parent``."""
    return {to: (str(Occasion.LATE),) for to in receivers_of(parent.notify, Occasion.LATE)}


def _seen(ledger: Ledger, execution: Execution) -> View:
    """The states that decide about deadlines: all, if it is known how long steps take."""
    run, plan = execution.run, execution.plan
    if not run.typical:
        return ledger.store.load(run.key, list(plan.deadlines), ())
    return ledger.store.load_all(run.key, unreadable=lambda _: None, outputs=False)


def _sure(ledger: Ledger, execution: Execution, view: View, nodes: Iterable[int]) -> list[int]:
    """Those of ``nodes`` whose records nobody has deleted: a note in the state of such a step would hide that."""
    plan, chosen = execution.plan, list(nodes)
    absent = {node for node in chosen if node not in view.states and node < len(plan.steps)}
    if not absent:
        return chosen
    whole = ledger.store.load_all(execution.run.key, unreadable=lambda _: None, outputs=False)
    doubtful = nodes_in(sure_doubts(ledger.store, execution.run.key, plan, whole))
    return [node for node in chosen if node not in absent & doubtful]


def _tell(ledger: Ledger, execution: Execution, node: int, event: DeadlineEndangered | DeadlineMissed) -> None:
    run = execution.run
    step = -1 if node == execution.plan.end else node
    due = 0.0 if ledger.alone else ledger.clock() + _HEAD_START
    tell = Notify(run.key, "", Occasion.LATE, step, due=due, ahead=int(isinstance(event, DeadlineEndangered)))
    tells = [replace(tell, to=to) for to in receivers_of(run.notify, Occasion.LATE)]
    if tells:
        ledger.queue.put([Task(one.name, NOTICES, one) for one in tells])
    ledger.commit(execution, node, event)
