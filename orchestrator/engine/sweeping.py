"""The sweep of a run: puts tasks onto the queue again that it gave up or never got.

A name stays taken for hours after its task is done or given up. So a lost task gets a name that contains the current
period: all sweeps within one period put the same task, and the queue accepts it once.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from orchestrator.core import machine
from orchestrator.core.announcing import announcements
from orchestrator.core.deadlines import next_look
from orchestrator.core.kinds import kind_of
from orchestrator.core.messages import STOP, SWEEP, Check, Effect, Launch
from orchestrator.core.model import Run, View
from orchestrator.core.overdue import LATE, Ages, Pace
from orchestrator.core.plan import Plan
from orchestrator.engine.checking import GRACE
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger, sealed, waits_to_begin
from orchestrator.engine.pool_mending import mend
from orchestrator.ports import CHECKS, LAUNCHES, Task

#: The length of that period in seconds, by queue. It is long for launches, because their queue is slow, and copies of a
#: launch would make the others wait. One more check per hour costs next to nothing.
EPOCHS = {LAUNCHES: 6 * 3600.0, CHECKS: 3600.0}


def everything(ledger: Ledger, execution: Execution, view: View, epoch: str) -> list[Task]:
    """All tasks that the run owes, under names that contain ``epoch``. Only if no queue has any of these tasks."""
    return [_again(ledger, execution.plan, effect, epoch) for effect in _owed(execution.plan, execution.run, view)]


def overdue(ledger: Ledger, execution: Execution, view: View, pace: Pace) -> tuple[list[Task], Pace]:
    """The tasks that the run has owed for longer than their queue should need, and the pace of the queue of launches.

    ``pace``: the pace according to other runs. A launch that is late but may still be waiting is put under its own
    name: the queue drops it if it has it, and otherwise gets it now.
    """
    ages, now = Ages(execution.plan, execution.run, view, ledger.launch_lease), ledger.clock()
    launched = [number for number, step in enumerate(execution.plan.steps) if kind_of(ledger.work(step)).launch_slot]
    pace = pace.and_of(ages.pace(launched))
    tasks, lines = [], dict[str, None]()  # in the order in which they are found
    for effect in _owed(execution.plan, execution.run, view):
        since, queue = ages.of(effect), ledger.queue_of(execution.plan, effect)
        if since + LATE >= now:
            continue
        wait = view.state(effect.node).waits if isinstance(effect, Launch) else None
        if wait is not None:  # it was delivered, and waits for a place: others wake it
            lines[wait.pool] = None
            continue
        lost = queue != LAUNCHES or pace.lost(since, now)
        epoch = f"{int(now // EPOCHS[queue]):x}"
        tasks.append(_again(ledger, execution.plan, effect, epoch) if lost else Task(effect.name, queue, effect))
    for pool in lines:
        mend(ledger, pool, f"{SWEEP}{int(now // EPOCHS[CHECKS]):x}", execution.run.key)
    return tasks, pace


def _owed(plan: Plan, run: Run, view: View) -> Iterator[Effect]:
    nodes = range(len(plan.nodes))
    effects: Iterator[Effect] = machine.owed(plan, run.key, view, nodes)
    if plan.prioritised:
        effects = iter(machine.urgent_first(plan, effects))
    if waits_to_begin(run, end := view.state(plan.end)):  # none of its steps may
        effects = (effect for effect in effects if not isinstance(effect, Launch))
        effects = chain(effects, () if end.stop is not None else (Launch(run.key, plan.end, end.attempt + 1),))
    if run.seal:
        effects = sealed(effects, run.seal)
    if (look := next_look(run, plan, view)) is not None:
        effects = chain(effects, (look,))
    return chain(effects, announcements(run, plan, view, nodes)) if run.notify else effects


def _again(ledger: Ledger, plan: Plan, effect: Effect, epoch: str) -> Task:
    if not isinstance(effect, Check):
        return Task(f"{effect.name}-{SWEEP}{epoch}", ledger.queue_of(plan, effect), effect)
    asks = effect.chain == STOP  # delayed, so that a job that was just asked is not asked again at once
    due = ledger.clock() + GRACE if asks else 0.0
    check = replace(effect, chain=f"{SWEEP}{epoch}{STOP if asks else ''}", due=due)
    return Task(check.name, CHECKS, check)
