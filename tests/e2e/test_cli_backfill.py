"""``orchestrator backfill``: one run a slot, in real processes that are interrupted, killed and started twice."""

import signal
import subprocess
from collections import Counter
from contextlib import suppress
from random import Random

import pytest

from tests.e2e.command_line import TIMEOUT, Place, Said, finish

#: Each run writes its day into ``effects`` once for each attempt; the day of the file ``bad`` fails.
SALES = """
name: sales
params: {date: {type: date, default: today}, region: {type: string, default: all}}
steps:
  extract: {command: "echo {{ params.date }} {{ params.region }} >> effects"}
  load: {after: extract, command: "test ! -e bad-{{ params.date }}"}
"""

#: The same with a step that says when it has begun, and ends when it is told to.
SLOW = """
name: slow
params: {date: {type: date, default: today}}
steps:
  extract: {command: "echo {{ params.date }} >> effects"}
  load:
    after: extract
    command: |
      [ -e again ] || { echo {{ params.date }} > up; read word < go-{{ params.date }}; }
      echo ended {{ params.date }} >> effects
"""

JANUARY = ("--from", "2026-01-01", "--to", "2026-01-04")


@pytest.fixture
def sales(place: Place) -> Place:
    place.write("sales.yaml", SALES)
    return place


@pytest.fixture
def slow(place: Place) -> Place:
    place.write("slow.yaml", SLOW)
    place.fifo("up")
    place.fifo("go-2026-01-01")
    place.fifo("go-2026-01-02")
    return place


def effects(place: Place) -> Counter[str]:
    return Counter(place.read("effects").splitlines())


def outcome(said: Said) -> dict[str, str]:
    return {run["run"]: run["status"] for run in said.json["runs"]}


def test_a_backfill_runs_each_slot_once_and_reruns_what_failed_when_it_is_told_to(sales: Place):
    command = ("backfill", "sales.yaml", *JANUARY, "--parallel", "2", "--yes")
    sales.write("bad-2026-01-03", "")
    planned = sales.look("backfill", "sales.yaml", *JANUARY, "--dry-run")
    assert (planned.code, planned.lines[0]) == (0, "4 runs of sales: 4 to run")
    assert planned.lines[3] == "  run       sales-backfill-2026-01-03  new"
    assert not (sales.folder / ".orchestrator").exists()
    first = sales(*command)
    assert first.code == 1, first
    assert first.lines[0] == "4 runs of sales: 4 to run"
    assert sum("left" in line for line in first.lines) == 4
    assert first.lines[-3:] == [
        "4 runs: 3 succeeded, 1 failed",
        "failed    sales-backfill-2026-01-03  load (exit)",
        f"rerun     orchestrator {' '.join(command)} --failed",
    ]
    assert effects(sales) == dict.fromkeys([f"2026-01-0{day} all" for day in (1, 2, 3, 4)], 1)
    again = sales.look(*command)  # which drives no run
    assert (again.code, again.lines) == (1, first.lines[-3:])
    (sales.folder / "bad-2026-01-03").unlink()
    mended = sales(*command, "--failed", "--json")
    assert (mended.code, outcome(mended)) == (
        0,
        {
            "sales-backfill-2026-01-01": "succeeded",
            "sales-backfill-2026-01-02": "succeeded",
            "sales-backfill-2026-01-03.2": "succeeded",
            "sales-backfill-2026-01-04": "succeeded",
        },
    )
    assert effects(sales)["2026-01-03 all"] == 1  # what had succeeded was kept
    assert sales.look(*command, "--failed").lines == ["4 runs: 4 succeeded"]


def test_slots_are_run_for_each_value_in_reverse_and_by_the_schedule_of_the_graph(sales: Place):
    schedule = "schedule: {cron: '30 6 * * 1-5', time_zone: Europe/Berlin, params: {date: yesterday}}"
    sales.write("sales.yaml", f"{SALES}{schedule}\n")
    said = sales("backfill", "sales.yaml", *JANUARY, "--reverse", "--over", "region=eu,us", "--json", "--yes")
    assert said.code == 0, said
    assert [(run["run"], run["slot"], run["over"]) for run in said.json["runs"]] == [
        (f"sales-backfill-2026-01-0{day}T0630-{region}", f"2026-01-0{day}T06:30:00+01:00", {"region": region})
        for day in (2, 1)
        for region in ("eu", "us")
    ]
    assert sales.read("effects").splitlines() == ["2026-01-01 eu", "2026-01-01 us", "2025-12-31 eu", "2025-12-31 us"]


def test_values_alone_have_one_run_each(sales: Place):
    command = ("backfill", "sales.yaml", "--over", "region=eu,us", "-p", "date=2026-01-01", "--yes")
    assert sales(*command).code == 0
    assert sales(*command).lines == ["2 runs: 2 succeeded"]
    assert effects(sales) == {"2026-01-01 eu": 1, "2026-01-01 us": 1}
    other = sales.look(*command[:-2], "date=2026-01-02", "--dry-run")
    assert (other.code, "run 'sales-backfill-eu' was started with other params (date)" in other.err) == (2, True)
    assert sales.look(*command[:-2], "date=2026-01-02", "--dry-run", "--name", "sales-2").code == 0


def test_an_interrupted_backfill_says_how_to_go_on_and_the_same_command_does(slow: Place):
    command = ("backfill", "slow.yaml", *JANUARY, "--parallel", "2", "--yes")
    process = slow.start(*command)
    assert {slow.hear("up").strip(), slow.hear("up").strip()} == {"2026-01-01", "2026-01-02"}
    process.send_signal(signal.SIGINT)
    said = finish(process)
    assert said.code == 130, said
    assert said.lines[-2:] == ["4 runs: 4 left", f"continue  orchestrator {' '.join(command)}"]
    planned = slow.look(*command, "--dry-run")
    assert planned.lines[0] == "4 runs of slow: 2 to run, 2 to continue"
    slow.write("again", "")
    assert slow(*command).lines[-1] == "4 runs: 4 succeeded"
    days = [f"2026-01-0{day}" for day in (1, 2, 3, 4)]
    assert effects(slow) == dict.fromkeys([*days, *(f"ended {day}" for day in days)], 1)
    assert all(slow.look("verify", f"slow-backfill-{day}").code == 0 for day in days)


def test_a_killed_backfill_is_taken_up_again_and_what_still_ran_is_taken_over(slow: Place):
    command = ("backfill", "slow.yaml", *JANUARY, "--parallel", "2", "--yes")
    process = slow.start(*command)
    slow.hear("up")
    slow.hear("up")
    process.kill()
    process.communicate(timeout=TIMEOUT)
    slow.write("again", "")
    second = slow.start(*command)
    slow.tell("go-2026-01-02", "on")
    slow.tell("go-2026-01-01", "on")
    assert finish(second).code == 0
    days = [f"2026-01-0{day}" for day in (1, 2, 3, 4)]
    assert effects(slow) == dict.fromkeys([*days, *(f"ended {day}" for day in days)], 1)


def test_two_backfills_at_once_run_no_slot_twice_and_both_end_when_all_has_ended(sales: Place):
    days = ("--from", "2026-01-01", "--to", "2026-01-20")
    command = ("backfill", "sales.yaml", *days, "--parallel", "3", "--yes")
    for name in ("bad-2026-01-03", "bad-2026-01-17"):
        sales.write(name, "")
    both = [sales.start(*command) for _ in range(2)]
    for said in [finish(process) for process in both]:
        assert (said.code, "".join(said.lines[-4:][:1])) == (1, "20 runs: 18 succeeded, 2 failed"), said
    assert effects(sales) == dict.fromkeys([f"2026-01-{day:02} all" for day in range(1, 21)], 1)


def test_the_progress_is_shown_in_a_terminal(sales: Place):
    sales.write("bad-2026-01-03", "")
    said = sales.watch("backfill", "sales.yaml", *JANUARY, "--yes")
    assert said.code == 1
    assert "backfill of sales" in said.out
    assert "3 succeeded, 1 failed, 0 left" in said.out
    assert "sales-backfill-2026-01-03  failed" in said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], ["expected --from DAY and --to DAY, or --over NAME=VALUE,VALUE"]),
        (["--from", "2026-01-02", "--to", "2026-01-01"], ["--from: expected a day that is not after --to"]),
        (["--from", "2026-01-32"], ["--from: expected a date", "--to: expected a day"]),
        (["--from", "1900-01-01", "--to", "2999-12-31"], ["expected at most 10,000 runs, got more"]),
        ([*JANUARY, "--every", "60 * * * *", "-p", "dat=1"], ["--every: the minute", "(did you mean 'date'?)"]),
        ([*JANUARY, "--over", "region=", "--over", "date=x,y"], ["--over region", "param 'date': expected a date"]),
        ([*JANUARY, "-p", "date=2026-01-01"], ["would have the same params, and so would do the same"]),
        (JANUARY, ["add --yes to confirm"]),
    ],
)
def test_wrong_use_of_a_backfill_is_told_all_at_once(sales: Place, arguments: list[str], said: list[str]):
    got = sales.look("backfill", "sales.yaml", *arguments)
    assert (got.code, [part for part in said if part not in got.err]) == (2, []), got
    assert not (sales.folder / ".orchestrator").exists()


def test_a_backfill_that_is_killed_again_and_again_runs_no_slot_twice(sales: Place):
    """Each process is killed at a random moment after it has begun to drive, and the last one is left alone."""
    random = Random(20261128)
    command = ("backfill", "sales.yaml", "--from", "2026-01-01", "--to", "2026-01-25", "--parallel", "3", "--yes")
    for _ in range(6):
        process = sales.start(*command)
        assert process.stdout is not None
        assert "25 runs" in process.stdout.readline()  # the home is there, and the plan was made
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.uniform(0.0, 0.6))
        process.kill()
        process.communicate(timeout=TIMEOUT)
    said = sales(*command)
    assert (said.code, said.lines[-1]) == (0, "25 runs: 25 succeeded"), said
    assert effects(sales) == dict.fromkeys([f"2026-01-{day:02} all" for day in range(1, 26)], 1)
    assert len(sales.look("runs", "--json", "--limit", "100").json) == 25
