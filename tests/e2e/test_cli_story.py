"""``story`` on this machine: what happened, in order, and who did what."""

import re

from tests.e2e.command_line import Place, finish

GRAPH = """
name: g
steps:
  a: {command: "exit 3", retry: {attempts: 2, delay: 0s}, on_failure: hold}
  b: {after: a, command: "true"}
  c: {after: b, command: "true"}
"""


def without_times(line: str) -> str:
    """What happened, without when, and who runs the tests."""
    return re.sub(r"by \S+?:", "by ME:", re.sub(r"^(\S+ \S+|TIME)  ", "", line))


def test_a_story_tells_who_did_what_and_what_came_of_it(place: Place) -> None:
    place.write("g.yaml", GRAPH)
    driver = place.start("run", "g.yaml", "--run-id", "g-1", "--no-picture")
    assert driver.stdout is not None
    next(line for line in driver.stdout if "waiting: " in line)
    place("hold", "g-1", "b", "--why", "not yet")
    place("mark", "g-1", "a", "succeeded", "--why", "by hand")
    next(line for line in driver.stdout if "waiting: " in line)
    place("cancel", "g-1", "c", "--why", "nobody reads it")
    place("release", "g-1", "--why", "now")
    assert finish(driver).code == 1
    told = [without_times(line) for line in place.look("story", "g-1").lines]
    assert told[0] == "-  run started"
    assert told[-1] == "-  run failed"
    assert [line for line in told if line.startswith("a") and "running" not in line] == [
        "a  attempt 1 launched",
        "a  attempt 1 failed: exit status 3",
        "a  attempt 2 launched",
        "a  marked succeeded by ME: by hand",
        "a  succeeded: exit status 3",
    ]
    assert [line for line in told if line.startswith("b") and "attempt" not in line] == [
        "b  held by ME: not yet",
        "b  released by ME: now",
        "b  succeeded",
    ]
    assert [line for line in told if line.startswith("c")] == ["c  cancelled by ME: nobody reads it", "c  cancelled"]
    data = place.look("story", "g-1", "c", "--json").json
    assert [(one["step"], one["what"], one["why"]) for one in data] == [
        (None, "run started", None),
        ("c", "cancelled", "nobody reads it"),
        ("c", "cancelled", None),
        (None, "run failed", None),
    ]
    assert place.look("story", "g-1", "x").code == 2
