"""``hold``, ``release``, ``cancel`` and ``mark`` of items of a map that is at work, on this machine."""

import pytest

from tests.e2e.command_line import Place, finish
from tests.e2e.test_cli_hold import without_names

GRAPH = """
name: q
steps:
  each:
    map: [a, b, c]
    max_parallel: 1
    command: "echo {{ item }} >> done; echo up > up; read word < go"
"""
WHY = ("--why", "late")


@pytest.fixture
def here(place: Place) -> Place:
    place.write("q.yaml", GRAPH)
    place.fifo("up")
    place.fifo("go")
    return place


def test_items_are_held_released_cancelled_and_marked_by_their_numbers(here: Place) -> None:
    driver = here.start("run", "q.yaml", "--run-id", "q1", "--no-picture")
    here.hear("up")
    assert without_names(here("hold", "q1", "each/1", "each/each.2", *WHY).out).splitlines() == [
        "run q1/each: each.1 and each.2 held by ME at TIME: late",
        "release: orchestrator release q1/each 1 each.2",
    ]
    assert here("release", "q1", "each/1").out == "run q1/each: each.1 released\n"
    marked = here("mark", "q1", "each/2", "skipped", *WHY)
    assert (marked.code, marked.out) == (0, "run q1/each: each.2 ends as skipped in a moment, and does not run\n")
    assert here("cancel", "q1", "each/0").lines[0] == "run q1/each: asked 1 job to stop"
    assert here.hear("up") == "up\n"
    here.tell("go", "on")
    assert finish(driver).code == 1
    assert sorted(here.read("done").split()) == ["a", "b"]
    steps = here.look("status", "q1/each", "--json").json["steps"]
    assert [step["status"] for step in steps.values()] == ["cancelled", "succeeded", "skipped"]


def test_what_is_held_around_a_map_at_work_says_how_to_hold_its_items(here: Place) -> None:
    driver = here.start("run", "q.yaml", "--run-id", "q1", "--no-picture")
    here.hear("up")
    said = without_names(here("hold", "q1", *WHY).out).splitlines()
    assert said == [
        "run q1: each held by ME at TIME: late", "run q1: 1 attempt that had begun goes on",
        "run q1: the items of each go on, too: 'orchestrator hold q1/each --why TEXT' holds those to come",
        "release: orchestrator release q1",
    ]  # fmt: skip
    assert here("hold", "q1/each", *WHY).code == 0
    assert here("cancel", "q1").code == 0
    finish(driver)


def test_steps_of_several_runs_are_refused(here: Place) -> None:
    said = here.look("hold", "q1", "each/0", "other", *WHY)
    assert (said.code, said.err) == (
        2,
        "error: expected steps of one run, got steps of q1/each and q1: name those of each by itself\n",
    )
