"""Opens a file of SQLite's: to write in it, or only to look at it, also where nothing can be written. Runs no query.

A database in WAL mode is three files, and who reads it wants to write two of them. Where it may not, it can still read
them if both are there, or the first alone if there are no others: nobody writes then (sqlite.org/wal.html, "Read-Only
Databases"). What a killed process left may have the second and not the third: that is read from a copy.
"""

import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

from orchestrator.system import files

#: Seconds to wait for another process's commit before giving up.
BUSY = 30.0

#: What SQLite adds to the name of a database for its two other files.
LOG, INDEX = "-wal", "-shm"


def to_write(path: Path | str) -> sqlite3.Connection:
    """A connection to the file, which is made if it is new. It and its two others are the owner's alone."""
    if str(path) != ":memory:":
        files.make_file(Path(path))  # the two others get its mode
    connection = _connect(str(path))
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


def to_look(path: Path) -> sqlite3.Connection:
    """A connection to a file that is there. It need not be possible to write in it, or beside it."""
    log, index = (path.with_name(path.name + suffix) for suffix in (LOG, INDEX))
    if writable(path):
        connection = _connect(f"{_uri(path)}?mode=rw")
    elif log.exists() and index.exists():
        connection = _connect(f"{_uri(path)}?mode=ro")
    elif log.exists():
        connection = _copied(path, log)
    else:
        connection = _connect(f"{_uri(path)}?mode=ro&immutable=1")
    connection.execute("PRAGMA schema_version")  # reads the file: it may be none of SQLite's
    return connection


def writable(path: Path) -> bool:
    """Whether we may write in the file, and beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _copied(path: Path, log: Path) -> sqlite3.Connection:
    """What is in the two files, in memory."""
    connection = _connect(":memory:")
    with tempfile.TemporaryDirectory(prefix="orchestrator-") as folder:
        for file in (path, log):
            shutil.copyfile(file, Path(folder) / file.name)
        copy = sqlite3.connect(Path(folder) / path.name)
        copy.backup(connection)
        copy.close()
    return connection


def _uri(path: Path) -> str:
    return path.absolute().as_uri()


def _connect(what: str) -> sqlite3.Connection:
    return sqlite3.connect(
        what,
        timeout=BUSY,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
        uri=what.startswith("file:"),
    )
