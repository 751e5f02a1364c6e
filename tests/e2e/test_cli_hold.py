"""``hold`` and ``release`` on this machine: of a run that another process drives, and of one that nobody drives."""

import re
import signal

import pytest

from orchestrator.operations.foreign_changes import GOES_ON
from tests.e2e.command_line import Place, Said, finish

#: ``a`` says that it runs, and waits for a word.
GRAPH = """
name: g
steps:
  a: {command: "echo here > pipe; read word < go"}
  b: {after: a, command: "echo b >> effects"}
  c: {after: b, command: "true"}
"""

START = ("run", "g.yaml", "--run-id", "g-1", "--no-picture")
WHY = ("--why", "not yet")


@pytest.fixture
def here(place: Place) -> Place:
    place.write("g.yaml", GRAPH)
    place.fifo("pipe")
    place.fifo("go")
    return place


def without_names(text: str) -> str:
    """What was said, without who runs the tests, and when."""
    return re.sub(r"by \S+ at (\d\d:\d\d:\d\d|TIME)", "by ME at TIME", text)


def statuses(place: Place) -> dict[str, str]:
    return {name: step["status"] for name, step in place.look("status", "g-1", "--json").json["steps"].items()}


def test_a_step_is_held_while_its_run_is_driven_and_goes_on_when_it_is_released(here: Place) -> None:
    driver = here.start(*START)
    here.hear("pipe")
    assert without_names(here("hold", "g-1", "b", *WHY).out).splitlines() == [
        "run g-1: b held by ME at TIME: not yet",
        "release: orchestrator release g-1 b",
    ]
    again = here("hold", "g-1", "b", "--why", "mine too")
    assert (again.code, without_names(again.lines[0])) == (0, "run g-1: b was already held by ME at TIME: not yet")
    here.tell("go", "on")
    assert driver.stdout is not None
    heard = next(line for line in driver.stdout if "waiting: " in line)
    assert without_names(heard).partition("  ")[2] == (
        "waiting: nothing else is left: b is held by ME at TIME: not yet; "
        "'orchestrator release g-1' continues it, 'orchestrator cancel g-1' ends it\n"
    )
    assert statuses(here) == {"a": "succeeded", "b": "pending", "c": "pending"}
    shown = without_names(here.look("status", "g-1").out)
    assert "· b  pending                   held by ME at TIME: not yet" in shown
    assert "nothing else is left: b is held by ME at TIME: not yet" in shown
    assert without_names(here.look("explain", "g-1", "b").out).splitlines() == [
        "b: pending: it is ready",
        "  it is held by ME at TIME: not yet; it does not start until it is released",
    ]
    held = here.look("status", "g-1", "--json").json["steps"]["b"]["held"]
    assert (held["why"], held["until"]) == ("not yet", None)
    here("plot", "--run", "g-1", "-o", "g.mmd")
    assert "held" in here.read("g.mmd")
    assert here("release", "g-1") == Said(0, "run g-1: b released\n", "")
    assert here("release", "g-1").code in (0, 2)  # the run may have ended by now
    assert finish(driver).code == 0
    assert statuses(here) == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}


def test_a_run_is_held_and_cancelled_from_another_terminal(here: Place) -> None:
    driver = here.start(*START)
    here.hear("pipe")
    said = without_names(here("hold", "g-1", *WHY).out).splitlines()
    assert said[:2] == ["run g-1: a, b and c held by ME at TIME: not yet", "run g-1: 1 attempt that had begun goes on"]
    here.tell("go", "on")
    assert driver.stdout is not None
    assert any("nothing else is left: b is held" in line for line in driver.stdout)
    assert here("cancel", "g-1", "--why", "enough").code == 0
    assert finish(driver).code == 1
    assert statuses(here) == {"a": "succeeded", "b": "cancelled", "c": "cancelled"}


def test_what_is_held_until_a_time_goes_on_by_itself_and_the_driver_says_so(here: Place) -> None:
    driver = here.start(*START)
    here.hear("pipe")
    here("hold", "g-1", "b", "--until", "5s", *WHY)
    here.tell("go", "on")
    driven = finish(driver)
    assert driven.code == 0
    waits = [line for line in driven.lines if "waiting: " in line]
    assert all(" until " in line for line in waits)
    told = sum(line.endswith(GOES_ON) for line in driven.lines)
    assert len(waits) - told in (0, 1)  # what has ended before the driver looks again is not said to go on


def test_a_run_that_nobody_drives_is_held_and_waits_when_it_is_resumed(here: Place) -> None:
    driver = here.start(*START)
    here.hear("pipe")
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert here("hold", "g-1", "b", *WHY).code == 0
    here.tell("go", "on")
    resumed = here.start("resume", "g-1", "--no-picture")
    assert resumed.stdout is not None
    assert any("nothing else is left: b is held" in line for line in resumed.stdout)
    resumed.send_signal(signal.SIGINT)
    left = finish(resumed)
    assert (left.code, left.lines[-1]) == (130, "continue  orchestrator resume g-1")
    said = here("release", "g-1").lines
    assert said == ["run g-1: b released", "no process drives this run: continue it with 'orchestrator resume g-1'"]
    assert here("resume", "g-1", "--no-picture").code == 0
    assert here.read("effects") == "b\n"


def test_what_cannot_be_held_is_told_and_is_no_success(here: Place) -> None:
    here.write("g.yaml", "name: g\nsteps: {a: {command: 'true'}, b: {after: a, command: 'read word < go'}}\n")
    driver = here.start(*START)
    assert driver.stdout is not None
    next(line for line in driver.stdout if "b  running" in line)
    said = here("hold", "g-1", "a", *WHY)
    assert (said.code, said.lines[0]) == (1, "run g-1: a cannot be held: it has ended (succeeded)")
    assert here.look("hold", "g-1", "x", *WHY).code == 2
    assert here.look("hold", "g-1", "b").code == 2
    assert here.look("hold", "g-1", "--until", "noon", *WHY).code == 2
    far = here.look("hold", "g-1", "b", "--until", "9999-12-31", *WHY)
    assert far == Said(2, "", "error: --until: expected a time at most 3650 days from now, got 9999-12-31\n")
    assert "at most 3650 days from now" in here.look("hold", "g-1", "b", "--until", "9999999d", *WHY).err
    assert here("release", "g-1") == Said(0, "run g-1: nothing was held\n", "")
    here.tell("go", "on")
    finish(driver)
    over = "run 'g-1' has ended (succeeded): there is nothing left to hold\n"
    assert here.look("hold", "g-1", *WHY) == Said(1, over, "")
    assert here.look("hold", "g-1", "x", *WHY).code == 2
    released = Said(0, "run g-1 has ended (succeeded): none of its steps is held\n", "")
    assert (here("release", "g-1"), here("release", "g-1", "a")) == (released, released)
