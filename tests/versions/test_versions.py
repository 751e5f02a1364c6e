"""Two versions, one store: what older versions wrote is taken to its end, and what this one writes they do not spoil.

``before-schemas.sql`` is what the code of commit 33e0da6 left of ``story.py begin``, the last that knew of no schema:

    git archive 33e0da6 orchestrator | tar x -C OLD
    PYTHONPATH=OLD python -P tests/versions/story.py begin old.db && sqlite3 old.db .dump > before-schemas.sql
"""

import sqlite3
from pathlib import Path

from tests.versions.story import STEPS, begin, end

HERE = Path(__file__).parent

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
