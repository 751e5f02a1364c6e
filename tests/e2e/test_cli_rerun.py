"""``orchestrator rerun``: what a person does the morning after."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.command_line import Place, Said, finish

SALES = """
name: sales
params: {date: {type: date, default: 2026-01-31}}
steps:
  extract:
    command: |
      echo x >> "$ORCHESTRATOR_RUN_DIR/extracted"
      echo '{"rows": 3}' > "$ORCHESTRATOR_OUTPUTS"
  uk:
    after: extract
    command: |
      cat "$ORCHESTRATOR_RUN_DIR/extracted"
      test -e fixed
  de:
    after: extract
    command: echo {{ steps.extract.outputs.rows }} rows
  report:
    after: [uk, de]
    command: echo done
  clean: {after: report, teardown: true, trigger: all_done, command: echo clean}
"""


@pytest.fixture
def failed(place: Place) -> Place:
    place.write("sales.yaml", SALES)
    assert place("run", "sales.yaml", "--run-id", "s1", "--no-picture").code == 1
    return place


def fix(place: Place) -> None:
    (place.folder / "fixed").touch()


def statuses(place: Place, run: str) -> dict[str, tuple[str, bool]]:
    steps = place.look("status", run, "--json").json["steps"]
    return {name: (step["status"], step.get("kept", False)) for name, step in steps.items()}


def again(place: Place, *more: str) -> Said:
    return place("rerun", "s1", "--yes", "--no-picture", *more)


def test_a_rerun_runs_what_failed_and_all_downstream_and_keeps_the_rest(failed: Place):
    fix(failed)
    said = again(failed)
    assert said.code == 0, said
    assert said.lines[:5] == [
        "run s1.2 will rerun s1 (failed): 3 steps again, 2 kept",
        "  again  uk      failed",
        "  again  report  upstream failed",
        "  again  clean   downstream of report",
        "  keep   extract and de",
    ]
    assert "succeeded after 0.0 s: 5 succeeded (2 kept from s1)" in said.lines
    assert statuses(failed, "s1.2") == {
        "extract": ("succeeded", True),
        "uk": ("succeeded", False),
        "de": ("succeeded", True),
        "report": ("succeeded", False),
        "clean": ("succeeded", False),
    }
    assert failed.look("logs", "s1.2", "uk").out == "x\n"  # run.dir is the family's, and extract ran once
    assert failed.look("logs", "s1.2", "de").out == "3 rows\n"
    assert failed.look("verify", "s1.2").code == 0
    assert "after s1 (failed)" in failed.look("runs").lines[1]
    explained = failed.look("explain", "s1.2", "extract").out
    assert "it was kept from an earlier run, and did not run again in this one" in explained


def test_the_plan_alone_starts_nothing_and_its_token_starts_just_that(failed: Place):
    shown = failed("rerun", "s1", "--dry-run", "--json")
    assert shown.code == 0
    assert {name for name, step in shown.json["steps"].items() if step["again"]} == {"uk", "report", "clean"}
    assert "s1.2" not in failed.look("runs").out
    fix(failed)
    other = failed("rerun", "s1", "--from", "de", "--token", shown.json["token"])
    assert (other.code, "have changed since it was shown" in other.err) == (2, True)
    named = failed("rerun", "s1", "--run-id", "mine", "--token", shown.json["token"])
    assert (named.code, "or it was shown with another --run-id or without one" in named.err) == (2, True)
    said = failed("rerun", "s1", "--token", shown.json["token"], "--json", "--no-picture")
    assert (said.code, said.json["run"], said.json["rerun_of"]) == (0, "s1.2", "s1")
    assert said.json["steps"]["extract"]["outputs"] == {"rows": 3}


def test_where_nobody_can_be_asked_yes_is_needed(failed: Place):
    said = failed("rerun", "s1")
    assert (said.code, "add --yes to confirm" in said.err) == (2, True)


def test_a_rerun_that_fails_is_rerun_itself_and_the_first_is_not_rerun_twice(failed: Place):
    said = again(failed)
    assert said.code == 1
    assert said.lines[-1] == "rerun     orchestrator rerun s1.2"
    twice = again(failed)
    assert (twice.code, twice.err.count("run 's1' was rerun as 's1.2', which has failed: rerun that one")) == (2, 1)
    fix(failed)
    third = failed("rerun", "s1.2", "--yes", "--no-picture")
    assert (third.code, third.lines[0]) == (0, "run s1.3 will rerun s1.2 (failed): 3 steps again, 2 kept")
    assert failed.look("logs", "s1.3", "de").out == "3 rows\n"
    nothing = failed("rerun", "s1.3", "--yes")
    assert (nothing.code, "name the steps to run again with --from, or give --all" in nothing.err) == (2, True)
    assert failed("rerun", "s1.3", "--yes", "--all", "--no-picture").code == 0
    assert not any(kept for _, kept in statuses(failed, "s1.4").values())


def test_the_graphs_file_as_it_is_now_counts_unless_the_same_version_is_wanted(failed: Place):
    fix(failed)
    path = failed.folder / "sales.yaml"
    path.write_text(SALES.replace("echo {{ steps.extract.outputs.rows }} rows", "echo now {{ params.date }}"))
    same = failed("rerun", "s1", "--same-version", "--dry-run", "--json").json
    assert not same["steps"]["de"]["again"]
    said = again(failed)
    assert (said.code, "  again  de      its definition has changed" in said.lines) == (0, True)
    assert failed.look("logs", "s1.2", "de").out == "now 2026-01-31\n"
    path.write_text("name: sales\nsteps: {")
    broken = failed("rerun", "s1.2", "--all", "--yes")
    assert (broken.code, "sales.yaml:" in broken.err) == (2, True)
    path.unlink()
    gone = failed("rerun", "s1.2", "--only", "report", "--yes", "--no-picture")
    assert (gone.code, "is gone: give its new place with --graph" in gone.err) == (2, True)
    same = failed("rerun", "s1.2", "--only", "report", "--same-version", "--yes", "--no-picture")
    assert same.code == 0, same


def test_the_file_that_ran_is_the_one_that_is_read_again_whatever_the_graph_is_called(failed: Place):
    """Not one that is called as the graph is, and not the version that ran."""
    text = SALES.replace("name: sales", "name: nightly")
    failed.write("own.yaml", text)
    failed.write("nightly.json", '{"name": "nightly", "steps": {"other": {"command": "true"}}}')
    assert failed("run", "own.yaml", "--run-id", "n1", "--no-picture").code == 1
    failed.write("own.yaml", text.replace("test -e fixed", "true"))
    plan = failed("rerun", "n1", "--dry-run", "--json").json
    assert (plan["graph_file"], plan["graph_changed"]) == (str(failed.folder / "own.yaml"), True)
    assert plan["steps"]["uk"]["again"]
    changed = failed("rerun", "n1", "-p", "date=2026-02-02", "--dry-run", "--json").json
    assert changed["changed_params"] == ["date"]
    assert failed("rerun", "n1", "--yes", "--no-picture").code == 0
    failed.write("own.yaml", "name: other\nsteps: {a: {command: 'true'}}\n")
    other = failed("rerun", "n1.2", "--all", "--dry-run")
    assert (other.code, "expected the graph 'nightly', as in run 'n1.2', got 'other'" in other.err) == (2, True)
    assert failed("rerun", "n1.2", "--all", "--same-version", "--dry-run").code == 0


def test_a_rerun_is_refused_where_the_files_of_kept_steps_are_gone(failed: Place):
    shutil.rmtree(failed.folder / ".orchestrator/runs/s1/data")
    said = again(failed)
    assert (said.code, "is gone: run all steps again with --all" in said.err) == (2, True)
    fix(failed)
    assert again(failed, "--all").code == 0


def test_a_step_that_was_marked_is_kept_with_who_marked_it_and_why(place: Place):
    bad, held = '{command: "false"}', '{on_failure: hold, command: "false"}'
    place.write("g.yaml", f"name: g\nsteps:\n  bad: {bad}\n  m: {held}\n")
    running = place.start("run", "g.yaml", "--run-id", "g1", "--no-picture")
    while place.look("mark", "g1", "m", "skipped", "--why", "not today").code:
        assert running.poll() is None
    assert finish(running).code == 1
    assert place("rerun", "g1", "--yes", "--no-picture").code == 1
    assert statuses(place, "g1.2")["m"] == ("skipped", True)
    assert place.look("verify", "g1.2").code == 0
    explained = place.look("explain", "g1.2", "m").out
    assert "not today" in explained
    assert "kept from an earlier run" in explained


def test_a_rerun_that_was_interrupted_is_resumed(failed: Place, tmp_path: Path):
    fix(failed)
    plan = failed("rerun", "s1", "--dry-run", "--json").json
    assert plan["run"] == "s1.2"
    assert again(failed, "--run-id", "mine").code == 0
    resumed = failed("resume", "mine")
    assert (resumed.code, "there is nothing left to do" in resumed.out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "no run has the id 'nope'"),
        (["s1", "--from", "xtract"], "graph 'sales' has no step 'xtract' (did you mean 'extract'?)"),
        (["s1", "--from", "uk", "--only", "de"], "use only one of --from, --only: each of them says what runs again"),
        (["s1", "-p", "dat=1"], "this graph has no such param (did you mean 'date'?)"),
        (["s1", "-p", "date=yesterdy"], "param 'date': expected"),
        (["s1", "--graph", "nope.yaml"], "nope.yaml: there is no such file"),
        (
            ["s1", "--same-version", "--graph", "sales.yaml"],
            "--graph and --same-version both say which graph runs: give only one of them",
        ),
        (["s1", "--run-id", "a/b", "--yes"], "a/b"),
        (["s1", "--run-id", "s1", "--yes"], "the run id 's1' belongs to another run"),
    ],
)
def test_wrong_use_is_told(failed: Place, arguments: list[str], said: str):
    got = failed("rerun", *arguments)
    assert (got.code, said in got.err) == (2, True), got
