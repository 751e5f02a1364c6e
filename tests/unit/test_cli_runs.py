"""``orchestrator runs``, and how the other commands find the run that a user names."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run, RunStatus, Status, StepState, Transition
from orchestrator.core.steps import OnFailure, Step, Work
from orchestrator.errors import UsageError
from orchestrator.home import Home
from orchestrator.local.wiring import writing
from orchestrator.operations.conditions import conditions
from orchestrator.operations.selection import chosen_rounds, selection, start_of
from orchestrator.reporting.condition import condition_note, listed_run
from orchestrator.reporting.run_list import run_lines
from tests.doubles.memory_store import MemoryStore
from tests.e2e.command_line import Place

PLAN = compile_plan("sales", "v1", (Step("load", Work("command", {"command": "exit 7"})),))
RUN = Run("s1", "key1", "sales", "v1", {}, started_at=datetime(2026, 1, 31, 6).timestamp())
FAILED, SUCCEEDED, RUNNING = RunStatus.FAILED, RunStatus.SUCCEEDED, RunStatus.RUNNING

#: The runs of a home: id, graph, status, and the run whose rerun it is. They start an hour apart.
PAST = [
    ("s1", "sales", FAILED, None),
    ("s1.2", "sales", FAILED, "s1"),
    ("x1", "stock", SUCCEEDED, None),
    ("s1.3", "sales", SUCCEEDED, "s1.2"),
    ("x2", "stock", RUNNING, None),
    ("sales-uk-1", "sales-uk", FAILED, None),
]


def fill(place: Place, past: Sequence[tuple[str, str, RunStatus, str | None]] = PAST) -> Place:
    """A home with these runs."""
    with writing(Home(place.folder / ".orchestrator")) as store:
        for hour, (run_id, graph, status, of) in enumerate(past):
            start = RUN.started_at + 3600 * hour
            run = replace(RUN, id=run_id, key=f"key-{run_id}", graph=graph, started_at=start, rerun_of=of)
            store.open_run(replace(run, family="s1" if of else None), PLAN)
            ended = StepState(Status.FAILED if status is FAILED else Status.SUCCEEDED, 1, cause="exit", error="no")
            store.transact(run.key, 0, lambda _, ended=ended: Transition(ended))
            if status is not RUNNING:
                store.end_run(run.key, status, start + 60, {"load": "exit"} if status is FAILED else {})
    return place


@pytest.fixture
def past(place: Place) -> Place:
    return fill(place)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / ".git").mkdir()
    return Place(tmp_path)


def test_a_run_and_its_reruns_take_one_line(past: Place):
    assert past.look("runs").out.splitlines() == [
        "RUN         GRAPH     STATUS       STARTED              DURATION  NOTE",
        "sales-uk-1  sales-uk  failed       2026-01-31 11:00:00  1 m 00 s  load (exit)",
        "x2          stock     interrupted  2026-01-31 10:00:00",
        "s1.3        sales     succeeded    2026-01-31 09:00:00  1 m 00 s  after s1 (failed) and s1.2 (failed)",
        "x1          stock     succeeded    2026-01-31 08:00:00  1 m 00 s",
    ]
    assert past.look("runs", "--graph", "sales", "--status", "failed").out.splitlines()[1:] == [
        "s1.2  sales  failed       2026-01-31 07:00:00  1 m 00 s  after s1 (failed): load (exit)"
    ]


def test_a_limit_counts_lines_and_cuts_no_family(past: Place):
    family = "s1.3        sales     succeeded    2026-01-31 09:00:00  1 m 00 s  after s1 (failed) and s1.2 (failed)"
    shown = past.look("runs", "--limit", "3").out.splitlines()
    assert shown[3:] == [family, "5 of 6 runs are shown; show more with --limit N"]
    shown = past.look("runs", "--limit", "4").out.splitlines()
    assert (len(shown), shown[3], "shown" in shown[-1]) == (5, family, False)
    shown = past.look("runs", "--graph", "sales", "--limit", "1").out.splitlines()
    assert (len(shown), shown[1].endswith("after s1 (failed) and s1.2 (failed)")) == (2, True)
    each = past.look("runs", "--all-rounds", "--limit", "3").out.splitlines()
    assert (len(each), each[-1]) == (5, "3 of 6 runs are shown; show more with --limit N")
    found = past.look("runs", "--json", "--limit", "3").json
    assert [one["run"] for one in found] == ["sales-uk-1", "x2", "s1.3", "s1.2", "s1"]
    assert [one["run"] for one in past.look("runs", "--json", "--all-rounds", "--limit", "3").json] == [
        "sales-uk-1",
        "x2",
        "s1.3",
    ]


def test_rounds_that_are_not_listed_are_named_or_counted(past: Place):
    """A filter may want only some rounds of a family."""
    since = past.look("runs", "--since", "2026-01-31T08:30", "--graph", "sales").out.splitlines()
    assert since[1].endswith("rerun of s1.2")
    rounds = [replace(RUN, id=f"s1.{n}", rerun_of=f"s1.{n - 1}", family="s1") for n in (5, 4)]
    assert "after s1 and others, s1.3 and s1.4 (failed)" in run_lines([[(one, "failed") for one in rounds]])[1]


def test_each_round_gets_a_line_where_that_is_asked_for_and_an_entry_for_programs(past: Place):
    assert past.look("runs", "--all-rounds", "--graph", "sales").out.splitlines()[1:] == [
        "s1.3  sales  succeeded    2026-01-31 09:00:00  1 m 00 s  rerun of s1.2",
        "s1.2  sales  failed       2026-01-31 07:00:00  1 m 00 s  rerun of s1: load (exit)",
        "s1    sales  failed       2026-01-31 06:00:00  1 m 00 s  load (exit)",
    ]
    found = past.look("runs", "--json", "--graph", "sales").json
    assert [(one["run"], one.get("rerun_of"), one.get("family")) for one in found] == [
        ("s1.3", "s1.2", "s1"),
        ("s1.2", "s1", "s1"),
        ("s1", None, None),
    ]


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        (["--status", "running"], []),
        (["--status", "interrupted"], ["x2"]),
        (["--status", "interrupted, failed"], ["sales-uk-1", "x2", "s1.2", "s1"]),
        (["--status", "succeeded", "--limit", "1"], ["s1.3"]),
        (["--since", "2026-01-31T10:00"], ["sales-uk-1", "x2"]),
        (["--since", "2026-02-01"], []),
        (["--since", "3650d", "--graph", "stock"], ["x2", "x1"]),
    ],
)
def test_runs_are_chosen_by_graph_status_and_start(past: Place, options: list[str], runs: list[str]):
    assert [one["run"] for one in past.look("runs", "--json", *options).json] == runs
    if not runs:
        said = past.look("runs", *options)
        assert (said.code, said.out, said.err) == (0, "", "no run matches: 'orchestrator runs' lists all runs\n")


def test_a_run_that_nobody_drives_is_found_behind_many_that_somebody_drives(place: Place):
    """A store cannot tell them apart, so it is asked for more until there are enough."""
    home = Home(place.folder / ".orchestrator")
    fill(place, [(f"r{number}", "g", RUNNING, None) for number in range(8)])
    with home.driving("r7"), home.driving("r6"), home.driving("r5"):
        assert [one["run"] for one in place.look("runs", "--json", "--status", "interrupted", "--limit", "1").json] == [
            "r4"
        ]
        assert len(place.look("runs", "--json", "--status", "running").json) == 3


def test_some_that_fit_are_left_out_and_that_is_told(past: Place):
    shown = past.look("runs", "--status", "failed", "--limit", "1").out.splitlines()
    assert shown[-1] == "the newest run is shown; show more with --limit N"
    assert "shown" not in past.look("runs", "--status", "failed", "--limit", "2").out


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--status", "faild"], "--status: there is no status 'faild' (did you mean 'failed'?)"),
        (
            ["--status", "x"],
            "--status: there is no status 'x': these are running, succeeded, failed, cancelled, interrupted, waiting, "
            "needs_attention, late",
        ),
        (
            ["--since", "soon"],
            "--since: expected a day or a time such as 2026-01-31 or 2026-01-31T18:00, or a duration such as 3d or "
            "12h, at most 3650d, got 'soon'",
        ),
    ],
)
def test_what_cannot_be_a_filter_is_told(past: Place, options: list[str], error: str):
    said = past.look("runs", *options)
    assert (said.code, said.out, said.err) == (2, "", f"error: {error}\n")


def test_a_start_is_a_day_a_time_or_so_long_ago():
    assert start_of("2026-01-31") == datetime(2026, 1, 31).timestamp()
    assert start_of("2026-01-31T18:00Z") == datetime.fromisoformat("2026-01-31T18:00+00:00").timestamp()
    assert (start_of("3d", 1_000_000.0), start_of("90m", 1_000_000.0)) == (740_800.0, 994_600.0)
    for wrong in ("", "3", "5000d", "2026-02-30", "3w"):
        with pytest.raises(UsageError, match="--since: expected"):
            start_of(wrong)


STOCK = "run x2 is the newest of graph 'stock'\n"


def test_the_name_of_a_graph_means_its_newest_run_and_that_is_told(past: Place):
    said = past.look("status", "stock", "--json")
    assert (said.code, said.json["run"], said.err) == (0, "x2", STOCK)
    said = past.look("explain", "stock", "load")
    assert (said.code, said.out[:15], said.err) == (0, "load: succeeded", STOCK)
    said = past.look("logs", "stock", "load")
    assert (said.code, said.out, said.err) == (0, "", f"{STOCK}step 'load' wrote nothing in attempt 1\n")


def test_who_names_a_graph_to_cancel_or_rerun_its_newest_run_is_told_its_whole_id(past: Place):
    said = past.look("cancel", "stock")
    assert said.code == 0
    assert said.err == STOCK
    assert said.out.startswith("run x2: ")
    past.write("sales.yaml", "name: sales\nsteps: {load: {command: exit 7}}\n")
    said = past.look("rerun", "sales", "--dry-run", "--all")
    assert (said.code, said.err) == (0, "run s1.3 is the newest of graph 'sales'\n")
    assert said.out.startswith("run s1.4 will rerun s1.3 (succeeded)")


def test_an_id_goes_before_the_name_of_a_graph_and_that_before_the_beginning_of_an_id(place: Place):
    """Ids begin with the name of their graph unless somebody chooses another: those of ``g-h`` are none of ``g``."""
    fill(place, [("g-1", "g", FAILED, None), ("g-2", "g", FAILED, None), ("g-h-3", "g-h", FAILED, None)])
    fill(place, [("h", "other", FAILED, None)])
    named = {name: place.look("status", name, "--json") for name in ("g", "g-h", "g-h-", "h", "oth")}
    assert {name: (said.json["run"], said.err) for name, said in named.items() if not said.code} == {
        "g": ("g-2", "run g-2 is the newest of graph 'g'\n"),
        "g-h": ("g-h-3", "run g-h-3 is the newest of graph 'g-h'\n"),
        "g-h-": ("g-h-3", ""),
        "h": ("h", ""),
    }
    assert named["oth"].err == "error: no run has the id 'oth': list the runs with 'orchestrator runs'\n"
    assert place.look("status", "g-").err == "error: the ids of 3 runs begin with 'g-': g-h-3, g-2, g-1\n"


def test_the_beginning_of_the_ids_of_one_family_means_its_newest_run(place: Place):
    night = "stock-20260131-060000"
    fill(place, [(f"{night}-k3v9", "stock", FAILED, None), (f"{night}-k3v9.2", "stock", FAILED, f"{night}-k3v9")])
    with writing(Home(place.folder / ".orchestrator")) as store:  # as ``fill`` says, both are of the family s1
        assert {run.first for run in store.list_runs(9)} == {f"{night}-k3v9", "s1"}
    assert place.look("status", "stock-2026").err == (
        f"error: the ids of 2 runs begin with 'stock-2026': {night}-k3v9.2, {night}-k3v9\n"
    )


def test_the_beginning_of_an_id_that_was_rerun_means_the_newest_round(past: Place):
    said = past.look("status", "s1.", "--json")
    assert (said.json["run"], said.err) == ("s1.3", "run s1.3 is the newest of s1 and its reruns\n")
    assert past.look("status", "s").err == "error: the ids of 4 runs begin with 's': sales-uk-1, s1.3, s1.2, s1\n"


def test_a_run_that_was_rerun_says_so_in_place_of_how_to_rerun_it(past: Place):
    rerun = "rerun     s1.3, which succeeded"
    assert [past.look("status", run).out.splitlines()[-1] for run in ("s1", "s1.2")] == [rerun, rerun]
    assert past.look("status", "s1", "--json").json["newest_rerun"] == "s1.3"
    assert "newest_rerun" not in past.look("status", "s1.3", "--json").json
    assert past.look("status", "sales-uk-1").out.splitlines()[-1] == "rerun     orchestrator rerun sales-uk-1"


def test_a_rerun_that_failed_or_was_interrupted_is_what_goes_on(place: Place):
    fill(place, [("s1", "sales", FAILED, None), ("s1.2", "sales", FAILED, "s1")])
    assert place.look("status", "s1").out.splitlines()[-1] == "rerun     s1.2, which failed: orchestrator rerun s1.2"
    fill(place, [("s1.3", "sales", RUNNING, "s1.2")])
    assert place.look("status", "s1").out.splitlines()[-1] == (
        "rerun     s1.3, which was interrupted: orchestrator resume s1.3"
    )


def test_a_run_that_needs_attention_or_is_late_says_so_and_one_that_cannot_be_read_spoils_no_list() -> None:
    load, send = Step("load", Work("job"), on_failure=OnFailure.HOLD), Step("send", Work("job"), deadline=60.0)
    plan = replace(compile_plan("sales", "v1", (load, send)), deadline=120.0)
    store, runs = MemoryStore(), [replace(RUN, id=name, key=name, status=RUNNING) for name in ("a", "b", "c")]
    store.open_run(runs[0], plan)
    late = StepState(Status.NEEDS_ATTENTION, 1, error="no"), StepState(missed_at=1.0), StepState(missed_at=1.0)
    for node, state in zip((0, 1, plan.end), late, strict=True):
        store.transact("a", node, lambda _, state=state: Transition(state))
    store.open_run(runs[1], plan)
    store.open_run(replace(runs[2], version="v2"), PLAN)
    runs[2] = replace(runs[2], version="gone")
    known = conditions(None, store, runs)
    notes = [condition_note(known[run.key]) for run in runs]
    assert notes == [
        "late; load needs attention; send is late",
        "",
        "not all of it can be read: the plan of run 'c' is missing from its store",
    ]
    assert [sorted(known[run.key].words) for run in runs] == [["late", "needs_attention"], [], []]
    wanted = selection("sales", "needs_attention,failed", None)
    found, _ = chosen_rounds(None, store, wanted, 5, lambda _: None)
    assert [run.id for ((run, _),) in found] == ["a"]
    told = listed_run(runs[0], "running", known)
    assert (told["needs_attention"], told["deadline"]["late"]) == (["load"], True)
