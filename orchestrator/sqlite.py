"""One SQLite file, shared by the store and the queue of the embedded world: opens it, and serialises its writers."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import StoreError

#: Seconds to wait for another process's commit before giving up.
BUSY = 30.0


class Database:
    """A connection for the threads of one process, which take turns.

    Durable against a killed process always (WAL); against a power cut too if ``durable`` (an fsync a commit).
    """

    def __init__(self, path: Path | str, durable: bool = False) -> None:
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(
                path, timeout=BUSY, isolation_level=None, check_same_thread=False, cached_statements=512
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        except sqlite3.Error as error:
            raise StoreError(f"{path}: expected an SQLite database of the orchestrator: {error}") from error

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its first line. Inside another one, a part of that one."""
        with self._lock, _mapped():
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One or more reads; each sees the last commit."""
        with self._lock, _mapped():
            yield self._connection

    def close(self) -> None:
        """Close the file. Nothing is lost that was committed."""
        with self._lock:
            self._connection.close()


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"SQLite: {error}") from error
