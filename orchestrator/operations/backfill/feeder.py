"""Feeds the runs of a backfill to a loop, a few at a time, and never a slot that another process has taken."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.core.graph import Graph
from orchestrator.core.kept_steps import plan_of as with_kept
from orchestrator.core.model import Run, RunStatus, View
from orchestrator.core.plan import Plan
from orchestrator.core.rerun import Rerun
from orchestrator.core.rerun_inside import Selection
from orchestrator.definition.reruns import GraphNow, kept_states, numbered, request
from orchestrator.errors import InUseError, StoreError, UsageError
from orchestrator.local.loop import Loop
from orchestrator.local.wiring import Embedded
from orchestrator.operations.backfill.slots import Does, Planned, Result, newest_round
from orchestrator.operations.drives import note_resumed
from orchestrator.operations.make_room import make_room
from orchestrator.operations.run_records import plan_of

#: Seconds between two looks at the slots that other processes have taken.
LOOK = 0.5


class Progress(Protocol):
    """Learns how a backfill goes on."""

    def opened(self, run: Run, plan: Plan, view: View) -> None:
        """A run is driven from now on."""

    def ended(self, result: Result) -> None:
        """A slot is done with: its run has ended, here or in another process, or could not be started."""

    def waits(self, number: int) -> None:
        """Only slots are left that other processes are at: so many."""


@dataclass(frozen=True, slots=True)
class _Open:
    planned: Planned
    lock: ExitStack


class Feeder:
    """``graph``: as it is now, and its folder. ``ready`` gets each run that is to start or go on, with its plan, and
    returns it as it is to be started; it may raise UsageError.
    """

    def __init__(
        self,
        world: Embedded,
        loop: Loop,
        plan: Iterable[Planned],
        at_once: int,
        graph: tuple[Graph, Path],
        ready: Callable[[Run, Plan], Run],
        progress: Progress,
    ) -> None:
        self._world, self._loop, self._at_once = world, loop, at_once
        self._graph, self._ready, self._progress = graph, ready, progress
        self._plan = graph[0].compile()
        self._left = deque(one for one in plan if one.does is not Does.NOTHING)
        self._elsewhere: list[Planned] = []
        self._open: dict[str, _Open] = {}
        self._look = 0.0

    @property
    def done(self) -> bool:
        return not (self._left or self._elsewhere or self._open)

    def fill(self) -> None:
        """Note which runs have ended, and open others in their place. Call this often, outside of any transaction."""
        self.note()
        if self._elsewhere and time.monotonic() >= self._look:
            self._left.extend(self._elsewhere)
            self._elsewhere.clear()
        while self._left and len(self._open) < self._at_once:
            self._take(self._left[0])  # which stays in line if the disk is full
            self._left.popleft()
        if self._elsewhere and not self._open:
            self._progress.waits(len(self._elsewhere))

    def note(self) -> None:
        """Note which runs have ended."""
        for key in [key for key in self._open if key not in self._loop.runs]:
            self._close(key)

    def let_go(self) -> None:
        """Hold no run any longer."""
        for one in self._open.values():
            one.lock.close()
        self._open.clear()

    def _close(self, key: str) -> None:
        run = self._world.store.get_run(key)
        if run is None:
            raise StoreError(f"the record of a run, runs/{key}, is gone")
        one = self._open.pop(key)
        one.lock.close()
        self._progress.ended(Result(one.planned.slot, run))

    def _take(self, one: Planned) -> None:
        """Open the run of a slot if it is still to be opened, and if no other process has it."""
        newest = newest_round(self._world.store, one.slot.run_id)
        if newest is not None and _is_over(one, newest):
            self._progress.ended(Result(one.slot, newest))
            return
        try:
            rerun = self._rerun(newest) if newest is not None and newest.status is not RunStatus.RUNNING else None
            run_id = rerun.run.id if rerun is not None else newest.id if newest is not None else one.slot.run_id
            with ExitStack() as lock:
                lock.enter_context(self._world.home.driving(run_id))
                if _as_seen(newest_round(self._world.store, one.slot.run_id), newest):
                    key = self._begin(one, newest, rerun)
                    self._open[key] = _Open(one, lock.pop_all())
                else:
                    self._put_off(one)
        except InUseError:
            self._put_off(one)
        except UsageError as error:
            self._progress.ended(Result(one.slot, newest, str(error)))

    def _put_off(self, one: Planned) -> None:
        self._elsewhere.append(one)
        self._look = time.monotonic() + LOOK

    def _rerun(self, earlier: Run) -> Rerun:
        store, (graph, folder) = self._world.store, self._graph
        view = store.load_all(earlier.key, outputs=False)
        plan = plan_of(self._world.home, store, earlier)
        asked = request(store, earlier, plan, view, GraphNow(graph, folder, earlier.file), {}, Selection(), True)
        return numbered(store, asked, None, time.time())

    def _begin(self, one: Planned, newest: Run | None, rerun: Rerun | None) -> str:
        """Start a new run, a rerun, or go on with one that was interrupted. Returns its key."""
        store, engine = self._world.store, self._world.engine
        if rerun is None and newest is not None:
            plan = plan_of(self._world.home, store, newest)
            run = self._ready(newest, plan)
            note_resumed(store, newest, self._loop.last_seen(run.key), time.time())
            self._loop.take_over(run.key)
        else:
            plan = self._plan if rerun is None else rerun.plan
            run = self._ready(one.slot.request.run(time.time()) if rerun is None else rerun.run, plan)
            make_room(self._world.home, store, run.id)
            engine.start(run, plan, kept=kept_states(store, rerun) if rerun is not None else ())
            plan = with_kept(plan, run.kept)
            self._loop.add(run.key)
        self._progress.opened(run, plan, store.load_all(run.key, outputs=False))
        return run.key


def _is_over(one: Planned, newest: Run) -> bool:
    """Whether there is nothing to do: it succeeded, or did not and is not to run again. A round that began after the
    plan was made is another process's, and does not run again in this one.
    """
    if newest.status is RunStatus.RUNNING:
        return False
    wanted = one.does is Does.RERUN and one.newest is not None and newest.id == one.newest.id
    return newest.status is RunStatus.SUCCEEDED or not wanted


def _as_seen(now: Run | None, before: Run | None) -> bool:
    return (now and (now.id, now.status)) == (before and (before.id, before.status))
