"""The engine: read, decide, commit, pay. The only corridor between the machine and the world; it decides nothing.

This file has its doors. ``ledger`` commits and pays, ``launching`` launches exactly once, ``checking`` looks at jobs,
``notice`` turns a signal into a look, with nothing but a queue.
"""

from dataclasses import replace
from typing import assert_never

from orchestrator.core import machine
from orchestrator.core.messages import SWEEP, Check, Effect, Finish, Launch, Pass, Skip
from orchestrator.core.model import Event, Run, RunStatus, Status, StepSettled, View
from orchestrator.core.plan import Plan
from orchestrator.engine.checking import check
from orchestrator.engine.launching import launch
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.notice import notice
from orchestrator.ports import CHECKS, Task

__all__ = ["Engine"]


class Engine(Ledger):
    """What the world asks for. One engine serves any number of runs, from any number of threads and processes."""

    def start(self, run: Run, plan: Plan) -> bool:
        """Start a run, or continue the start of the one that has this id. True if it is new."""
        created = self.store.open_run(run, plan)
        if not created:
            run, plan = self.known(run.key, expected=run.id)
        view = View() if created else self.store.load(run.key, plan.roots, ())
        self.pay(plan, run.key, view, plan.roots)
        return created

    def signal(self, name: str) -> bool:
        """Somebody says that the job ``name`` may have ended: go and look, a little later. False if it is not ours."""
        return notice(self.queue, name, self.clock() + self.signal_delay, self.job_prefix)

    def perform(self, effect: Effect) -> None:
        """Do what a task asks for. Returns when everything that follows from it is on the queue."""
        run, plan = self.known(effect.run)
        if self.expired(run):
            return
        match effect:
            case Launch():
                launch(self, run, plan, effect)
            case Check():
                check(self, run, plan, effect)
            case Skip(node=node):
                self._settle(run, plan, node, machine.settled(plan, node, self.door(run, plan, node), self.clock()))
            case Pass(node=node):
                self._settle(run, plan, node, machine.passed(plan, node, self.door(run, plan, node), self.clock()))
            case Finish():
                status = machine.run_status(plan, self.door(run, plan, plan.end))
                if status is not RunStatus.RUNNING:
                    self.store.end_run(run.key, status, self.clock())
            case _:
                assert_never(effect)

    def sweep(self, key: str, epoch: str) -> int:
        """Pay whatever a run still owes, and look at all its jobs now. Returns how many tasks that took.

        The names carry ``epoch``: a task that was given up keeps its name, and paying it again under that name would
        do nothing. So every sweep of a run needs an epoch of its own.
        """
        run, plan = self.known(key)
        stored = self.store.get_run(key)
        if stored is None or stored.status is not RunStatus.RUNNING:
            return 0
        tasks = []
        for effect in machine.owed(plan, run.key, self.store.load_all(key), range(len(plan.nodes))):
            if isinstance(effect, Check):
                look = replace(effect, chain=f"{SWEEP}{epoch}", due=0.0)
                tasks.append(Task(look.name, CHECKS, look))
            else:
                tasks.append(Task(f"{effect.name}-{SWEEP}{epoch}", self.lane(plan, effect), effect))
        self.queue.put(tasks)
        return len(tasks)

    def cancel(self, key: str, epoch: str) -> tuple[int, int]:
        """Stop a run: settle every step that has no job as cancelled, and ask every job to stop.

        How many steps and jobs those were. The run then ends by itself, as the jobs do. It writes no mark that
        handlers would have to read: a step that is being launched meanwhile is met when this is asked again.
        """
        run, plan = self.known(key)
        view, settled, jobs = self.store.load_all(key), 0, []
        for node in reversed(plan.topological):  # the last first, so that none is launched because of the others
            state = view.state(node)
            if not state.status.final and not state.status.active:
                settled += 1
                self.handle(run, plan, node, StepSettled(Status.CANCELLED, self.clock(), cause="operator"))
            elif state.job is not None and state.status.active:
                self.backend(self.work(plan.steps[node]).kind).cancel(state.job)
                jobs.append(Check(run.key, node, state.attempt, f"{SWEEP}{epoch}"))
        self.queue.put([Task(look.name, CHECKS, look) for look in jobs])
        return settled, len(jobs)

    def _settle(self, run: Run, plan: Plan, node: int, event: Event | None) -> None:
        if event is None:
            self.roll_forward(run, plan, node)
        else:
            self.handle(run, plan, node, event)
