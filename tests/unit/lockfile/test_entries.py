"""``graphs.lock`` says of every graph what Terraform must know."""

import hashlib
import json
from pathlib import Path

from orchestrator.core.graph import Graph
from orchestrator.core.steps import Step, Work
from orchestrator.definition.catalog import find_graph, graph_files, graphs
from orchestrator.deployment.lockfile import lock
from orchestrator.deployment.lockfile.entry import Entry, jobs_at_once
from tests.unit.lockfile.graphs import (
    JOB,
    LOCAL,
    PLAIN,
    SALES,
    Make,
    problems_of,
)

ROOT = Path(__file__).resolve().parents[3]
SCHEDULE = {"cron": "0 6 * * *", "time_zone": "Europe/Berlin", "params": {"date": "today"}, "paused": False}


def test_the_lock_of_this_repository_is_up_to_date() -> None:
    assert lock(ROOT / "graphs").text() == (ROOT / "graphs" / "graphs.lock").read_text()


def test_a_lock_says_all_of_every_graph(make: Make) -> None:
    folder = make(
        {"sales.yaml": SALES, "here/graph.yaml": LOCAL, "plain/graph.json": '{"name": "p", "steps": {"a": {}}}'}
    )
    version = {name: lock(folder).graphs[name].version for name in ("plain", "sales")}
    expected = {
        "format": 1,
        "graphs": {
            "plain": {
                "file": "plain/graph.json",
                "version": version["plain"],
                "problems": [],
                "regions": [],
                "templates": [],
                "jobs_at_once": 0,
                "schedule": None,
            },
            "sales": {
                "file": "sales.yaml",
                "version": version["sales"],
                "problems": [],
                "regions": ["europe-west4", "us-east1"],
                "templates": ["gs://b/customers.json", "gs://b/orders.json"],
                "jobs_at_once": 2,
                "schedule": SCHEDULE,
            },
        },
        "local": {
            "here": {
                "file": "here/graph.yaml",
                "because": "it says deploy: false",
            }
        },
        "files": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("plain/graph.json", "sales.yaml")
        },
    }
    assert lock(folder).text() == json.dumps(expected, indent=2, sort_keys=True) + "\n"


def test_the_lock_itself_is_no_graph(make: Make) -> None:
    folder = make({"plain.yaml": PLAIN, "graphs.lock": "{}", "graphs.lock.d/x": ""})
    assert graph_files(folder) == [("plain", folder / "plain.yaml")]
    assert graphs(folder.parent) == {"plain": folder / "plain.yaml"}


def test_what_a_name_stands_for_is_what_the_lock_tells_of(make: Make) -> None:
    folder = make(
        {"a/graph.json": "", "a/graph.yaml": "", "b.json": "", "b/graph.yaml": "", "b.yaml": "", ".c.yaml": ""}
    )
    found = dict(graph_files(folder))
    assert found == {"a": folder / "a" / "graph.yaml", "b": folder / "b.yaml"} == graphs(folder.parent)
    assert find_graph("graphs/a", folder.parent) == found["a"]


def test_the_folders_own_name_is_nowhere_in_it(make: Make) -> None:
    folder = make({"bad.yaml": "name: x", "py/graph.py": "import nope", "f.yaml": f"name: f\nsteps: {{a: {JOB}}}"})
    make({"f.yaml": "name: f\nsteps: {a: {dataflow: {template: gs://b/t}, parameters_from: no.where:f}}"})
    assert problems_of(lock(folder)) == {
        "bad": ("bad.yaml:1: steps: expected the graph's steps, got none",),
        "f": ("f.yaml:2: step 'a': parameters_from: there is no module 'no.where' in graphs or installed",),
        "py": ("py/graph.py:1: the file raised ModuleNotFoundError: 'No module named 'nope''",),
    }
    assert str(folder) not in lock(folder).text()


def test_a_graph_with_problems_tells_nothing_else_and_its_file_is_there(make: Make) -> None:
    made = lock(make({"bad.yaml": SALES.replace("after: again", "after: agian")}))
    wrong = "bad.yaml:8: step 'other': after: no step is called 'agian' (did you mean 'again'?)"
    assert made.graphs == {"bad": Entry("bad.yaml", None, (wrong,), (), (), 0, None)}
    assert list(made.files) == ["bad.yaml"]
    assert made.problems == [wrong]


def test_as_many_jobs_as_a_generation_has_may_run_at_once() -> None:
    def job(name: str, *after: str) -> Step:
        return Step(name, Work("dataflow", {"template": "t"}), after)

    middle = [job(f"m{number}", "first") for number in range(3)]
    assert jobs_at_once(Graph("g", (job("first"), *middle, Step("w", Work("wait"), ("first",)), job("z", "m0")))) == 3
    assert jobs_at_once(Graph("g", (Step("a"),))) == 0
