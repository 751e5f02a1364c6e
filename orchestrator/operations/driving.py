"""Drives one run on this machine to its end or to an interruption. What it has to say goes to a ``Screen``."""

import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from orchestrator.core.inner_graphs import whole
from orchestrator.core.kinds import only_in_cloud
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Step
from orchestrator.definition.project import project_of as project_settings
from orchestrator.engine import Engine
from orchestrator.errors import UsageError
from orchestrator.local.loop import Loop
from orchestrator.local.watched_store import WatchedStore
from orchestrator.local.wiring import Embedded, embedded
from orchestrator.operations.drives import note_interrupted, note_resumed
from orchestrator.operations.foreign_changes import ForeignChanges
from orchestrator.operations.interrupt import SIGNALS, interruptible
from orchestrator.operations.load_run import with_inside
from orchestrator.operations.receivers import notifying, project_of, receivers_of, unknown
from orchestrator.ports import Receivers
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import counted
from orchestrator.reporting.watch import Watch


class Screen(Protocol):
    """Shows a run while it is driven."""

    def say(self, text: str) -> None:
        """Show a message for the user: one line."""
        ...

    def tick(self) -> None:
        """Show the run as it is now. Called about ten times a second."""
        ...


#: Opens a screen for a run.
Show = Callable[[Watch], AbstractContextManager[Screen]]


@dataclass(frozen=True, slots=True)
class How:
    """How a run is driven. ``leave``: an interruption leaves processes running.

    ``outputs``: also read the steps' outputs when it has ended. ``deployment``: the values of ``run.deployment``, by
    name. ``signals``: those that interrupt the run; only in the main thread of a process are there any.
    ``lives_on``: the process goes on after an interruption, so that it waits for python steps: they cannot be stopped.
    """

    parallel: int
    fake_dataflow: bool = False
    durable: bool = False
    leave: bool = False
    outputs: bool = False
    deployment: Mapping[str, str] = field(default_factory=dict)
    signals: Collection[signal.Signals] = SIGNALS
    lives_on: bool = False


@dataclass(frozen=True, slots=True)
class Driven:
    """The run after it was driven. ``interrupted``: before its end. ``before``: it had ended before, and was not."""

    found: Found
    interrupted: bool = False
    warnings: tuple[str, ...] = ()
    before: bool = False


def refuse_cloud_steps(steps: tuple[Step, ...], fake_dataflow: bool) -> None:
    """Raises UsageError that names every Dataflow step that cannot run on this machine."""
    if not fake_dataflow:
        _refuse_cloud_steps(steps, ", or use --fake-dataflow")


def refuse_to_schedule_cloud_steps(steps: tuple[Step, ...]) -> None:
    """The same for the steps of a graph that a schedule starts: no option simulates them."""
    _refuse_cloud_steps(steps, "")


def _refuse_cloud_steps(steps: tuple[Step, ...], otherwise: str) -> None:
    if names := [step.name for step in only_in_cloud(steps) if step.local is None]:
        raise UsageError(
            f"Dataflow steps without a local: block cannot run on this machine: {', '.join(names)}: "
            f"add a local: block to each{otherwise}"
        )


#: Starts a new run, in the engine that is to drive it.
Start = Callable[[Engine, Run], object]


def drive(found: Found, how: How, show: Show, start: Start | None) -> Driven:
    """``start`` the run ``found.run``, or continue it if there is none, until it ends or is interrupted.

    The caller drives the run. Raises UsageError if it was started with other values than ``how`` gives.
    """
    check_same(found.run, how)
    invented = made_up(found.run, found.plan, how)
    pools = pools_of(found.run)
    _check_pools(found.plan, pools)
    if start is not None:
        found = replace(found, run=with_deployment(found.run, found.plan, how))
    watch, receivers = Watch(found.run, found.plan, found.view), receivers_of(project_of(found.run))
    with show(watch) as screen, _world(found, how, watch, pools, receivers) as world:
        told = 0

        def tick() -> None:
            nonlocal told
            for text in loop.warnings[told:]:
                screen.say(f"warning: {text}")
            told = len(loop.warnings)
            changes.look()
            notices.look()
            screen.tick()

        for name in invented:
            screen.say(f"made up: run.deployment.{name} is {name!r}; set it with --deployment {name}=VALUE")
        if (wrong := unknown(receivers, found.run)) is not None and start is not None:
            screen.say(wrong)
        loop = Loop(world, [found.run.key], how.parallel, tick)
        changes = ForeignChanges(world, watch, found.flag, screen.say)
        keys = [found.run.key]
        with (
            notifying(world, lambda: keys, screen.say, found.flag) as notices,
            interruptible(loop.stop, how.signals),
        ):
            if start is not None:
                start(world.engine, found.run)
            else:
                note_resumed(world.store, found.run, loop.last_seen(found.run.key), time.time())
                loop.recover()
            if not loop.drive():
                _interrupt(world, loop, screen, found, how)
        run = world.store.get_run(found.run.key) or found.run
        watch.run = run
        now = replace(found, run=run, view=world.store.load_all(run.key, outputs=how.outputs))
        now = with_inside(world.store, now, partly=True)
    return Driven(now, run.status is RunStatus.RUNNING, tuple(loop.warnings))


def pools_of(run: Run) -> Mapping[str, int]:
    """The pools of the project that the run's graph belongs to. Raises InvalidGraphError."""
    return project_settings(run.folder).pools


def _check_pools(plan: Plan, pools: Mapping[str, int]) -> None:
    from orchestrator.definition.project import check_pools

    check_pools(plan.steps, pools)


def made_up(run: Run, plan: Plan, how: How) -> list[str]:
    """The values of ``run.deployment`` that were not given, with ``fake_dataflow``: each is its own name."""
    from orchestrator.definition.untrusted import deployment_values

    names = deployment_values(whole(plan)) if how.fake_dataflow else []
    return [name for name in names if name not in {**how.deployment, **run.deployment}]


def with_deployment(run: Run, plan: Plan, how: How) -> Run:
    """A new run, with its values of ``run.deployment``."""
    values = {**{name: name for name in made_up(run, plan, how)}, **run.deployment, **how.deployment}
    return replace(run, deployment=values)


def check_same(run: Run, how: How) -> None:
    """Raises UsageError if the run was started with other values: it keeps those that it started with."""
    known = run.deployment
    if other := [name for name, value in how.deployment.items() if known.get(name, value) != value]:
        raise UsageError(
            f"run '{run.id}' was started with other values of --deployment {', '.join(other)}, and keeps them: "
            "omit the option, or choose another --run-id"
        )


def _interrupt(world: Embedded, loop: Loop, screen: Screen, found: Found, how: How) -> None:
    """End the jobs of a run that is interrupted, as far as that is possible and wanted."""
    note_interrupted(world.store, [found.run.key], time.time())
    if not how.leave:
        _end_jobs(world, loop, screen, found.run.id, found.flag)
    if how.lives_on:
        loop.await_functions()
    elif lost := world.functions.running:
        screen.say(_lost(lost, found))


def _end_jobs(world: Embedded, loop: Loop, screen: Screen, run: str, flag: str) -> None:
    """Ask all processes to end, and wait for them. A second interruption leaves them, with a message."""
    try:
        if number := world.processes.running:
            what = "process" if number == 1 else "processes"
            screen.say(f"stopping: asked {number} {what} to end; press Ctrl-C again to leave at once")
        loop.end_jobs()
        if world.processes.running:
            screen.say(_left(world, run, flag))
    except KeyboardInterrupt:
        screen.say(_left(world, run, flag))
        raise


def _lost(number: int, found: Found) -> str:
    end, them = ("ends", "it") if number == 1 else ("end", "them")
    return (
        f"interrupted: {counted(number, 'python step')} cannot be stopped, and {end} with this process; "
        f"'{found.resume}' runs {them} again"
    )


def _left(world: Embedded, run: str, flag: str) -> str:
    left = world.processes.running
    still, them = ("process is still running", "it") if left == 1 else ("processes are still running", "them")
    return f"interrupted: {left} {still}; 'orchestrator resume {run}{flag}' takes {them} over or ends {them}"


@contextmanager
def _world(found: Found, how: How, watch: Watch, pools: Mapping[str, int], receivers: Receivers) -> Iterator[Embedded]:
    store = partial(WatchedStore, watch.saw)
    world = embedded(
        found.here,
        how.parallel,
        durable=how.durable,
        fake_dataflow=how.fake_dataflow,
        deployment={**{name: name for name in made_up(found.run, found.plan, how)}, **how.deployment},
        pools=pools,
        variables=project_settings(found.run.folder).env,
        make_store=store,
        receivers=receivers,
        flag=found.flag,
    )
    try:
        yield world
    finally:
        world.close()
