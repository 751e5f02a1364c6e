"""The store of the embedded form: a row per step, per counter and per run, and one per version of a plan."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from orchestrator.core import codec, plan_codec
from orchestrator.core.control import MAX_ACTS, Act
from orchestrator.core.model import PENDING, Counter, Run, RunStatus, Stop, Transition, View
from orchestrator.core.plan import Plan
from orchestrator.core.pools import LAST, NO_MOVES, pool_of_run, run_of
from orchestrator.core.run_filter import EVERY, RunFilter
from orchestrator.errors import StoreError, UnreadableRecordError
from orchestrator.home.database import Database
from orchestrator.ports import NONE_FAILED, Commit, Decide, KeptState, Occupant, Pool, Unreadable, check_writes, refuse
from orchestrator.stores.plans import pack, unpack
from orchestrator.stores.records import checked, readable
from orchestrator.stores.sqlite import pools, removal
from orchestrator.stores.sqlite.memory import Known, Memory
from orchestrator.stores.sqlite.rows import (
    BY_ID,
    COUNTERS,
    STATES,
    are_there,
    create,
    listed_at,
    measured,
    needs_schema,
    newest,
    read_state,
    run_text,
    select,
    to_counters,
    to_run,
    to_states,
    write_states,
)


class SqliteStore:
    """A Store that threads and processes may share, because SQLite admits one writer at a time.

    Within a transaction, a run that is completely in memory is read from there. It stays there until another process
    commits something.

    ``driven``: whether a process drives the run with this id. Where that is known, those in line for a place whose run
    nobody drives are passed over, as nobody would hear that it is their turn. They keep their places in line.
    """

    def __init__(self, database: Database, driven: Callable[[str], bool] | None = None) -> None:
        self.driven = driven
        self._database = database
        self._tops: dict[str, str] = {}
        self._memory = Memory()
        with database.transaction as connection:
            (schema,) = connection.execute("PRAGMA user_version").fetchone()
            checked(database.name, schema)
            if not database.looking:
                create(connection)
                if schema < codec.FIRST:
                    connection.execute(f"PRAGMA user_version = {codec.FIRST}")
            elif not are_there(connection):
                create(connection, temporary=True)
        database.join(self._memory)

    def open_run(self, run: Run, plan: Plan, kept: Iterable[KeptState] = ()) -> Run:
        with self._database.transaction as connection:
            if row := connection.execute(BY_ID, (run.id,)).fetchone():
                return to_run(*row)
            if not connection.execute("SELECT 1 FROM plans WHERE version = ?", (run.version,)).fetchone():
                connection.execute("INSERT INTO plans VALUES (?, ?)", (run.version, pack(plan, 1)))
                if (schema := plan_codec.schema_of_plan(plan)) > codec.FIRST:
                    needs_schema(connection, schema)
                specs = [work.spec for step in plan.steps for work in (step.work, step.local) if work is not None]
                self._memory.plan = (run.version, plan) if _is_json(specs) else None
            connection.execute("INSERT INTO runs VALUES (?, ?, ?)", (run.key, listed_at(run), run_text(run)))
            self._memory.runs[run.key] = Known(whole=not run.kept)
            if run.kept:
                write_states(connection, run.key, kept)
            if run.kept or run.nests or run.parent:
                needs_schema(connection, codec.schema_of(run))
            return run

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        with self._database.transaction as connection:
            known = self._memory.runs.get(run)
            if known is None:
                known = self._memory.runs[run] = Known()
            seen = known.states.get(node)
            if seen is None:
                seen = PENDING if known.whole else read_state(connection, run, node)
            transition = decide(seen)
            if transition is None:
                return Commit(False, seen, {})
            check_writes(transition)
            if transition.moves is not NO_MOVES:
                if pools.is_taken(connection, transition.moves):
                    return Commit(False, seen, {}, taken=True)
                pools.move(connection, run, node, transition.moves)
            counters = {join: _counted(connection, run, known, join, transition) for join in transition.joins}
            known.states[node] = known.changed_states[node] = transition.state
            if counters:
                known.counters.update(counters)
                known.changed_counters.update(counters)
            return Commit(True, transition.state, counters, transition.moves)

    def pool(self, name: str, size: int, most: int) -> Pool:
        with self._database.read() as connection:
            return pools.look(connection, name, size, most, self._goes_on)

    def standing(self, pool: str, rank: str = LAST) -> tuple[int, int]:
        with self._database.read() as connection:
            own = run_of(rank)
            return pools.standing(connection, pool, rank, lambda run: run == own or self._goes_on(run))

    def occupants(self, pool: str) -> Sequence[Occupant]:
        with self._database.read() as connection:
            return pools.occupants(connection, pool)

    def size(self, pool: str) -> int | None:
        with self._database.read() as connection:
            return pools.size_of(connection, pool)

    def resize(self, pool: str, size: int, version: int) -> None:
        with self._database.transaction as connection:
            pools.resize(connection, pool, size, version)

    def free(self, occupant: Occupant) -> bool:
        with self._database.transaction as connection:
            return pools.remove(connection, occupant)

    def _goes_on(self, run: str) -> bool:
        """Whether somebody may begin steps of a run now. One whose record cannot be read is not waited for."""
        if self.driven is None:
            return True
        if run not in self._tops:
            try:
                found = self.get_run(run)
            except UnreadableRecordError:
                return False
            if found is None:
                return False
            self._tops[run] = found.top
        return self.driven(self._tops[run])

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        known = self._memory.runs.get(run) if self._database.writing else None
        if known is not None and known.whole:
            states, counters = known.states, known.counters
            return View(
                {node: states[node] for node in nodes if node in states},
                {join: counters[join] for join in joins if join in counters},
            )
        with self._database.read() as connection:
            return View(
                to_states(run, list(select(connection, f"{STATES} AND node IN", run, nodes))),
                to_counters(run, list(select(connection, f"{COUNTERS} AND number IN", run, joins))),
            )

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        left_out: list[UnreadableRecordError] = []
        sizes: dict[int, int] = {}
        with self._database.transaction as connection:  # so that both tables are read as of the same moment
            self._memory.flush(connection)
            rows = connection.execute(STATES, (run,))
            states = to_states(run, measured(rows, sizes), left_out.append, outputs)
            counters = to_counters(run, connection.execute(COUNTERS, (run,)), left_out.append)
            if outputs:
                self._memory.runs[run] = Known(not left_out, dict(states), dict(counters))
                self._memory.size += sum(sizes.values())
        for error in left_out:
            unreadable(error)
        return View(states, counters, sizes.keys() - states.keys())

    def find_run(self, run_id: str) -> Run | None:
        with self._database.read() as connection:
            row = connection.execute(BY_ID, (run_id,)).fetchone()
            return to_run(*row) if row else None

    def get_run(self, run: str) -> Run | None:
        with self._database.read() as connection:
            row = connection.execute("SELECT key, run FROM runs WHERE key = ?", (run,)).fetchone()
            return to_run(*row) if row else None

    def get_plan(self, version: str) -> Plan | None:
        if self._memory.plan is not None and self._memory.plan[0] == version:
            return self._memory.plan[1]
        with self._database.read() as connection:
            row = connection.execute("SELECT plan FROM plans WHERE version = ?", (version,)).fetchone()
            return unpack(f"plans/{version}", *row) if row else None

    def end_run(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str] = NONE_FAILED) -> bool:
        with self._database.transaction as connection:
            ended = self._change_run(run, lambda found: replace(found, status=status, ended_at=at, failed=dict(failed)))
            if ended is None:
                return False
            self._memory.flush(connection)
            self._memory.runs.pop(run, None)
            if ended.max_parallel is not None:
                pools.forget(connection, pool_of_run(run))
            return True

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        stopped = self._change_run(run, lambda found: found if found.stop else replace(found, stop=stop))
        return stopped.stop if stopped else None

    def note_drives(self, run: str, acts: Sequence[Act]) -> None:
        """Add to what became of the processes that drove a run; nothing if it has ended."""
        if acts:
            self._change_run(run, lambda found: replace(found, drives=(*found.drives, *acts)[-MAX_ACTS:]))

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse, wanted: RunFilter = EVERY) -> Sequence[Run]:
        with self._database.read() as connection:
            rows = connection.execute(*newest(wanted, limit))
            return list(readable((partial(to_run, *row) for row in rows), unreadable))

    def run_ids(self, limit: int) -> Sequence[tuple[str, str]]:
        query = "SELECT CASE WHEN json_valid(run) THEN json_extract(run, '$.id') END, key FROM runs"
        with self._database.read() as connection:
            found = connection.execute(
                f"{query} WHERE started_at >= 0 ORDER BY started_at DESC, key DESC LIMIT ?", (limit,)
            )
            return [(run_id, key) for run_id, key in found if isinstance(run_id, str)]

    def unfinished(self, unreadable: Unreadable = refuse) -> Sequence[Run]:
        with self._database.read() as connection:
            rows = connection.execute("SELECT key, run FROM runs")
            runs = readable((partial(to_run, *row) for row in rows), unreadable)
            return [run for run in runs if run.status is RunStatus.RUNNING]

    def remove_runs(self, runs: Collection[str]) -> Mapping[str, str]:
        """Delete runs, by their keys, with all that is stored of them and the plans that no run uses any more.

        A run goes only with its whole family, and if all of that has ended; none goes while the record of any run
        cannot be read. Returns the keys and ids of those that went. ``removed`` has them until ``files_removed``.
        """
        with self._database.transaction as connection:
            self._memory.flush(connection)
            gone = removal.remove(connection, runs)
            self._memory.drop()
            return gone

    def ids_inside(self, roots: Collection[str]) -> Sequence[str]:
        """The ids of the runs inside those with the ids ``roots``, at any depth, which are deleted with them."""
        with self._database.read() as connection:
            return removal.inside(connection, roots)

    def removed(self) -> Mapping[str, str]:
        """The keys and ids of deleted runs whose files are still to be removed."""
        with self._database.read() as connection:
            return removal.notes(connection)

    def files_removed(self, run: str) -> None:
        """The files of a deleted run are gone."""
        with self._database.transaction as connection:
            removal.forget(connection, run)

    def _change_run(self, run: str, change: Callable[[Run], Run]) -> Run | None:
        """The changed run; None if the run has ended, and then nothing is written."""
        with self._database.transaction as connection:
            found = self.get_run(run)
            if found is None:
                raise StoreError(f"no run has the key '{run}'")
            if found.status is not RunStatus.RUNNING:
                return None
            changed = change(found)
            connection.execute("UPDATE runs SET run = ? WHERE key = ?", (run_text(changed), run))
            return changed


#: What JSON gives back as it was.
_SCALARS = frozenset((str, int, float, bool))


def _is_json(value: Any) -> bool:
    """Whether ``value`` is unchanged by writing it as JSON and reading it back; a tuple, for example, is not."""
    if value is None or type(value) in _SCALARS:
        return True
    match value:
        case dict():
            return all(type(key) is str and _is_json(item) for key, item in value.items())
        case list():
            return all(map(_is_json, value))
        case _:
            return False


def _counted(connection: sqlite3.Connection, run: str, known: Known, join: int, transition: Transition) -> Counter:
    """The counter of a join after ``transition``."""
    counter = known.counters.get(join)
    if counter is None:
        rows = () if known.whole else connection.execute(f"{COUNTERS} AND number = ?", (run, join))
        counter = to_counters(run, rows).get(join, Counter())
    return Counter(counter.arrived + transition.arrived, counter.ended + transition.adds)
