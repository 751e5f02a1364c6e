"""``max_active_runs`` on one machine: runs in processes of their own that wait for each other, and are killed."""

import signal
import subprocess

import pytest

from orchestrator.home import Home
from orchestrator.local.places import Places
from orchestrator.local.wiring import embedded
from tests.e2e.command_line import Place, finish
from tests.e2e.test_cli_serve import due, heard, run_id

#: Each run writes its id into ``up`` when it has begun, and ends with the status that it reads from its own ``go-ID``.
NIGHT = """
name: night
max_active_runs: 1
params: {day: {type: date, default: today}}
steps:
  load:
    command: |
      [ ! -e quick ] || exit 0
      echo {{ run.id }} > up; read code < go-{{ run.id }}; exit $code
"""

WAITS = "waiting: run {} waits for a place among the active runs of graph night, by max_active_runs (1 of 1 taken by {}"


@pytest.fixture
def night(place: Place) -> Place:
    place.write("night.yaml", NIGHT)
    for name in ("up", *(f"go-{run}" for run in ("a", "b", "c", "c.2", "s-2026-01-01", "s-2026-01-02"))):
        place.fifo(name)
    return place


def started(place: Place, name: str) -> "subprocess.Popen[str]":
    return place.start("run", "night.yaml", "--run-id", name, "--no-picture")


def begun(place: Place, name: str) -> "subprocess.Popen[str]":
    """A run that has a place, and goes on until it is told to end."""
    process = started(place, name)
    assert place.hear("up") == f"{name}\n"
    return process


def told(place: Place, name: str, code: int = 0) -> None:
    place.tell(f"go-{name}", str(code))


def after(lines: list[str], words: str) -> list[str]:
    """The lines from the first on that has ``words``."""
    at = next(number for number, line in enumerate(lines) if words in line)
    return lines[at:]


@pytest.mark.slow
def test_a_run_says_at_once_behind_which_it_waits_and_then_that_it_has_begun(night: Place) -> None:
    first, second = begun(night, "a"), started(night, "b")
    heard(second, WAITS.format("b", "a"))
    (b, a) = night.look("runs", "--json").json
    assert (b["run"], b["waits"]["before"], b["waits"]["holders"], "waits" in a) == ("b", 0, ["a"], False)
    assert "waits for a place" in night.look("runs").lines[1]
    told(night, "a")
    assert night.hear("up") == "b\n"
    told(night, "b")
    assert finish(first).code == 0
    ended = finish(second)
    assert (ended.code, "the run has begun" in ended.out) == (0, True)
    story = [line.partition("  ")[2] for line in night.look("story", "b").lines]
    assert story[1] == "-     waits in line to begin, by max_active_runs of its graph"
    assert story[2] == "-     begins, after 0.0 s in line"


@pytest.mark.slow
def test_a_killed_process_keeps_its_place_for_as_long_as_its_job_runs_and_waits_again_when_it_is_resumed(
    night: Place,
) -> None:
    night.write("night.yaml", f"{NIGHT}  report: {{after: load, command: 'true'}}\n")  # what it needs a place for
    first, second = begun(night, "a"), started(night, "b")
    heard(second, WAITS.format("b", "a"))
    first.send_signal(signal.SIGKILL)
    first.communicate()
    heard(second, "taken by a, which is interrupted, 1st in line")
    told(night, "a")  # its job ends, and nobody drives its run
    assert night.hear("up") == "b\n"
    resumed = night.start("resume", "a", "--no-picture")
    heard(resumed, WAITS.format("a", "b"))
    told(night, "b")
    assert finish(second).code == 0
    assert finish(resumed).code == 0
    assert [line.split()[2] for line in night.look("runs").lines[1:]] == ["succeeded", "succeeded"]


@pytest.mark.slow
def test_a_process_that_is_stopped_keeps_the_place_of_its_run(night: Place) -> None:
    """It believes to have it when it goes on. It has its lock as well, so nobody takes its run for interrupted."""
    first = begun(night, "a")
    first.send_signal(signal.SIGSTOP)
    world = embedded(Home(night.folder / ".orchestrator"), 1)
    try:
        Places(world).reap("graph:night")
        (occupant,) = world.store.occupants("graph:night")
        assert world.store.get_run(occupant.run) == world.store.find_run("a")
    finally:
        world.close()
    first.send_signal(signal.SIGCONT)
    told(night, "a")
    assert finish(first).code == 0


@pytest.mark.slow
def test_a_rerun_waits_too_and_says_so(night: Place) -> None:
    failed = begun(night, "c")
    told(night, "c", 1)
    assert finish(failed).code == 1
    first = begun(night, "a")
    again = night.start("rerun", "c", "--yes", "--no-picture")
    heard(again, WAITS.format("c.2", "a"))
    told(night, "a")
    assert night.hear("up") == "c.2\n"
    told(night, "c.2")
    assert (finish(first).code, finish(again).code) == (0, 0)


@pytest.mark.slow
def test_a_backfill_runs_no_more_at_a_time_than_may_be_active_and_lets_others_have_their_turn(night: Place) -> None:
    backfill = night.start(
        "backfill",
        "night.yaml",
        "--name",
        "s",
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-02",
        "--parallel",
        "4",
        "--yes",
    )
    heard(backfill, "max_active_runs of graph 'night' is 1: one run at a time")
    assert night.hear("up") == "s-2026-01-01\n"
    other = started(night, "a")
    heard(other, WAITS.format("a", "s-2026-01-01"))
    told(night, "s-2026-01-01")
    assert night.hear("up") == "a\n"
    heard(backfill, WAITS.format("s-2026-01-02", "a"))
    told(night, "a")
    assert night.hear("up") == "s-2026-01-02\n"
    told(night, "s-2026-01-02")
    assert (finish(other).code, finish(backfill).code) == (0, 0)


@pytest.mark.slow
def test_a_scheduled_start_that_is_skipped_is_told_by_the_server(night: Place) -> None:
    schedule = '\nschedule: {cron: "0 * * * *", time_zone: Europe/Berlin}\n'
    skips = NIGHT.replace("active_runs: 1", "active_runs: {limit: 1, policy: skip}").replace(
        "name: night", "name: tick"
    )
    night.write("graphs/tick.yaml", skips + schedule)
    night.write("graphs/quick", "")
    assert night("run", "tick", "--due", due(3), "--no-picture").code == 0
    (night.folder / "graphs/quick").unlink()
    night.fifo("graphs/up")
    night.fifo("graphs/go-a")
    first = night.start("run", "tick", "--run-id", "a", "--no-picture")
    assert night.hear("graphs/up") == "a\n"
    server = night.start("serve", "--catch-up", "newest")
    said = heard(server, f"{run_id(0)}  cancelled")
    assert "skipped: run 'a' is active, and max_active_runs of graph 'tick' is 1" in said
    server.send_signal(signal.SIGINT)
    night.tell("graphs/go-a", "0")
    assert (finish(server).code, finish(first).code) == (0, 0)
