"""A step that does its work for each item of a list, from the command line: seen, explained, and items run again."""

import pytest

from tests.e2e.command_line import Place, Said

FAN = """
name: fan
params: {tables: {type: list, default: [orders, customers, rates]}}
steps:
  load:
    map: "{{ params.tables }}"
    command: |
      echo {{ item }} >> loaded
      [ {{ item }} != rates ] || [ -e fixed ] || exit 3
      echo '{"rows": {{ index }}}' > "$ORCHESTRATOR_OUTPUTS"
  report: {after: load, command: "echo {{ steps.load.outputs['items'] }} > report"}
"""


@pytest.fixture
def failed(place: Place) -> Place:
    place.write("fan.yaml", FAN)
    said = place("run", "fan.yaml", "--run-id", "f1", "--no-picture")
    assert (said.code, "load failed: 1 of 3 items failed: 1 exit\n  load/2 failed: exit status 3\n" in said.out) == (
        1,
        True,
    ), said
    return place


def again(place: Place, *more: str) -> Said:
    place.write("fixed", "")
    return place("rerun", "f1", "--yes", "--no-picture", *more)


def loaded(place: Place) -> list[str]:
    return sorted(place.read("loaded").split())


def test_an_item_has_a_status_a_log_and_an_explanation(failed: Place) -> None:
    steps = failed.look("status", "f1/load", "--json").json["steps"]
    assert {name: step["status"] for name, step in steps.items()} == {
        "load.0": "succeeded", "load.1": "succeeded", "load.2": "failed",
    }  # fmt: skip
    assert failed.look("explain", "f1", "load/2").lines[0] == "load.2: failed: exit status 3"
    assert failed.look("explain", "f1", "load").lines[1:] == [
        "  load/2 failed: exit status 3", "  the run inside it: orchestrator status f1/load",
    ]  # fmt: skip
    assert failed.look("explain", "f1", "load/0").lines[-1] == '  outputs: {"rows": 0}'


def test_a_rerun_does_only_the_items_again_that_failed(failed: Place) -> None:
    said = again(failed)
    assert said.code == 0, said
    assert said.lines[:3] == [
        "run f1.2 will rerun f1 (failed): 2 steps again, 0 kept",
        "  again  load    failed; inside it, load.2 again, 2 kept",
        "  again  report  upstream failed",
    ]
    assert loaded(failed) == ["customers", "orders", "rates", "rates"]


def test_one_item_runs_again_with_those_that_failed_or_alone(failed: Place) -> None:
    plan = failed.look("rerun", "f1", "--dry-run", "--from", "load/0", "--json").json
    assert plan["steps"]["load"]["inside"] == {"again": ["load.0", "load.2"], "kept": 1}
    said = again(failed, "--only", "load/0", "--only", "report")
    assert said.code == 1, said  # load.2 is kept as it failed
    assert said.lines[1] == "  again  load    named inside it: load.0; inside it, load.0 again, 2 kept"
    assert loaded(failed) == ["customers", "orders", "orders", "rates"]
    whole = failed("rerun", "f1.2", "--from", "load/load.1", "--yes", "--no-picture")
    assert (whole.code, loaded(failed)) == (0, ["customers", "customers", "orders", "orders", "rates", "rates"])
    once_more = failed("rerun", "f1.3", "--only", "load/1", "--yes", "--no-picture")  # which succeeded as a whole
    assert (once_more.code, loaded(failed).count("customers"), len(loaded(failed))) == (0, 3, 7)


def test_failures_that_are_tolerated_are_told_and_their_logs_shown(place: Place) -> None:
    place.write(
        "fan.yaml",
        FAN.replace("  load:\n", "  load:\n    tolerate: 1\n").replace("|| exit 3", "|| { echo oh; exit 3; }"),
    )
    said = place("run", "fan.yaml", "--run-id", "f1", "--no-picture")
    told = "1 of 3 items failed, tolerated"
    assert (said.code, f"load    succeeded        0.0 s  {told}" in "\n".join(said.lines)) == (0, True), said
    assert f"\nload succeeded: {told}\n  load/2 failed: exit status 3: oh\n    log  " in said.out
    shown = place.look("status", "f1").lines
    assert [line for line in shown if told in line] == [
        f"✓ load    succeeded          0.0 s  {told}", f"load succeeded: {told}",
    ]  # fmt: skip
    assert any(line.endswith(f"load    succeeded: {told}") for line in place.look("story", "f1").lines)
    assert place.look("logs", "f1").out.splitlines() == [
        f"==> load, attempt 1: succeeded: {told} <==", "==> load/load.2, attempt 1: failed: exit status 3: oh <==",
        "oh",
    ]  # fmt: skip
    hint = place.look("status", "f1/load").lines[-1]
    assert hint == "rerun     orchestrator rerun f1 --from load/2"
    again = place.look(*hint.split()[2:], "--dry-run")
    assert (again.code, again.lines[1]) == (
        0,
        "  again  load    named inside it: load.2; inside it, load.2 again, 2 kept",
    )


def test_what_cannot_run_again_alone_is_refused_and_the_answer_says_why(failed: Place) -> None:
    for words, said in (
        (("--from", "load/3"), "--from: graph 'load' has no step '3': its items are 0 to 2"),
        (("--from", "report/1"), "--from: step 'report' of graph 'fan' runs no graph, so there is no step inside it"),
        (
            ("--only", "load/0", "--param", 'tables=["a"]'),
            "--only: all steps inside 'load' run again, not only load.0, because params have other values: "
            "name 'load' instead",
        ),
    ):
        refused = failed.look("rerun", "f1", "--dry-run", *words)
        assert (refused.code, refused.err) == (2, f"error: {said}\n")
