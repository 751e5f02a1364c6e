"""The embedded world's store, on SQLite: one row a step, one a counter, a plan once a version. Holds no decisions."""

import json
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.core import codec
from orchestrator.core.model import PENDING, Counter, Run, RunStatus, StepState, Stop, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import Tally
from orchestrator.errors import StoreError
from orchestrator.ports import NONE_FAILED, Commit, Decide, check_writes
from orchestrator.sqlite import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS plans (version TEXT PRIMARY KEY, plan BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, started_at REAL NOT NULL, run TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS runs_by_start ON runs (started_at);
CREATE TABLE IF NOT EXISTS states (
    run TEXT NOT NULL, node INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (run, node)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (
    run TEXT NOT NULL, number INTEGER NOT NULL, arrived INTEGER NOT NULL, succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL, upstream_failed INTEGER NOT NULL, skipped INTEGER NOT NULL,
    PRIMARY KEY (run, number)) WITHOUT ROWID;
"""

_ARRIVE = """
INSERT INTO counters VALUES (?, ?, 1, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET arrived = arrived + 1, succeeded = succeeded + excluded.succeeded,
    failed = failed + excluded.failed, upstream_failed = upstream_failed + excluded.upstream_failed,
    skipped = skipped + excluded.skipped
RETURNING number, arrived, succeeded, failed, upstream_failed, skipped
"""

#: How many numbers one query names: SQLite takes 32,766 variables, older builds 999.
_CHUNK = 900


class SqliteStore:
    """Every promise of the port holds among threads and processes: SQLite lets one writer in at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.write() as connection:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)

    def open_run(self, run: Run, plan: Plan) -> bool:
        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM runs WHERE key = ?", (run.key,)).fetchone():
                return False
            if not connection.execute("SELECT 1 FROM plans WHERE version = ?", (run.version,)).fetchone():
                packed = zlib.compress(json.dumps(codec.plan_to_json(plan), separators=(",", ":")).encode(), 1)
                connection.execute("INSERT INTO plans VALUES (?, ?)", (run.version, packed))
            connection.execute("INSERT INTO runs VALUES (?, ?, ?)", (run.key, run.started_at, _dump(run)))
            return True

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        with self._database.write() as connection:
            row = connection.execute("SELECT state FROM states WHERE run = ? AND node = ?", (run, node)).fetchone()
            seen = codec.state_from_json(json.loads(row[0])) if row else PENDING
            transition = decide(seen)
            if transition is None:
                return Commit(False, seen, {})
            check_writes(transition)
            text = json.dumps(codec.state_to_json(transition.state), separators=(",", ":"))
            connection.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", (run, node, text))
            adds = transition.adds
            tally = (adds.succeeded, adds.failed, adds.upstream_failed, adds.skipped)
            rows = (connection.execute(_ARRIVE, (run, join, *tally)).fetchone() for join in transition.joins)
            return Commit(True, transition.state, _counters(rows))

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        with self._database.read() as connection:
            states = _select(connection, "SELECT node, state FROM states WHERE run = ? AND node IN", run, nodes)
            counters = _select(
                connection,
                "SELECT number, arrived, succeeded, failed, upstream_failed, skipped FROM counters"
                " WHERE run = ? AND number IN",
                run,
                joins,
            )
            return View(_states(states), _counters(counters))

    def load_all(self, run: str) -> View:
        with self._database.write() as connection:  # one moment for both tables
            states = connection.execute("SELECT node, state FROM states WHERE run = ?", (run,))
            counters = connection.execute(
                "SELECT number, arrived, succeeded, failed, upstream_failed, skipped FROM counters WHERE run = ?",
                (run,),
            )
            return View(_states(states), _counters(counters))

    def get_run(self, run: str) -> Run | None:
        with self._database.read() as connection:
            row = connection.execute("SELECT run FROM runs WHERE key = ?", (run,)).fetchone()
            return _load(row[0]) if row else None

    def get_plan(self, version: str) -> Plan | None:
        with self._database.read() as connection:
            row = connection.execute("SELECT plan FROM plans WHERE version = ?", (version,)).fetchone()
            return codec.plan_from_json(json.loads(zlib.decompress(row[0]))) if row else None

    def end_run(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str] = NONE_FAILED) -> bool:
        return (
            self._change_run(run, lambda found: replace(found, status=status, ended_at=at, failed=dict(failed)))
            is not None
        )

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        stopped = self._change_run(run, lambda found: found if found.stop else replace(found, stop=stop))
        return stopped.stop if stopped else None

    def list_runs(self, limit: int = 50) -> Sequence[Run]:
        with self._database.read() as connection:
            rows = connection.execute("SELECT run FROM runs ORDER BY started_at DESC, key LIMIT ?", (limit,))
            return [_load(row[0]) for row in rows]

    def unfinished(self) -> Sequence[Run]:
        with self._database.read() as connection:
            runs = (_load(row[0]) for row in connection.execute("SELECT run FROM runs"))
            return [run for run in runs if run.status is RunStatus.RUNNING]

    def _change_run(self, run: str, change: Callable[[Run], Run]) -> Run | None:
        """The run as it has been changed; None, and nothing is written, if it had ended."""
        with self._database.write() as connection:
            found = self.get_run(run)
            if found is None:
                raise StoreError(f"no run has the key '{run}'")
            if found.status is not RunStatus.RUNNING:
                return None
            changed = change(found)
            connection.execute("UPDATE runs SET run = ? WHERE key = ?", (_dump(changed), run))
            return changed


def _select(connection: sqlite3.Connection, query: str, run: str, numbers: Collection[int]) -> Iterable[Any]:
    wanted = list(numbers)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        yield from connection.execute(f"{query} ({','.join('?' * len(chunk))})", (run, *chunk))


def _states(rows: Iterable[tuple[int, str]]) -> dict[int, StepState]:
    return {node: codec.state_from_json(json.loads(state)) for node, state in rows}


def _counters(rows: Iterable[tuple[int, int, int, int, int, int]]) -> dict[int, Counter]:
    return {number: Counter(arrived, Tally(*ended)) for number, arrived, *ended in rows}


def _dump(run: Run) -> str:
    return json.dumps(codec.run_to_json(run), separators=(",", ":"))


def _load(text: str) -> Run:
    return codec.run_from_json(json.loads(text))
