"""The local queue: delayed, named, at-least-once tasks in an SQLite file, for whoever plays Cloud Tasks beside it."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from orchestrator.core.messages import Effect, decode, encode
from orchestrator.ports import Task
from orchestrator.sqlite import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, run TEXT NOT NULL, lane TEXT NOT NULL, due REAL NOT NULL,
    leased INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL, error TEXT);
CREATE INDEX IF NOT EXISTS tasks_open ON tasks (run, lane, due) WHERE done = 0;
"""

_LEASE = """
UPDATE tasks SET leased = 1, tries = tries + 1, due = ?
WHERE id IN (
    SELECT id FROM tasks WHERE done = 0 AND run IN (SELECT value FROM json_each(?)) AND lane = ? AND due <= ?
    ORDER BY id LIMIT ?)
RETURNING id, name, body, tries
"""

#: Seconds until a leased task that was neither acknowledged nor retried is delivered again.
VISIBILITY = 120.0

#: Deliveries before a task is given up; its name stays taken.
MOST_TRIES = 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """A task handed out. ``tries`` counts this one."""

    id: int
    name: str
    effect: Effect
    tries: int


class LocalQueue:
    """The port's ``put``, and the other end: lease, then acknowledge or retry. A done task keeps its name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.write() as connection:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)

    def put(self, tasks: Sequence[Task]) -> None:
        rows = [(task.name, task.effect.run, task.lane, task.due, encode(task.effect)) for task in tasks]
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO tasks (name, run, lane, due, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
            )

    def lease(self, runs: Collection[str], lane: str, now: float, limit: int) -> list[Delivery]:
        """Up to ``limit`` tasks of ``runs`` that are due, those that were put first, hidden from others for a while."""
        if limit <= 0:
            return []
        with self._database.write() as connection:
            rows = connection.execute(
                _LEASE,
                (now + VISIBILITY, json.dumps(list(runs)), lane, now, limit),
            ).fetchall()
        return [Delivery(number, name, decode(body), tries) for number, name, body, tries in sorted(rows)]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """They were performed; they are never delivered again, and their names stay taken."""
        with self._database.write() as connection:
            connection.executemany("UPDATE tasks SET done = 1 WHERE id = ?", [(item.id,) for item in deliveries])

    def retry(self, delivery: Delivery, now: float, error: str) -> bool:
        """It failed: deliver it again, later and later (1, 2, 4 … 60 s). False if it was given up instead."""
        again = delivery.tries < MOST_TRIES
        with self._database.write() as connection:
            connection.execute(
                "UPDATE tasks SET leased = 0, done = ?, due = ?, error = ? WHERE id = ?",
                (0 if again else 1, now + min(2.0 ** (delivery.tries - 1), 60.0), error, delivery.id),
            )
        return again

    def next_due(self, runs: Collection[str], lanes: Collection[str]) -> float | None:
        """When the next task falls due; None if there is none."""
        with self._database.read() as connection:
            found = connection.execute(
                "SELECT min(due) FROM tasks WHERE done = 0 AND run IN (SELECT value FROM json_each(?))"
                " AND lane IN (SELECT value FROM json_each(?))",
                (json.dumps(list(runs)), json.dumps(list(lanes))),
            ).fetchone()[0]
            return None if found is None else float(found)

    def release(self, run: str, now: float) -> None:
        """Make due what a dead process had leased. Only for one who knows that it is dead."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE tasks SET leased = 0, due = ? WHERE done = 0 AND run = ? AND leased = 1", (now, run)
            )

    def forget(self, run: str) -> None:
        """Drop all tasks of a run that has ended, and free their names."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM tasks WHERE run = ?", (run,))
