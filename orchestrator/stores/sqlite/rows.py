"""The tables, and how their rows are read and written: steps' states, joins' counters, runs.

For a row that cannot be read, functions with the argument ``unreadable`` call it; the others raise
UnreadableRecordError.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from orchestrator.core import codec
from orchestrator.core.model import PENDING, Counter, Run, StepState
from orchestrator.core.rules import Tally
from orchestrator.core.run_filter import RunFilter
from orchestrator.errors import UnreadableRecordError
from orchestrator.ports import KeptState, Unreadable, refuse
from orchestrator.stores.records import MISFITS, made, misread

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

#: The expression must be the index's own, or SQLite does not use the index. As the index is on an expression, there is
#: no new column: older versions of this program can use the same file, and cannot write two runs with one id either.
BY_ID = "SELECT key, run FROM runs WHERE CASE WHEN json_valid(run) THEN json_extract(run, '$.id') END = ?"
COUNTERS = "SELECT number, arrived, succeeded, failed, upstream_failed, skipped FROM counters WHERE run = ?"
STATES = "SELECT node, state FROM states WHERE run = ?"

#: The ``started_at`` of a run that is in no list.
HIDDEN = -1.0

#: How many numbers are put into one query: SQLite accepts 32,766 variables, older builds 999.
_CHUNK = 900


def create(connection: sqlite3.Connection, temporary: bool = False) -> None:
    """Create the tables that are missing. ``temporary``: for this connection alone, which then sees an empty store."""
    for statement in SCHEMA.split(";"):
        connection.execute(statement.replace("CREATE TABLE", "CREATE TEMPORARY TABLE") if temporary else statement)


def are_there(connection: sqlite3.Connection) -> bool:
    """Whether the tables have been created; they all are, in one transaction."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone() is not None


to_text = json.JSONEncoder(separators=(",", ":")).encode


def read_state(connection: sqlite3.Connection, run: str, node: int) -> StepState:
    row = connection.execute(f"{STATES} AND node = ?", (run, node)).fetchone()
    return to_state(run, *row) if row else PENDING


def write_states(connection: sqlite3.Connection, run: str, states: Iterable[KeptState]) -> None:
    """Write states that nobody has in memory."""
    rows = ((run, node, to_text(codec.state_to_json(state))) for node, state in states)
    connection.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", rows)


def counter_row(counter: Counter) -> tuple[int, int, int, int, int]:
    ended = counter.ended
    return counter.arrived, ended.succeeded, ended.failed, ended.upstream_failed, ended.skipped


def select(connection: sqlite3.Connection, query: str, run: str, numbers: Collection[int]) -> Iterable[Any]:
    wanted = list(numbers)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        yield from connection.execute(f"{query} ({','.join('?' * len(chunk))})", (run, *chunk))


def measured(rows: Iterable[tuple[int, str]], sizes: dict[int, int]) -> Iterator[tuple[int, str]]:
    for node, text in rows:
        sizes[node] = len(text)
        yield node, text


def to_states(
    run: str, rows: Iterable[tuple[int, str]], unreadable: Unreadable = refuse, outputs: bool = True
) -> dict[int, StepState]:
    states: dict[int, StepState] = {}
    for node, text in rows:
        try:
            state = to_state(run, node, text)
            states[node] = state if outputs else state.without_outputs()
        except UnreadableRecordError as error:
            unreadable(error)
    return states


def to_state(run: str, node: int, text: str) -> StepState:
    try:
        return codec.state_from_json(json.loads(text))
    except MISFITS as error:
        raise misread(f"states/{run}/{node}", error) from error


def to_counters(run: str, rows: Iterable[tuple[int, ...]], unreadable: Unreadable = refuse) -> dict[int, Counter]:
    counters: dict[int, Counter] = {}
    for number, *values in rows:
        if set(map(type, values)) != {int} or min(values) < 0:
            unreadable(UnreadableRecordError(f"counters/{run}/{number}", "expected whole numbers in it"))
            continue
        arrived, *ended = values
        counters[number] = Counter(arrived, Tally(*ended))
    return counters


def newest(wanted: RunFilter, limit: int) -> tuple[str, tuple[str | float, ...]]:
    """A query for the newest ``limit`` runs that are ``wanted``, and its values. It reads no further than it must.

    Only ``started_at`` has a column and an index: others could not be added without locking older versions out. A field
    that cannot be read fits, so that the record is reported.
    """
    terms = ["started_at >= ?"]
    values: list[str | float] = [0.0 if wanted.since is None else wanted.since]
    if wanted.until is not None:
        terms.append("started_at <= ?")
        values.append(wanted.until)
    for field, fitting in (("graph", [wanted.graph] if wanted.graph is not None else []), ("status", wanted.statuses)):
        if fitting:
            among = f"json_extract(run, '$.{field}') IN ({','.join('?' * len(fitting))})"
            terms.append(f"coalesce(CASE WHEN json_valid(run) THEN {among} END, 1)")
            values.extend(str(one) for one in fitting)
    chosen = " AND ".join(terms)
    return f"SELECT key, run FROM runs WHERE {chosen} ORDER BY started_at DESC, key DESC LIMIT ?", (*values, limit)


def listed_at(run: Run) -> float:
    """The place of a run in the lists, by its start. The job of another run's step is in none, so it has none."""
    return run.started_at if run.parent is None else HIDDEN


def run_text(run: Run) -> str:
    return to_text(codec.run_to_json(run))


def to_run(key: str, text: str) -> Run:
    return made(f"runs/{key}", lambda: codec.run_from_json(json.loads(text)))


def needs_schema(connection: sqlite3.Connection, schema: int) -> None:
    """Make versions that only know earlier schemas leave the whole file alone from now on."""
    (there,) = connection.execute("PRAGMA user_version").fetchone()
    if there < schema:
        connection.execute(f"PRAGMA user_version = {schema}")
