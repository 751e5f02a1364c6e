"""Drives the runs of a backfill to their ends or to an interruption, and shows the progress."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from orchestrator.cli.drive import How, kept_clean
from orchestrator.cli.views.backfill import Board, View, view
from orchestrator.core.graph import Graph
from orchestrator.core.inner_graphs import whole
from orchestrator.core.model import Run, StepState
from orchestrator.core.model import View as States
from orchestrator.core.plan import Plan
from orchestrator.definition.project import check_pools, project_of
from orchestrator.errors import StoreShortError
from orchestrator.home import Home
from orchestrator.local.loop import CANNOT_WRITE, TICK, Loop
from orchestrator.local.watched_store import WatchedStore
from orchestrator.local.wiring import Embedded, embedded
from orchestrator.operations.backfill.feeder import Feeder
from orchestrator.operations.backfill.slots import Planned, Result, results
from orchestrator.operations.choose_store import home_flag
from orchestrator.operations.drives import note_interrupted
from orchestrator.operations.driving import check_same, refuse_cloud_steps, with_deployment
from orchestrator.operations.foreign_changes import ForeignChanges
from orchestrator.operations.interrupt import interruptible
from orchestrator.operations.receivers import notifying, receivers_of
from orchestrator.reporting.phrases import counted
from orchestrator.reporting.watch import Watch


@dataclass(frozen=True, slots=True)
class Backfilled:
    """How far a backfill has come. ``interrupted``: before its end."""

    results: Sequence[Result]
    interrupted: bool


class Session:
    """One process that works on a backfill. ``at_once``: how many runs are open at a time."""

    def __init__(self, home: Home, graph: tuple[Graph, Path], plan: Sequence[Planned], how: How, at_once: int) -> None:
        self._home, self._graph, self._plan, self._how, self._at_once = home, graph, plan, how, at_once
        self._board = Board(graph[0].name, len(plan), results(plan))
        self._project = project_of(str(graph[1]))
        check_pools(graph[0].steps, self._project.pools)
        self._view: View = view(self._board, how.json)
        self._changes: dict[str, ForeignChanges] = {}
        self._notifying: list[str] = []
        self._told, self._short = 0, False
        self._waited_for = 0
        self._stopped = threading.Event()

    def go(self) -> Backfilled:
        """Run what is to run, until nothing is left or until it is interrupted."""
        with kept_clean(self._how.json), self._view, self._opened() as world:
            self._world = world
            self._loop = Loop(world, [], max(self._how.parallel, self._at_once), self._tick)
            self._feeder = Feeder(world, self._loop, self._plan, self._at_once, self._graph, self._ready, self)
            try:
                sending = notifying(world, lambda: self._notifying, self._view.say, home_flag(self._home))
                with sending as self._notices, interruptible(self._stop):
                    self._drive()
            finally:
                self._feeder.let_go()
        return Backfilled(self._board.results, not self._feeder.done)

    def opened(self, run: Run, plan: Plan, view: States) -> None:
        watch = self._board.open[run.key] = Watch(run, plan, view)
        self._changes[run.key] = ForeignChanges(self._world, watch, home_flag(self._home), self._view.say)
        if (stored := self._world.store.get_run(run.key)) is not None and stored.notify:
            self._notifying.append(run.key)
        self._waited_for = 0

    def ended(self, result: Result) -> None:
        if result.run is not None:
            self._board.open.pop(result.run.key, None)
            self._changes.pop(result.run.key, None)
        self._board.results.append(result)
        self._view.ended(result)

    def waits(self, number: int) -> None:
        if number != self._waited_for:
            self._waited_for = number
            self._view.say(f"waiting: {counted(number, 'run')} left, which another process drives")

    def _stop(self) -> None:
        self._stopped.set()
        self._loop.stop()

    def _drive(self) -> None:
        while not self._feeder.done and not self._stopped.is_set():
            self._tick()
            if self._loop.runs:
                self._loop.drive()
            elif not self._feeder.done:
                self._stopped.wait(TICK)
        if not self._feeder.done:
            note_interrupted(self._world.store, self._loop.runs, time.time())
        if not self._feeder.done and not self._how.leave:
            self._end_jobs()
        if lost := self._world.functions.running:
            steps = counted(lost, "python step")
            self._view.say(f"interrupted: {steps} cannot be stopped; the same command runs again what has not ended")
        self._feeder.note()

    def _tick(self) -> None:
        for text in self._loop.warnings[self._told :]:
            self._view.say(f"warning: {text}")
        self._told = len(self._loop.warnings)
        if not self._stopped.is_set():
            self._fill()
        for changes in list(self._changes.values()):
            changes.look()
        self._notices.look()
        self._view.tick()

    def _fill(self) -> None:
        try:
            self._feeder.fill()
            self._short = False
        except StoreShortError as error:  # the next turn tries again
            if not self._short:
                self._view.say(f"warning: {CANNOT_WRITE}: {error}")
            self._short = True

    def _ready(self, run: Run, plan: Plan) -> Run:
        refuse_cloud_steps(whole(plan), self._how.fake_dataflow)
        if self._world.store.get_run(run.key) is None:
            return with_deployment(run, plan, self._how)
        check_same(run, self._how)
        return run

    def _end_jobs(self) -> None:
        """Ask all processes to end, and wait for them. A second interruption leaves them, with a message."""
        try:
            if number := self._world.processes.running:
                what = "process" if number == 1 else "processes"
                self._view.say(f"stopping: asked {number} {what} to end; press Ctrl-C again to leave at once")
            self._loop.end_jobs()
        finally:
            if left := self._world.processes.running:
                still = "process is" if left == 1 else "processes are"
                self._view.say(f"interrupted: {left} {still} still running; the same command takes over what is left")

    def _saw(self, run: str, node: int, state: StepState) -> None:
        if (watch := self._board.open.get(run)) is not None:
            watch.saw(run, node, state)

    @contextmanager
    def _opened(self) -> Iterator[Embedded]:
        world = embedded(
            self._home,
            max(self._how.parallel, self._at_once),
            durable=self._how.durable,
            fake_dataflow=self._how.fake_dataflow,
            deployment=self._how.deployment,
            pools=self._project.pools,
            variables=self._project.env,
            make_store=partial(WatchedStore, self._saw),
            receivers=receivers_of(self._graph[1]),
            flag=home_flag(self._home),
        )
        try:
            yield world
        finally:
            world.close()
