"""Records that cannot be read, in a home of many runs: they hide no other run, and nothing is written over them."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

RUNS = 4

#: What is put in the place of a run's record.
RUN = ["", "null", "{}", "[" * 50_000, '{"status": "paused"}', '{"id": 7}', b"\xff\xfe"]

#: What is put in the place of a step's state.
STATE = ["", "[]", '{"status": "held"}', '{"attempt": 1e999}', '{"attempt": -0.5}', "[" * 50_000, b"\x00"]

GRAPH = """
name: g
params: {n: 1}
steps:
  a: {command: 'true'}
  b: {after: a, command: 'true'}
"""


def attack(folder: Path) -> str:
    (folder / ".git").mkdir()
    (folder / "g.yaml").write_text(GRAPH)
    for number in range(RUNS):
        said = _orchestrator(folder, "run", "g.yaml", "--run-id", f"r{number:02}", "--no-picture")
        assert said.returncode == 0, said.stderr
    database = folder / ".orchestrator" / "orchestrator.db"
    for value in RUN:
        key = _one(database, "SELECT key FROM runs ORDER BY started_at LIMIT 1 OFFSET 2")
        kept = _one(database, "SELECT run FROM runs WHERE key = ?", key)
        _write(database, "UPDATE runs SET run = ? WHERE key = ?", value, key)
        listed = json.loads(_look(folder, 0, "runs", "--json", "--limit", "50"))
        assert len([run for run in listed if run["status"] == "succeeded"]) == RUNS - 1, value
        assert [run["path"] for run in listed if run["status"] == "unreadable"] == [f"runs/{key}"], value
        _look(folder, 0, "status", "r03")
        assert _one(database, "SELECT run FROM runs WHERE key = ?", key) == value
        _write(database, "UPDATE runs SET run = ? WHERE key = ?", kept, key)
    assert "unreadable" not in _look(folder, 0, "runs")
    for value in STATE:
        key = _one(database, "SELECT key FROM runs ORDER BY started_at LIMIT 1 OFFSET 2")
        _write(database, "UPDATE states SET state = ? WHERE run = ? AND node = 0", value, key)
        assert "cannot be read" in _look(folder, 1, "status", "r02")
    _look(folder, 0, "status", "r03")
    return f"{len(RUN)} records of runs and {len(STATE)} of steps spoilt among {RUNS} runs"


def _orchestrator(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orchestrator", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=180)


def _look(folder: Path, code: int, *words: str) -> str:
    """What a command says, which ends so and shows no traceback."""
    said = _orchestrator(folder, *words)
    assert said.returncode == code, (words, said.stdout, said.stderr)
    assert "Traceback" not in said.stderr, said.stderr
    assert "bug" not in said.stderr, said.stderr
    return said.stdout + said.stderr


def _one(database: Path, query: str, *values: object) -> object:
    with sqlite3.connect(database) as connection:
        (found,) = connection.execute(query, values).fetchone()
    connection.close()
    return found


def _write(database: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(statement, values)
    connection.close()
