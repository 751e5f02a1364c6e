"""``set``: the limits of a map that is at work, from another process, on this machine."""

import pytest

from tests.e2e.command_line import Place, finish

GRAPH = """
name: q
max_parallel: 2
steps:
  each:
    map: [a, b, c]
    max_parallel: 1
    command: "echo {{ item }} >> done; echo up > up; read word < go.{{ item }}; test {{ item }} != c"
"""


@pytest.fixture
def here(place: Place) -> Place:
    place.write("q.yaml", GRAPH)
    for name in ("up", "go.a", "go.b", "go.c"):
        place.fifo(name)
    return place


def test_after_a_raise_other_items_begin_while_the_first_is_at_work(here: Place) -> None:
    driver = here.start("run", "q.yaml", "--run-id", "q1", "--no-picture", "--parallel", "4")
    here.hear("up")
    done = here("set", "q1", "each", "max_parallel=3", "tolerate=1", "--why", "the quota was raised")
    assert (done.code, done.lines) == (
        0,
        [
            "run q1: each: set max_parallel=3 (before: 1) and tolerate=1 (before: 0)",
            "what waits for that begins at once, as long as fewer than 3 are at work",
        ],
    )
    here.hear("up")
    here.hear("up")
    assert sorted(here.read("done").split()) == ["a", "b", "c"]
    again = here("set", "q1/each", "max_parallel=3")
    assert again.out == "run q1: each has max_parallel=3 and tolerate=1: there is nothing to change\n"
    assert "it has max_parallel=3 and tolerate=1, last changed by " in here.look("explain", "q1", "each").out
    assert here.look("status", "q1", "--json").json["steps"]["each"]["limits"]["why"] == "the quota was raised"
    for item in "abc":
        here.tell(f"go.{item}", "on")
    assert finish(driver).code == 0
    assert "set max_parallel=3 (before: 1) and tolerate=1 (before: 0) by " in here.look("story", "q1").out
    late = here("set", "q1", "each", "tolerate=2")
    assert (late.code, late.out) == (1, "run 'q1' has ended (succeeded): there is nothing left to set\n")


def test_all_that_is_wrong_is_said_at_once(here: Place) -> None:
    wrong = here.look("set", "q1", "each", "max_paralel=5", "tolerate=x")
    assert (wrong.code, wrong.err) == (
        2,
        "error: max_paralel=5: expected max_parallel or tolerate, got 'max_paralel' (did you mean 'max_parallel'?)\n"
        "tolerate: expected a number of items from 0 to 10,000, or a share such as 5%, got 'x'\n",
    )
    assert here.look("set", "q1", "a", "b", "tolerate=1").err == (
        "error: expected one step, got a and b: write values as max_parallel=50, and repeat the command for each step\n"
    )
