"""``orchestrator verify``, and what the other commands say and do where what is stored of a run does not add up."""

import signal
import sqlite3

import pytest

from tests.e2e.command_line import Place, finish

GRAPH = """
name: join
defaults: {check: {every: 1s}}
steps:
  a: {command: echo a >> effects}
  b: {command: echo b >> effects}
  c: {after: [a, b], command: 'echo up > up; read word < go; echo c >> effects'}
  d: {command: 'read word < later; echo d >> effects'}
  e: {after: [a, b, d], command: echo e >> effects}
"""


@pytest.fixture
def half(place: Place) -> Place:
    """A run that was killed when a and b had ended and c and d were running."""
    place.write("join.yaml", GRAPH)
    for name in ("up", "go", "later"):
        place.fifo(name)
    running = place.start("run", "join.yaml", "--run-id", "r1", "--no-picture")
    place.hear("up")
    running.kill()
    assert finish(running).code == -signal.SIGKILL
    return place


def delete(place: Place, what: str) -> None:
    with sqlite3.connect(place.folder / ".orchestrator/orchestrator.db") as connection:
        assert connection.execute(f"DELETE FROM {what}").rowcount == 1
    connection.close()


LOST = "the join before {} counts 2 ended: 2 succeeded, and the steps before it say 1 ended: 1 succeeded"


def test_a_step_that_somebody_deleted_is_told_and_not_run_again_and_the_run_goes_on(half: Place) -> None:
    assert half.look("verify", "r1").out == "run r1: no problems found\n"
    delete(half, "states WHERE node = 1")
    said = half.look("verify")
    lost = [f"counters/{join}: {LOST.format(name)}" for join, name in ((0, "c"), (1, "e"))]
    assert (said.code, said.out.splitlines()[:2]) == (1, lost)
    assert said.out.splitlines()[-1] == "run r1: 3 problems"
    told = "the records contradict each other, so the sweep does not start the steps that depend on them: counters/"
    assert half.look("status").out.count(told) == 2
    assert half.look("status", "--json").json["doubts"] == lost
    resumed = half.start("resume", "--no-picture")
    half.tell("go", "on")
    half.tell("later", "on")
    said = finish(resumed)
    warned = [line.partition("warning: ")[2] for line in said.out.splitlines() if "warning: " in line]
    assert warned == [f"the records contradict each other: {line}" for line in lost]
    assert sorted(half.read("effects").split()) == ["a", "b", "c", "d", "e"]


def test_a_run_that_cannot_go_on_because_a_counter_is_gone_says_so_instead_of_waiting_for_ever(half: Place) -> None:
    delete(half, "counters WHERE number = 1")
    resumed = half.start("resume", "--no-picture")
    half.tell("go", "on")
    half.tell("later", "on")
    said = finish(resumed)
    assert said.code != 0
    why = "because its records contradict each other (see 'orchestrator verify')"
    assert f"the run cannot go on, {why}: counters/1: the join before e counts" in said.err
    assert half.look("verify", "r1").code == 1


def test_a_step_that_cannot_be_read_hides_no_other(half: Place) -> None:
    with sqlite3.connect(half.folder / ".orchestrator/orchestrator.db") as connection:
        connection.execute("""UPDATE states SET state = '{"status":"of tomorrow"}' WHERE node = 1""")
        (key,) = connection.execute("SELECT key FROM runs").fetchone()
    connection.close()
    said = half.look("status", "r1")
    lost = f"states/{key}/1 cannot be read"
    assert said.code == 1
    assert [line.split()[1:3] for line in said.out.splitlines()[1:5]] == [
        ["a", "succeeded"], ["d", "running"], ["c", "running"], ["e", "pending"],
    ]  # fmt: skip
    assert said.out.splitlines()[5] == "1 succeeded, 2 running, 1 pending"
    assert said.out.splitlines()[6].startswith(f"not shown: {lost}")
    told = half.look("status", "r1", "--json")
    assert (told.code, sorted(told.json["steps"])) == (1, ["a", "c", "d", "e"])
    assert [line.startswith(lost) for line in told.json["unreadable"]] == [True]
