"""Lets a run begin when it has a place among the active runs of its graph (``max_active_runs``).

These places are a pool of the graph's. What has one is the node of the run's end, whose one attempt is the run's
activity: it is claimed when the run begins, and over when the run has ended. So places and lines are those of steps,
and so is what is done about crashes. No step of a run begins before that.
"""

from collections.abc import Callable

from orchestrator.core import machine
from orchestrator.core.active_runs import LIMIT, SKIPPED, Policy
from orchestrator.core.events import JobEnded, LaunchClaimed, StopRequested
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Launch
from orchestrator.core.model import Run, RunStatus, Status, StepState, Stop, Transition
from orchestrator.core.pools import pool_of_graph
from orchestrator.engine import sweeping
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.pool_mending import mend
from orchestrator.engine.pools import begin

#: Cancels the run with this key.
Cancel = Callable[[str, Stop], object]


def begin_run(ledger: Ledger, execution: Execution, cancel: Cancel) -> None:
    """Let the run begin if there is a place for it; otherwise do as its policy says. Done again, it pays again."""
    run, node = execution.run, execution.plan.end
    state = _state(ledger, execution)
    if state.status is Status.SUCCEEDED:
        return  # all of its steps have ended
    if not state.status.active:
        stored = ledger.store.get_run(run.key)
        if stored is None or stored.status is not RunStatus.RUNNING:
            return
        if stored.stop is not None:  # whoever cancelled it may have died before all of its steps knew
            cancel(run.key, stored.stop)
            return
        if run.active_policy is Policy.CANCEL_PREVIOUS and _newer(ledger, execution):
            cancel(run.key, _superseded(ledger, run))
            return
        effect = Launch(run.key, node, state.attempt + 1)
        commit = begin(ledger, execution, effect, LaunchClaimed(effect.attempt, "", ledger.clock()))
        if commit is None or not commit.state.status.active:
            _refused(ledger, execution, effect, cancel)
            return
        state = commit.state
        if run.active_policy is Policy.CANCEL_PREVIOUS and _newer(ledger, execution):
            cancel(run.key, _superseded(ledger, run))  # a newer one came, and did not see this one have a place yet
    view = ledger.store.load_all(run.key, outputs=False)
    ledger.queue.put(sweeping.everything(ledger, execution, view, f"begun{state.attempt}"))


def leave(ledger: Ledger, execution: Execution) -> None:
    """All steps of the run have ended: it gives its place to the next, or leaves the line."""
    if execution.run.active_limit is None:
        return
    node, now = execution.plan.end, ledger.clock()
    state = _state(ledger, execution)
    gone = JobEnded(state.attempt, JobEnd(Outcome.SUCCEEDED, now)) if state.status.active else StopRequested(Stop(now))
    ledger.commit(execution, node, gone)
    ledger.give(Launch(execution.run.key, node, state.attempt + 1), (pool_of_graph(execution.run.graph),))


def withdraw(ledger: Ledger, execution: Execution, stop: Stop) -> bool:
    """Take a run that is cancelled out of the line, unless it is active. Returns whether it has never begun."""
    plan, node = execution.plan, execution.plan.end

    def decide(state: StepState) -> Transition | None:
        return None if state.status.active else machine.evolve(plan, node, state, StopRequested(stop))

    commit = ledger.store.transact(execution.run.key, node, decide)
    ledger.give(Launch(execution.run.key, node, commit.state.attempt + 1), commit.moves.gives)
    return commit.state.attempt == 0


def _state(ledger: Ledger, execution: Execution) -> StepState:
    node = execution.plan.end
    return ledger.store.load(execution.run.key, (node,), ()).state(node)


def _refused(ledger: Ledger, execution: Execution, effect: Launch, cancel: Cancel) -> None:
    """There is no place: the run stands in line. First see to it that none is kept by a run that is not active."""
    run, pool = execution.run, pool_of_graph(execution.run.graph)
    if run.active_policy is Policy.SKIP:
        ledger.reap(pool)
        if not mend(ledger, pool, f"{effect.run}-{effect.attempt}", run.key):
            limit = f"max_active_runs of graph '{run.graph}' is {run.active_limit}"
            cancel(run.key, Stop(ledger.clock(), LIMIT, f"{SKIPPED}{_who(ledger, pool)} active, and {limit}"))
    elif run.active_policy is Policy.CANCEL_PREVIOUS:
        _supersede(ledger, execution, cancel)


def _supersede(ledger: Ledger, execution: Execution, cancel: Cancel) -> None:
    """Cancel the oldest active runs, so many that there will be a place; or this one, if those all came after it."""
    run, limit = execution.run, execution.run.active_limit or 1
    others = [other for other in active(ledger, pool_of_graph(run.graph)) if other.key != run.key]
    if sum(other.stop is None and _age(other) > _age(run) for other in others) >= limit:
        cancel(run.key, _superseded(ledger, run))
        return
    why = f"run '{run.id}' took its place: max_active_runs of graph '{run.graph}' is {limit}"
    for other in sorted(others, key=_age, reverse=True)[limit - 1 :]:
        if other.stop is None:
            cancel(other.key, Stop(ledger.clock(), LIMIT, why))


def _age(run: Run) -> tuple[float, str]:
    """Of two runs, the newer has the greater one; as in line."""
    return run.started_at, run.key


def _newer(ledger: Ledger, execution: Execution) -> bool:
    """Whether as many runs as may be active are in line after this one: the newest ones go on."""
    run = execution.run
    pool, rank = pool_of_graph(run.graph), ledger.rank(execution, execution.plan.end, run.started_at)
    after = ledger.store.standing(pool)[1] - ledger.store.standing(pool, rank + " ")[1]
    return after >= (run.active_limit or 1)


def _superseded(ledger: Ledger, run: Run) -> Stop:
    why = f"newer runs took its place: max_active_runs of graph '{run.graph}' is {run.active_limit}"
    return Stop(ledger.clock(), LIMIT, why)


def active(ledger: Ledger, pool: str) -> list[Run]:
    """The runs that have the places of a graph."""
    found = (ledger.store.get_run(occupant.run) for occupant in ledger.store.occupants(pool))
    return [run for run in found if run is not None]


def _who(ledger: Ledger, pool: str) -> str:
    names = [f"'{run.id}'" for run in active(ledger, pool)][:3]
    return f"run{'s' * (len(names) > 1)} {' and '.join(names)} {'are' if len(names) > 1 else 'is'}"
