"""``cancel`` on this machine: of runs that another process drives, that nobody drives, and of single steps."""

import os
import re
import signal

import pytest

from orchestrator.operations.control import arguments
from tests.e2e.command_line import Place, Said, finish

#: ``a`` says that it runs, and then takes an hour.
GRAPH = """
name: g
steps:
  a: {command: "echo here > pipe; sleep 3600", retry: {attempts: 3, delay: 1s}}
  b: {after: a, command: "true"}
  tidy: {after: b, teardown: true, command: 'echo "tidied$WHERE" >> effects'}
"""

START = ("run", "g.yaml", "--run-id", "g-1", "--no-picture")
WHY = ("--why", "wrong input")


@pytest.fixture
def here(place: Place) -> Place:
    place.write("g.yaml", GRAPH)
    place.fifo("pipe")
    return place


def statuses(place: Place) -> dict[str, str]:
    return {name: step["status"] for name, step in place.look("status", "g-1", "--json").json["steps"].items()}


def without_names(text: str) -> str:
    """What was said, without who runs the tests, and when."""
    return re.sub(r"by \S+ at \d\d:\d\d:\d\d", "by ME at TIME", text)


def test_a_run_that_another_process_drives_is_cancelled_and_both_say_so(here: Place) -> None:
    driver = here.start(*START)
    here.hear("pipe")
    said = here("cancel", "g-1", *WHY)
    assert (said.code, said.err) == (0, "")
    assert without_names(said.out).splitlines() == [
        "run g-1: cancelled 1 step that had no job, and asked 1 job to stop",
        "the run was cancelled by ME at TIME: wrong input",
        "a cancelled: its job was stopped",
        "  log  .orchestrator/runs/g-1/steps/000-a/1/log",
        "the run has ended: cancelled",
    ]
    driven = finish(driver)
    assert driven.code == 1
    assert "cancelled after 0.0 s: 1 succeeded, 2 cancelled" in driven.lines
    assert statuses(here) == {"a": "cancelled", "b": "cancelled", "tidy": "succeeded"}
    assert here.read("effects") == "tidied\n"


def test_a_run_whose_driver_was_killed_is_cancelled_and_its_teardown_runs(here: Place) -> None:
    here.write("orchestrator.yaml", "env: {WHERE: ' everywhere'}\n")
    driver = here.start(*START)
    here.hear("pipe")
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    said = here("cancel", "g-1")
    assert (said.code, said.out.splitlines()[-1]) == (0, "the run has ended: cancelled")
    assert statuses(here) == {"a": "cancelled", "b": "cancelled", "tidy": "succeeded"}
    assert here.read("effects") == "tidied everywhere\n"
    again = here.look("cancel", "g-1")
    assert again == Said(0, "run g-1 has ended (cancelled): there is nothing left to cancel\n", "")


@pytest.mark.slow
def test_a_cancelled_run_is_told_alike_wherever_it_is_shown(here: Place) -> None:
    driver = here.start(*START)
    here.hear("pipe")
    here("cancel", "g-1", *WHY)
    finish(driver)
    _, listed = here.look("runs").lines
    assert without_names(listed.replace("at TIME", "at 00:00:00")).split(None, 1)[0] == "g-1"
    assert "cancelled" in listed
    assert "wrong input" in listed
    told = here.look("status", "g-1", "--json").json
    assert (told["status"], told["cancelled"]["why"], "failed" in told) == ("cancelled", "wrong input", False)
    assert here.look("runs", "--json").json[0]["status"] == "cancelled"
    shown = without_names(here.look("status", "g-1").out)
    assert "run g-1 of graph g: cancelled after" in shown
    assert "the run was cancelled by ME at TIME: wrong input" in shown
    explained = [without_names(here.look("explain", "g-1", step).out) for step in ("a", "b")]
    assert "cancelled by ME at TIME: wrong input; its job, attempt 1: it was stopped" in explained[0]
    assert "cancelled by ME at TIME: wrong input; it had not started" in explained[1]
    again = here(*START)
    assert again.code == 1


def test_a_step_is_cancelled_and_the_rest_of_its_run_goes_on(here: Place) -> None:
    here.write("g.yaml", GRAPH + "  c: {command: 'read word < go'}\n")
    here.fifo("go")
    driver = here.start(*START, "--parallel", "2")
    here.hear("pipe")
    said = here("cancel", "g-1", "a", *WHY)
    assert (said.code, said.out.splitlines()[0]) == (0, "run g-1: asked 1 job to stop")
    here.tell("go", "on")
    assert finish(driver).code == 1
    assert here.look("status", "g-1", "--json").json["status"] == "failed"
    assert statuses(here) == {"a": "cancelled", "b": "upstream_failed", "tidy": "succeeded", "c": "succeeded"}


def test_a_step_of_a_run_that_nobody_drives_is_stopped_and_no_other_begins(here: Place) -> None:
    driver = here.start(*START)
    here.hear("pipe")
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert here("cancel", "g-1", "a").code == 0
    assert statuses(here) == {"a": "cancelled", "b": "pending", "tidy": "pending"}
    assert here("resume", "g-1", "--no-picture").code == 1
    assert statuses(here) == {"a": "cancelled", "b": "upstream_failed", "tidy": "succeeded"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("g-2",), "error: no run has the id 'g-2' (did you mean 'g-1'?)\n"),
        (("g-1", "aa"), "error: graph 'g' has no step 'aa' (did you mean 'a'?)\n"),
    ],
)
def test_what_is_not_there_cannot_be_cancelled(here: Place, words: tuple[str, ...], complaint: str) -> None:
    here.write("g.yaml", "name: g\nsteps: {a: {command: 'true'}}\n")
    here(*START)
    assert here.look("cancel", *words) == Said(2, "", complaint)


def test_a_run_that_nobody_drives_is_interrupted_wherever_it_is_shown(here: Place) -> None:
    """``status`` said interrupted, ``runs`` and both ``--json`` said running."""
    driver = here.start(*START)
    here.hear("pipe")
    assert here.look("status", "g-1", "--json").json["status"] == "running"
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert here.look("status", "g-1", "--json").json["status"] == "interrupted"
    assert here.look("runs", "--json").json[0]["status"] == "interrupted"
    assert here.look("status", "g-1").lines[0] == "run g-1 of graph g: interrupted, started TIME, 0.0 s ago"
    assert here.look("plot", "--run", "g-1", "-o", "g.mmd").code == 0
    assert '"g · run g-1 · interrupted"' in here.read("g.mmd")
    assert here.look("runs").lines[1].split()[2] == "interrupted"
    here("cancel", "g-1")


def test_a_cancellation_that_is_left_says_who_ends_it(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It said to type the same command again, though the process that drives the run needed nobody."""
    monkeypatch.setattr("orchestrator.cli.commands.cancel.cancel_here", lambda *_: False)  # as Ctrl-C does
    driver = here.start(*START)
    here.hear("pipe")
    left = "not everything has ended yet"
    assert here.look("cancel", "g-1") == Said(130, f"{left}: the process that drives the run ends the rest\n", "")
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert here.look("cancel", "g-1") == Said(130, f"{left}: repeat the command\n", "")
    monkeypatch.undo()
    here("cancel", "g-1")


def test_a_failed_night_with_a_clean_up_at_its_end_has_failed(here: Place) -> None:
    """Its only leaf succeeds: it was green, with exit code 0."""
    here.write(
        "g.yaml",
        "name: g\nsteps:\n  load: {command: 'echo no such table; exit 4'}\n"
        "  clean-up: {after: load, trigger: all_done, command: 'true'}\n",
    )
    said = here(*START)
    assert said.code == 1
    assert "failed after 0.0 s: 1 succeeded, 1 failed" in said.lines
    assert here.look("runs").lines[1:] == ["g-1  g      failed       TIME  0.0 s     load (exit)"]
    told = here.look("status", "g-1", "--json").json
    assert (told["status"], told["failed"]) == ("failed", {"load": "exit"})


@pytest.mark.parametrize(
    ("keys", "because"),
    [
        ("fails_on: leaves", "because none of its last steps failed (fails_on: leaves): clean-up"),
        ("", "although load did not succeed (allow_failure or teardown)"),
    ],
)
def test_a_run_that_may_succeed_with_a_failed_step_says_why_it_did(here: Place, keys: str, because: str) -> None:
    allowed = "" if keys else ", allow_failure: true"
    here.write(
        "g.yaml",
        f"name: g\n{keys}\nsteps:\n  load: {{command: 'exit 4'{allowed}}}\n"
        "  clean-up: {after: load, trigger: all_done, command: 'true'}\n",
    )
    said = here(*START)
    assert said.code == 0
    assert f"the run counts as succeeded {because}" in said.lines


def test_an_empty_id_is_no_run(here: Place) -> None:
    """It was the beginning of the only one, so a script with an unset variable cancelled that."""
    here.write("g.yaml", "name: g\nsteps: {a: {command: 'true'}}\n")
    here(*START)
    said = Said(2, "", "error: expected a run's id, or the beginning of one, got an empty text\n")
    assert here.look("cancel", "") == said
    assert here.look("status", "") == said
    assert here.look("run", "g.yaml", "--run-id", "").code == 2


def test_who_cancels_what_was_cancelled_is_told_by_whom(here: Place) -> None:
    here.write("g.yaml", GRAPH.replace("sleep 3600", "trap '' TERM; read word < go"))
    here.fifo("go")
    driver = here.start(*START)
    here.hear("pipe")
    first = here.start("cancel", "g-1", *WHY)
    assert first.stdout is not None
    assert first.stdout.readline() == "run g-1: cancelled 1 step that had no job, and asked 1 job to stop\n"
    second = here.start("cancel", "g-1", "--why", "another reason")
    assert second.stdout is not None
    said = without_names(second.stdout.readline())
    assert second.stdout.readline() == "run g-1: 2 steps have not ended yet\n"
    here.tell("go", "on")
    for process in (first, second, driver):
        finish(process)
    assert said == "run g-1 was cancelled by ME at TIME: wrong input: continuing that cancellation\n"
    assert here.look("status", "g-1", "--json").json["cancelled"]["why"] == "wrong input"


FUNCTIONS = """
name: g
deploy: false
steps:
  a: {python: "work:slow"}
  b: {after: a, command: "true"}
"""

SLOW = """
def slow():
    with open("pipe", "w") as pipe:
        print("here", file=pipe)
    with open("go") as go:
        go.read()
"""


@pytest.fixture
def threads(place: Place) -> Place:
    """A place with a graph whose first step is a function that says that it runs, and waits."""
    place.write("g.yaml", FUNCTIONS)
    place.write("work.py", SLOW)
    place.fifo("pipe")
    place.fifo("go")
    return place


def test_a_function_that_nothing_can_stop_is_told_when_its_run_is_cancelled(threads: Place) -> None:
    """It was said that one job had been asked to stop."""
    driver = threads.start(*START)
    threads.hear("pipe")
    canceller = threads.start("cancel", "g-1")
    assert canceller.stdout is not None
    said = [canceller.stdout.readline() for _ in range(2)]
    assert said == [
        "run g-1: cancelled 1 step that had no job\n",
        "a cannot be stopped, and ends when its function returns: only a function with isolated: true can be stopped\n",
    ]
    threads.tell("go", "on")
    assert [finish(process).code for process in (canceller, driver)] == [0, 1]
    assert statuses(threads) == {"a": "succeeded", "b": "cancelled"}


def test_a_function_that_was_interrupted_is_told_so_by_all_commands(threads: Place) -> None:
    """``status`` said that it was running, and ``cancel`` that its job was asked to stop, and stopped."""
    driver = threads.start(*START)
    threads.hear("pipe")
    driver.send_signal(signal.SIGINT)
    said = finish(driver)
    assert said.lines[-4:-2] == [
        "TIME  interrupted: 1 python step cannot be stopped, and ends with this process; "
        "'orchestrator resume g-1' runs it again",
        "interrupted after 0.0 s: 1 interrupted, 1 pending",
    ]
    assert threads.look("status", "g-1").lines[1:4] == [
        "● a  interrupted               will run again",
        "· b  pending                   waiting for a",
        "1 interrupted, 1 pending",
    ]
    assert without_names(threads.look("cancel", "g-1").out).splitlines() == [
        "run g-1: cancelled 1 step that had no job",
        "a was interrupted: nothing of it is left to be stopped",
        "the run was cancelled by ME at TIME",
        "a cancelled: it was interrupted",
        "the run has ended: cancelled",
    ]


def test_two_who_cancel_at_once_are_told_who_was_first(threads: Place) -> None:
    """Both were told that they had done it."""
    driver = threads.start(*START)
    threads.hear("pipe")
    both = [threads.start("cancel", "g-1", "--why", why) for why in ("one", "two")]
    first = [without_names(process.stdout.readline()) for process in both if process.stdout is not None]
    threads.tell("go", "on")
    assert [finish(process).code for process in (*both, driver)] == [0, 0, 1]
    why = threads.look("status", "g-1", "--json").json["cancelled"]["why"]
    assert sorted(first) == [
        "run g-1 was cancelled by ME at TIME: " + f"{why}: continuing that cancellation\n",
        "run g-1: cancelled 1 step that had no job\n",
    ]


def test_a_run_that_fails_because_of_what_may_fail_names_the_step_that_never_ran(here: Place) -> None:
    """It named nothing but steps of which it said that they do not fail the run."""
    here.write(
        "g.yaml",
        "name: g\nsteps:\n  load: {command: 'exit 4', allow_failure: true}\n  report: {after: load, command: 'true'}\n"
        "  tidy: {after: report, teardown: true, command: 'exit 5'}\n",
    )
    said = here(*START)
    assert said.code == 1
    assert [line for line in said.lines if not line.startswith(("TIME", "  log", "logs"))] == [
        "failed after 0.0 s: 2 failed, 1 upstream failed",
        "load failed: exit status 4",
        "report upstream failed: because of load",
        "tidy failed, which does not fail the run: exit status 5",
        "rerun     orchestrator rerun g-1",
    ]
    assert here.look("status", "g-1", "--json").json["failed"] == {"load": "exit", "report": "upstream_failed"}


@pytest.mark.parametrize("code", [0, 3])
def test_a_command_whose_environment_has_no_programs_runs_once_and_ends_as_it_ends(here: Place, code: int) -> None:
    """The shell around it ran ``mv`` in that environment, could not tell how it ended, and it ran 101 times."""
    line = f'["/bin/sh", "-c", "echo ran >> effects; exit {code}"]'
    here.write("g.yaml", f"name: g\nsteps: {{a: {{command: {line}, env: {{PATH: /opt/tool/bin}}}}}}\n")
    assert here(*START).code == (1 if code else 0)
    assert here.read("effects") == "ran\n"


@pytest.mark.parametrize(("code", "status"), [(0, "succeeded"), (3, "failed")])
def test_a_command_that_removes_its_own_folder_runs_once_and_ends_as_it_ends(
    here: Place, code: int, status: str
) -> None:
    line = f'echo ran >> effects; rm -rf "$(dirname "$ORCHESTRATOR_OUTPUTS")"; exit {code}'
    here.write("g.yaml", f"name: g\nsteps:\n  a: {{command: '{line}'}}\n")
    here(*START)
    assert (statuses(here), here.read("effects")) == ({"a": status}, "ran\n")


def test_a_job_that_is_taken_over_to_be_stopped_gets_its_time_to_clean_up(here: Place) -> None:
    """Whoever took it over took its own wish for that of somebody who is gone, and killed it at once."""
    lines = (
        "trap 'read word < go; echo cleaned >> effects; exit 0' TERM",
        "echo here > pipe",
        "while :; do sleep 0.01; done",
    )
    here.write("g.yaml", "\n      ".join(("name: g\nsteps:\n  a:\n    command: |", *lines)) + "\n")
    here.fifo("go")
    driver = here.start(*START)
    here.hear("pipe")
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    canceller = here.start("cancel", "g-1")
    here.tell("go", "on")
    assert finish(canceller).code == 0
    assert here.read("effects") == "cleaned\n"
    assert statuses(here) == {"a": "cancelled"}


def test_a_run_keeps_the_values_with_which_it_started_whoever_brings_it_to_its_end(here: Place) -> None:
    """They decide whether its teardown runs."""
    tidy = "{after: b, teardown: true, when: \"{{ run.deployment.clean == 'yes' }}\", dataflow: {template: gs://t/t}}"
    here.write("g.yaml", GRAPH.partition("  tidy:")[0] + f"  tidy: {tidy}\n")
    driver = here.start(*START, "--fake-dataflow", "--deployment", "clean=yes")
    here.hear("pipe")
    driver.kill()
    assert finish(driver).code == -signal.SIGKILL
    other = here.look(*START, "--fake-dataflow", "--deployment", "clean=no")
    assert other.code == 2
    assert other.err == (
        "error: run 'g-1' was started with other values of --deployment clean, and keeps them: omit the option, "
        "or choose another --run-id\n"
    )
    assert here.look("cancel", "g-1").code == 0
    assert statuses(here) == {"a": "cancelled", "b": "cancelled", "tidy": "succeeded"}


def test_a_user_whom_the_system_has_no_name_for_is_called_by_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr(arguments.getpass, "getuser", nobody)
    assert arguments.who() == f"uid {os.getuid()}"
