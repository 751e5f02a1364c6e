"""The original article from its file to its last job: its JSON and its functions as they were printed."""

import json
import re
from pathlib import Path

import pytest

from orchestrator.core.model import RunStatus, Status
from orchestrator.fakes.dataflow.script import LaunchCall, Script
from orchestrator.rehearsal import Rehearsal
from tests.e2e.command_line import ROOT, Place
from tests.emulation import emulated

ARTICLE = {
    "start": "Start",
    "steps": {
        "Start": {"function": "start", "next": "Step1"},
        "Step1": {
            "job_name": "my-job-1",
            "template": "gs://my-templates/one.json",
            "function": "step1",
            "next": ["Step2", "Step3"],
        },
        "Step2": {
            "job_name": "my-job-2",
            "template": "gs://my-templates/two.json",
            "function": "step2",
            "next": "End",
        },
        "Step3": {"job_name": "my-job-3", "template": "gs://my-templates/three.json", "next": "End"},
        "End": {"function": "end"},
    },
}

#: Beside the functions of the reference, which has ``add_common_params`` and ``step1``.
MORE = """
import os

def start(**kwargs):
    print("the article begins")
    return {"begun": kwargs["job_name"].startswith("start--") or "--start--" in kwargs["job_name"]}

def step2(job_name, template_location):
    return {
        "parameters": add_common_params({"job": job_name, "day": os.environ.get("ARTICLE_DAY")}),
        "job_name": job_name,
        "template_location": template_location,
    }

def end(**kwargs):
    return None
"""


@pytest.fixture
def article(place: Place) -> Path:
    """The article as a graph of a folder, with its functions."""
    (printed,) = re.findall(r"```py\n(def add_common_params.*?)```", (ROOT / "docs/graphs.md").read_text(), re.DOTALL)
    place.write("graphs/article/graph.json", json.dumps(ARTICLE))
    place.write("graphs/article/functions.py", printed + MORE)
    return place.folder / "graphs/article/graph.json"


def test_the_article_is_validated_locked_and_drawn(place: Place, article: Path) -> None:
    assert place.look("validate", "article").out == (
        "graphs/article/graph.json: article is valid: 5 steps, 5 edges, 1 join, "
        "longest path of 4 steps (Start -> Step1 -> Step2 -> End)\n"
    )
    assert place.look("lock").out == "graphs/graphs.lock: 1 graph in 2 files\n"
    entry = json.loads(place.read("graphs/graphs.lock"))["graphs"]["article"]
    assert (entry["problems"], entry["jobs_at_once"]) == ([], 2)
    assert entry["templates"] == [f"gs://my-templates/{name}.json" for name in ("one", "three", "two")]
    assert place.look("plot", "article", "-o", "article.mmd").code == 0
    assert "Step1" in place.read("article.mmd")


def test_the_article_runs_on_one_machine(place: Place, article: Path) -> None:
    said = place.run("article", "--fake-dataflow", "--run-id", "a1")
    assert (said.code, said.json["graph"], said.json["status"]) == (0, "article", "succeeded")
    steps = said.json["steps"]
    assert {name: (step["status"], step["outputs"]) for name, step in steps.items()} == {
        "Start": ("succeeded", {"begun": True}),
        "Step1": ("succeeded", {}),
        "Step2": ("succeeded", {}),
        "Step3": ("succeeded", {}),
        "End": ("succeeded", {}),
    }
    assert "the article begins" in place.look("logs", "a1", "Start").out


@pytest.mark.slow
def test_the_article_is_rehearsed_and_each_launch_has_the_name_the_template_and_the_common_parameter(
    place: Place, article: Path
) -> None:
    emulated()
    place.write("graphs/article/env", "ARTICLE_DAY=2026-11-23\n")
    calls: list[LaunchCall] = []

    def script(call: LaunchCall) -> Script:
        calls.append(call)
        return Script(0.1, 0.1, 0.1)

    with Rehearsal(article, script) as rehearsal:
        rehearsal.start("a1", {})
        assert rehearsal.wait("a1").status is RunStatus.SUCCEEDED
        states = rehearsal.store.load_all(rehearsal.run("a1").key).states
        assert rehearsal.dataflow.misfits == []
    assert [states[node].status for node in range(5)] == [Status.SUCCEEDED] * 5
    assert (states[0].outputs, states[4].outputs) == ({"begun": True}, None)
    launched = {call.template: call for call in calls}
    names = [states[node].job_name for node in (1, 2, 3)]
    assert [call.name for call in sorted(calls, key=lambda call: call.name)] == names
    assert [str(name).split("--")[1] for name in names] == ["my-job-1", "my-job-2", "my-job-3"]
    common = {"setup_file": "/template/setup.py"}
    assert {template: call.parameters for template, call in launched.items()} == {
        "gs://my-templates/one.json": {"input": "gs://raw/orders.csv", **common},
        "gs://my-templates/two.json": {"job": names[1], "day": "2026-11-23", **common},
        "gs://my-templates/three.json": {},
    }
    assert {call.region for call in calls} == {"europe-west4"}


@pytest.mark.slow
def test_the_article_is_rehearsed_by_its_name(place: Place, article: Path) -> None:
    emulated()
    said = place.look("rehearse", "article", "--calm", "--json")
    assert (said.code, said.err) == (0, "")
    told = ("passed", "attempts", "jobs", "launched_twice", "still_active", "misfits")
    assert [said.json[key] for key in told] == [True, 3, 3, {}, [], []]
