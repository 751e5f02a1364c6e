"""The engine connects the state machine with the ports: it reads, lets the machine decide, commits, and pays.

This file has its entry points. ``ledger`` commits and pays, ``launching`` launches an attempt exactly once,
``checking`` checks jobs, and ``signal`` turns a signal into a check, for which it needs only a queue.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from orchestrator.core import early_joins, machine
from orchestrator.core.events import Event, StopRequested
from orchestrator.core.mapped import plan_of
from orchestrator.core.messages import (
    EVENT,
    Announce,
    Check,
    Deadline,
    Effect,
    EffectOfRun,
    Finish,
    Launch,
    Limit,
    MissedStart,
    Notify,
    Pass,
    Release,
    Skip,
)
from orchestrator.core.model import Run, RunStatus, Stop, View
from orchestrator.core.names import JobRef, ref_in
from orchestrator.core.outcome import culprits, was_cancelled
from orchestrator.core.overdue import Pace
from orchestrator.core.plan import Plan, Role
from orchestrator.core.validity import misfit
from orchestrator.engine import deadlines, missed_starts, sweeping
from orchestrator.engine.active_runs import begin_run, leave, withdraw
from orchestrator.engine.checking import check
from orchestrator.engine.consistency import sure_doubts
from orchestrator.engine.control import ControlEvent, Unchanged, certain, control, release
from orchestrator.engine.durations import with_durations
from orchestrator.engine.execution import Execution
from orchestrator.engine.launching import launch
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.limits import resize_all
from orchestrator.engine.notifying import announce_or_notify, before_end
from orchestrator.engine.proof import may_begin
from orchestrator.engine.runs_inside import STEP_ENDED, ended_without
from orchestrator.engine.signal import notice
from orchestrator.engine.wait_limits import limit
from orchestrator.errors import NotFoundError, OrchestratorError, UnexpectedError
from orchestrator.ports import CHECKS, Commit, KeptState, Task, Unreadable, refuse

__all__ = ["Engine"]

#: Called with a sentence about each contradiction between the records of a run.
Doubtful = Callable[[str], None]


def _ignore(_: str) -> None:
    """For callers that report contradictions in another way."""


class Engine:
    """The entry points. One engine serves any number of runs, and any number of threads may use it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def start(
        self, run: Run, plan: Plan, check: Callable[[Run], None] = lambda _: None, kept: Iterable[KeptState] = ()
    ) -> Run:
        """Start a run. If a run has this id already, call ``check`` with that run, and then complete its start.

        ``plan``: that of its graph. ``kept``: the states of the steps that a rerun keeps; they are read at most once.
        Returns the run that has the id: ``run`` itself, or the earlier one, which has another key.
        """
        ledger, run = self.ledger, self._at_start(run, plan)
        there = ledger.store.open_run(run, plan, kept)
        if there.key == run.key and there.status is RunStatus.RUNNING:
            execution = Execution(there, plan_of(plan, there))
            deadlines.put_next(ledger, execution, View())  # also if it waits to begin
            if there.active_limit is not None:
                return self._begin(execution)
            ledger.pay(execution, View(), execution.plan.roots)
            return there
        check(there)
        if there.status is RunStatus.RUNNING:
            execution = Execution(there, ledger.known(there.key).plan)
            deadlines.put_next(ledger, execution, View())
            if there.active_limit is not None:
                return self._begin(execution)
            ledger.pay(execution, ledger.store.load(there.key, execution.plan.roots, ()), execution.plan.roots)
        return there

    def _at_start(self, run: Run, plan: Plan) -> Run:
        """The run with what its graph says of all runs, and with what is known of earlier ones."""
        ledger = self.ledger
        if plan.inners:
            run = replace(run, nests=True)
        if plan.max_parallel is not None and run.max_parallel is None:
            run = replace(run, max_parallel=plan.max_parallel)
        if plan.active is not None and run.parent is None:  # a run inside needs no place, or two might wait for ever
            run = replace(run, active_limit=plan.active.limit, active_policy=plan.active.policy)
        if ledger.receivers is not None and run.parent is None:
            run = replace(run, notify=ledger.receivers.asked(run.graph, run.notify))
        elif ledger.receivers is None and run.notify:
            run = replace(run, notify={})
        return with_durations(ledger, run, plan_of(plan, run))

    def _begin(self, execution: Execution) -> Run:
        """Let a run begin if there is a place for it. Returns it as it is then: it may be over."""
        begin_run(self.ledger, execution, self.cancel)
        return self.ledger.store.get_run(execution.run.key) or execution.run

    def _has_begun(self, execution: Execution, effect: Launch) -> bool:
        """Whether a run has begun of whose graph not every run may, and ``effect`` launches an attempt of it.

        Otherwise, let it begin, if that is what is asked for. An attempt is owed again when the run begins; a step that
        was cancelled meanwhile is owed its end instead.
        """
        ledger = self.ledger
        if effect.node == execution.plan.end:
            begin_run(ledger, execution, self.cancel)
            return False
        if not (begun := ledger.has_begun(execution)):
            ledger.roll_forward(execution, effect.node)
        return begun

    def signal(self, name: str) -> bool:
        """Schedule a check of the job ``name``, which may have ended. False if this orchestrator did not launch it."""
        ledger = self.ledger
        return notice(ledger.queue, name, ledger.clock() + ledger.signal_delay, ledger.job_prefix)

    def perform(self, effect: Effect) -> None:
        """Do what a task asks for. Returns when everything that follows from it is on the queue.

        Raises NotFoundError if the task can never be performed, because its run or its node does not exist. Any
        unforeseen exception becomes an UnexpectedError, so that the task is delivered again and not taken for done.
        """
        if isinstance(effect, MissedStart):
            missed_starts.perform(self.ledger, effect)
        else:
            self._perform(effect)

    def _perform(self, effect: EffectOfRun) -> None:
        ledger = self.ledger
        execution = ledger.known(effect.run)
        run, plan = execution.run, execution.plan
        if (said := misfit(plan, effect)) is not None:
            raise NotFoundError(f"a task that run '{run.id}' cannot have: {said}")
        if not isinstance(effect, Notify) and ledger.expired(run):
            return
        try:
            match effect:
                case Launch():
                    begun = run.active_limit is None or self._has_begun(execution, effect)
                    if begun and (ledger.alone or may_begin(ledger, execution, effect)):
                        launch(ledger, execution, effect)
                case Check():
                    check(ledger, execution, effect)
                case Skip() | Pass() | Limit():
                    self._settle(execution, effect)
                case Finish():
                    self._finish(execution, machine.run_status(plan, ledger.join(execution, plan.end)))
                case Release():
                    release(ledger, execution, effect)
                case Announce() | Notify() | Deadline():
                    self._tell_receivers(execution, effect)
                case _:
                    assert_never(effect)
        except OrchestratorError:
            raise
        except Exception as error:  # from an adapter, from users' code in it, or from our own code
            raise UnexpectedError(error) from error

    def _tell_receivers(self, execution: Execution, effect: Announce | Notify | Deadline) -> None:
        if isinstance(effect, Deadline):
            deadlines.look(self.ledger, execution, effect)
        else:
            announce_or_notify(self.ledger, execution, effect)

    def sweep(self, key: str, epoch: str, unreadable: Unreadable = refuse, doubtful: Doubtful = _ignore) -> int:
        """Pay everything that a run owes, and check all its jobs now. Returns how many tasks were put on the queue.

        Only for callers that know that no queue has any of these tasks. Their names contain ``epoch``, because a task
        that a queue gave up keeps its name taken. So every sweep of a run needs an epoch of its own.
        """
        ledger = self.ledger
        seen = self._seen(ledger.store.get_run(key), unreadable, doubtful)
        tasks = [] if seen is None else sweeping.everything(ledger, *seen, epoch)
        ledger.queue.put(tasks)
        return len(tasks)

    def sweep_overdue(
        self, run: Run, pace: Pace, unreadable: Unreadable = refuse, doubtful: Doubtful = _ignore
    ) -> tuple[int, Pace]:
        """Pay what ``run``, which must be freshly read, has owed for longer than its queue should need.

        For sweeps while queues are at work: tasks that only wait in a queue are left alone. ``pace`` is the queue's
        pace as seen in other runs. Returns how many tasks were put on the queue, and the pace including this run.
        """
        seen = self._seen(run, unreadable, doubtful)
        if seen is None:
            return 0, pace
        tasks, pace = sweeping.overdue(self.ledger, *seen, pace)
        self.ledger.queue.put(tasks)
        return len(tasks), pace

    def _seen(self, run: Run | None, unreadable: Unreadable, doubtful: Doubtful) -> tuple[Execution, View] | None:
        """Load all of a run; None if it has ended. A cancellation that was left half done is completed first.

        ``unreadable`` is called for each record that cannot be read, and ``doubtful`` for each contradiction between
        records. Nodes with such records are left alone; everything else is done. A sweep sees many runs, so the run is
        not cached: its params may be large.
        """
        ledger = self.ledger
        if run is None or run.status is not RunStatus.RUNNING:
            return None
        if run.stop is None and run.parent is not None and ended_without(ledger, ref_in(run.parent)):
            run = replace(run, stop=ledger.store.stop_run(run.key, Stop(ledger.clock(), why=STEP_ENDED)))
        execution = ledger.with_plan(run)
        plan, view = execution.plan, ledger.store.load_all(run.key, unreadable, outputs=False)
        if run.stop is not None:
            nodes = self._stoppable(execution, run.stop)
            self._stop(execution, nodes, run.stop, certain(ledger, execution, view).view)
            view = ledger.store.load_all(run.key, lambda _: None, outputs=False)  # these were reported above
        found = sure_doubts(ledger.store, run.key, plan, view)
        for said in found:
            doubtful(said)
        resize_all(ledger, execution, view)
        return execution, view.without(*found.values())

    def cancel(self, key: str, stop: Stop, nodes: Collection[int] | None = None) -> tuple[int, int]:
        """Cancel a run, or the steps ``nodes`` of it: none of them begins any more, and their jobs are asked to stop.

        Returns how many of the steps that had not ended have no job, and how many have one. A step with a job ends when
        that job has really ended, and the run ends after its steps. Teardown steps still run. Calling this again does
        what is left to do; if it dies halfway, a sweep completes it. Raises ConflictError, when all the others are
        cancelled, if steps end so fast that nobody can tell whether some have ended.
        """
        ledger = self.ledger
        execution = ledger.known(key)
        if nodes is None:  # done even if the run has ended: some of its jobs may still be running
            stop = ledger.store.stop_run(key, stop) or stop
            nodes = self._stoppable(execution, stop)
        view = ledger.store.load_all(key, outputs=False)
        sound = certain(ledger, execution, view)
        stopped = self._stop(execution, nodes, stop, sound.view)
        sound.must_be_settled(execution, nodes)
        return stopped

    def control(
        self,
        key: str,
        event: ControlEvent,
        nodes: Collection[int] | None = None,
        unchanged: Unchanged | None = None,
    ) -> Mapping[int, Commit]:
        """Hold or release the steps ``nodes`` of a run, or all. Returns the commit for each that had not ended.

        What is set for the run itself is committed at the node at the end of its plan.

        ``unchanged``: only steps for which this is true of the state that the commit replaces.

        They are handled in topological order, so that a hold of a whole run stops every step after one that it misses.
        """
        execution = self.ledger.known(key)
        plan = execution.plan
        known = plan.topological if nodes is None else (*plan.topological, plan.end)
        chosen = [node for node in known if nodes is None or node in nodes]
        return control(self.ledger, execution, event, chosen, unchanged)

    def _stoppable(self, execution: Execution, stop: Stop) -> Collection[int]:
        """The steps that are cancelled with their run: all of one that has never begun, and waits for that no more."""
        if execution.run.active_limit is None or not withdraw(self.ledger, execution, stop):
            return _stoppable(execution.plan)
        plan = execution.plan
        return [number for number in range(len(plan.steps)) if plan.nodes[number].role is not Role.KEPT]

    def _stop(self, execution: Execution, nodes: Collection[int], stop: Stop, view: View) -> tuple[int, int]:
        """Stop the steps, the last first, so that none begins because one before it was stopped.

        For steps that are stopped already, what they owe is paid again: whoever stopped them may have died before
        paying. ``view`` must be without those that may have ended although it says otherwise (``certain``).
        """
        ledger = self.ledger
        known = [node for node in reversed(execution.plan.topological) if node in nodes and node not in view.unreadable]
        states = {node: view.state(node) for node in known}
        ended = [n for n, state in states.items() if state.stop is not None and state.status.final and state.attempt]
        if ended:  # whatever waited for a person is on no queue
            ledger.roll_forward(execution, *ended)
        states = {node: state for node, state in states.items() if state.live or not state.status.final}
        ledger.pay(execution, view, [node for node, state in states.items() if state.stop is not None])
        for node, state in states.items():
            if state.stop is None:
                ledger.handle(execution, node, StopRequested(stop))
        jobs = sum(state.live or state.status.active for state in states.values())
        return len(states) - jobs, jobs

    def _finish(self, execution: Execution, status: RunStatus) -> None:
        """End the run, if its steps have. If it was cancelled or has failed, all its states are read, to tell why.

        A cancelled run ends only after the jobs that are still running although their steps have succeeded.
        """
        if status is RunStatus.RUNNING:
            return
        ledger = self.ledger
        stored = ledger.store.get_run(execution.run.key)
        stop = stored.stop if stored is not None else None
        view = ledger.store.load_all(execution.run.key, outputs=False) if stop or status is RunStatus.FAILED else View()
        live = _stoppable(execution.plan).intersection(node for node, state in view.states.items() if state.live)
        if stop is not None and live:
            self._stop(execution, live, stop, certain(ledger, execution, view).view)
            return  # when the last of these jobs ends, the run's end is owed again
        if stop is not None and was_cancelled(view.states.values(), stop):
            status = RunStatus.CANCELLED
        failed = culprits(execution.plan, view) if status is RunStatus.FAILED else {}
        at, ends = ledger.clock(), stored is not None and stored.status is RunStatus.RUNNING
        if execution.plan.deadlines and ends:
            deadlines.before_end(ledger, execution, at)
        if execution.run.notify and ends:
            before_end(ledger, execution, status, view)
        leave(ledger, execution)  # before the record says that it has ended: then nobody would do it
        ledger.store.end_run(execution.run.key, status, at, failed)
        if execution.run.parent is not None:
            self._tell(ref_in(execution.run.parent))

    def _tell(self, parent: JobRef) -> None:
        """A run that is a step's job has ended: check that job now. Each delivery of its Finish puts the same task."""
        check = Check(parent.run, parent.node, parent.attempt, EVENT)
        self.ledger.queue.put([Task(check.name, CHECKS, check)])

    def _settle(self, execution: Execution, effect: Skip | Pass | Limit) -> None:
        """End a step that its join does not let run, pass a gate, or begin the time for which a step waits."""
        ledger, node, plan = self.ledger, effect.node, execution.plan
        event: Event | None
        match effect:
            case Skip():
                also = (node,) if node in plan.limited else ()  # its state says whether it waits no longer
                event = machine.settled(plan, node, ledger.joins(execution, (node,), also), ledger.clock())
            case Pass():
                event = early_joins.passed(plan, node, ledger.join(execution, node), ledger.clock())
            case Limit():
                event = limit(ledger, execution, effect)
        if event is None:
            ledger.roll_forward(execution, node)
        else:
            ledger.handle(execution, node, event)


def _stoppable(plan: Plan) -> frozenset[int]:
    """The steps that are cancelled with their run."""
    return frozenset(
        number
        for number, step in enumerate(plan.steps)
        if not step.teardown and plan.nodes[number].role is not Role.KEPT
    )
