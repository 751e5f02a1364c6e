"""Deletes runs from the file, with all their rows, and remembers whose files are still to be removed.

The rows of a run go in one commit with the note that its files are to go: a process that dies in between leaves the
note. The note has a table of its own, made with the first of them, so that older versions can use the same file.
"""

import sqlite3
from collections.abc import Collection

from orchestrator.core.model import RunStatus

_NOTES = "CREATE TABLE IF NOT EXISTS removed (run TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID"

#: Of each run its key, id, status, family and root. They are null if its record cannot be read.
_FIELDS = ", ".join(f"json_extract(text, '$.{field}')" for field in ("id", "status", "family", "root"))
_RUNS = f"SELECT key, {_FIELDS} FROM (SELECT key, CASE WHEN json_valid(run) THEN run END AS text FROM runs)"

#: A plan goes when no run is of its version. If the record of a run cannot be read, its version is null, ``NOT IN`` is
#: never true, and every plan stays.
_UNUSED = """
DELETE FROM plans WHERE version NOT IN
    (SELECT CASE WHEN json_valid(run) THEN json_extract(run, '$.version') END FROM runs)
"""


def remove(connection: sqlite3.Connection, runs: Collection[str]) -> dict[str, str]:
    """Delete those of ``runs`` (keys) whose whole family is among them and has ended. Returns their keys and ids.

    The runs inside a run are of its family, and need not be named. None is deleted while there is a record that cannot
    be read, as it may be of any family.
    """
    rows = connection.execute(_RUNS).fetchall()
    if any(run_id is None for _, run_id, *_ in rows):
        return {}
    families = {run_id: family or run_id for _, run_id, _, family, root in rows if root is None}
    found = {
        key: (run_id, status, families[run_id] if root is None else families.get(root, root), root is not None)
        for key, run_id, status, _, root in rows
    }
    named = {family for key, (_, _, family, _) in found.items() if key in runs}
    kept = {
        family
        for key, (_, status, family, inside) in found.items()
        if (key not in runs and not inside) or status == str(RunStatus.RUNNING)
    }
    gone = {key: run_id for key, (run_id, _, family, _) in found.items() if family in named - kept}
    if gone:
        connection.execute(_NOTES)
        connection.executemany("INSERT OR REPLACE INTO removed VALUES (?, ?)", gone.items())
        for table, column in (("states", "run"), ("counters", "run"), ("runs", "key")):
            connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(key,) for key in gone])
        connection.execute(_UNUSED)
    return gone


def inside(connection: sqlite3.Connection, roots: Collection[str]) -> list[str]:
    """The ids of the runs inside the runs ``roots`` (ids), at any depth: these go with them."""
    return [run_id for _, run_id, _, _, root in connection.execute(_RUNS) if root is not None and root in roots]


def notes(connection: sqlite3.Connection) -> dict[str, str]:
    """The keys and ids of deleted runs whose files are still to be removed."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'removed'").fetchone():
        return {}
    return dict(connection.execute("SELECT run, id FROM removed"))


def forget(connection: sqlite3.Connection, run: str) -> None:
    """Delete the note of one of them, if there is one."""
    if notes(connection):
        connection.execute("DELETE FROM removed WHERE run = ?", (run,))
