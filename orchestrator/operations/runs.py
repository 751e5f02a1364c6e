"""Starts and continues runs on this machine: what the command line and the Python API have in common."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from orchestrator.core.graph import Graph
from orchestrator.core.inner_graphs import whole
from orchestrator.core.kept_steps import plan_of, statuses
from orchestrator.core.kinds import COMMAND, kind_of
from orchestrator.core.model import Run, RunStatus, Status, View
from orchestrator.core.rerun import Rerun
from orchestrator.definition.reruns import kept_states
from orchestrator.definition.run_request import RunRequest
from orchestrator.engine import Engine
from orchestrator.errors import UsageError
from orchestrator.home import BRIEFLY, Home
from orchestrator.local.wiring import reading, writing
from orchestrator.operations.choose_store import home_flag
from orchestrator.operations.driving import Driven, How, Show, Start, drive, refuse_cloud_steps
from orchestrator.operations.load_run import load
from orchestrator.operations.make_room import make_room
from orchestrator.ports import Store
from orchestrator.reporting.found import Found


@dataclass(frozen=True, slots=True)
class Driver:
    """How runs are driven, what shows them meanwhile, and what takes a message about the start."""

    how: How
    show: Show
    tell: Callable[[str], object]

    def drive(self, found: Found, start: Start | None) -> Driven:
        """Drive a run whose lock the caller has taken; if it has ended, only return it."""
        if found.run.status is not RunStatus.RUNNING:
            return Driven(found, before=True)
        return drive(found, self.how, self.show, start)


def run(wanted: RunRequest, home: Home, driver: Driver) -> Driven:
    """Start the run, or continue it if it is there."""
    refuse_cloud_steps(wanted.graph.all_steps, driver.how.fake_dataflow)
    with home.driving(wanted.run_id, BRIEFLY):
        with writing(home) as store:
            stored = store.find_run(wanted.run_id)
            if stored is None:
                _make_room(home, store, wanted.run_id, driver)
                found = Found(home, wanted.run(time.time()), wanted.graph.compile(), View(), flag=home_flag(home))
            else:
                wanted.check_same(stored)
                found = load(home, store, stored, outputs=driver.how.outputs)
        return driver.drive(found, partial(_start, wanted.graph) if stored is None else None)


def _start(graph: Graph, engine: Engine, new: Run) -> None:
    engine.start(new, graph.compile())


def resume(chosen: Run, home: Home, driver: Driver) -> Driven:
    """Continue a run that was interrupted or killed. Raises UsageError if it is inside another run."""
    if chosen.parent is not None:
        raise UsageError(f"run '{chosen.id}' is inside run '{chosen.top}', and goes on with it: resume that")
    with home.driving(chosen.id, BRIEFLY):
        with reading(home) as store:
            found = load(home, store, store.get_run(chosen.key) or chosen, outputs=driver.how.outputs)
        if found.run.status is RunStatus.RUNNING:
            refuse_cloud_steps(whole(found.plan), driver.how.fake_dataflow)
        return driver.drive(found, None)


def rerun(wanted: Rerun, home: Home, driver: Driver) -> Driven:
    """Start the rerun, or go on with it if somebody else has asked for the same."""
    refuse_cloud_steps(whole(wanted.plan), driver.how.fake_dataflow)
    check_files(wanted, home)
    new = wanted.run
    with home.driving(new.id):
        with writing(home) as store:
            stored = store.find_run(new.id)
            if stored is None:
                _make_room(home, store, new.id, driver)
                found = _found(wanted, home, store)
            elif stored.key != new.key:
                raise UsageError(f"the run id '{new.id}' belongs to another run: choose another --run-id")
            else:
                found = load(home, store, stored, outputs=driver.how.outputs)
        return driver.drive(found, partial(_start_again, wanted) if stored is None else None)


def check_files(wanted: Rerun, home: Home) -> None:
    """Raises UsageError if kept steps ran as processes and the folder in which they may have left files is gone."""
    folder = home.data(wanted.run.first)
    ran = {node for node, status in statuses(wanted.run.kept).items() if status in (Status.SUCCEEDED, Status.FAILED)}
    works = [step.local or step.work for node, step in enumerate(wanted.plan.steps) if node in ran]
    if not folder.is_dir() and any(kind_of(work) is COMMAND or work.spec.get("isolated") for work in works):
        raise UsageError(
            f"{folder}, where the steps that would be kept may have left files, is gone: run all steps again with "
            "--all, or create the folder again"
        )


def _found(wanted: Rerun, home: Home, store: Store) -> Found:
    """The rerun as it will be found once it has started."""
    states = {node: state.without_outputs() for node, state in kept_states(store, wanted)}
    plan = plan_of(wanted.plan, wanted.run.kept)
    return Found(home, wanted.run, plan, View(states), flag=home_flag(home))


def _start_again(wanted: Rerun, engine: Engine, new: Run) -> None:
    engine.start(new, wanted.plan, kept=kept_states(engine.ledger.store, wanted))


def _make_room(home: Home, store: Store, run_id: str, driver: Driver) -> None:
    if aside := make_room(home, store, run_id):
        driver.tell(f"files of an earlier run with the id {run_id} were moved to {aside}")
