"""Which files are deployed with a graph."""

import sys

import pytest

from orchestrator.deployment.lockfile import lock
from tests.unit.lockfile.graphs import (
    FROM,
    HELPERS,
    LIB,
    LOCAL,
    NOISE,
    PLAIN,
    PYTHON,
    Make,
    problems_of,
)


def test_a_yaml_graph_goes_alone(make: Make) -> None:
    assert list(lock(make({"g/graph.yaml": PLAIN, "g/other.py": "", "g/sub/x.csv": ""})).files) == ["g/graph.yaml"]


def test_with_a_function_goes_all_that_it_may_need_below_the_graphs_folder(make: Make) -> None:
    inside = {"graph.yaml": FROM, **LIB, **HELPERS}
    folder = make({f"g/{name}": text for name, text in {**inside, **NOISE}.items()})
    make({"other.csv": "", "lib/x.py": ""})
    made = lock(folder)
    assert made.problems == []
    assert set(made.files) == {f"g/{name}" for name in inside}


def test_with_a_graph_among_others_goes_what_lies_beside_it_and_belongs_to_none(make: Make) -> None:
    others = {"here.yaml": LOCAL, "plain.yaml": PLAIN, "own/graph.yaml": PLAIN, "own/helper.py": ""}
    folder = make({"g.yaml": FROM, **LIB, **HELPERS, **NOISE, **others})
    assert set(lock(folder).files) == {"g.yaml", "plain.yaml", "own/graph.yaml", *LIB, *HELPERS}


def test_with_a_python_graph_goes_what_it_may_import(
    make: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(sys.path)
    one = {"one/graph.py": PYTHON, "one/helper.py": 'TEMPLATE = "gs://b/one"\n'}
    two = {"two/graph.py": PYTHON.replace('"py"', '"two"'), "two/helper.py": 'TEMPLATE = "gs://b/two"\n'}
    made = lock(make({**one, **two}))
    assert {name: entry.templates for name, entry in made.graphs.items()} == {
        "one": ("gs://b/one",),
        "two": ("gs://b/two",),
    }
    assert set(made.files) == {*one, *two}
    assert capsys.readouterr() == ("", "not to be seen\n" * 2)
    assert sys.path == before


def test_a_file_that_is_no_text_is_a_problem_of_the_graph(make: Make) -> None:
    folder = make({"g.yaml": FROM, **LIB, "rows.csv": "a\nb;ü\n".encode("latin-1"), "plain.yaml": PLAIN})
    wrong = "rows.csv:2: expected text in UTF-8, got the byte 0xfc: save the file as UTF-8"
    assert problems_of(lock(folder)) == {"g": (wrong,), "plain": ()}
