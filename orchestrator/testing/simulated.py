"""Simulated runs: the engine, in memory, with a clock that goes from one event to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.api.graphs import AnyGraph, chosen
from orchestrator.api.results import RunResult, result_of
from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, RunStatus, Status
from orchestrator.core.pools import MAX_PLACES
from orchestrator.core.steps import Json
from orchestrator.definition.handles import plain
from orchestrator.definition.params import ANY_TIME
from orchestrator.definition.project import project_of
from orchestrator.definition.run_request import run_request
from orchestrator.definition.untrusted import deployment_values
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.rendering import facts_of
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.home.database import Database
from orchestrator.ports import CHECKS, LAUNCHES
from orchestrator.queues.local import LocalQueue
from orchestrator.reporting.explain import explain
from orchestrator.reporting.found import Found
from orchestrator.stores.sqlite.store import SqliteStore
from orchestrator.testing.jobs import Jobs
from orchestrator.testing.names import check_replaced, check_step, named
from orchestrator.testing.replacements import Attempt, Replacement

#: How many tasks are delivered at a time.
_AT_A_TIME = 64


@dataclass(frozen=True, slots=True, repr=False)
class SimulatedRun(RunResult):
    """A run that was simulated. ``launched``: its attempts, in the order in which they were launched.

    ``reasons``: by step, why it has its status, as ``orchestrator explain`` tells it. Its status is ``running`` if it
    waits for a person, as with ``on_failure: hold``.
    """

    launched: tuple[Attempt, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    _model: Graph | None = None

    @property
    def skipped(self) -> dict[str, str]:
        """The steps that were skipped, or not run because of a failure, each with the reason."""
        return {
            name: self.reasons[name]
            for name, step in self.steps.items()
            if step.status in (Status.SKIPPED, Status.UPSTREAM_FAILED)
        }

    @property
    def took(self) -> timedelta | None:
        """How long the run took, in simulated time; None if it has not ended."""
        return None if self.ended_at is None else self.ended_at - self.started_at

    def attempts(self, step: str) -> list[Attempt]:
        """The attempts of a step, which may be inside another: ``load/count``, ``per-file/0``, or ``per-file/*`` for
        all items; none if it was not launched. Raises NotFoundError if there is no such step.
        """
        if self._model is not None:
            check_step(self._model, step)
        return [attempt for attempt in self.launched if named([step], attempt.step) is not None]


def simulate(
    graph: AnyGraph,
    params: Mapping[str, Any] | None = None,
    *,
    steps: Mapping[str, Replacement] | None = None,
    at: datetime = ANY_TIME,
    local: bool = False,
    deployment: Mapping[str, str] | None = None,
    run_id: str = "simulated",
    folder: Path = Path("simulated"),
    limit: timedelta = timedelta(days=100),
) -> SimulatedRun:
    """Run a graph with replaced steps, in simulated time, to its end or until it waits for a person.

    ``steps``: what takes the place of each step's job, also inside other steps; the others succeed at once. ``at``:
    when the run starts. ``local``: launch ``local`` blocks where there are any, as on one machine. ``deployment``: the
    values of ``{{ run.deployment.NAME }}``, by default NAME. ``folder``: what ``{{ run.dir }}`` is; nothing is
    written there.

    Raises what the start of a run raises, and UsageError if the run has not ended after ``limit``.
    """
    model, path = chosen(graph)
    check_replaced(model, steps or {})
    now = at.timestamp()
    request = run_request(model, path, run_id, plain(params or {}), now)
    values = {name: name for name in deployment_values(model.all_steps)} | dict(deployment or {})
    clock = _Clock(now)
    world = _World(clock, Jobs(steps or {}, clock, folder, project_of(str(path.parent)).env), local, values, model)
    try:
        world.engine.start(request.run(now), model.compile())
        run = world.finish(request.key, now + limit.total_seconds())
        return _result(world, run, model)
    finally:
        world.database.close()


class _Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class _World:
    """Store and queue in memory, and the engine on them."""

    def __init__(self, clock: _Clock, jobs: Jobs, local: bool, deployment: Mapping[str, Json], model: Graph) -> None:
        self.clock = clock
        self.jobs = jobs
        self.database = Database(":memory:")
        self.store, self._queue = SqliteStore(self.database), LocalQueue(self.database)
        self.engine = Engine(
            Ledger(
                self.store,
                self._queue,
                jobs.backends,
                clock,
                stand_ins=local,
                alone=True,
                clock_skew=0.0,
                facts=lambda run: {**facts_of(run), "dir": str(jobs.folder(run)), "deployment": dict(deployment)},
                pools={step.pool: MAX_PLACES for step in model.all_steps if step.pool is not None},
            )
        )
        self._keys: list[str] = []
        jobs.run_inside(self.engine, self._keys.append)

    def finish(self, key: str, until: float) -> Run:
        """Deliver everything, and go on to the time of the next task, until the run has ended or nothing is due."""
        self._keys.append(key)
        while (run := self.store.get_run(key)) is not None and run.status is RunStatus.RUNNING:
            if self._deliver():
                continue
            due = self._queue.next_due(self._keys, (CHECKS, LAUNCHES))
            if due is None:
                break
            self.clock.now = max(self.clock.now, due)
            if self.clock.now > until:
                raise UsageError(f"the run has not ended within its limit: {self._running(run)}")
        assert run is not None
        return run

    def _deliver(self) -> bool:
        found = [
            it for name in (CHECKS, LAUNCHES) for it in self._queue.lease(self._keys, name, self.clock.now, _AT_A_TIME)
        ]
        for delivery in found:
            try:
                self.engine.perform(delivery.effect)
            except OrchestratorError as error:
                raise self.jobs.broken or error from None
        self._queue.acknowledge(found)
        return bool(found)

    def _running(self, run: Run) -> str:
        plan, view = self.engine.ledger.known(run.key).plan, self.store.load_all(run.key)
        active = [step.name for node, step in enumerate(plan.steps) if view.state(node).status.active]
        return f"{', '.join(active) or 'nothing'} is running; hang() needs a timeout, and limit can be raised"


def _result(world: _World, run: Run, model: Graph) -> SimulatedRun:
    plan, view = world.engine.ledger.known(run.key).plan, world.store.load_all(run.key)
    result = result_of(Found(None, run, plan, view), str(run.status))
    now = world.clock.now
    reasons = {step.name: "\n".join(explain(plan, view, node, now)) for node, step in enumerate(plan.steps)}
    told = {each.name: getattr(result, each.name) for each in fields(result)}
    return SimulatedRun(**told, launched=world.jobs.launched, reasons=reasons, _model=model)
