"""The sweep of a run: puts again what a queue gave up or never got.

A name stays taken for hours after its task is done or given up. So a lost task gets a name that contains the period in
which it is put again: all sweeps of that period put the same task, and the queue takes it once.
"""

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.core import machine
from orchestrator.core.kinds import kind_of
from orchestrator.core.messages import STOP, SWEEP, Check, Effect
from orchestrator.core.model import Run, View
from orchestrator.core.overdue import LATE, Ages, Pace
from orchestrator.core.plan import Plan
from orchestrator.engine.checking import GRACE
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger, sealed
from orchestrator.ports import CHECKS, LAUNCHES, Task

#: Seconds for which the name stays under which a queue's tasks are put again. Copies of a launch wait in a slow queue,
#: and what comes after waits for them; a check more in an hour costs next to nothing.
EPOCHS = {LAUNCHES: 6 * 3600.0, CHECKS: 3600.0}


def everything(ledger: Ledger, execution: Execution, view: View, epoch: str) -> list[Task]:
    """All that the run owes, under names that carry ``epoch``. For whoever knows that no queue has any of it."""
    return [_again(ledger, execution.plan, effect, epoch) for effect in _owed(execution.plan, execution.run, view)]


def overdue(ledger: Ledger, execution: Execution, view: View, pace: Pace) -> tuple[list[Task], Pace]:
    """What the run has owed for longer than its queue takes; and how far the launches' queue has come.

    ``pace``: how far that is as other runs tell. A launch that is late and may wait yet goes under its own name, which
    is taken if it does; so the queue has it then, though whoever owed it may have died before.
    """
    ages, now = Ages(execution.plan, execution.run, view, ledger.launch_lease), ledger.clock()
    launched = [number for number, step in enumerate(execution.plan.steps) if kind_of(ledger.work(step)).launch_slot]
    pace = pace.and_of(ages.pace(launched))
    tasks = []
    for effect in _owed(execution.plan, execution.run, view):
        since, queue = ages.of(effect), ledger.queue_of(execution.plan, effect)
        if since + LATE >= now:
            continue
        lost = queue != LAUNCHES or pace.lost(since, now)
        epoch = f"{int(now // EPOCHS[queue]):x}"
        tasks.append(_again(ledger, execution.plan, effect, epoch) if lost else Task(effect.name, queue, effect))
    return tasks, pace


def _owed(plan: Plan, run: Run, view: View) -> Iterator[Effect]:
    effects = machine.owed(plan, run.key, view, range(len(plan.nodes)))
    return sealed(effects, run.seal) if run.seal else effects


def _again(ledger: Ledger, plan: Plan, effect: Effect, epoch: str) -> Task:
    if not isinstance(effect, Check):
        return Task(f"{effect.name}-{SWEEP}{epoch}", ledger.queue_of(plan, effect), effect)
    asks = effect.chain == STOP  # later, or a job that was asked just now would be asked to stop at once
    due = ledger.clock() + GRACE if asks else 0.0
    check = replace(effect, chain=f"{SWEEP}{epoch}{STOP if asks else ''}", due=due)
    return Task(check.name, CHECKS, check)
