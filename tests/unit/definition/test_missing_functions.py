"""Functions that a graph names and that do not exist are found without running users' code."""

from pathlib import Path

import pytest

from orchestrator.core.graph import Graph
from orchestrator.core.steps import Step, Work
from orchestrator.definition.functions import missing

JOBS = """
import os
raise SystemExit("this file must not be run")
if os.name == "posix":
    def inside_if(): ...
try:
    from elsewhere import imported
except ImportError:
    assigned = None
(first, (second, *third)) = 1, (2, 3)
for looped in (): ...
with open(os.devnull) as opened, (walrus := 5): ...
annotated: int = 5
class Called:
    def method(self):
        hidden = 1
async def waited(): ...
def makes():
    global declared
    declared = print
"""

FILES = {
    "jobs.py": JOBS,
    "star.py": "from os.path import *\n",
    "dynamic.py": "def __getattr__(name): return print\n",
    "made.py": "globals()['f'] = print\n",
    "broken.py": "\ndef f(:\n",
    "package/__init__.py": "",
    "package/inner.py": "def f(): ...\n",
    "folder/inner.py": "def f(): ...\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def named(function: str) -> Graph:
    return Graph("g", (Step("a", Work("python", {"function": function, "args": {}})),))


THERE = "inside_if imported assigned first second third looped opened walrus annotated Called waited makes declared os"


@pytest.mark.parametrize(
    "function",
    [
        *(f"jobs:{name}" for name in THERE.split()),
        *["star:join", "dynamic:f", "made:f", "package.inner:f", "folder.inner:f"],
        *["json:loads", "json:of_a_newer_version", "os.path:join"],
    ],
)
def test_what_may_exist_is_accepted(folder: Path, function: str) -> None:
    assert missing(named(function), folder) == []


NOT_HERE = "beside this file, and none is installed here"


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        ("jobs:opend", "module 'jobs' has no function 'opend' (did you mean 'opened'?)"),
        ("jobs:method", "module 'jobs' has no function 'method'"),
        ("jobs:hidden", "module 'jobs' has no function 'hidden'"),
        ("job:makes", f"there is no module 'job' {NOT_HERE} (did you mean 'jobs'?)"),
        ("no.where:f", f"there is no module 'no.where' {NOT_HERE}"),
        ("package.other:f", f"there is no module 'package.other' {NOT_HERE}"),
        ("package:f", "module 'package' has no function 'f'"),
        ("broken:f", "module 'broken' cannot be imported: broken.py:2: invalid syntax"),
    ],
)
def test_what_certainly_does_not_exist_is_told(folder: Path, function: str, wrong: str) -> None:
    (found,) = missing(named(function), folder)
    assert (found.path, found.message) == (("steps", "a", "python"), wrong)


def test_every_key_that_names_a_function_is_looked_at(folder: Path) -> None:
    graph = Graph(
        "g",
        (
            Step("a", Work("call", {"function": "jobs:x1"})),
            Step("b", Work("dataflow", {"parameters_from": "jobs:x2"}), local=Work("python", {"function": "jobs:x3"})),
            Step("c", Work("dataflow", {}), local=Work("command", {"command": "true"})),
            Step("d"),
        ),
    )
    assert [problem.path for problem in missing(graph, folder)] == [
        ("steps", "a", "call"),
        ("steps", "b", "parameters_from"),
        ("steps", "b", "local", "python"),
    ]
