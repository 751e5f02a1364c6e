"""Parts of a rehearsal that need no emulator: what is found in logs, what lies in the folder, what dies with whom."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.core.graph import Graph
from orchestrator.core.steps import Step, Work
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.home import Home
from orchestrator.jobs.process.reaper import reap
from orchestrator.system.leash import leashed

TRACEBACK = """\
{"severity": "INFO", "message": "swept 1 runs"}
Exception on / [POST]
Traceback (most recent call last):
  File "main.py", line 3, in start
    raise KeyError
KeyError: 'x'
"""


def test_exceptions_and_dropped_tasks_in_a_function_s_log_are_told_once(tmp_path: Path):
    pytest.importorskip("google.cloud.tasks_v2", reason="a rehearsal needs Google's clients")
    from orchestrator.rehearsal.log_errors import errors_in_logs

    dropped = json.dumps({"severity": "ERROR", "counted": "task_dropped", "message": "no run has the key 'k'"})
    failed = json.dumps({"severity": "ERROR", "counted": "step_failed", "message": "step 'a' of run r failed: boom"})
    (tmp_path / "start.log").write_text(TRACEBACK * 2)
    (tmp_path / "on_task.log").write_text(f"{dropped}\n{failed}\n[1]\nnot JSON\n")
    logs = {name: tmp_path / f"{name}.log" for name in ("start", "on_task", "sweep")}
    assert errors_in_logs(logs) == ["start: KeyError: 'x'", "on_task: no run has the key 'k'"]


def test_what_a_fake_stumbles_over_is_told(caplog: pytest.LogCaptureFixture):
    pytest.importorskip("google.cloud.tasks_v2", reason="a rehearsal needs Google's clients")
    from orchestrator.rehearsal.log_errors import logged_exceptions

    log = logging.getLogger("orchestrator.fakes.dataflow.timer")
    with logged_exceptions() as found:
        try:
            raise KeyError("x")  # noqa: TRY301
        except KeyError:
            log.exception("the fake for Dataflow stumbled, and goes on")
        log.warning("nothing of importance")
    log.error("afterwards")
    assert found == ["the fake for Dataflow stumbled, and goes on: KeyError: 'x'"]


def test_what_lies_beside_a_graph_is_deployed_with_it_but_no_second_graph(tmp_path: Path):
    pytest.importorskip("google.cloud.tasks_v2", reason="a rehearsal needs Google's clients")
    from orchestrator.rehearsal.graph_folder import link_graph_folder

    for name in ("sales.yaml", "helper.py", "graph.yaml", "data/day.csv"):
        (tmp_path / "here" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "here" / name).write_text(name)
    link_graph_folder(tmp_path / "here" / "sales.yaml", "daily-sales", tmp_path / "graphs")
    made = tmp_path / "graphs" / "daily-sales"
    assert sorted(path.name for path in made.iterdir()) == ["data", "graph.yaml", "helper.py", "sales.yaml"]
    assert (made / "graph.yaml").read_text() == "sales.yaml"
    assert (made / "data" / "day.csv").read_text() == "data/day.csv"
    link_graph_folder(tmp_path / "here" / "graph.yaml", "other", tmp_path / "more")
    assert (tmp_path / "more" / "other").resolve() == tmp_path / "here"


def test_a_folder_s_own_variables_are_those_of_a_graph_with_functions_and_what_lock_refuses_is_refused(tmp_path: Path):
    pytest.importorskip("google.cloud.tasks_v2", reason="a rehearsal needs Google's clients")
    from orchestrator.rehearsal.graph_folder import folder_variables

    work = {"template": "gs://b/t.json", "parameters_from": "helper:load"}
    calls, plain = Graph("g", (Step("a", Work("dataflow", work)),)), Graph("g", (Step("a"),))
    assert folder_variables(tmp_path / "graph.yaml", calls) == {}
    (tmp_path / "env").write_text("REGION=north\n")
    assert folder_variables(tmp_path / "graph.yaml", calls) == {"REGION": "north"}
    assert folder_variables(tmp_path / "graph.py", plain) == {"REGION": "north"}
    assert folder_variables(tmp_path / "graph.yaml", plain) == {}
    (tmp_path / "env").write_text("PORT=1\n")
    with pytest.raises(UsageError, match=r"env:1: "):
        folder_variables(tmp_path / "graph.yaml", calls)


def test_a_server_that_is_not_there_is_an_error_in_a_sentence():
    pytest.importorskip("google.cloud.tasks_v2", reason="a rehearsal needs Google's clients")
    from orchestrator.rehearsal.http import post

    with pytest.raises(OrchestratorError, match=r"^http://127.0.0.1:9/: no response: .*refused"):
        post("http://127.0.0.1:9/", {})


def gone(group: int) -> bool:
    """Whether no process of a group is left. Zombies that nobody reaps are none."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return not any(number == str(group) and not state.startswith("Z") for number, state in rows)


def seen_gone(group: int) -> bool:
    deadline = time.monotonic() + 180
    while not gone(group) and time.monotonic() < deadline:
        time.sleep(0.02)
    return gone(group)


STUBBORN = "trap '' TERM HUP; (trap '' TERM HUP; sleep 600) & echo up; sleep 600; sleep 600"


def test_a_command_on_a_leash_ends_with_whoever_started_it_whatever_it_does_against_it():
    script = (
        "import subprocess, sys, time\n"
        "from orchestrator.system.leash import leashed\n"
        f"command = leashed(['/bin/sh', '-c', {STUBBORN!r}])\n"
        "it = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)\n"
        "it.stdout.readline(); print(it.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        group = int(starter.stdout.readline())
        assert not gone(group)
        starter.kill()
    assert seen_gone(group)


def test_a_command_on_a_leash_ends_as_it_would_without():
    for code in (0, 3):
        done = subprocess.Popen(
            leashed(["/bin/sh", "-c", f"exit {code}"]), stdin=subprocess.PIPE, start_new_session=True
        )
        assert done.wait(180) == code
        done.communicate()


def test_what_commands_of_a_home_still_run_is_ended_and_nothing_else(tmp_path: Path):
    """An attempt whose shell lives, one that has ended, and one whose number is somebody else's by now."""
    home = Home(tmp_path / "home")
    script = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "from orchestrator.jobs.process import claim\n"
        "folder = Path(sys.argv[1]); folder.mkdir(parents=True); taken = claim.take(folder, 'a')\n"
        f"it = subprocess.Popen(['/bin/sh', '-c', {STUBBORN!r}], stdin=taken, stdout=subprocess.PIPE,"
        " stderr=subprocess.DEVNULL, start_new_session=True)\n"
        "it.stdout.readline(); (folder / 'pid').write_text(str(it.pid)); print(it.pid)\n"
    )
    lives = home.attempt("r1", 0, "a", 1)
    started = subprocess.run([sys.executable, "-c", script, str(lives)], capture_output=True, text=True, check=True)
    other = subprocess.Popen(["sleep", "600"], start_new_session=True)
    ended = home.attempt("r1", 1, "b", 1)
    ended.mkdir(parents=True)
    (ended / "claim").write_text("b")
    (ended / "pid").write_text(str(other.pid))
    reap(home)
    assert seen_gone(int(started.stdout))
    assert other.poll() is None
    os.killpg(other.pid, signal.SIGKILL)
    other.wait()
