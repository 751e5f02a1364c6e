"""Retention: some time after a run has ended, all its documents are deleted, minutes apart and in any order.

As in Firestore, a document is deleted without its subcollections, and what is left can still be read and written.
"""

from random import Random
from typing import TYPE_CHECKING

from orchestrator.core.model import Counter, RunStatus, StepState, Stop
from orchestrator.core.names import run_key
from orchestrator.errors import StoreError
from tests.doubles.memory_store import MemoryStore
from tests.simulation.life import Life

if TYPE_CHECKING:
    from tests.simulation.world import World


class LoosePages(MemoryStore):
    """A store whose documents stand by themselves, as Firestore's do: nobody needs a run to write a step of it."""

    def _of(self, run: str) -> tuple[dict[int, StepState], dict[int, Counter]]:
        return self._states.setdefault(run, {}), self._counters.setdefault(run, {})

    def end_run(self, run: str, status: RunStatus, at: float, failed: dict[str, str] | None = None) -> bool:  # type: ignore[override]
        self._must_be_there(run)
        return super().end_run(run, status, at, failed or {})

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        self._must_be_there(run)
        return super().stop_run(run, stop)

    def _must_be_there(self, run: str) -> None:
        if run not in self._runs:
            raise StoreError(f"no run has the key '{run}'")

    def delete(self, path: str, run_id: str) -> bool:
        """Delete one document, as Firestore calls it, of the run that has, or had, that id. False: it was not there."""
        match path.split("/"):
            case ["runs", key, "steps", number]:
                return self._states[key].pop(int(number), None) is not None
            case ["runs", key, "counters", number]:
                return self._counters[key].pop(int(number), None) is not None
            case ["runs", key] if key in self._runs:
                return self._runs.pop(key, None) is not None
            case _:
                return self._ids.pop(run_id, None) is not None


class Retention:
    """Deletes each document of a run once it has been there for ``seconds`` since the end."""

    #: The most seconds for which a run is kept, and within which its documents are deleted after that.
    LONGEST, WITHIN = 20_000.0, 3_600.0

    def __init__(self, world: "World", random: Random) -> None:
        self.world = world
        self.random = random
        self.seconds = random.choice([7_200.0, 14_400.0])
        self._gone: dict[str, set[str]] = {}

    def ended(self, life: Life) -> float:
        """Delete it in time. When the first of its documents may go."""
        run = life.stored
        assert run is not None
        assert run.ended_at is not None
        due = run.ended_at + self.seconds
        self.world.loop.at(due, lambda: self._begin(life))
        return due

    def frees(self, life: Life) -> bool:
        """Whether the id of a run may be another's by now: the run, or what says that it has the id, is gone."""
        return bool({f"runs/{life.key}", self._id(life)} & self._gone.get(life.key, set()))

    def _begin(self, life: Life) -> None:
        """All of it may go from now on, so it is judged now, and nothing of it may ever change again."""
        life.keep(self.world.weather.is_calm, waits=self.world.pools.limits)
        view, run = self.world.memory.load_all(life.key), f"runs/{life.key}"
        paths = [run, self._id(life), *(f"{run}/steps/{node}" for node in view.states)]
        for path in (*paths, *(f"{run}/counters/{join}" for join in view.counters)):
            when = self.world.now + self.random.uniform(0.0, self.WITHIN)
            self.world.loop.at(when, lambda path=path: self._delete(life, path))

    def _delete(self, life: Life, path: str) -> None:
        memory, gone = self.world.memory, self._gone.setdefault(life.key, set())
        assert isinstance(memory, LoosePages)
        run, name = f"runs/{life.key}", self._id(life)
        of_another = path == name and memory._ids.get(life.id) != life.key
        if of_another and not self.world.weather.firestore:
            return
        if not self.world.expire(path, life.id):
            return
        if of_another:
            self.world.failures.append(f"{life.id}: it is forgotten which run has it, and that has not ended")
        if path == run:
            self.world.count("retention: the run, and then its id" if name not in gone else "retention: the run")
        elif path == name:
            self.world.count("retention: the id, and then its run" if run not in gone else "retention: the id")
        else:
            self.world.count("retention: what has no run" if run in gone else "retention: what a run needs")
        gone.add(path)

    def _id(self, life: Life) -> str:
        return f"runs/{run_key(life.id)}"
