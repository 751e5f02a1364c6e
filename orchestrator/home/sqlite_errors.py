"""What SQLite refused to do with a file, as an error of ours: the path, the reason and the fix."""

import shutil
import sqlite3
from pathlib import Path

from orchestrator.errors import StoreError, StoreShortError

#: The primary result code is the lowest byte of an error's code (sqlite.org/rescode.html).
_PRIMARY = 0xFF

#: What lacks that may become available again, and the fix.
_SHORT = {
    sqlite3.SQLITE_FULL: "the disk is full, or a quota is used up: free some space, and try again",
    sqlite3.SQLITE_NOMEM: "there is too little memory: end some programs, and try again",
    sqlite3.SQLITE_IOERR: "the disk reports an error: check it, and try again",
    sqlite3.SQLITE_CANTOPEN: "it, or one of the two files beside it, cannot be opened: check their permissions",
    sqlite3.SQLITE_BUSY: "another process has kept it locked for too long: try again",
    sqlite3.SQLITE_LOCKED: "it is locked: try again",
}

#: The file is right, but we may not write it; or it is not a database, or a damaged one.
_OTHERS = {
    sqlite3.SQLITE_READONLY: "it is read-only: change its permissions, or give another place with --home",
    sqlite3.SQLITE_NOTADB: "expected an SQLite database of the orchestrator: move it away, or give another place with "
    "--home",
    sqlite3.SQLITE_CORRUPT: "the database is damaged: move it away, or give another place with --home",
}

#: Bytes. With less than that, SQLite cannot make the files beside the database; it calls that an I/O error.
_FULL = 128 * 1024


def as_told(error: sqlite3.Error, name: str) -> StoreError:
    """The error for what SQLite raised for the database ``name``; StoreShortError if trying again may help."""
    code = primary_code(error)
    if code == sqlite3.SQLITE_IOERR and _is_full(Path(name)):
        code = sqlite3.SQLITE_FULL
    said = {**_SHORT, **_OTHERS}.get(code)
    text = f"{name}: {said} (SQLite: {error})" if said else f"{name}: SQLite: {error}"
    return (StoreShortError if code in _SHORT else StoreError)(text)


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code. Errors that Python itself raises have no code."""
    code = getattr(error, "sqlite_errorcode", None)
    return sqlite3.SQLITE_ERROR if code is None else code & _PRIMARY


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _FULL
    except OSError:  # then the disk is not merely full
        return False
