"""A graph's functions are there, and take what they are given, or ``lock`` says so."""

import pytest

from orchestrator.deployment.lockfile import lock
from tests.unit.lockfile.graphs import FROM, LIB, PLAIN, Make


def test_a_function_that_is_not_there_is_a_problem_now(make: Make) -> None:
    keys = ["lib.params:mak", "no:f", "lib.broken:f", "lib.leaving:f", "lib.params:make"]
    steps = "".join(
        f"  s{number}: {{dataflow: {{template: gs://b/t}}, parameters_from: {key}}}\n"
        for number, key in enumerate(keys)
    )
    broken = {"lib/broken.py": "\nimport nothing.at.all\n", "lib/leaving.py": "raise SystemExit(3)\n"}
    folder = make(
        {f"g/{name}": text for name, text in {"graph.yaml": f"name: g\nsteps:\n{steps}", **LIB, **broken}.items()}
    )
    assert lock(folder).problems == [
        "g/graph.yaml:3: step 's0': parameters_from: module 'lib.params' has no function 'mak' (did you mean 'make'?)",
        "g/graph.yaml:4: step 's1': parameters_from: there is no module 'no' in g or installed",
        "g/graph.yaml:5: step 's2': parameters_from: ModuleNotFoundError: No module named 'nothing' (broken.py:2)",
        "g/graph.yaml:6: step 's3': parameters_from: SystemExit: 3 (leaving.py:1)",
    ]


def test_all_that_is_wrong_is_told_at_once(make: Make) -> None:
    """What is wrong with the file, what lock itself looks for, and what its folder has."""
    steps = (
        "  a: {after: none, dataflow: {template: gs://b/t}, parameters_from: no:f}\n  b: {command: ls}\n  c: {cal: x}\n"
    )
    folder = make({"g/graph.yaml": f"name: g\nsteps:\n{steps}", "g/env": "NOTE = no\n", "plain.yaml": PLAIN})
    assert lock(folder).problems == [
        "g/graph.yaml:3: step 'a': after: no step is called 'none'",
        "g/graph.yaml:5: step 'c': cal: unknown key (did you mean 'call'?)",
        "g/graph.yaml:3: step 'a': parameters_from: there is no module 'no' in g or installed",
        "g/graph.yaml:4: step 'b': command: expected a graph that can be deployed, but step b runs on one "
        "machine only: use a dataflow step with this as its local block, or write deploy: false at the top of the "
        "graph",
        "g/env:1: expected NAME=value, got 'NOTE = no'",
    ]


def test_two_graphs_may_call_their_modules_the_same(make: Make) -> None:
    library = {"one/lib/params.py": "def make(): ...\n", "two/lib/params.py": "def other(): ...\n"}
    made = lock(
        make(
            {
                "one/graph.yaml": FROM,
                "two/graph.yaml": FROM.replace(":make", ":other").replace("name: g", "name: h"),
                **library,
            }
        )
    )
    assert made.problems == []


def test_a_function_of_the_articles_json_is_called_as_it_is_there(make: Make) -> None:
    step = '{"template": "gs://b/t", "function": "make"}'
    folder = make({"a.json": f'{{"start": "A", "steps": {{\n"A":\n{step}}}}}', "a.py": "def make(): ...\n"})
    assert lock(folder).problems == []
    assert set(lock(folder).files) == {"a.json", "a.py"}
    make({"a.py": "import gone\ndef make(): ...\n"})
    wrong = "step 'A': function: ModuleNotFoundError: No module named 'gone' (a.py:1)"
    assert lock(folder).problems == [f"a.json:3: {wrong}"]


CALL = "name: g\nparams: {date: today}\nsteps:\n  a: {call: lib.params:make}\n"


@pytest.mark.parametrize("takes", ["", "**kwargs", "params", "date, job_name=None", "*, template_location", "date, /"])
def test_a_function_may_take_what_it_is_given(make: Make, takes: str) -> None:
    assert lock(make({"g/graph.yaml": CALL, "g/lib/params.py": f"def make({takes}): ...\n"})).problems == []


def test_a_function_that_takes_anything_else_is_a_problem_now(make: Make) -> None:
    folder = make({"g/graph.yaml": CALL, "g/lib/params.py": "def make(day, *, data): ...\n"})
    assert lock(folder).problems == [
        "g/graph.yaml:4: step 'a': call: function 'lib.params:make': it requires 'day' and 'data', which it does "
        "not get: its arguments can be job_name, template_location and date, by these names, or all of them as "
        "**kwargs, or only the params as 'params'"
    ]
