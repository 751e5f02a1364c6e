"""``orchestrator run``, from the outside: what it prints, what it leaves, and what it ends with."""

import re
from typing import Any

import pytest

from orchestrator.system.extras import install
from tests.e2e.command_line import ROOT, Place

SALES = """
name: sales
params:
  day: {type: date, default: today}
  full: false
  limit: {type: int}
defaults:
  retry: {attempts: 2, delay: 0.1s}
steps:
  begin:
  orders: {after: begin, command: 'echo "{\\"rows\\": 41}" > $ORCHESTRATOR_OUTPUTS'}
  customers: {after: begin, python: "pipelines:customers", args: {limit: "{{ params.limit }}"}}
  refunds: {after: begin, command: '[ $ORCHESTRATOR_ATTEMPT = 2 ] || { echo "connection reset"; exit 3; }'}
  export: {after: begin, when: "{{ params.full }}", command: "true"}
  report:
    after: [orders, customers, refunds]
    command: [sh, -c, "echo {{ steps.orders.outputs.rows + steps.customers.outputs.rows }} > ../report.txt"]
"""

PIPELINES = """
def customers(limit):
    print("customers:", limit)
    return {"rows": limit}
"""

BROKEN = """
name: broken
steps:
  load: {command: 'echo "no such table"; exit 4'}
  publish: {after: load, command: "true"}
  archive: {after: load, trigger: all_done, command: "true"}
  other: {command: "true"}
"""


def sales(place: Place) -> None:
    place.write("graphs/sales.yaml", SALES)
    place.write("graphs/pipelines.py", PIPELINES)


def without_times(found: Any) -> Any:
    """The same JSON with T for every time."""
    if isinstance(found, dict):
        return {key: without_times(value) for key, value in found.items()}
    is_time = isinstance(found, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found)
    return "T" if is_time else found


def step(status: str, job: str | None = None, **other: Any) -> dict[str, Any]:
    return {
        "status": status,
        "attempt": 1 if job else 0,
        "started_at": "T" if job else None,
        "ended_at": "T",
        "job": job,
        "outputs": {},
        "error": None,
        "cause": None,
        **other,
    }


def test_a_graph_with_branches_and_a_join_runs_to_its_end_and_says_so_as_json(place: Place) -> None:
    sales(place)
    said = place.run("sales", "--run-id", "s1", "--param", "limit=1", "--param", "day=2026-01-31")
    assert said.code == 0
    assert said.err == ""
    found = without_times(said.json)
    version, name = found.pop("version"), found["steps"]["customers"].pop("job")
    assert re.fullmatch(r"[0-9a-f]{16}", version)
    assert re.fullmatch(r"customers--[a-z2-7]{10}-2-1", name)
    assert found == {
        "run": "s1",
        "graph": "sales",
        "status": "succeeded",
        "params": {"day": "2026-01-31", "full": False, "limit": 1},
        "time_zone": "Etc/UTC",
        "started_at": "T",
        "ended_at": "T",
        "steps": {
            "begin": step("succeeded"),
            "orders": step("succeeded", "runs/s1/steps/001-orders/1", outputs={"rows": 41}),
            "customers": {k: v for k, v in step("succeeded", "-", outputs={"rows": 1}).items() if k != "job"},
            "refunds": step("succeeded", "runs/s1/steps/003-refunds/2", attempt=2),
            "export": step("skipped", cause="when"),
            "report": step("succeeded", "runs/s1/steps/005-report/1"),
        },
    }
    assert place.read("report.txt") == "42\n"
    assert place.read(".orchestrator/runs/s1/steps/002-customers/1/log") == "customers: 1\n"


def test_in_a_pipe_every_change_is_a_line_and_the_end_says_where_to_look(place: Place) -> None:
    sales(place)
    said = place("run", "sales", "--run-id", "s1", "-p", "limit=1", "--no-picture", "--parallel", "1")
    assert said.code == 0
    assert said.err == ""
    assert said.lines[0] == "TIME  run s1: 6 steps"
    assert sorted(said.lines[1:-2]) == [
        "TIME  begin      succeeded",
        "TIME  customers  running",
        "TIME  customers  succeeded        0.0 s",
        "TIME  export     skipped          when {{ params.full }} is false",
        "TIME  orders     running",
        "TIME  orders     succeeded        0.0 s",
        "TIME  refunds    running",
        "TIME  refunds    running          attempt 2 of 2",
        "TIME  refunds    succeeded        0.0 s  attempt 2 of 2",
        "TIME  refunds    up for retry     attempt 2 of 2 in 0.0 s: exit status 3: connection reset",
        "TIME  report     running",
        "TIME  report     succeeded        0.0 s",
    ]
    assert said.lines[-2:] == [
        "succeeded after 0.0 s: 5 succeeded, 1 skipped",
        "logs      .orchestrator/runs/s1/steps",
    ]


def test_a_run_that_fails_ends_with_1_and_names_each_failed_step_and_its_log(place: Place) -> None:
    place.write("broken.yaml", BROKEN)
    said = place("run", "broken.yaml", "--run-id", "b1", "--no-picture")
    assert said.code == 1
    assert said.lines[-5:] == [
        "failed after 0.0 s: 2 succeeded, 1 failed, 1 upstream failed",
        "load failed: exit status 4: no such table",
        "  log  .orchestrator/runs/b1/steps/000-load/1/log",
        "logs      .orchestrator/runs/b1/steps",
        "rerun     orchestrator rerun b1",
    ]
    steps = place.look("status", "b1", "--json").json["steps"]
    assert {name: (found["status"], found["error"]) for name, found in steps.items()} == {
        "load": ("failed", "exit status 4: no such table"),
        "publish": ("upstream_failed", None),
        "archive": ("succeeded", None),
        "other": ("succeeded", None),
    }


def test_a_failure_that_the_last_steps_survive_does_not_fail_the_run_and_that_is_said(place: Place) -> None:
    place.write("g.yaml", "fails_on: leaves\n" + BROKEN.replace('  publish: {after: load, command: "true"}\n', ""))
    said = place("run", "g.yaml", "--run-id", "b1", "--no-picture")
    assert said.code == 0
    assert said.lines[-5:] == [
        "succeeded after 0.0 s: 2 succeeded, 1 failed",
        "load failed: exit status 4: no such table",
        "  log  .orchestrator/runs/b1/steps/000-load/1/log",
        "the run counts as succeeded because none of its last steps failed (fails_on: leaves): archive and other",
        "logs      .orchestrator/runs/b1/steps",
    ]


def test_an_invalid_graph_runs_nothing_and_says_all_that_is_wrong(place: Place) -> None:
    place.write("bad.yaml", "name: bad\nsteps:\n  extract: {wait: 1 fortnight}\n  report: {after: extrat}\n")
    said = place.look("run", "bad.yaml")
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines() == [
        "bad.yaml:3: step 'extract': wait: expected a duration such as 30s, 10m, 6h or 2d, got '1 fortnight'",
        "bad.yaml:4: step 'report': after: no step is called 'extrat' (did you mean 'extract'?)",
    ]
    assert not (place.folder / ".orchestrator").exists()


def test_wrong_params_are_refused_all_at_once_before_anything_starts(place: Place) -> None:
    sales(place)
    place.write("params.yaml", "day: someday\nfull: true\n")
    said = place.look("run", "sales", "--params-file", "params.yaml", "--param", "ful=false")
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines() == [
        "error: param 'ful': this graph has no such param (did you mean 'full'?)",
        "param 'day': expected a date such as 2025-01-31, today or yesterday, got 'someday'",
        "param 'limit': expected a whole number, got none, and it has no default",
    ]
    assert not (place.folder / ".orchestrator").exists()


CLOUD = """
name: cloud
steps:
  a: {dataflow: {template: "gs://b/t.json", region: europe-west4}}
  b: {dataflow: {template: "gs://b/t.json", region: europe-west4}, local: {command: "true"}}
  c: {after: b, dataflow: {template: "gs://b/t.json", region: europe-west4}}
"""


def test_dataflow_steps_without_a_fake_are_refused_by_name_and_played_with_simulate(place: Place) -> None:
    place.write("cloud.yaml", CLOUD)
    said = place.look("run", "cloud.yaml", "--run-id", "c1")
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "error: Dataflow steps without a local: block cannot run on this machine: a, c: "
        "add a local: block to each, or use --fake-dataflow\n"
    )
    renamed = "error: --simulate: it is called --fake-dataflow now: "
    assert place.look("run", "cloud.yaml", "--simulate").err.startswith(renamed)
    played = place.run("cloud.yaml", "--run-id", "c1", "--fake-dataflow")
    assert played.code == 0
    assert {name: found["status"] for name, found in played.json["steps"].items()} == {
        "a": "succeeded",
        "b": "succeeded",
        "c": "succeeded",
    }


GIVEN = """
name: given
deploy: false
params: {free: {default: x}}
steps:
  a: {dataflow: {template: "gs://{{ run.deployment.bucket }}/{{ params.free }}", parameters_from: "seen:it"}}
  b: {after: a, when: "{{ run.deployment.stage == 'prod' }}", dataflow: {template: gs://b/t}}
"""


@pytest.mark.slow
def test_what_a_deployment_would_give_is_given_or_has_its_name_in_a_simulated_run(place: Place) -> None:
    """And a starter of free text may choose the template in a graph that is never deployed."""
    place.write("given.yaml", GIVEN)
    place.write("seen.py", "def it(template_location): return {'at': template_location}\n")
    played = place.look("run", "given.yaml", "--fake-dataflow", "--no-picture", "--run-id", "g1")
    assert played.code == 0
    for name in ("bucket", "stage"):
        said = f"made up: run.deployment.{name} is '{name}'; set it with --deployment {name}=VALUE"
        assert said in played.out
    given = place.run("given.yaml", "--fake-dataflow", "--run-id", "g2", "--deployment", "stage=prod")
    assert {name: found["status"] for name, found in given.json["steps"].items()} == {
        "a": "succeeded",
        "b": "succeeded",
    }
    wrong = place.look("run", "given.yaml", "--fake-dataflow", "--deployment", "stage", "--deployment", "=x")
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err == "error: --deployment: expected name=value, got 'stage' and '=x'\n"


ONCE = """
name: once
params: {day: {type: date, default: today}}
steps:
  one: {command: "echo one >> effects"}
"""


def test_a_run_id_stands_for_one_run(place: Place) -> None:
    place.write("once.yaml", ONCE)
    assert place.run("once.yaml", "--run-id", "r1").code == 0
    again = place.look("run", "once.yaml", "--run-id", "r1")
    assert again.code == 0
    assert again.lines == ["run r1 ended at TIME: there is nothing left to do", "succeeded after 0.0 s: 1 succeeded"]
    other = place.look("run", "once.yaml", "--run-id", "r1", "--param", "day=2020-02-02")
    assert other.code == 2
    assert other.err == "error: run 'r1' was started with other params (day): choose another --run-id\n"
    place.write("once.yaml", ONCE.replace("echo one", "echo two"))
    changed = place.look("run", "once.yaml", "--run-id", "r1")
    assert changed.code == 2
    assert re.sub(r"[0-9a-f]{16}", "HASH", changed.err) == (
        "error: run 'r1' was started with version HASH of the graph, and the file now has version HASH: "
        "choose another --run-id\n"
    )
    place.write("twice.yaml", ONCE.replace("name: once", "name: twice"))
    assert place.look("run", "twice.yaml", "--run-id", "r1").err == (
        "error: the run id 'r1' belongs to a run of graph 'once': choose another --run-id\n"
    )
    assert place.read("effects") == "one\n"


def test_a_failed_run_that_is_asked_for_again_has_failed(place: Place) -> None:
    place.write("broken.yaml", BROKEN)
    assert place.run("broken.yaml", "--run-id", "b1").code == 1
    assert place.look("run", "broken.yaml", "--run-id", "b1").code == 1
    assert place.look("resume", "b1", "--json").json["status"] == "failed"


@pytest.mark.slow
def test_the_home_is_where_it_is_said_and_hints_say_so_too(place: Place) -> None:
    place.write("broken.yaml", BROKEN)
    said = place("run", "broken.yaml", "--run-id", "b1", "--home", "elsewhere", "--no-picture")
    assert said.lines[-4:] == [
        "  log  elsewhere/runs/b1/steps/000-load/1/log",
        "logs      elsewhere/runs/b1/steps",
        "status    orchestrator status b1 --home elsewhere",
        "rerun     orchestrator rerun b1 --home elsewhere",
    ]
    assert place.look("status", "b1").err == (
        f"error: {place.folder / '.orchestrator'}: nothing has run here yet: "
        "start with 'orchestrator run GRAPH', or give --home\n"
    )
    assert place.look("status", "b1", "--json", "--home", "elsewhere").json["status"] == "failed"
    assert place("status", "b1", "--json", ORCHESTRATOR_HOME="elsewhere").json["status"] == "failed"


@pytest.mark.slow
def test_without_pygraphviz_the_run_is_done_all_the_same_and_one_line_says_how_to_get_pictures(place: Place) -> None:
    place.write("once.yaml", ONCE)
    place.write("hidden/sitecustomize.py", "import sys\nsys.modules['pygraphviz'] = None\n")
    said = place("run", "once.yaml", "--run-id", "r1", PYTHONPATH=f"{place.folder / 'hidden'}:{ROOT}")
    assert said.code == 0
    assert said.lines[-1] == (
        f"picture   none: a .png needs pygraphviz, which is not installed: {install('drawing')} (a .mmd needs nothing)"
    )


@pytest.mark.slow
def test_without_click_and_rich_one_sentence_says_what_to_install(place: Place) -> None:
    place.write("once.yaml", ONCE)
    place.run("once.yaml")
    for missing, command in (("click", "--help"), ("rich", "status")):
        place.write("hidden/sitecustomize.py", f"import sys\nsys.modules['{missing}'] = None\n")
        said = place(command, PYTHONPATH=f"{place.folder / 'hidden'}:{ROOT}")
        assert (said.code, said.out, said.err) == (
            2,
            "",
            f"error: the command line needs click and rich, which are not installed: {install('cli')}\n",
        )


def test_in_a_terminal_the_run_is_shown_live(place: Place) -> None:
    place.write("once.yaml", ONCE)
    said = place.watch("run", "once.yaml", "--run-id", "r1", "--no-picture", NO_COLOR="1")
    assert said.code == 0
    assert said.lines[-6:] == [
        "✓ one  succeeded          0.0 s",
        "",
        f"{'━' * 72}  1 of 1",
        "",
        "succeeded after 0.0 s: 1 succeeded",
        "logs      .orchestrator/runs/r1/steps",
    ]


NOISY = """
import os, subprocess, threading

from orchestrator import Graph, step

print("loading")
with Graph("noisy") as graph:
    step("shout", python="shouting:shout")
"""

SHOUTING = """
import os, subprocess, threading

def shout():
    print("captured")
    os.system("echo from a shell")
    subprocess.run(["echo", "from a process"])
    thread = threading.Thread(target=print, args=("from a thread",))
    thread.start()
    thread.join()
"""


def test_json_is_all_that_comes_out_whatever_a_graph_and_its_steps_print(place: Place) -> None:
    place.write("noisy.py", NOISY)
    place.write("shouting.py", SHOUTING)
    said = place("run", "noisy.py", "--run-id", "n1", "--json", "--no-picture")
    assert said.code == 0
    assert said.json["steps"]["shout"]["status"] == "succeeded"
    assert said.err == "loading\n"
    log = place.look("logs", "n1", "shout").out
    assert log.splitlines() == ["captured", "from a shell", "from a process", "from a thread"]


def test_a_param_is_data_in_a_shell_line_and_a_block_fails_at_its_first_failing_line(place: Place) -> None:
    text = """
name: say
params: {x: a}
steps:
  say:
    command: |
      echo {{ params.x }}
      echo "{{ params.x }}" '{{ params.x }}' "$ORCHESTRATOR_PARAM_x"
      ls nowhere
      echo not here
"""
    place.write("say.yaml", text)
    assert place.run("say.yaml", "--param", "x=a; echo 'PWNED' > it").code == 1
    said = place.look("logs", "say", "say").out.splitlines()
    assert said[:2] == ["a; echo 'PWNED' > it", " ".join(["a; echo 'PWNED' > it"] * 3)]
    assert len(said) == 3
    assert not (place.folder / "it").exists()
