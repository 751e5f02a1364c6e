"""The floor of the embedded engine: one SQLite commit per step and nothing else. Nothing durable can be cheaper.

Each commit writes one row of the size of a step's state, in a table and with pragmas like the store's.
"""

import json
import sqlite3
import tempfile
import time
from pathlib import Path

from orchestrator.core.codec import state_to_json
from orchestrator.core.model import Status, StepState

#: What is stored for a step that has succeeded.
STATE = StepState(
    Status.SUCCEEDED, attempt=1, job_name="m500--k3v9x2qaw7-1f5-1", job="m500--k3v9x2qaw7-1f5-1",
    claimed_at=1795824000.123456, started_at=1795824000.123456, ended_at=1795824000.123456,
)  # fmt: skip


#: Enough commits for the write-ahead log to be copied into the database several times, as in long runs.
COMMITS = 5000


def floor(durable: bool = False, commits: int = COMMITS) -> float:
    """Seconds per commit, in a sequence of commits."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        connection.execute(
            "CREATE TABLE states (run TEXT NOT NULL, node INTEGER NOT NULL, state TEXT NOT NULL,"
            " PRIMARY KEY (run, node)) WITHOUT ROWID"
        )
        text = json.dumps(state_to_json(STATE))
        start = time.perf_counter()
        for node in range(commits):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", ("k3v9x2qaw7", node, text))
            connection.execute("COMMIT")
        seconds = time.perf_counter() - start
        connection.close()
        return seconds / commits
