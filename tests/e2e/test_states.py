"""The night of graphs/states on one machine: five failures, a rerun, other params, a cancelled run."""

import shutil
import time
from pathlib import Path

import pytest

from tests.e2e.command_line import ROOT, TIMEOUT, Place, finish

BROKEN = ("ardenia.ingest", "galdoria.quality", "lornia.forecast", "nordal.stock", "rowena.capacity")
DAY = ("--param", "date=2026-01-31", "--no-picture")


@pytest.fixture
def night(place: Place) -> Place:
    """A project with that graph, in which five states are late."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "graphs/states", place.folder / "graphs/states", ignore=ignored)
    late(place, *BROKEN)
    return place


def late(place: Place, *jobs: str) -> None:
    place.write("graphs/states/late.txt", "\n".join(jobs))


def counts(place: Place, run: str) -> dict[str, int]:
    statuses = [step["status"] for step in place.look("status", run, "--json").json["steps"].values()]
    return {status: statuses.count(status) for status in sorted(set(statuses))}


def data(place: Place, run: str) -> Path:
    return place.folder / ".orchestrator/runs" / run / "data"


def test_five_late_states_hold_back_no_other_and_a_rerun_does_the_rest(night: Place):
    assert night("run", "states", *DAY, "--run-id", "n").code == 1
    assert counts(night, "n") == {"failed": 5, "succeeded": 85, "upstream_failed": 9}
    assert len(list(data(night, "n").glob("*/export.csv"))) == 13
    assert night.look("explain", "n", "nordal.export").out.startswith(
        "nordal.export: upstream failed: its trigger all_success requires that all steps before it succeed, but "
        "nordal.stock failed and nordal.ingest and views succeeded"
    )
    late(night)
    assert night("rerun", "n", "--yes", "--no-picture").code == 0
    assert counts(night, "n.2") == {"succeeded": 99}
    assert len(list(data(night, "n").glob("*/export.csv"))) == 18  # a rerun has the folder of its family
    told = night.look("rerun", "n.2", "--param", "file_type=parquet", "--dry-run").out
    assert "changed params: file_type" in told
    assert night("rerun", "n.2", "--param", "file_type=parquet", "--yes", "--no-picture").code == 0
    assert len(list(data(night, "n").glob("*/export.parquet"))) == 18


def test_a_cancelled_night_is_cleaned_up_and_can_be_rerun(night: Place):
    file = night.folder / "graphs/states/graph.py"
    file.write_text(file.read_text().replace('"delay": "2s"', '"delay": "1h"'))  # so that it waits for the late ones
    running = night.start("run", "states", *DAY, "--run-id", "n")
    deadline = time.monotonic() + TIMEOUT
    while _settling(night) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert night.look("explain", "n", "views").out.count("runs at") == 1
    assert night.look("cancel", "n", "--why", "too late for today").code == 0
    assert finish(running).code == 1
    found = counts(night, "n")
    assert night.look("status", "n", "--json").json["status"] == "cancelled"
    assert (found["cancelled"], found["succeeded"], set(found)) == (28, 71, {"cancelled", "succeeded"})
    assert night.look("status", "n", "--json").json["steps"]["clean-up"]["status"] == "succeeded"
    late(night)
    assert night("rerun", "n", "--yes", "--no-picture").code == 0
    assert counts(night, "n.2") == {"succeeded": 99}


def _settling(place: Place) -> bool:
    """Whether the run has not come to where it only waits for the late states."""
    said = place.look("status", "n", "--json")
    steps = said.json["steps"].values() if said.out else ()
    return [step["status"] for step in steps].count("succeeded") < 70
