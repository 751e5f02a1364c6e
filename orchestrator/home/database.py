"""The SQLite file that the store and the queue of the embedded form share: opens it, and serialises its writers.

A statement costs as much as the rest of a step's work, so changes are not written at once: within a transaction they
are kept in memory, as a ``Buffer``, and are written with the commit.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol

from orchestrator.errors import StoreShortError
from orchestrator.home import sqlite_file
from orchestrator.home.sqlite_errors import as_told


class Buffer(Protocol):
    """What is kept in memory of a database: changes for the next commit, and a cache of what was read or written."""

    def flush(self, connection: sqlite3.Connection) -> None:
        """Write the changes."""
        ...

    def drop(self) -> None:
        """Forget all of it: the transaction failed, or another process has committed something."""
        ...


class Database:
    """A connection for all threads of one process, which take turns.

    Commits always survive a killed process (WAL), and with ``durable`` also a power cut (an fsync per commit).
    ``looking``: read-only access to an existing file, which may be write-protected.
    """

    def __init__(self, path: Path | str, durable: bool = False, looking: bool = False) -> None:
        self.name, self.looking = str(path), looking
        self._lock = threading.RLock()
        self._depth = 0
        self._owner = 0
        self._version = 0
        #: How many times commits of other processes have been noticed.
        self.foreign = 0
        self._buffers: list[Buffer] = []
        self._afterwards: list[Callable[[], None]] = []
        #: ``with database.transaction as connection``: it takes the write lock at its first line. Inside another
        #: transaction it is part of that. With ``looking`` it takes no lock, but sees the data as of one moment.
        self.transaction = _Transaction(self)
        try:
            self._connection = sqlite_file.to_look(Path(path)) if looking else sqlite_file.to_write(path)
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        except sqlite3.Error as error:
            raise as_told(error, self.name) from error

    @property
    def writing(self) -> bool:
        """Whether this thread is in a transaction. If so, what is in memory is up to date."""
        return self._owner == threading.get_ident()

    def join(self, buffer: Buffer) -> None:
        """Make ``buffer`` part of every transaction from now on."""
        self._buffers.append(buffer)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """For reads: each sees the last commit, and what the current transaction has written so far."""
        with self._lock, _mapped(self.name):
            if self._depth:
                self._flush()
            yield self._connection

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call ``call`` after the current transaction's commit, or at once outside of one; not if it is rolled back."""
        with self._lock:
            if self._depth:
                self._afterwards.append(call)
                return
        call()

    def settle(self) -> None:
        """Commit what was written so far, and begin a new transaction. Outside of a transaction, do nothing."""
        with self._lock, _mapped(self.name):
            if self._depth:
                self._commit()
                self._begin()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Commit what was written so far, run the block without a transaction, and begin a new one afterwards."""
        with self._lock:
            if not self._depth:
                yield
                return
            with _mapped(self.name):
                self._commit()
            depth, self._depth = self._depth, 0
            try:
                yield
            finally:
                self._depth = depth
                with _mapped(self.name):
                    self._begin()

    def changed(self) -> bool:
        """Whether another process has committed something; if so, the buffers are dropped."""
        with self._lock, _mapped(self.name):
            return not self._depth and self._look()

    def shrink(self) -> None:
        """Give the room of deleted rows back to the file system. Outside of any transaction.

        Raises StoreShortError, and leaves the file as it is, if the disk is full or others keep writing.
        """
        with self._lock, _mapped(self.name):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file. Nothing that was committed is lost."""
        with self._lock:
            self._connection.close()

    def _begin(self) -> None:
        self._connection.execute("BEGIN" if self.looking else "BEGIN IMMEDIATE")
        self._owner = threading.get_ident()
        self._look()

    def _look(self) -> bool:
        """``data_version`` changes with the commits of others, never with our own (sqlite.org/pragma.html)."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return False
        self._version = version
        self.foreign += 1
        self._drop()
        return True

    def _commit(self) -> None:
        try:
            self._flush()
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self._owner = 0
        calls, self._afterwards = self._afterwards, []
        for call in calls:
            call()

    def _roll_back(self) -> None:
        self._owner = 0
        self._drop()
        self._afterwards.clear()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _flush(self) -> None:
        if (
            not self._connection.in_transaction
        ):  # SQLite rolled it back, or it could not begin again: always because of a shortage
            raise StoreShortError("SQLite lost the transaction; nothing of it was written")
        for buffer in self._buffers:
            buffer.flush(self._connection)

    def _drop(self) -> None:
        for buffer in self._buffers:
            buffer.drop()


class _Transaction:
    """``Database.transaction``. It is one object, because it is entered ten times per step."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> sqlite3.Connection:
        database = self._database
        database._lock.acquire()
        if not database._depth:
            try:
                database._begin()
            except BaseException as error:
                database._roll_back()
                database._lock.release()
                if isinstance(error, sqlite3.Error):
                    raise as_told(error, database.name) from error
                raise
        database._depth += 1
        return database._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        database = self._database
        database._depth -= 1
        try:
            if not database._depth:
                database._roll_back() if error is not None else database._commit()
        except sqlite3.Error as refused:
            raise as_told(refused, database.name) from refused
        finally:
            database._lock.release()
        if isinstance(error, sqlite3.Error):
            raise as_told(error, database.name) from error


@contextmanager
def _mapped(name: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise as_told(error, name) from error
