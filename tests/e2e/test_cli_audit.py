"""``orchestrator audit`` on this machine: processes that are left of runs whose records say otherwise."""

import sqlite3
from contextlib import closing

import pytest

from tests.e2e.command_line import Place, finish

GRAPH = "name: g\nsteps:\n  a: {command: 'echo here > ../pipe; sleep 300; true'}\n"


@pytest.fixture
def running(place: Place) -> Place:
    """A run whose driver was killed; its command goes on."""
    place.write("graphs/g.yaml", GRAPH)
    place.fifo("pipe")
    driver = place.start("run", "g", "--run-id", "g-1", "--no-picture")
    place.hear("pipe")
    driver.kill()
    finish(driver)
    return place


def test_a_process_of_an_interrupted_run_is_not_left_as_resume_takes_it_over(running: Place):
    said = running("audit")
    assert (said.code, said.out) == (0, "nothing is left: 1 job running, and a run waits for each\n")
    running("cancel", "g-1")
    assert running("audit").out == "nothing is left: no job running\n"


def test_a_process_whose_run_is_gone_is_shown_and_ended_when_that_is_confirmed(running: Place):
    with closing(sqlite3.connect(running.folder / ".orchestrator/orchestrator.db")) as connection, connection:
        connection.execute("DELETE FROM runs")
    said = running("audit")
    assert said.code == 1
    assert "  there is no run with its key" in said.out
    assert said.out.count("since") == 1
    assert "1 process" in said.out or "processes" in said.out
    asked = running("audit", "--stop")
    assert (asked.code, asked.err) == (
        2,
        "error: nobody can be asked here, so add --yes to confirm; without --stop, they are only shown\n",
    )
    stopped = running("audit", "--stop", "--yes")
    assert (stopped.code, stopped.out.splitlines()[-1].rpartition(": ")[2]) == (1, "ended")
    assert running("audit", "--json").json == {"left": [], "unclear": [], "running": 0}
