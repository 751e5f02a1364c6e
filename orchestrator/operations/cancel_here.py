"""Cancels a run on this machine, or some of its steps, and waits until they have ended."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from math import inf

from orchestrator.cloud.settings import read_settings
from orchestrator.core.messages import STOP, SWEEP, Check, Launch
from orchestrator.core.model import Run, RunStatus, Status, Stop
from orchestrator.definition.project import project_of as project_settings
from orchestrator.engine.checking import GRACE
from orchestrator.engine.runs_inside import inside
from orchestrator.errors import InUseError
from orchestrator.home import Home
from orchestrator.local.loop import Loop
from orchestrator.local.wiring import Embedded, embedded
from orchestrator.operations.choose_store import home_flag
from orchestrator.operations.control.cancel_report import earlier, of_threads, told, unstoppable
from orchestrator.operations.drives import note_killed
from orchestrator.operations.interrupt import interruptible
from orchestrator.operations.receivers import notifying, project_of, receivers_of
from orchestrator.reporting.found import Found

#: Seconds between two checks of what another process has to end.
_PERIOD = 0.1


def cancel_here(
    home: Home, found: Found, stop: Stop, nodes: Collection[int] | None, say: Callable[[str], None]
) -> bool:
    """Cancel a run, or its steps ``nodes``, and wait for the end. False if Ctrl-C came first. ``say`` gets messages."""
    run, flag = found.run, home_flag(home)
    receivers = receivers_of(project_of(run))
    project = project_settings(run.folder)
    world = embedded(
        home,
        read_settings().parallel,
        fake_dataflow=True,
        pools=project.pools,
        variables=project.env,
        receivers=receivers,
        flag=flag,
    )
    try:
        driven = home.driven(run.top)
        waiting, jobs = world.engine.cancel(run.key, stop, nodes)
        view = world.store.load_all(run.key, lambda _: None, outputs=False)
        threads = unstoppable(found.plan, view, nodes)
        for sentence in told(found, nodes, earlier(world.store, run.key, nodes, stop), waiting, jobs, threads):
            say(sentence)
        if threads:
            say(of_threads(found.plan, threads, driven))
        following = _Following(world, run, nodes, say, flag)
        with interruptible(following.stop):
            following.go()
        return following.ended()
    finally:
        world.database.close()


class _Following:
    """Waits for the end of a cancelled run. If no other process drives the run, this one does."""

    def __init__(
        self, world: Embedded, run: Run, nodes: Collection[int] | None, say: Callable[[str], None], flag: str
    ) -> None:
        self._say, self._flag = say, flag
        self._world = world
        self._run = run
        self._nodes = nodes
        self._loop: Loop | None = None
        self._stopped = False

    def stop(self) -> None:
        self._stopped = True
        if self._loop is not None:
            self._loop.stop()

    def go(self) -> None:
        deadline = time.monotonic() + GRACE
        while not self._stopped and not self.ended():
            try:
                with self._world.home.driving(self._run.top):
                    self._drive()
            except InUseError:
                if time.monotonic() > deadline:
                    deadline = inf
                    self._say(
                        "another process drives this run and is still ending it; press Ctrl-C to leave that to it"
                    )
                time.sleep(_PERIOD)

    def ended(self) -> bool:
        """Whether all that was cancelled has ended."""
        found = self._world.store.get_run(self._run.key)
        if found is None or found.status is not RunStatus.RUNNING:
            return True
        if self._nodes is None:
            return False
        states = self._world.store.load(self._run.key, self._nodes, ()).states
        return not any(state.status.active for state in states.values())

    def _drive(self) -> None:
        """No other process drives the run: end it, or only the jobs of ``nodes``, without starting other steps."""
        if self._nodes is None:
            with notifying(self._world, lambda: [self._run.key], self._say, self._flag) as notices:
                self._loop = Loop(self._world, [self._run.key], read_settings().parallel, notices.look)
                note_killed(self._world.store, self._run, self._loop.last_seen(self._run.key))
                self._loop.recover()
                self._loop.drive()
            return
        states = self._world.store.load(self._run.key, self._nodes, ()).states
        for node, state in states.items():
            if state.status is Status.LAUNCHING:  # its driver died during the launch: there may be a job
                self._world.engine.perform(Launch(self._run.key, node, state.attempt))
        again = 0.0
        while not self._stopped and (jobs := list(self._jobs(self._nodes))):
            asks = time.monotonic() >= again
            again = time.monotonic() + GRACE if asks else again
            for check in jobs:
                self._world.engine.perform(replace(check, chain=f"{SWEEP}{STOP}" if asks else SWEEP))
            self._drive_inside(self._nodes)
            time.sleep(_PERIOD)

    def _drive_inside(self, nodes: Collection[int]) -> None:
        """Of those among ``nodes`` whose jobs are runs, end these runs, which were asked to stop."""
        for key in [*inside(self._world.engine.ledger, self._run.key, nodes)]:
            self._loop = Loop(self._world, [key], read_settings().parallel)
            self._loop.recover()
            self._loop.drive()

    def _jobs(self, nodes: Collection[int]) -> Iterator[Check]:
        """A check of every job of ``nodes`` that is running."""
        states = self._world.store.load(self._run.key, nodes, ()).states
        running = [(node, state) for node, state in states.items() if state.status is Status.RUNNING]
        return (Check(self._run.key, node, state.attempt) for node, state in running)
