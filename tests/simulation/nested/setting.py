"""The people of a nested world who set limits of its maps and of its run: at any moment, twice, and at once.

``max_parallel`` changes nothing but when. ``tolerate`` may decide how a map ends: by what is set when that is recorded.
"""

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.events import LimitsSet
from orchestrator.core.job_end import Outcome
from orchestrator.core.limits import limits_at, with_limits
from orchestrator.core.model import Run, RunStatus, Status, StepState
from orchestrator.core.names import ref_in
from orchestrator.core.plan import Plan
from orchestrator.core.pools import pool_of_run
from orchestrator.core.steps import Json
from orchestrator.engine.children import tolerated
from orchestrator.ports import Commit, Decide
from tests.doubles.memory_store import MemoryStore

if TYPE_CHECKING:
    from tests.simulation.nested.world import World

#: In how many worlds somebody sets anything, and in how many of these also what is tolerated.
HAPPENS, DECIDES = 0.4, 0.4

SETS = ("operator: sets max_parallel", "operator: sets tolerate", "limit: raised", "limit: lowered")


class WatchedStore(MemoryStore):
    """Tells what became of maps and of sizes."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        commit = super().transact(run, node, decide)
        if commit.applied:
            self._world.setting.committed(run, node, commit.state)
        return commit

    def resize(self, pool: str, size: int, version: int) -> None:
        super().resize(pool, size, version)
        self._world.setting.resized(pool)


class Setting:
    """Some people, who do not know of each other. ``random``: what they do depends on nothing else.

    ``decides``: somebody sets what is tolerated, so the oracle does not know how all ends.
    """

    def __init__(self, world: "World", random: Random) -> None:
        self.world, self.random = world, random
        self.happens = random.random() < HAPPENS
        self.decides = self.happens and random.random() < DECIDES
        self._sizes: dict[str, int] = {}
        self._before: dict[str, set[int]] = {}  # the handlers that had begun when a pool was made smaller
        self._active: dict[str, int] = {}
        self._judged: set[tuple[str, int, int]] = set()

    def begin(self) -> None:
        for _ in range(self.random.choice([1, 2, 4]) if self.happens else 0):
            self.world.loop.at(self.world.loop.now + self.random.random() * 300.0, self._set)

    def _set(self) -> None:
        """Somebody sets limits of the run, or of a map at any depth; and again, until he hears that it was done."""
        world = self.world
        places = [
            (run, node)
            for run in world.runs
            if run.status is RunStatus.RUNNING
            for node in (*range(len(world._plan(run).steps)), world._plan(run).end)
            if limits_at(world._plan(run), node, StepState()) is not None
        ]
        if not places:
            return
        run, node = self.random.choice(places)
        tolerate = self.random.choice([0, 1, "50%", "100%"]) if self.decides and node != world._plan(run).end else None
        most = self.random.choice([1, 2, 5]) if tolerate is None or self.random.random() < 0.5 else None
        world.faults["operator: sets tolerate" if tolerate is not None else "operator: sets max_parallel"] += 1
        event = LimitsSet(world.loop.now, "somebody", "enough", most, tolerate)
        world._until_done("set", lambda engine: engine.control(run.key, event, [node]))

    def resized(self, pool: str) -> None:
        """A pool has another size, or one that it had."""
        size = self.world.store.size(pool)
        assert size is not None
        before = self._sizes.get(pool)
        if before is not None and size != before:
            self.world.faults["limit: raised" if size > before else "limit: lowered"] += 1
        if before is None or size < before:
            begun = {one.number for one in self.world.loop.handlers if one.started is not None}
            self._before.setdefault(pool, set()).update(begun)
        self._sizes[pool] = size

    def most(self, run: Run, said: int | None) -> int | None:
        """How many attempts of a run may be active: as was set before it was opened, or since, or as its graph says."""
        pool = pool_of_run(run.key)
        if pool in self._sizes or run.parent is None or run.mapped is None:
            return self._sizes.get(pool, said)
        ref = ref_in(run.parent)
        control = self.world.store.load(ref.run, (ref.node,), ()).state(ref.node).control
        given = control.limits if control is not None else None
        return said if given is None or given.max_parallel is None else run.max_parallel

    def too_many(self, run: Run, active: int, most: int) -> bool:
        """Whether more are active than may be, and whoever launched the last of them knew."""
        pool, handler = pool_of_run(run.key), self.world.loop._current
        began = active > self._active.get(run.key, 0)
        self._active[run.key] = active
        late = handler is not None and handler.number in self._before.get(pool, ())
        return active > most and began and not late

    def committed(self, key: str, node: int, state: StepState) -> None:
        """A map that has ended has ended as what it tolerated then says."""
        run = self.world.store.get_run(key)
        assert run is not None
        plan = self.world._plan(run)
        over = state.status in (Status.SUCCEEDED, Status.FAILED, Status.UP_FOR_RETRY) and state.stop is None
        if not over or node >= len(plan.steps) or plan.steps[node].work.kind != "map" or state.job is None:
            return
        if (key, node, state.attempt) in self._judged:
            return
        self._judged.add((key, node, state.attempt))
        inside = self.world.store.get_run(state.job)
        if inside is None or inside.mapped is None or inside.status is RunStatus.CANCELLED:
            return
        ends = self.world.store.load_all(inside.key).states.values()
        bad = sum(one.status in (Status.FAILED, Status.UPSTREAM_FAILED, Status.CANCELLED) for one in ends)
        outcome = Outcome.SUCCEEDED if bad <= tolerated(_spec(plan, node, state), inside.mapped) else Outcome.FAILED
        if (state.status is Status.SUCCEEDED) != (outcome is Outcome.SUCCEEDED):
            self.world.failures.append(f"{inside.id}: {bad} of {inside.mapped} failed, and its step is {state.status}")


def _spec(plan: Plan, node: int, state: StepState) -> Mapping[str, Json]:
    given = state.control.limits if state.control is not None else None
    spec = plan.steps[node].work.spec
    return spec if given is None else with_limits(spec, given)
