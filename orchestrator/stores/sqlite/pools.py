"""The places and lines of pools, and the sizes that were set, as rows.

The tables are made with the first of them, as older versions have none.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice

from orchestrator.core import codec
from orchestrator.core.pools import LAST, Moves, Place, Wait, run_of, usable
from orchestrator.ports import Occupant, Pool
from orchestrator.stores.records import made
from orchestrator.stores.sqlite.rows import to_text

_TABLES = (
    "CREATE TABLE IF NOT EXISTS places (pool TEXT NOT NULL, number INTEGER NOT NULL, run TEXT NOT NULL,"
    " node INTEGER NOT NULL, PRIMARY KEY (pool, number)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS lines (pool TEXT NOT NULL, rank TEXT NOT NULL, wait TEXT NOT NULL,"
    " PRIMARY KEY (pool, rank)) WITHOUT ROWID",
)
_SIZES = (
    "CREATE TABLE IF NOT EXISTS sizes (pool TEXT PRIMARY KEY, size INTEGER NOT NULL, version INTEGER NOT NULL)"
    " WITHOUT ROWID"
)
_RESIZE = (
    "INSERT INTO sizes VALUES (?, ?, ?) ON CONFLICT (pool) DO UPDATE SET size = excluded.size,"
    " version = excluded.version WHERE excluded.version > version"
)
_ALL = "SELECT number, run, node FROM places WHERE pool = ? ORDER BY number"
_LINE = "SELECT rank, wait FROM lines WHERE pool = ? AND rank < ? ORDER BY rank"

#: Whether a run, by its key, can take a place now.
Goes = Callable[[str], bool]


def is_taken(connection: sqlite3.Connection, moves: Moves) -> bool:
    """Whether somebody has a place that ``moves`` take."""
    query = "SELECT 1 FROM places WHERE pool = ? AND number = ?"
    there = _there(connection) if moves.takes else False
    return there and any(connection.execute(query, (one.pool, one.number)).fetchone() for one in moves.takes)


def move(connection: sqlite3.Connection, run: str, node: int, moves: Moves) -> None:
    """Write what a commit changes in pools. A place is freed only if it is still the step's."""
    for table in _TABLES:
        connection.execute(table)
    for place in moves.takes:
        connection.execute("INSERT INTO places VALUES (?, ?, ?, ?)", (place.pool, place.number, run, node))
    for place in moves.frees:
        remove(connection, Occupant(place, run, node))
    if (gone := moves.leaves) is not None:
        connection.execute("DELETE FROM lines WHERE pool = ? AND rank = ?", (gone.pool, gone.rank))
    if (come := moves.joins) is not None:
        text = to_text(codec.wait_to_json(come))
        connection.execute("INSERT OR REPLACE INTO lines VALUES (?, ?, ?)", (come.pool, come.rank, text))


def remove(connection: sqlite3.Connection, occupant: Occupant) -> bool:
    """Free a place; False if another step has it, or none."""
    query = "DELETE FROM places WHERE pool = ? AND number = ? AND run = ? AND node = ?"
    place = occupant.place
    return connection.execute(query, (place.pool, place.number, occupant.run, occupant.node)).rowcount > 0


def look(connection: sqlite3.Connection, name: str, size: int, most: int, goes: Goes) -> Pool:
    """Some free places, and who is first in line of those whose runs go on."""
    there = _tables(connection)
    given = _size(connection, name) if "sizes" in there else None
    if "lines" not in there:
        return Pool(range(min(size if given is None else given, most)), (), given)
    taken = {number for number, _, _ in connection.execute(_ALL, (name,))}
    if given is not None:
        size = usable(given, taken)
    free = list(islice((number for number in range(size) if number not in taken), most))
    line = islice(_line(connection, name, LAST, goes), len(free))
    return Pool(free, [_wait(name, rank, text) for rank, text in line], given)


def resize(connection: sqlite3.Connection, pool: str, size: int, version: int) -> None:
    """Set how many places a pool has, unless a version as new was set."""
    connection.execute(_SIZES)
    connection.execute(_RESIZE, (pool, size, version))


def size_of(connection: sqlite3.Connection, pool: str) -> int | None:
    """How many places a pool has, if that was set."""
    return _size(connection, pool) if "sizes" in _tables(connection) else None


def forget(connection: sqlite3.Connection, pool: str) -> None:
    """Nobody needs a place there any more: nothing is to be known of its size."""
    if "sizes" in _tables(connection):
        connection.execute("DELETE FROM sizes WHERE pool = ?", (pool,))


def standing(connection: sqlite3.Connection, pool: str, rank: str, goes: Goes) -> tuple[int, int]:
    """How many places are taken, and how many of those whose runs go on are in line before ``rank``."""
    if not _there(connection):
        return 0, 0
    (taken,) = connection.execute("SELECT count(*) FROM places WHERE pool = ?", (pool,)).fetchone()
    return taken, sum(1 for _ in _line(connection, pool, rank, goes))


def occupants(connection: sqlite3.Connection, pool: str) -> Sequence[Occupant]:
    """Who has the places of a pool."""
    rows = connection.execute(_ALL, (pool,)) if _there(connection) else ()
    return [Occupant(Place(pool, number), run, node) for number, run, node in rows]


def _line(connection: sqlite3.Connection, pool: str, before: str, goes: Goes) -> Iterator[tuple[str, str]]:
    """Those in line whose runs go on, in order, up to the rank ``before``."""
    asked = cache(goes)
    return ((rank, text) for rank, text in connection.execute(_LINE, (pool, before)) if asked(run_of(rank)))


def _there(connection: sqlite3.Connection) -> bool:
    return "lines" in _tables(connection)


def _tables(connection: sqlite3.Connection) -> set[str]:
    """Which of the tables there are."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE name IN ('lines', 'sizes')")}


def _size(connection: sqlite3.Connection, pool: str) -> int | None:
    row = connection.execute("SELECT size FROM sizes WHERE pool = ?", (pool,)).fetchone()
    return row[0] if row else None


def _wait(pool: str, rank: str, text: str) -> Wait:
    return made(f"lines/{pool}/{rank}", lambda: codec.wait_from_json(json.loads(text)))
