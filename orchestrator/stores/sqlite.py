"""The embedded world's store, on SQLite: one row a step, one a counter, a plan once a version. Holds no decisions."""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from orchestrator.core import codec
from orchestrator.core.model import PENDING, Counter, Run, RunStatus, StepState, Stop, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Tally
from orchestrator.errors import StoreError, UnreadableRecordError
from orchestrator.home.database import Database
from orchestrator.ports import NONE_FAILED, Commit, Decide, Unreadable, check_writes, refuse
from orchestrator.stores.plans import pack, unpack
from orchestrator.stores.records import MISFITS, checked, made, misread, readable

SCHEMA = """
CREATE TABLE IF NOT EXISTS plans (version TEXT PRIMARY KEY, plan BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, started_at REAL NOT NULL, run TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_start ON runs (started_at);
CREATE UNIQUE INDEX IF NOT EXISTS runs_by_id ON runs (CASE WHEN json_valid(run) THEN json_extract(run, '$.id') END);
CREATE TABLE IF NOT EXISTS states (
    run TEXT NOT NULL, node INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (run, node)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (
    run TEXT NOT NULL, number INTEGER NOT NULL, arrived INTEGER NOT NULL, succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL, upstream_failed INTEGER NOT NULL, skipped INTEGER NOT NULL,
    PRIMARY KEY (run, number)) WITHOUT ROWID;
"""

#: As the index has it, or it would not be used. An index of an expression needs no new column, so that older versions
#: of this program work on the same file, and two runs of one id are refused to them too.
_BY_ID = "SELECT key, run FROM runs WHERE CASE WHEN json_valid(run) THEN json_extract(run, '$.id') END = ?"
_COUNTERS = "SELECT number, arrived, succeeded, failed, upstream_failed, skipped FROM counters WHERE run = ?"
_STATES = "SELECT node, state FROM states WHERE run = ?"

#: How many numbers one query names: SQLite takes 32,766 variables, older builds 999.
_CHUNK = 900

#: How many states are remembered between transactions, of all runs together, and of how many characters of JSON: in
#: memory a value may take thirty times as much.
_REMEMBERED, _REMEMBERED_TEXT = 100_000, 16_000_000

_text = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class _Known:
    """What is known of a run: as it is in the file, but for the nodes and joins whose ``changes`` go there with the
    commit. ``whole``: what is not here is not there."""

    whole: bool = False
    states: dict[int, StepState] = field(default_factory=dict)
    counters: dict[int, Counter] = field(default_factory=dict)
    changed_states: dict[int, StepState] = field(default_factory=dict)
    changed_counters: dict[int, Counter] = field(default_factory=dict)


class SqliteStore:
    """Every promise of the port holds among threads and processes: SQLite lets one writer in at a time.

    In a transaction a run that is wholly known is read from memory. It is known until somebody else commits.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, _Known] = {}
        self._held = 0  # how many characters of JSON have been remembered, at most
        self._written: tuple[str, Plan] | None = None  # the plan that was written last; it would be read as it is
        with database.transaction as connection:
            (schema,) = connection.execute("PRAGMA user_version").fetchone()
            checked(database.name, schema)
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            if schema < codec.SCHEMA and not database.looking:
                connection.execute(f"PRAGMA user_version = {codec.SCHEMA}")
        database.join(self)

    def flush(self, connection: sqlite3.Connection) -> None:
        for run, known in self._known.items():
            if known.changed_states:
                states = [
                    (run, node, _text(codec.state_to_json(state))) for node, state in known.changed_states.items()
                ]
                connection.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", states)
                for _, _, text in states:
                    self._held += len(text)
                known.changed_states.clear()
            if known.changed_counters:
                counters = [(run, join, *_row(counter)) for join, counter in known.changed_counters.items()]
                connection.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?, ?, ?, ?, ?, ?)", counters)
                known.changed_counters.clear()
        number = sum(len(known.states) for known in self._known.values())
        if number > _REMEMBERED or self._held > _REMEMBERED_TEXT:
            self.drop()

    def drop(self) -> None:
        self._known.clear()
        self._held = 0
        self._written = None

    def open_run(self, run: Run, plan: Plan) -> Run:
        with self._database.transaction as connection:
            if row := connection.execute(_BY_ID, (run.id,)).fetchone():
                return _load(*row)
            if not connection.execute("SELECT 1 FROM plans WHERE version = ?", (run.version,)).fetchone():
                connection.execute("INSERT INTO plans VALUES (?, ?)", (run.version, pack(plan, 1)))
                specs = [work.spec for step in plan.steps for work in (step.work, step.local) if work is not None]
                self._written = (run.version, plan) if _is_json(specs) else None
            connection.execute("INSERT INTO runs VALUES (?, ?, ?)", (run.key, run.started_at, _dump(run)))
            self._known[run.key] = _Known(whole=True)
            return run

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        with self._database.transaction as connection:
            known = self._known.get(run)
            if known is None:
                known = self._known[run] = _Known()
            seen = known.states.get(node)
            if seen is None:
                seen = PENDING if known.whole else _state(connection, run, node)
            transition = decide(seen)
            if transition is None:
                return Commit(False, seen, {})
            check_writes(transition)
            adds = transition.adds
            counters = {join: _arrived(connection, run, known, join, adds) for join in transition.joins}
            known.states[node] = known.changed_states[node] = transition.state
            if counters:
                known.counters.update(counters)
                known.changed_counters.update(counters)
            return Commit(True, transition.state, counters)

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        known = self._known.get(run) if self._database.writing else None
        if known is not None and known.whole:
            states, counters = known.states, known.counters
            return View(
                {node: states[node] for node in nodes if node in states},
                {join: counters[join] for join in joins if join in counters},
            )
        with self._database.read() as connection:
            return View(
                _states(run, list(_select(connection, f"{_STATES} AND node IN", run, nodes))),
                _counters(run, list(_select(connection, f"{_COUNTERS} AND number IN", run, joins))),
            )

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        left_out: list[UnreadableRecordError] = []
        sizes: dict[int, int] = {}
        with self._database.transaction as connection:  # one moment for both tables
            self.flush(connection)
            rows = connection.execute(_STATES, (run,))
            states = _states(run, _measured(rows, sizes), left_out.append, outputs)
            counters = _counters(run, connection.execute(_COUNTERS, (run,)), left_out.append)
            if outputs:
                self._known[run] = _Known(not left_out, dict(states), dict(counters))
                self._held += sum(sizes.values())
        for error in left_out:
            unreadable(error)
        return View(states, counters, sizes.keys() - states.keys())

    def find_run(self, run_id: str) -> Run | None:
        with self._database.read() as connection:
            row = connection.execute(_BY_ID, (run_id,)).fetchone()
            return _load(*row) if row else None

    def get_run(self, run: str) -> Run | None:
        with self._database.read() as connection:
            row = connection.execute("SELECT key, run FROM runs WHERE key = ?", (run,)).fetchone()
            return _load(*row) if row else None

    def get_plan(self, version: str) -> Plan | None:
        if self._written is not None and self._written[0] == version:
            return self._written[1]
        with self._database.read() as connection:
            row = connection.execute("SELECT plan FROM plans WHERE version = ?", (version,)).fetchone()
            return unpack(f"plans/{version}", *row) if row else None

    def end_run(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str] = NONE_FAILED) -> bool:
        with self._database.transaction as connection:
            ended = self._change_run(run, lambda found: replace(found, status=status, ended_at=at, failed=dict(failed)))
            if ended is None:
                return False
            self.flush(connection)
            self._known.pop(run, None)
            return True

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        stopped = self._change_run(run, lambda found: found if found.stop else replace(found, stop=stop))
        return stopped.stop if stopped else None

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse) -> Sequence[Run]:
        with self._database.read() as connection:
            rows = connection.execute("SELECT key, run FROM runs ORDER BY started_at DESC, key LIMIT ?", (limit,))
            return list(readable((partial(_load, *row) for row in rows), unreadable))

    def run_ids(self, limit: int) -> Sequence[tuple[str, str]]:
        query = "SELECT CASE WHEN json_valid(run) THEN json_extract(run, '$.id') END, key FROM runs"
        with self._database.read() as connection:
            found = connection.execute(f"{query} ORDER BY started_at DESC, key LIMIT ?", (limit,))
            return [(run_id, key) for run_id, key in found if isinstance(run_id, str)]

    def unfinished(self, unreadable: Unreadable = refuse) -> Sequence[Run]:
        with self._database.read() as connection:
            rows = connection.execute("SELECT key, run FROM runs")
            runs = readable((partial(_load, *row) for row in rows), unreadable)
            return [run for run in runs if run.status is RunStatus.RUNNING]

    def _change_run(self, run: str, change: Callable[[Run], Run]) -> Run | None:
        """The run as it has been changed; None, and nothing is written, if it had ended."""
        with self._database.transaction as connection:
            found = self.get_run(run)
            if found is None:
                raise StoreError(f"no run has the key '{run}'")
            if found.status is not RunStatus.RUNNING:
                return None
            changed = change(found)
            connection.execute("UPDATE runs SET run = ? WHERE key = ?", (_dump(changed), run))
            return changed


def _is_json(value: Any) -> bool:
    """Whether data is the same after a journey through JSON, in which a tuple becomes a list."""
    match value:
        case dict():
            return all(type(key) is str and _is_json(item) for key, item in value.items())
        case list():
            return all(_is_json(item) for item in value)
        case _:
            return value is None or type(value) in (str, int, float, bool)


def _state(connection: sqlite3.Connection, run: str, node: int) -> StepState:
    row = connection.execute(f"{_STATES} AND node = ?", (run, node)).fetchone()
    return _to_state(run, *row) if row else PENDING


def _arrived(connection: sqlite3.Connection, run: str, known: _Known, join: int, adds: Tally) -> Counter:
    """The counter of a join after one more arrival."""
    counter = known.counters.get(join)
    if counter is None:
        rows = () if known.whole else connection.execute(f"{_COUNTERS} AND number = ?", (run, join))
        counter = _counters(run, rows).get(join, Counter())
    return Counter(counter.arrived + 1, counter.ended + adds)


def _row(counter: Counter) -> tuple[int, int, int, int, int]:
    ended = counter.ended
    return counter.arrived, ended.succeeded, ended.failed, ended.upstream_failed, ended.skipped


def _select(connection: sqlite3.Connection, query: str, run: str, numbers: Collection[int]) -> Iterable[Any]:
    wanted = list(numbers)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        yield from connection.execute(f"{query} ({','.join('?' * len(chunk))})", (run, *chunk))


def _measured(rows: Iterable[tuple[int, str]], sizes: dict[int, int]) -> Iterator[tuple[int, str]]:
    for node, text in rows:
        sizes[node] = len(text)
        yield node, text


def _states(
    run: str, rows: Iterable[tuple[int, str]], unreadable: Unreadable = refuse, outputs: bool = True
) -> dict[int, StepState]:
    states: dict[int, StepState] = {}
    for node, text in rows:
        try:
            state = _to_state(run, node, text)
            states[node] = state if outputs else state.without_outputs()
        except UnreadableRecordError as error:
            unreadable(error)
    return states


def _to_state(run: str, node: int, text: str) -> StepState:
    try:
        return codec.state_from_json(json.loads(text))
    except MISFITS as error:
        raise misread(f"states/{run}/{node}", error) from error


def _counters(run: str, rows: Iterable[tuple[int, ...]], unreadable: Unreadable = refuse) -> dict[int, Counter]:
    counters: dict[int, Counter] = {}
    for number, *values in rows:
        if set(map(type, values)) != {int} or min(values) < 0:
            unreadable(UnreadableRecordError(f"counters/{run}/{number}", "expected whole numbers in it"))
            continue
        arrived, *ended = values
        counters[number] = Counter(arrived, Tally(*ended))
    return counters


def _dump(run: Run) -> str:
    return _text(codec.run_to_json(run))


def _load(key: str, text: str) -> Run:
    return made(f"runs/{key}", lambda: codec.run_from_json(json.loads(text)))
