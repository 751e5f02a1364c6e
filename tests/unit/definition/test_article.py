"""The form of the original article loads as it is."""

import json
from pathlib import Path

import pytest

from orchestrator.core.graph import Graph
from orchestrator.core.steps import Step, Work
from tests.unit.definition.conftest import Load, Refusal

ARTICLE = {
    "start": "Start",
    "steps": {
        "Start": {"next": "Step1"},
        "Step1": {"job_name": "my-job-1", "template": "gs://b/one.json", "function": "one", "next": ["Step2", "Step3"]},
        "Step2": {"job_name": "my-job-2", "template": "gs://b/two.json", "next": "End"},
        "Step3": {"function": "tidy", "next": "End"},
        "End": {},
    },
}

FUNCTIONS = "from elsewhere import one\n\ndef tidy(): ...\n"


def _job(template: str, **more: str) -> Work:
    return Work("dataflow", {"template": template, "parameters": {}, **more})


@pytest.mark.parametrize("module", ["word_count", "functions"])
def test_the_articles_json_loads_as_it_is(load: Load, tmp_path: Path, module: str) -> None:
    (tmp_path / f"{module}.py").write_text(FUNCTIONS)
    assert load(json.dumps(ARTICLE), "word_count.json") == Graph(
        "word-count",
        (
            Step("Start"),
            Step("Step1", _job("gs://b/one.json", parameters_from=f"{module}:one"), ("Start",), job_name="my-job-1"),
            Step("Step2", _job("gs://b/two.json"), ("Step1",), job_name="my-job-2"),
            Step("Step3", Work("call", {"function": f"{module}:tidy"}), ("Step1",)),
            Step("End", after=("Step2", "Step3")),
        ),
    )


def test_a_name_and_our_own_keys_may_be_added(load: Load) -> None:
    steps = {"A": {"template": "gs://b/t", "region": "r", "parameters": {"x": "1"}, "timeout": "1h"}}
    graph = load(json.dumps({"name": "mine", "start": "A", "steps": steps}), "Some Name.json")
    work = Work("dataflow", {"template": "gs://b/t", "region": "r", "parameters": {"x": "1"}})
    assert graph == Graph("mine", (Step("A", work, timeout=3600.0),))


def test_the_name_of_the_file_is_made_a_graphs_name(load: Load) -> None:
    text = '{"start": "A", "steps": {"A": {}}}'
    assert load(text, "My  Job_2.json").name == "my-job-2"
    assert load(text, "___.json").name == "graph"


def test_a_graph_that_is_a_folder_is_called_after_it(load: Load, tmp_path: Path) -> None:
    (tmp_path / "Word_Count").mkdir()
    (tmp_path / "Word_Count" / "Word_Count.py").write_text(FUNCTIONS)
    graph = load(json.dumps(ARTICLE), "Word_Count/graph.json")
    assert (graph.name, graph.by_name["Step3"].work) == ("word-count", Work("call", {"function": "Word_Count:tidy"}))


def test_the_functions_are_found_wherever_the_graph_was_copied_to_under_its_name(load: Load, tmp_path: Path) -> None:
    """A graph that is called word_count or Word Count can only be deployed as word-count."""
    for name in ("here/Word Count.json", "there/word-count/graph.json"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).with_name("Word_Count.py").write_text(FUNCTIONS)
        work = load(json.dumps(ARTICLE), name).by_name["Step3"].work
        assert work == Work("call", {"function": "Word_Count:tidy"})


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_template_beside_a_function_is_none(load: Load, tmp_path: Path, empty: str | None) -> None:
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    step = {"job_name": "start", "template": empty, "function": "tidy"}
    assert load(json.dumps({"start": "A", "steps": {"A": step}}), "g.json") == Graph(
        "g", (Step("A", Work("call", {"function": "functions:tidy"}), job_name="start"),)
    )


def test_what_is_wrong_is_said_where_the_article_has_it(refusal: Refusal, tmp_path: Path) -> None:
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    text = """{
"start": "Start",
"steps": {
"Start": {"next": ["A", "C"]},
"A": {"template": 5,
      "function": "tody"},
"B": {"next": "C"},
"C": {"function": "a-b"}
}}"""
    assert refusal(text, "g.json") == [
        "g.json:5: step 'A': template: expected text, got the number 5: write it in quotes",
        "g.json:6: step 'A': function: functions.py has no function 'tody' (did you mean 'tidy'?)",
        "g.json:7: step 'B': no path of 'next' leads here from 'Start', where the graph starts",
        "g.json:8: step 'C': function: expected the name of a function, got 'a-b'",
    ]


def test_a_start_that_is_no_step_is_refused(refusal: Refusal) -> None:
    assert refusal('{"start": "Strat", "steps": {"Start": {}}}', "g.json") == [
        "g.json:1: start: expected the name of the first step, got 'Strat' (did you mean 'Start'?)"
    ]
    assert refusal('{"start": [], "steps": {"Start": {"next": 5}}}', "g.json") == [
        "g.json:1: step 'Start': next: expected the name of a step, or a list of names, got the number 5",
        "g.json:1: start: expected the name of the first step, got a list",
    ]
    assert refusal('{"start": "A", "steps": []}', "g.json") == [
        "g.json:1: steps: expected a mapping of step names to steps, got a list"
    ]


def test_functions_without_a_file_are_refused(refusal: Refusal) -> None:
    text = '{"start": "A", "steps": {"A": {"template": "gs://b/t", "function": "f"}}}'
    assert refusal(text, "my-job.json") == [
        "my-job.json:1: step 'A': function: expected the function 'f' in my_job.py or functions.py beside this file, "
        "but there is no such file"
    ]


def test_functions_in_a_file_that_is_no_python_are_refused(refusal: Refusal, tmp_path: Path) -> None:
    (tmp_path / "g.py").write_text("def (")
    (line,) = refusal('{"start": "A", "steps": {"A": {"template": "gs://b/t", "function": "f"}}}', "g.json")
    assert line.startswith(
        "g.json:1: step 'A': function: expected functions in g.py, which cannot be read: invalid syntax"
    )
