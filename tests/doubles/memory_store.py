"""A store in memory: a product for tests and rehearsals. As strict as Firestore, and as durable as RAM.

Nothing in it is ever unreadable.
"""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from orchestrator.core.model import PENDING, Counter, Run, RunStatus, StepState, Stop, View
from orchestrator.core.plan import Plan
from orchestrator.core.pools import LAST, Moves, Place, Wait, pool_of_run, usable
from orchestrator.core.run_filter import EVERY, RunFilter
from orchestrator.errors import StoreError
from orchestrator.ports import NONE_FAILED, Commit, Decide, KeptState, Occupant, Pool, Unreadable, check_writes, refuse


class MemoryStore:
    """Keeps its promises among the threads of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: dict[str, str] = {}
        self._runs: dict[str, Run] = {}
        self._plans: dict[str, Plan] = {}
        self._states: dict[str, dict[int, StepState]] = {}
        self._counters: dict[str, dict[int, Counter]] = {}
        self._places: dict[Place, Occupant] = {}
        self._lines: dict[str, dict[str, Wait]] = {}  # by pool and rank
        self._sizes: dict[str, tuple[int, int]] = {}  # by pool: the size that was set, and its version

    def open_run(self, run: Run, plan: Plan, kept: Iterable[KeptState] = ()) -> Run:
        with self._lock:
            states = dict(kept) if self.find_run(run.id) is None else {}
            if (there := self.find_run(run.id)) is not None:
                return there
            if run.key in self._runs:
                raise StoreError(f"the key '{run.key}' is taken")
            self._plans[run.version] = plan
            self._ids[run.id] = run.key
            self._runs[run.key] = run
            self._states[run.key] = states
            self._counters[run.key] = {}
            return run

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        """Decides outside the lock, so that a conflict is a real one and ``decide`` may be called again."""
        while True:
            seen = self._state(run, node)
            transition = decide(seen)
            if transition is None:
                return Commit(False, seen, {})
            check_writes(transition)
            with self._lock:
                if self._states[run].get(node, PENDING) is not seen:
                    continue
                if any(place in self._places for place in transition.moves.takes):
                    return Commit(False, seen, {}, taken=True)
                self._move(run, node, transition.moves)
                self._states[run][node] = transition.state
                counters = self._counters[run]
                changed = {}
                for join in transition.joins:
                    before = counters.get(join, Counter())
                    arrived = before.arrived + transition.arrived
                    changed[join] = counters[join] = Counter(arrived, before.ended + transition.adds)
                return Commit(True, transition.state, changed, transition.moves)

    def pool(self, name: str, size: int, most: int) -> Pool:
        with self._lock:
            given, _ = self._sizes.get(name, (None, 0))
            if given is not None:
                size = usable(given, (place.number for place in self._places if place.pool == name))
            free = [number for number in range(size) if Place(name, number) not in self._places]
            free = free[:most]
            return Pool(free, [wait for _, wait in sorted(self._lines.get(name, {}).items())][: len(free)], given)

    def resize(self, pool: str, size: int, version: int) -> None:
        with self._lock:
            if version > self._sizes.get(pool, (0, 0))[1]:
                self._sizes[pool] = size, version

    def size(self, pool: str) -> int | None:
        return self._sizes.get(pool, (None, 0))[0]

    def standing(self, pool: str, rank: str = LAST) -> tuple[int, int]:
        with self._lock:
            taken = sum(place.pool == pool for place in self._places)
            return taken, sum(other < rank for other in self._lines.get(pool, {}))

    def occupants(self, pool: str) -> Sequence[Occupant]:
        with self._lock:
            return [occupant for place, occupant in self._places.items() if place.pool == pool]

    def free(self, occupant: Occupant) -> bool:
        with self._lock:
            if self._places.get(occupant.place) is not occupant:
                return False
            del self._places[occupant.place]
            return True

    def _move(self, run: str, node: int, moves: Moves) -> None:
        for place in moves.takes:
            self._places[place] = Occupant(place, run, node)
        for place in moves.frees:
            self._places.pop(place, None)
        if moves.leaves is not None:
            self._lines[moves.leaves.pool].pop(moves.leaves.rank, None)
        if moves.joins is not None:
            self._lines.setdefault(moves.joins.pool, {})[moves.joins.rank] = moves.joins

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        with self._lock:
            states, counters = self._of(run)
            return View(
                {node: states[node] for node in nodes if node in states},
                {join: counters[join] for join in joins if join in counters},
            )

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        with self._lock:
            states, counters = self._of(run)
            return View(
                dict(states) if outputs else {node: state.without_outputs() for node, state in states.items()},
                dict(counters),
            )

    def find_run(self, run_id: str) -> Run | None:
        return self._runs.get(self._ids.get(run_id, ""))

    def get_run(self, run: str) -> Run | None:
        return self._runs.get(run)

    def get_plan(self, version: str) -> Plan | None:
        return self._plans.get(version)

    def end_run(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str] = NONE_FAILED) -> bool:
        with self._lock:
            self._of(run)
            if self._runs[run].status is not RunStatus.RUNNING:
                return False
            self._runs[run] = replace(self._runs[run], status=status, ended_at=at, failed=dict(failed))
            self._sizes.pop(pool_of_run(run), None)
            return True

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        with self._lock:
            self._of(run)
            found = self._runs[run]
            if found.status is not RunStatus.RUNNING:
                return None
            self._runs[run] = stopped = found if found.stop else replace(found, stop=stop)
            return stopped.stop

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse, wanted: RunFilter = EVERY) -> Sequence[Run]:
        started = (run for run in self._runs.values() if run.parent is None)
        runs = sorted(filter(wanted.fits, started), key=lambda run: (-run.started_at, run.id))
        return runs[:limit]

    def run_ids(self, limit: int) -> Sequence[tuple[str, str]]:
        return [(run.id, run.key) for run in self.list_runs(limit)]

    def unfinished(self, unreadable: Unreadable = refuse) -> Sequence[Run]:
        with self._lock:
            return [run for run in self._runs.values() if run.status is RunStatus.RUNNING]

    def _state(self, run: str, node: int) -> StepState:
        with self._lock:
            return self._of(run)[0].get(node, PENDING)

    def _of(self, run: str) -> tuple[dict[int, StepState], dict[int, Counter]]:
        if run not in self._runs:
            raise StoreError(f"no run has the key '{run}'")
        return self._states[run], self._counters[run]
