"""A rehearsal's jobs are the steps' ``local:`` blocks, as ``orchestrator run`` runs them; and nothing outlives it."""

import re
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.model import RunStatus, Status
from orchestrator.rehearsal import Rehearsal
from tests.e2e.command_line import Place
from tests.emulation import emulated

pytestmark = pytest.mark.slow

HELPER = """
import os
from pathlib import Path

def parameters(params):
    beside = (Path(__file__).parent / "beside.txt").read_text().strip()
    return {"day": params["day"], "beside": beside, "season": os.environ.get("SEASON", "")}

def count(n):
    print("counting")
    return {"rows": n, "name": "x"}
"""

GRAPH = """
name: what
params: {day: monday, text: "it's $HOME"}
steps:
  env:
    dataflow: {template: gs://b/t.json}
    parameters_from: helper:parameters
    local:
      command: |
        { env | grep -E '^(ORCHESTRATOR_[^M]|COLOUR|WHERE)' | sort; pwd; echo {{ params.text }}; } > {{ run.dir }}/env
        echo '{"lines": 7, "word": "x"}' > "$ORCHESTRATOR_OUTPUTS"
      env: {COLOUR: blue, WHERE: "{{ run.id }}"}
      cwd: sub
  words: {JOB, local: {command: [sh, -c, 'echo "$1" > "$ORCHESTRATOR_RUN_DIR/words"', sh, "{{ params.text }}"]}}
  function: {JOB, local: {python: helper:count, args: {n: 2}}}
  apart: {JOB, local: {python: helper:count, args: {n: 3}, isolated: true}}
  waits: {JOB, local: {wait: 1s}}
  twice: {JOB, retry: {attempts: 2, delay: 1s}, local: {command: '[ "$ORCHESTRATOR_ATTEMPT" = 2 ]'}}
  fails: {JOB, local: {command: "echo so; echo boom >&2; exit 3"}}
  missing: {JOB, local: {command: [no-such-program]}}
  nowhere: {JOB, local: {command: [pwd], cwd: nowhere}}
  raises: {JOB, local: {python: helper:nothing}}
  spoils: {JOB, local: {command: 'echo "[1]" > "$ORCHESTRATOR_OUTPUTS"'}}
""".replace("JOB", "dataflow: {template: gs://b/t.json}")

FAILED = ("fails", "missing", "nowhere", "raises", "spoils")


@pytest.fixture
def what(place: Place) -> Path:
    emulated()
    place.write("helper.py", HELPER)
    place.write("beside.txt", "read\n")
    place.write("env", "SEASON=winter\n")
    place.write("sub/.keep", "")
    return place.write("what.yaml", GRAPH)


def plain(text: str, home: Path) -> list[str]:
    """What a step saw, without what is different by nature: the place where runs are kept."""
    return text.replace(str(home), "HOME").splitlines()


def test_a_local_block_runs_as_it_runs_on_one_machine(place: Place, what: Path):
    ran = place.run("what.yaml", "--run-id", "r1", "-p", "day=friday")
    assert ran.code == 1
    home, runs = place.folder / ".orchestrator", Path(".orchestrator/runs/r1/data")
    with Rehearsal(what) as rehearsal:
        rehearsal.start("r1", {"day": "friday"})
        assert rehearsal.wait("r1").status is RunStatus.FAILED
        view = rehearsal.store.load_all(rehearsal.run("r1").key)
        states = {step.name: view.state(node) for node, step in enumerate(rehearsal.graph.steps)}
        data = rehearsal.home.data("r1")
        for name in ("env", "words"):
            seen = plain((data / name).read_text(), rehearsal.home.path)
            assert seen == plain(place.read(str(runs / name)), home), name
        (call,) = [job.call for job in rehearsal.dataflow.service.jobs.values() if "--env--" in f"--{job.name}"]
        assert call.parameters == {"day": "friday", "beside": "read", "season": "winter"}
        assert rehearsal.dataflow.active == []
    steps: dict[str, Any] = ran.json["steps"]
    assert {name: state.status for name, state in states.items()} == {
        name: Status.FAILED if name in FAILED else Status.SUCCEEDED for name in steps
    }
    assert {name: step["status"] for name, step in steps.items()} == {name: s.status for name, s in states.items()}
    assert {name: step["attempt"] for name, step in steps.items()} == {name: s.attempt for name, s in states.items()}
    outputs = [states[name].outputs for name in ("env", "function", "apart")]
    assert outputs == [{"lines": 7}, {"rows": 2}, {"rows": 3}]
    for name in FAILED:
        expected = re.sub(r"\S*/", "", str(steps[name]["error"]))
        assert expected in re.sub(r"\S*/", "", str(states[name].error)), name


LASTS = """
name: lasts
steps:
  a:
    dataflow: {template: gs://b/t.json}
    local: {command: "trap '' TERM; (trap '' TERM; sleep 600) & echo up > up; sleep 600; sleep 600"}
"""


def marked(mark: str) -> set[int]:
    """The processes that have ``mark`` in their environment."""
    if not Path("/proc").is_dir():
        listed = subprocess.run(["ps", "-axEww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
        return {int(line.split()[0]) for line in listed.stdout.splitlines() if mark in line}
    found = set[int]()
    for file in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in file.read_bytes():
                found.add(int(file.parent.name))
    return found


def test_a_rehearsal_that_is_killed_leaves_no_process_of_its_own(place: Place):
    """Emulators, functions, and jobs that do not want to end: all of them have what was in its environment."""
    emulated()
    place.write("lasts.yaml", LASTS)
    mark = str(uuid.uuid4())
    process = place.start("rehearse", "lasts.yaml", "--calm", MARK=mark)
    deadline = time.monotonic() + 300
    while not (place.folder / "up").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    before = marked(mark)
    process.kill()
    said = process.communicate()
    assert len(before) > 8, said
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == set()
