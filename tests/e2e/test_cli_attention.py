"""``on_failure: hold`` with ``retry`` and ``mark`` on this machine."""

import re
from subprocess import Popen

import pytest

from tests.e2e.command_line import Place, Said, finish

#: ``a`` fails until there is a file; ``c`` says that it runs, and takes an hour.
GRAPH = """
name: g
defaults: {on_failure: hold}
steps:
  a: {command: "test -e mended && echo '{\\"n\\": 2}' > $ORCHESTRATOR_OUTPUTS"}
  b: {after: a, command: "echo {{ steps.a.outputs.n }} >> effects"}
"""
LONG = """
name: g
steps:
  c: {command: "echo here > pipe; sleep 3600"}
  d: {after: c, command: "true"}
"""

START = ("run", "g.yaml", "--run-id", "g-1", "--no-picture")


@pytest.fixture
def here(place: Place) -> Place:
    place.write("g.yaml", GRAPH)
    return place


def statuses(place: Place) -> dict[str, str]:
    return {name: step["status"] for name, step in place.look("status", "g-1", "--json").json["steps"].items()}


def without_names(text: str) -> str:
    """What was said, without who runs the tests, and when."""
    return re.sub(r"by \S+ at (\d\d:\d\d:\d\d|TIME)", "by ME at TIME", text)


def waiting(driver: "Popen[str]") -> str:
    """What the driver says when it waits for people."""
    assert driver.stdout is not None
    return next(line for line in driver.stdout if "waiting: " in line).partition("  ")[2].rstrip()


def test_a_step_that_has_failed_is_retried_and_the_run_goes_on(here: Place) -> None:
    driver = here.start(*START)
    assert waiting(driver) == (
        "waiting: nothing else is left: a needs attention; 'orchestrator retry g-1 a' tries again, "
        "'orchestrator mark g-1 a succeeded|failed|skipped' continues without it, 'orchestrator cancel g-1' ends it"
    )
    assert statuses(here) == {"a": "needs_attention", "b": "pending"}
    shown = here.look("status", "g-1").out
    assert "! a  needs attention" in shown
    assert "a needs attention: exit status 1" in shown
    assert here.look("explain", "g-1", "a").lines[:2] == [
        "a: needs attention: it failed: exit status 1",
        "  the steps after it wait until somebody retries or marks it",
    ]
    assert here("retry", "g-1", "a").lines == ["run g-1: a is retried: attempt 2"]
    waiting(driver)
    here.write("mended", "")
    assert here("retry", "g-1", "a", "--why", "mended").code == 0
    assert finish(driver).code == 0
    assert here.read("effects") == "2\n"
    assert here.look("status", "g-1", "--json").json["steps"]["a"]["attempt"] == 3


def test_what_a_run_waits_for_is_told_on_standard_error_where_json_is_wanted(here: Place) -> None:
    """It waited, and said nothing."""
    driver = here.start(*START, "--json")
    assert driver.stderr is not None
    assert driver.stderr.readline().startswith("waiting: nothing else is left: a needs attention; ")
    here("mark", "g-1", "a", "skipped", "--why", "so")
    assert finish(driver).json["status"] == "succeeded"


def test_a_step_that_has_failed_is_marked_with_outputs(here: Place) -> None:
    driver = here.start(*START)
    waiting(driver)
    said = here("mark", "g-1", "a", "succeeded", "--outputs", '{"n": 42}', "--why", "by hand")
    assert (said.code, said.lines) == (0, ["run g-1: a marked succeeded"])
    assert finish(driver).code == 0
    assert here.read("effects") == "42\n"
    told = here.look("status", "g-1", "--json").json["steps"]["a"]
    assert (told["cause"], told["outputs"]) == ("marked", {"n": 42})
    assert (told["marked"]["as"], told["marked"]["why"]) == ("succeeded", "by hand")
    assert without_names(here.look("explain", "g-1", "a").lines[0]) == ("a: marked succeeded by ME at TIME: by hand")


def test_a_running_step_that_is_marked_is_stopped_first(here: Place) -> None:
    here.write("g.yaml", LONG)
    here.fifo("pipe")
    driver = here.start(*START)
    here.hear("pipe")
    said = here("mark", "g-1", "c", "skipped", "--why", "not today")
    assert said.lines == ["run g-1: c is asked to stop, and ends as skipped when its job has ended"]
    assert finish(driver).code == 0
    assert statuses(here) == {"c": "skipped", "d": "skipped"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("mark", "g-1", "a", "failed", "--outputs", "{}", "--why", "x"), "--outputs: expected 'succeeded' with it"),
        (("mark", "g-1", "a", "succeeded", "--outputs", "[1]", "--why", "x"), "--outputs: expected a JSON object"),
        (("mark", "g-1", "a", "succeeded", "--outputs", "{", "--why", "x"), "--outputs: expected a JSON object"),
        (("mark", "g-1", "a", "running", "--why", "x"), "'running' is not one of 'succeeded', 'failed', 'skipped'"),
        (("mark", "g-1", "a", "failed"), "missing option '--why'"),
        (("mark", "g-1", "x", "failed", "--why", "x"), "graph 'g' has no step 'x'"),
        (
            ("mark", "g-1", "a", "succeeded", "--outputs", '{"a": 1, "a": 2}', "--why", "x"),
            "the key 'a' is written twice",
        ),
    ],
)
def test_what_is_wrong_use_is_told(here: Place, words: tuple[str, ...], complaint: str) -> None:
    driver = here.start(*START)
    waiting(driver)
    here("cancel", "g-1")
    finish(driver)
    said = here.look(*words)
    assert said.code == 2
    assert complaint in said.err
    late = "there is nothing left to retry; to run again what did not succeed: orchestrator rerun g-1"
    assert here.look("retry", "g-1", "a") == Said(1, f"run 'g-1' has ended (cancelled): {late}\n", "")


def test_what_needs_no_attention_is_not_retried_and_what_has_ended_is_not_marked(here: Place) -> None:
    driver = here.start(*START)
    waiting(driver)
    said = here("retry", "g-1", "b")
    assert (said.code, said.lines) == (1, ["run g-1: b does not need attention: it is pending"])
    here("hold", "g-1", "b", "--why", "not yet")
    here("mark", "g-1", "a", "skipped", "--why", "so")
    said = here("mark", "g-1", "a", "failed", "--why", "no")
    assert said.code in (1, 2)  # b is skipped with it, so the run may have ended by now
    assert finish(driver).code == 0
