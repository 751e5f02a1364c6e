"""A Python graph file is run, and what goes wrong in it is said with its line."""

import sys
from pathlib import Path

import pytest

from orchestrator.core.graph import Graph
from orchestrator.core.steps import Step, Work
from tests.unit.definition.conftest import Load, Refusal

HEAD = "from orchestrator import Graph, step\n"

REFUSED = {
    "with Graph('g') as graph:\n    step('a', wait=5)": (
        "g.py:3: step 'a': wait: expected a duration such as 30s, 10m, 6h or 2d, got the number 5: "
        "write 5s if seconds are meant"
    ),
    "with Graph('g') as graph:\n    1 / 0": "g.py:3: the file raised ZeroDivisionError: 'division by zero'",
    "def f():\n    raise KeyError('x')\n\nf()": "g.py:3: the file raised KeyError: ''x''",
    "step('a')": ("g.py:2: step('a'): expected a call inside 'with Graph(…) as graph:', or of graph.step(…)"),
    "import nowhere_to_be_found": (
        "g.py:2: the file raised ModuleNotFoundError: 'No module named 'nowhere_to_be_found''"
    ),
    "def (": "g.py:2: this is not Python: invalid syntax",
    "raise SystemExit(3)": "g.py:2: the file raised SystemExit: '3'",
    "'a\0b'": "g.py:1: this is not Python: source code string cannot contain null bytes",
    "": "g.py:1: expected a variable 'graph' at the top of the file: with Graph(…) as graph:",
    "graph = 5": "g.py:1: expected 'graph' to be a Graph, got the number 5",
    "graph = Graph": "g.py:1: expected 'graph' to be a Graph, got a Python type",
    "from orchestrator.core.graph import Graph as Core\ngraph = Core('g', ())": (
        "g.py:1: steps: expected at least one step, got none"
    ),
}


@pytest.mark.parametrize(("text", "line"), REFUSED.items())
def test_a_python_file_is_refused_in_these_words(refusal: Refusal, text: str, line: str) -> None:
    assert refusal(HEAD + text, "g.py") == [line]


def test_a_file_can_import_its_neighbours_and_leaves_no_trace(load: Load, tmp_path: Path) -> None:
    (tmp_path / "names_beside.py").write_text("NAME = 'a'")
    path, modules = list(sys.path), set(sys.modules)
    text = HEAD + "from names_beside import NAME\n\ndef f(): ...\n\ngraph = Graph('g')\ngraph.step(NAME, python=f)"
    work = Work("python", {"function": "json:f", "args": {}})
    import json

    assert load(text, "json.py") == Graph("g", (Step("a", work),))
    assert sys.modules["json"] is json
    assert sys.path == path
    assert set(sys.modules) == modules


@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("stream", ["None", "__import__('io').StringIO()"])
def test_what_a_file_puts_into_the_place_of_a_stream_is_gone_when_it_is_read(
    load: Load, name: str, stream: str
) -> None:
    before = sys.stdout, sys.stderr
    assert load(
        HEAD + f"import sys\nsys.{name} = {stream}\nwith Graph('g') as graph:\n    step('a', wait='1s')\n", "g.py"
    )
    assert (sys.stdout, sys.stderr) == before


def test_two_folders_may_use_the_same_names(load: Load, tmp_path: Path) -> None:
    found = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "common.py").write_text(f"NAME = 'step{number}'")
        text = HEAD + "import common\ngraph = Graph('g')\ngraph.step(common.NAME)"
        found.append(load(text, f"{number}/graph.py").steps[0].name)
    assert found == ["step1", "step2"]


def test_a_core_graph_is_taken_too(load: Load) -> None:
    text = "from orchestrator.core.graph import Graph\nfrom orchestrator.core.steps import Step\n"
    assert load(text + "graph = Graph('g', (Step('a'),))", "g.py") == Graph("g", (Step("a"),))
