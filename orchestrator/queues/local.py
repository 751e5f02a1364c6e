"""The local queue: delayed, named tasks in an SQLite file. local/loop.py delivers them, each at least once."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from orchestrator.core.messages import Effect, Notify
from orchestrator.core.task_codec import decode, encode
from orchestrator.core.times import LATEST
from orchestrator.home.database import Database
from orchestrator.ports import NOTICES, Task

#: The queue's name is in the column ``lane``, as in files of older versions.
SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, run TEXT NOT NULL, lane TEXT NOT NULL, due REAL NOT NULL,
    leased INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL, error TEXT);
CREATE INDEX IF NOT EXISTS tasks_open ON tasks (run, lane, due) WHERE done = 0;
"""

_PUT = "INSERT INTO tasks (name, run, lane, due, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_LEASE = "UPDATE tasks SET leased = 1, tries = tries + 1, due = ? WHERE name = ?"
_DONE = "UPDATE tasks SET done = 1, tries = tries + ? WHERE name = ?"

#: Conditions for the open tasks of one run, or of several. For those due at once, the index gives the order.
_ONE, _SOME = "run = ?", "run IN (SELECT value FROM json_each(?))"
_OPEN = "SELECT id, name, body, tries FROM tasks WHERE done = 0 AND lane = ? AND "
_TIMED = "due > 0 AND due <= ? ORDER BY id LIMIT ?"
_AT_ONCE = "due = 0 ORDER BY id LIMIT ?"
_NEXT = "SELECT min(due) FROM tasks WHERE done = 0 AND run = ? AND lane = ? AND due > ?"

#: Seconds until a leased task that was neither acknowledged nor retried is delivered again.
VISIBILITY = 120.0

#: How often a task is delivered before it is given up; its name stays taken. Notifications are never given up here.
MAX_TRIES = 20

#: The most seconds between two tries of a notification.
SLOWEST = 600.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery of a task. ``tries``: how many deliveries there have been, including this one."""

    name: str
    queue: str
    effect: Effect
    tries: int


class LocalQueue:
    """The port's ``put``, and the other end: lease, then acknowledge or retry. A done task keeps its name.

    Only one process leases the tasks of a run; when it has died, another may release them. Tasks that other processes
    put are found when ``Database`` notices their commit.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put: dict[str, Task] = {}  # the commit writes these three into the file
        self._leased: dict[str, float] = {}
        self._done: dict[str, int] = {}
        self._effects: dict[str, Effect] = {}  # of the tasks that this process put and that are due at once
        self._none_at_once: set[tuple[str, str]] = set()  # runs and queues
        self._none_before: dict[tuple[str, str], float] = {}
        with database.transaction as connection:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
        database.join(self)

    def flush(self, connection: sqlite3.Connection) -> None:
        if self._put:
            tasks, self._put = self._put, {}
            rows = [
                (name, task.effect.run, task.queue, task.effect.due, encode(task.effect))
                for name, task in tasks.items()
            ]
            connection.executemany(_PUT, rows)
        if self._leased:
            leased, self._leased = self._leased, {}
            connection.executemany(_LEASE, [(due, name) for name, due in leased.items()])
        if self._done:
            done, self._done = self._done, {}
            connection.executemany(_DONE, [(tries, name) for name, tries in done.items()])

    def drop(self) -> None:
        for known in (self._put, self._leased, self._done, self._effects, self._none_at_once, self._none_before):
            known.clear()

    def put(self, tasks: Sequence[Task]) -> None:
        with self._database.transaction:
            for task in tasks:
                effect = task.effect
                self._put.setdefault(task.name, task)
                self._falls_due(effect.run, task.queue, effect.due)
                if effect.due <= 0:
                    self._effects[task.name] = effect

    def lease(self, runs: Collection[str], queue: str, now: float, limit: int) -> list[Delivery]:
        """Up to ``limit`` tasks of ``runs`` that are due. They are not delivered again for ``VISIBILITY`` seconds.

        Delayed tasks that have become due come before those due at once, and of each those that were put first.
        """
        timed = [run for run in runs if self._none_before.get((run, queue), 0.0) <= now]
        at_once = [run for run in runs if (run, queue) not in self._none_at_once]
        if limit <= 0 or not (timed or at_once):
            return []
        with self._database.transaction as connection:
            self.flush(connection)
            rows = []
            if timed:
                rows += _open(connection, queue, timed, _TIMED, now, limit)
            if at_once and len(rows) < limit:
                rows += _open(connection, queue, at_once, _AT_ONCE, limit - len(rows))
            hidden = now + VISIBILITY
            for _, name, _, _ in rows:
                self._leased[name] = hidden
            if len(rows) < limit:
                for run in at_once:
                    self._none_at_once.add((run, queue))
                for run in timed:
                    self._none_before[run, queue] = _next(connection, run, queue, now)
            if rows:
                for run in runs:
                    self._falls_due(run, queue, hidden)
        return [
            Delivery(name, queue, effect, tries + 1)
            for _, name, body, tries in rows
            if (effect := self._effects.pop(name, None) or self.read(name, body)) is not None
        ]

    def read(self, name: str, body: str) -> Effect | None:
        """The effect of a task in the file. None if it cannot be read; the task is then given up, with the error."""
        try:
            return decode(body)
        except (ValueError, RecursionError) as error:
            with self._database.transaction as connection:
                self._leased.pop(name, None)
                connection.execute("UPDATE tasks SET done = 1, error = ? WHERE name = ?", (str(error), name))
            return None

    def is_due(self, runs: Collection[str], queues: Collection[str], now: float) -> bool:
        """Whether there may be something to lease, without reading the file."""
        return any(
            (run, queue) not in self._none_at_once or self._none_before.get((run, queue), 0.0) <= now
            for run in runs
            for queue in queues
        )

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Mark tasks as performed. They are never delivered again, and their names stay taken."""
        with self._database.transaction:
            for delivery in deliveries:
                self._done[delivery.name] = 1 if self._leased.pop(delivery.name, None) is not None else 0

    def retry(self, delivery: Delivery, now: float, error: str) -> bool:
        """Deliver a failed task again, after a pause that grows with each try. False if it was given up instead."""
        pause = (
            self.pause(delivery.tries) if delivery.queue != NOTICES else min(2.0 ** min(delivery.tries, 20), SLOWEST)
        )
        again, due = pause is not None, now + (pause or 0.0)
        with self._database.transaction as connection:
            self.flush(connection)
            connection.execute(
                "UPDATE tasks SET leased = 0, done = ?, due = ?, error = ? WHERE name = ?",
                (0 if again else 1, due, error, delivery.name),
            )
            self._falls_due(delivery.effect.run, delivery.queue, due)
        return again

    def pause(self, tries: int) -> float | None:
        """Seconds until a task that failed ``tries`` times is delivered again (1, 2, 4 … 60); None: it is given up."""
        return min(2.0 ** (tries - 1), 60.0) if tries < MAX_TRIES else None

    def next_due(self, runs: Collection[str], queues: Collection[str]) -> float | None:
        """When the next task falls due; None if there is none."""
        with self._database.read() as connection:
            due = min((_next(connection, run, queue, -1.0) for run in runs for queue in queues), default=inf)
            return None if due == inf else due

    def waiting(self, runs: Collection[str], queue: str) -> list[str]:
        """The names of the tasks of ``runs`` that are not done, the oldest first."""
        with self._database.transaction as connection:
            self.flush(connection)
            rows = connection.execute(
                f"SELECT name FROM tasks WHERE done = 0 AND lane = ? AND {_SOME} ORDER BY id",
                (queue, json.dumps(list(runs))),
            )
            return [str(name) for (name,) in rows]

    def owing(self, queue: str) -> list[str]:
        """The keys of the runs that have tasks on that queue which are not done."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT DISTINCT run FROM tasks WHERE done = 0 AND lane = ?", (queue,))
            return [str(run) for (run,) in rows]

    def release(self, run: str, now: float) -> None:
        """Make due now the tasks that a dead process had leased, and those with an impossible due time.

        Only for callers that know that the process is dead.
        """
        with self._database.transaction as connection:
            self.flush(connection)
            connection.execute(
                "UPDATE tasks SET leased = 0, due = ? WHERE done = 0 AND run = ?"
                " AND (leased = 1 OR due NOT BETWEEN 0 AND ?)",
                (now, run, LATEST),
            )
            self._learn(run)

    def hurry(self, run: str, queue: str, now: float) -> None:
        """Make due now all tasks of a run on that queue."""
        with self._database.transaction as connection:
            self.flush(connection)
            connection.execute(
                "UPDATE tasks SET leased = 0, due = ? WHERE done = 0 AND run = ? AND lane = ?", (now, run, queue)
            )
            self._learn(run)

    def forget(self, run: str, but: str = NOTICES) -> None:
        """Drop all tasks of a run that has ended, and free their names, but those of one queue that are not done."""
        with self._database.transaction as connection:
            self.flush(connection)
            connection.execute("DELETE FROM tasks WHERE run = ? AND (lane != ? OR done = 1)", (run, but))
            self._learn(run)
            kept = {name: at for name, at in self._effects.items() if at.run != run or isinstance(at, Notify)}
            self._effects = kept

    def _falls_due(self, run: str, queue: str, due: float) -> None:
        key = (run, queue)
        if due <= 0:
            self._none_at_once.discard(key)
        elif due < self._none_before.get(key, 0.0):
            self._none_before[key] = due

    def _learn(self, run: str) -> None:
        """Forget when the tasks of a run become due; the file is read at the next lease."""
        self._none_at_once -= {key for key in self._none_at_once if key[0] == run}
        for key in [key for key in self._none_before if key[0] == run]:
            del self._none_before[key]


def _open(connection: sqlite3.Connection, queue: str, runs: Sequence[str], which: str, *values: float) -> list[Any]:
    if len(runs) == 1:
        return connection.execute(f"{_OPEN}{_ONE} AND {which}", (queue, runs[0], *values)).fetchall()
    return connection.execute(f"{_OPEN}{_SOME} AND {which}", (queue, json.dumps(runs), *values)).fetchall()


def _next(connection: sqlite3.Connection, run: str, queue: str, after: float) -> float:
    (found,) = connection.execute(_NEXT, (run, queue, after)).fetchone()
    return inf if found is None else float(found)
