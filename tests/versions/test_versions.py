"""Two versions, one store: what older versions wrote is taken to its end, and what this one writes they do not spoil.

``before-schemas.sql`` is what the code of commit 33e0da6 left of ``story.py begin``, the last that knew of no schema:

    git archive 33e0da6 orchestrator | tar x -C OLD
    PYTHONPATH=OLD python -P tests/versions/story.py begin old.db && sqlite3 old.db .dump > before-schemas.sql

Tests that run older code itself need git and its history, and skip without; ``make versions`` runs them.
"""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.versions.story import STEPS, begin, end

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

#: The first version that leaves aside what it does not know: it and all after it may share a store (ADR 17).
FIRST = "61f5a09"

ENDED = {
    "run": "succeeded",
    "ended": True,
    "steps": {
        **{step.name: "succeeded" for step in STEPS},
        "failed": "failed",
        "skipped": "skipped",
        "never": "upstream_failed",
    },
}


def test_what_was_written_before_there_were_schemas_is_taken_to_its_end(tmp_path: Path):
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.executescript((HERE / "before-schemas.sql").read_text())
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)
    connection.close()
    assert end(tmp_path / "old.db") == ENDED


def test_a_run_of_this_version_is_taken_to_its_end_by_this_version(tmp_path: Path):
    begin(tmp_path / "new.db")
    assert end(tmp_path / "new.db") == ENDED


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the first version that this one shares a store with."""
    folder = tmp_path_factory.mktemp("first")
    made = subprocess.run(["git", "archive", FIRST, "orchestrator"], cwd=ROOT, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"the history is not there: {made.stderr.decode().strip()}")
    subprocess.run(["tar", "x", "-C", folder], input=made.stdout, check=True)
    return folder


def told(code: Path, verb: str, file: Path) -> str:
    """What a version says that does its part of the story."""
    done = subprocess.run(
        [sys.executable, "-P", HERE / "story.py", verb, file],
        env={**os.environ, "PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_what_the_first_version_wrote_is_taken_to_its_end_by_this_one(tmp_path: Path, first: Path):
    told(first, "begin", tmp_path / "shared.db")
    assert end(tmp_path / "shared.db") == ENDED


@pytest.mark.slow
def test_what_this_version_wrote_is_taken_to_its_end_by_the_first_one(tmp_path: Path, first: Path):
    begin(tmp_path / "shared.db")
    assert json.loads(told(first, "end", tmp_path / "shared.db")) == ENDED
