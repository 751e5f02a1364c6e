"""Opens an SQLite file, for writing or for reading only, also on a read-only file system.

A database in WAL mode has three files, and a reader normally writes two of them. If it may not, it can still read them
if both exist, or the first alone if there are no others, since then nobody writes (sqlite.org/wal.html, "Read-Only
Databases"). A killed process may leave the second without the third: then a copy is read; so it is on a full disk.
"""

import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from orchestrator.home.sqlite_errors import primary_code
from orchestrator.system import files

#: Seconds to wait for another process's commit before giving up.
BUSY = 30.0

#: Seconds between two tries where SQLite itself does not wait.
_PAUSE = 0.01

#: What SQLite says if it cannot make or enlarge the two other files, as on a full disk.
_UNWRITABLE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})

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
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(_PAUSE)
        else:
            return


def to_look(path: Path) -> sqlite3.Connection:
    """A read-only connection to an existing file, which may be write-protected, as may its folder."""
    log, index = (path.with_name(path.name + suffix) for suffix in (LOG, INDEX))
    if writable(path):
        try:
            return _read(_connect(f"{_uri(path)}?mode=rw"))
        except sqlite3.OperationalError as error:
            if primary_code(error) not in _UNWRITABLE:
                raise
    elif log.exists() and index.exists():
        return _read(_connect(f"{_uri(path)}?mode=ro"))
    if _has_content(log):  # an empty one is left by whoever could write no more
        return _read(_copied(path, log))
    return _read(_connect(f"{_uri(path)}?mode=ro&immutable=1"))


def _read(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The same, once the file has been read. Raises sqlite3.Error if it is not SQLite's."""
    try:
        connection.execute("PRAGMA schema_version")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


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
