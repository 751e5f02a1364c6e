"""The engine: read, decide, commit, pay. The only corridor between the machine and the world; it decides nothing.

This file has its entry points. ``ledger`` commits and pays, ``launching`` launches exactly once, ``checking`` checks
jobs, ``signal`` turns a signal into a check and needs nothing but a queue.
"""

from collections.abc import Callable, Collection
from typing import assert_never

from orchestrator.core import machine
from orchestrator.core.events import Event, StopRequested
from orchestrator.core.joins import decide
from orchestrator.core.messages import Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.model import Run, RunStatus, Stop, View
from orchestrator.core.outcome import culprits, was_cancelled
from orchestrator.core.overdue import Pace
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Verdict
from orchestrator.core.validity import misfit
from orchestrator.engine import sweeping
from orchestrator.engine.checking import check
from orchestrator.engine.consistency import sure_doubts
from orchestrator.engine.execution import Execution
from orchestrator.engine.launching import launch
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.proof import may_begin
from orchestrator.engine.signal import notice
from orchestrator.errors import NotFoundError, OrchestratorError, UnexpectedError
from orchestrator.ports import Unreadable, refuse

__all__ = ["Engine"]

#: Hears of what does not add up in a run.
Doubtful = Callable[[str], None]


def _ignore(_: str) -> None:
    """Whoever asks is told elsewhere."""


class Engine:
    """What the world asks for. One engine serves any number of runs, from any number of threads and processes."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def start(self, run: Run, plan: Plan, check: Callable[[Run], None] = lambda _: None) -> Run:
        """Start a run, or continue the start of the run that has this id, after ``check`` has accepted that run.

        Returns the run that has the id now: this one, known by its key, or the other.
        """
        ledger = self.ledger
        there = ledger.store.open_run(run, plan)
        if there.key == run.key:
            ledger.pay(Execution(there, plan), View(), plan.roots)
            return there
        check(there)
        if there.status is RunStatus.RUNNING:
            execution = Execution(there, ledger.known(there.key).plan)
            ledger.pay(execution, ledger.store.load(there.key, execution.plan.roots, ()), execution.plan.roots)
        return there

    def signal(self, name: str) -> bool:
        """A signal says that the job ``name`` may have ended: check it a little later. False if the job is not ours."""
        ledger = self.ledger
        return notice(ledger.queue, name, ledger.clock() + ledger.signal_delay, ledger.job_prefix)

    def perform(self, effect: Effect) -> None:
        """Do what a task asks for. Returns when everything that follows from it is on the queue.

        Raises NotFoundError if it can never be performed: there is no such run, or no such node for it. What nobody
        foresaw is an UnexpectedError: the task comes again, and nothing is taken for done.
        """
        ledger = self.ledger
        execution = ledger.known(effect.run)
        run, plan = execution.run, execution.plan
        if (said := misfit(plan, effect)) is not None:
            raise NotFoundError(f"a task that run '{run.id}' cannot have: {said}")
        if ledger.expired(run):
            return
        try:
            match effect:
                case Launch():
                    if ledger.alone or may_begin(ledger, execution, effect):
                        launch(ledger, execution, effect)
                case Check():
                    check(ledger, execution, effect)
                case Skip(node=node):
                    event: Event | None = machine.settled(plan, node, ledger.join(execution, node), ledger.clock())
                    self._settle(execution, node, event)
                case Pass(node=node):
                    event = machine.passed(plan, node, ledger.join(execution, node), ledger.clock())
                    self._settle(execution, node, event)
                case Finish():
                    status = machine.run_status(plan, ledger.join(execution, plan.end))
                    if status is not RunStatus.RUNNING:
                        self._finish(execution, status)
                case _:
                    assert_never(effect)
        except OrchestratorError:
            raise
        except Exception as error:  # of an adapter, of users' code in it, or of ours
            raise UnexpectedError(error) from error

    def sweep(self, key: str, epoch: str, unreadable: Unreadable = refuse, doubtful: Doubtful = _ignore) -> int:
        """Pay whatever a run still owes, and check all its jobs now. Returns how many tasks that took.

        For whoever knows that no queue has any of it. The names carry ``epoch``: a task that was given up keeps its
        name, and paying it again under that name would do nothing. So every sweep of a run needs one of its own.
        """
        ledger = self.ledger
        seen = self._seen(ledger.store.get_run(key), unreadable, doubtful)
        tasks = [] if seen is None else sweeping.everything(ledger, *seen, epoch)
        ledger.queue.put(tasks)
        return len(tasks)

    def sweep_overdue(
        self, run: Run, pace: Pace, unreadable: Unreadable = refuse, doubtful: Doubtful = _ignore
    ) -> tuple[int, Pace]:
        """Pay what ``run``, as it is now, has owed for longer than its queue takes.

        How many tasks that took, and the queue's pace. For whoever sweeps while queues are at work: what waits there is
        left alone. ``pace``: as other runs tell it.
        """
        seen = self._seen(run, unreadable, doubtful)
        if seen is None:
            return 0, pace
        tasks, pace = sweeping.overdue(self.ledger, *seen, pace)
        self.ledger.queue.put(tasks)
        return len(tasks), pace

    def _seen(self, run: Run | None, unreadable: Unreadable, doubtful: Doubtful) -> tuple[Execution, View] | None:
        """All of a run that has not ended; None if it has. A cancelling of it that died halfway goes on first.

        ``unreadable`` hears of each part of it that cannot be read: nothing is done there, and everything elsewhere.
        ``doubtful`` hears of each thing that does not add up: nothing begins because of it, as if it were unreadable.
        A sweep sees many runs, and remembers none: each has its params.
        """
        ledger = self.ledger
        if run is None or run.status is not RunStatus.RUNNING:
            return None
        execution = ledger.with_plan(run)
        plan, view = execution.plan, ledger.store.load_all(run.key, unreadable, outputs=False)
        if run.stop is not None:
            self._stop(execution, _stoppable(plan), run.stop, view)
            view = ledger.store.load_all(run.key, lambda _: None, outputs=False)  # it has heard
        found = sure_doubts(ledger.store, run.key, plan, view)
        for said in found:
            doubtful(said)
        return execution, view.without(*found.values())

    def cancel(self, key: str, stop: Stop, nodes: Collection[int] | None = None) -> tuple[int, int]:
        """Cancel a run, or the steps ``nodes`` of it: none of them begins any more, and their jobs are asked to stop.

        How many steps have no job and how many have one, of those that had not ended. They end by themselves, the run
        after them, and not before a job has really ended. A run's teardowns still run. Asked again, it does what is
        left to do; if it dies halfway, a sweep does.
        """
        ledger = self.ledger
        execution = ledger.known(key)
        if nodes is None:  # of a run that has ended, jobs may go on
            stop, nodes = ledger.store.stop_run(key, stop) or stop, _stoppable(execution.plan)
        return self._stop(execution, nodes, stop, ledger.store.load_all(key, outputs=False))

    def _stop(self, execution: Execution, nodes: Collection[int], stop: Stop, view: View) -> tuple[int, int]:
        """The last step first, so that none begins because one before it was stopped.

        Steps that know already are paid for again: whoever told them may have died before that. Of what does not add up
        only those are told that wait for others: the rest may have ended, and would end again.
        """
        ledger = self.ledger
        doubtful = set[int]().union(*sure_doubts(ledger.store, execution.run.key, execution.plan, view).values())
        view = view.without(node for node in doubtful if decide(execution.plan, node, view) is not Verdict.WAIT)
        known = [node for node in reversed(execution.plan.topological) if node in nodes and node not in view.unreadable]
        states = {node: view.state(node) for node in known}
        states = {node: state for node, state in states.items() if state.live or not state.status.final}
        ledger.pay(execution, view, [node for node, state in states.items() if state.stop is not None])
        for node, state in states.items():
            if state.stop is None:
                ledger.handle(execution, node, StopRequested(stop))
        jobs = sum(state.live or state.status.active for state in states.values())
        return len(states) - jobs, jobs

    def _finish(self, execution: Execution, status: RunStatus) -> None:
        """End the run. One that was cancelled, or has failed, is read as a whole, for what is to be said of it.

        A run that was cancelled does not end before the jobs that go on though their steps have succeeded.
        """
        ledger = self.ledger
        stored = ledger.store.get_run(execution.run.key)
        stop = stored.stop if stored is not None else None
        view = ledger.store.load_all(execution.run.key, outputs=False) if stop or status is RunStatus.FAILED else View()
        live = _stoppable(execution.plan).intersection(node for node, state in view.states.items() if state.live)
        if stop is not None and live:
            self._stop(execution, live, stop, view)
            return  # the end of the last of these jobs owes this again
        if stop is not None and was_cancelled(view.states.values(), stop):
            status = RunStatus.CANCELLED
        failed = culprits(execution.plan, view) if status is RunStatus.FAILED else {}
        ledger.store.end_run(execution.run.key, status, ledger.clock(), failed)

    def _settle(self, execution: Execution, node: int, event: Event | None) -> None:
        if event is None:
            self.ledger.roll_forward(execution, node)
        else:
            self.ledger.handle(execution, node, event)


def _stoppable(plan: Plan) -> frozenset[int]:
    """The steps that are cancelled with their run."""
    return frozenset(number for number, step in enumerate(plan.steps) if not step.teardown)
