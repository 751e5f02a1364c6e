"""A home in which nobody can write can be looked at."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command_line import ROOT, Place, Said

GRAPH = """
name: g
steps:
  works: {command: "echo a line; echo '{\\"rows\\": 3}' > $ORCHESTRATOR_OUTPUTS"}
  fails: {command: "echo no luck; exit 3", after: works}
"""

#: What lets root write where its owner may not: not to be had in the commands of these tests.
POWERS = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]


def powerless(place: Place, *words: str) -> Said:
    """A command by who may do no more than the modes of files let it."""
    powers = POWERS if os.geteuid() == 0 else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRATOR_")}
    done = subprocess.run(
        [*powers, sys.executable, "-m", "orchestrator", *words],
        cwd=place.folder,
        env={**environment, "PYTHONPATH": str(ROOT), "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def locked(home: Path, after_a_crash: str = "") -> None:
    """Take away the right to write, from all that is in the home. ``after_a_crash``: which of its files are left."""
    log, index = (home / f"orchestrator.db{suffix}" for suffix in ("-wal", "-shm"))
    if after_a_crash:  # the last commits are in the log of SQLite, and not in its database
        subprocess.run([sys.executable, "-c", KILLED, str(home / "orchestrator.db")], check=True)
        assert log.stat().st_size
        if after_a_crash == "without the index":
            index.unlink()
    else:
        assert not log.exists()
    for path in (home, *home.rglob("*")):
        path.chmod(0o500 if path.is_dir() else 0o400)


KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("UPDATE runs SET started_at = started_at + 1")
os._exit(0)
"""


@pytest.fixture
def home(place: Place) -> Path:
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and setpriv is not there to take that away")
    place.write("g.yaml", GRAPH)
    assert place("run", "g.yaml", "--run-id", "r", "--no-picture").code == 1
    return place.folder / ".orchestrator"


@pytest.mark.parametrize(
    "after_a_crash",
    [pytest.param(left, marks=pytest.mark.slow) for left in ("", "with the index", "without the index")],
)
def test_a_read_only_home_can_be_looked_at(place: Place, home: Path, after_a_crash: str):
    locked(home, after_a_crash)
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    status = powerless(place, "status", "r", "--json")
    assert (status.code, status.err) == (0, "")
    steps = {name: step["status"] for name, step in json.loads(status.out)["steps"].items()}
    assert steps == {"works": "succeeded", "fails": "failed"}
    assert powerless(place, "runs").lines[1:] == ["r    g      failed       TIME  0.0 s     fails (exit)"]
    assert powerless(place, "explain", "r", "fails").lines[0] == ("fails: failed: exit status 3: no luck")
    assert powerless(place, "logs", "r", "works") == Said(0, "a line\n", "")
    assert powerless(place, "logs", "r", "works", "--follow") == Said(0, "a line\n", "")
    assert powerless(place, "plot", "--run", "r", "-o", "r.mmd").code == 0
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


@pytest.mark.parametrize(
    "words", [("cancel", "r"), ("resume", "r"), ("run", "g.yaml"), ("run", "g.yaml", "--run-id", "r")]
)
def test_nothing_is_run_or_stopped_in_it(place: Place, home: Path, words: tuple[str, ...]):
    reopened(home)
    locked(home)
    said = powerless(place, *words)
    assert said == Said(
        2,
        "",
        f"error: {home} is read-only: you can look at its runs (status, runs, explain, verify, logs, plot), "
        "but not run, resume or cancel any\n",
    )


def reopened(home: Path) -> None:
    """As if the run of it had been killed: something is left to do."""
    subprocess.run([sys.executable, "-c", UNDONE, str(home / "orchestrator.db")], check=True)


UNDONE = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
(key, text), = connection.execute("SELECT key, run FROM runs")
run = {name: value for name, value in json.loads(text).items() if name not in ("ended_at", "failed")}
connection.execute("UPDATE runs SET run = ? WHERE key = ?", (json.dumps(run | {"status": "running"}), key))
connection.close()
"""
