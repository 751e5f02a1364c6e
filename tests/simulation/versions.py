"""Machines with several versions in one world: what one writes, another does not know or loses when it writes.

An *older* machine knows nothing of today's newest field that may be lost (ADR 17), and loses it whenever it writes.
Beside a *newer* one, everybody reads fields in states and tasks that nobody here has heard of.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.core import codec
from orchestrator.core.model import Run, StepState, Transition, View
from orchestrator.core.task_codec import decode, encode
from orchestrator.ports import Commit, Decide, Store, Task, Unreadable, refuse
from tests.simulation.ports import ShakyQueue, ShakyStore

if TYPE_CHECKING:
    from tests.simulation.world import World

#: What a version from next year might write.
UNHEARD_OF = {"mood": {"today": ["good", None]}, "later": 1.5}


def older(state: StepState) -> StepState:
    """As a version has it that does not know who ended an attempt."""
    return state if state.ended_by is None else replace(state, ended_by=None)


def newer(state: StepState) -> StepState:
    """As it is read where a newer version has written it."""
    return codec.state_from_json({**codec.state_to_json(state), **UNHEARD_OF})


def older_run(run: Run) -> Run:
    """As a version has it that knows of no seal: it puts launches without proof, and gives no proof credit."""
    return replace(run, seal="")


def newer_run(run: Run) -> Run:
    """As it is read where a newer version has written it."""
    return codec.run_from_json({**codec.run_to_json(run), **UNHEARD_OF})


class VersionedStore:
    """A store as one machine sees it. ``through``: what becomes of a state that it reads or writes; ``of_run``: of a
    run that it reads.
    """

    def __init__(
        self, store: ShakyStore, through: Callable[[StepState], StepState], of_run: Callable[[Run], Run]
    ) -> None:
        self._store = store
        self._through = through
        self._of_run = of_run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        def deciding(state: StepState) -> Transition | None:
            made = decide(self._through(state))
            return made and replace(made, state=self._through(made.state))

        commit = self._store.transact(run, node, deciding)
        return replace(commit, state=self._through(commit.state))

    def get_run(self, run: str) -> Run | None:
        found = self._store.get_run(run)
        return found and self._of_run(found)

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        return self._seen(self._store.load(run, nodes, joins))

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        return self._seen(self._store.load_all(run, unreadable, outputs))

    def _seen(self, view: View) -> View:
        return replace(view, states={node: self._through(state) for node, state in view.states.items()})


class NewerQueue(ShakyQueue):
    """Takes tasks that have more to say than anybody here knows."""

    def put(self, tasks: Sequence[Task]) -> None:
        def read(task: Task) -> Task:
            return replace(task, effect=decode(json.dumps({**json.loads(encode(task.effect)), **UNHEARD_OF})))

        super().put([read(task) for task in tasks])


def ports(world: "World", store: ShakyStore) -> tuple[Store, ShakyQueue]:
    """The ways to the store and to the queue of a machine that has just begun, in a version of its own."""
    if not world.weather.versions:
        return store, ShakyQueue(world)
    version = world.random.choice(["older", "newer"])
    world.count(f"machine: {version}")
    if version == "older":
        return VersionedStore(store, older, older_run), ShakyQueue(world)
    return VersionedStore(store, newer, newer_run), NewerQueue(world)
