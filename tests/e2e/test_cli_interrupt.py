"""Runs that are killed, interrupted, left and resumed, in real processes and with real signals."""

import signal
import time
from datetime import datetime
from pathlib import Path

import pytest

from orchestrator.system.process_group import alive
from tests.e2e.command_line import TIMEOUT, Place, finish

#: ``slow`` says when it has started and ends when it is told to, once the file ``again`` is there at once.
GRAPH = """
name: long
steps:
  first: {command: "echo first >> effects"}
  slow:
    after: first
    command: |
      echo started >> effects
      [ -e again ] || { echo up > up; read word < go; }
      echo ended >> effects
  last: {after: slow, command: "echo last >> effects"}
"""


@pytest.fixture
def long(place: Place) -> Place:
    place.write("long.yaml", GRAPH)
    place.fifo("up")
    place.fifo("go")
    return place


def statuses(place: Place, run: str = "r1") -> dict[str, tuple[str, int]]:
    """Each step's status and newest attempt."""
    steps = place.look("status", run, "--json").json["steps"]
    return {name: (step["status"], step["attempt"]) for name, step in steps.items()}


START = ("run", "long.yaml", "--run-id", "r1", "--no-picture")


def test_after_kill_9_the_run_is_resumed_and_the_command_that_still_runs_is_taken_over(long: Place) -> None:
    running = long.start(*START)
    long.hear("up")
    running.kill()
    assert finish(running).code == -signal.SIGKILL
    assert long.look("status").out.splitlines()[-1] == (
        "no process drives this run: continue it with 'orchestrator resume r1'"
    )
    resumed = long.start("resume", "--json", "--no-picture")
    long.tell("go", "on")
    said = finish(resumed)
    assert (said.code, said.err) == (0, "")
    assert {name: step["attempt"] for name, step in said.json["steps"].items()} == {"first": 1, "slow": 1, "last": 1}
    assert long.read("effects").split() == ["first", "started", "ended", "last"]
    assert of_the_run(long) == [
        ("run started", False),
        ("the last that is known of the process that drove the run: it was killed, or crashed", False),
        ("resumed", True),
        ("run succeeded", False),
    ]


def of_the_run(place: Place) -> list[tuple[str, bool]]:
    """What happened to the run itself, and whether it is said who did it."""
    told = place.look("story", "r1", "--json").json
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)
    return [(one["what"], one["by"] is not None) for one in told if one["step"] is None]


def test_a_command_that_ended_while_nobody_drove_the_run_is_not_run_again(long: Place) -> None:
    running = long.start(*START)
    long.hear("up")
    running.kill()
    finish(running)
    long.tell("go", "on")
    said = long("run", "long.yaml", "--run-id", "r1", "--json", "--no-picture")  # which continues it as well
    assert said.code == 0
    assert long.read("effects").split() == ["first", "started", "ended", "last"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_what_runs_and_resume_runs_it_again(long: Place, number: int) -> None:
    running = long.start(*START)
    long.hear("up")
    running.send_signal(number)
    said = finish(running)
    assert (said.code, said.err) == (130, "")
    assert said.lines[-3:] == [
        "interrupted after 0.0 s: 1 succeeded, 1 up for retry, 1 pending",
        "logs      .orchestrator/runs/r1/steps",
        "continue  orchestrator resume r1",
    ]
    assert statuses(long) == {"first": ("succeeded", 1), "slow": ("up_for_retry", 1), "last": ("pending", 0)}
    long.write("again", "")
    assert long("resume", "r1", "--no-picture").code == 0
    assert statuses(long) == {"first": ("succeeded", 1), "slow": ("succeeded", 2), "last": ("succeeded", 1)}
    assert long.read("effects").split() == ["first", "started", "started", "ended", "last"]
    assert of_the_run(long) == [
        ("run started", False),
        ("interrupted", True),
        ("resumed", True),
        ("run succeeded", False),
    ]


def test_an_interruption_can_leave_what_runs_and_resume_takes_it_over(long: Place) -> None:
    running = long.start(*START, "--on-interrupt", "leave", "--json")
    long.hear("up")
    running.send_signal(signal.SIGINT)
    said = finish(running)
    assert said.code == 130
    assert said.json["status"] == "interrupted"
    assert said.err == "continue  orchestrator resume r1\n"
    assert statuses(long)["slow"] == ("running", 1)
    long.tell("go", "on")
    assert long("resume", "r1", "--no-picture").code == 0
    assert statuses(long)["slow"] == ("succeeded", 1)
    assert long.read("effects").split() == ["first", "started", "ended", "last"]


def test_the_second_interruption_leaves_at_once(long: Place) -> None:
    long.write("long.yaml", GRAPH.replace("echo started", "trap '' TERM; echo started"))
    running = long.start(*START)
    long.hear("up")
    running.send_signal(signal.SIGINT)
    assert running.stdout is not None
    line = next(line for line in running.stdout if "stopping" in line)
    assert line.endswith("stopping: asked 1 process to end; press Ctrl-C again to leave at once\n")
    running.send_signal(signal.SIGINT)
    left = "interrupted: 1 process is still running; 'orchestrator resume r1' takes it over or ends it\n"
    assert list(running.stdout)[-1].endswith(left)
    assert running.wait(TIMEOUT) == 130
    assert running.stderr is not None
    running.stdout.close()
    running.stderr.close()
    assert statuses(long)["slow"] == ("running", 1)


#: Works, and says that it has stopped in good order when it is told to, with its work undone.
OBEDIENT = """
name: long
steps:
  slow:
    command: |
      [ -e again ] || { trap 'exit 0' TERM; echo up > up; while :; do sleep 0.01; done; }
      echo ended >> effects
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_exits_with_0_because_it_was_told_to_stop_runs_again(long: Place, number: int) -> None:
    long.write("long.yaml", OBEDIENT)
    running = long.start(*START)
    long.hear("up")
    running.send_signal(number)
    assert finish(running).code == 130
    assert statuses(long) == {"slow": ("up_for_retry", 1)}
    long.write("again", "")
    assert long("resume", "r1", "--no-picture").code == 0
    assert statuses(long) == {"slow": ("succeeded", 2)}
    assert long.read("effects") == "ended\n"


def test_a_command_that_exits_with_0_because_its_run_was_cancelled_has_not_succeeded(long: Place) -> None:
    long.write("long.yaml", OBEDIENT)
    running = long.start(*START)
    long.hear("up")
    running.kill()
    finish(running)
    assert long.look("cancel", "r1").code == 0
    assert statuses(long) == {"slow": ("cancelled", 1)}


def test_a_command_that_exits_with_0_because_its_time_is_up_has_failed(long: Place) -> None:
    command = "trap 'exit 0' TERM; while :; do sleep 0.01; done"
    long.write("long.yaml", f'name: long\nsteps: {{slow: {{timeout: 0.2s, command: "{command}"}}}}\n')
    step = long.run("long.yaml").json["steps"]["slow"]
    assert (step["status"], step["error"]) == ("failed", "took longer than its timeout of 0.2 s")


@pytest.mark.slow
def test_what_was_asked_to_stop_and_left_is_ended_by_whoever_resumes_and_runs_again(long: Place) -> None:
    long.write("long.yaml", GRAPH.replace("echo started", "trap '' TERM; echo started"))
    running = long.start(*START)
    long.hear("up")
    running.send_signal(signal.SIGINT)
    while not list(long.folder.glob(".orchestrator/runs/r1/steps/*-slow/1/stopped")):
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    finish(running)
    long.write("again", "")
    assert long("resume", "r1", "--no-picture").code == 0
    assert statuses(long)["slow"] == ("succeeded", 2)
    assert long.read("effects").split() == ["first", "started", "started", "ended", "last"]


#: Two processes: one that ends when it is told to, and one that is deaf and writes on.
DEAF = """
name: long
steps:
  slow:
    command: "[ -e again ] || { ( trap '' TERM; while :; do echo x >> seen; sleep 0.01; done ) & echo up > up; wait; }"
"""


@pytest.mark.slow
def test_nothing_of_an_interrupted_attempt_runs_on_beside_the_next(long: Place) -> None:
    long.write("long.yaml", DEAF)
    running = long.start(*START)
    long.hear("up")
    running.send_signal(signal.SIGTERM)
    assert finish(running).code == 130
    (group,) = (int(pid.read_text()) for pid in long.folder.glob(".orchestrator/runs/r1/steps/*/1/pid"))
    assert not alive(group)
    long.write("again", "")
    assert long("resume", "r1", "--no-picture").code == 0
    assert statuses(long) == {"slow": ("succeeded", 2)}


def test_a_run_is_driven_by_one_process_at_a_time(long: Place) -> None:
    running = long.start(*START)
    long.hear("up")
    for words in (START, ("resume", "r1")):
        said = long.look(*words)
        assert (said.code, said.out) == (2, "")
        assert said.err == (
            "error: run 'r1' is being driven by another process: watch it with 'orchestrator status r1'\n"
        )
    assert "no process drives" not in long.look("status").out
    long.tell("go", "on")
    assert finish(running).code == 0


@pytest.mark.slow
def test_resume_wants_a_name_where_several_runs_are_unfinished_and_there_is_nothing_to_do_without_any(
    place: Place,
) -> None:
    place.write("once.yaml", "name: once\nsteps: {a: {command: 'true'}}\n")
    place.run("once.yaml", "--run-id", "done")
    assert place.look("resume").err == "error: there is no unfinished run here, so nothing to resume\n"
    place.write("long.yaml", GRAPH)
    place.fifo("up")
    place.fifo("go")
    for run in ("r1", "r2"):
        running = place.start("run", "long.yaml", "--run-id", run)
        place.hear("up")
        running.kill()
        finish(running)
    assert place.look("resume").err == "error: 2 runs are unfinished, name the one to resume: r2, r1\n"


@pytest.mark.slow
def test_what_a_run_needs_is_in_the_run_so_the_graph_may_be_gone(long: Place) -> None:
    running = long.start(*START)
    long.hear("up")
    running.kill()
    finish(running)
    Path(long.folder / "long.yaml").unlink()
    long.tell("go", "on")
    assert long("resume", "r1", "--no-picture").code == 0


def _ended(place: Place, run: str) -> float:
    """Let the step go on, and wait until it has ended. Returns when that was."""
    place.tell("go", "on")
    status = place.folder / f".orchestrator/runs/{run}/steps/000-b/1/exit"
    while not status.exists():
        time.sleep(0.01)
    return status.stat().st_mtime


def test_a_step_that_ended_while_its_driver_stood_still_has_not_reached_its_timeout(place: Place) -> None:
    """As after Ctrl-Z and fg: the time that the process stood still was counted as the step's."""
    for name in ("up", "go"):
        place.fifo(name)
    for number, seconds in enumerate((6.0, 30.0, 150.0)):  # a busy machine needs a longer one
        step = f"{{command: 'echo up > up; read word < go', timeout: {seconds:g}s}}"
        place.write("short.yaml", f"name: short\nsteps:\n  b: {step}\n")
        run = f"r{number}"
        driver = place.start("run", "short.yaml", "--run-id", run)
        place.hear("up")
        driver.send_signal(signal.SIGSTOP)
        stood = time.time()
        began = datetime.fromisoformat(place.look("status", run, "--json").json["steps"]["b"]["started_at"]).timestamp()
        if stood < began + seconds - 1 and _ended(place, run) < began + seconds - 1:
            break
        driver.kill()
        driver.communicate()
    time.sleep(max(0.0, began + seconds + 1 - time.time()))
    driver.send_signal(signal.SIGCONT)
    assert finish(driver).code == 0
    assert statuses(place, run) == {"b": ("succeeded", 1)}
