"""Opens an SQLite file, for writing or for reading only, also on a read-only file system.

A database in WAL mode has three files, and a reader normally writes two of them. If it may not, it can still read them
if both exist, or the first alone if there are no others, since then nobody writes (sqlite.org/wal.html, "Read-Only
Databases"). A killed process may leave the second without the third: then a copy is read.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from orchestrator.system import files

#: Seconds to wait for another process's commit before giving up.
BUSY = 30.0

#: Seconds between two tries where SQLite itself does not wait.
_PAUSE = 0.01

#: What SQLite adds to the name of a database for its two other files.
LOG, INDEX = "-wal", "-shm"


def to_write(path: Path | str) -> sqlite3.Connection:
    """A connection to the file, which is created if missing. All three files are accessible to the owner alone."""
    if str(path) != ":memory:":
        files.make_file(Path(path))  # the two others get its mode
    connection = _connect(str(path))
    _in_wal_mode(connection)
    return connection


def _in_wal_mode(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for others that change the mode of a new file at this moment, or read it: so we do."""
    deadline = time.monotonic() + BUSY
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(_PAUSE)
        else:
            return


def to_look(path: Path) -> sqlite3.Connection:
    """A read-only connection to an existing file, which may be write-protected, as may its folder."""
    log, index = (path.with_name(path.name + suffix) for suffix in (LOG, INDEX))
    if writable(path):
        connection = _connect(f"{_uri(path)}?mode=rw")
    elif log.exists() and index.exists():
        connection = _connect(f"{_uri(path)}?mode=ro")
    elif log.exists():
        connection = _copied(path, log)
    else:
        connection = _connect(f"{_uri(path)}?mode=ro&immutable=1")
    connection.execute("PRAGMA schema_version")  # reads the file: raises if it is not SQLite's
    return connection


def writable(path: Path) -> bool:
    """Whether we may write the file, and into its folder."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _copied(path: Path, log: Path) -> sqlite3.Connection:
    """A copy of the two files, in memory."""
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
