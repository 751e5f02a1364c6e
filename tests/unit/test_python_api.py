"""docs/python.md: every public name with its signature, and examples that run."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import orchestrator
from orchestrator.definition.handles import StepHandle

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/python.md").read_text()

#: Name -> the text between its brackets.
HEADINGS = dict(re.findall(r"^## `(\w+)\((.*)\)`$", TEXT, re.MULTILINE))

#: What these return -> the names in the first column of its table.
RESULTS = {
    name: set(re.findall(r"`(\w+)", "".join(re.findall(r"^\|([^|]*)\|", section, re.MULTILINE))))
    for name, section in re.findall(r"^## `(\w+)`$(.*?)(?=^## )", TEXT, re.MULTILINE | re.DOTALL)
}


def arguments(call: object) -> str:
    """The names of what it takes, as the page writes them."""
    found = inspect.signature(call).parameters.values()  # type: ignore[arg-type]
    written = ["**keys" if one.kind is one.VAR_KEYWORD else one.name for one in found if one.name != "self"]
    first = next((at for at, one in enumerate(found) if one.kind is one.KEYWORD_ONLY), None)
    return ", ".join(written if first is None else [*written[:first], "*", *written[first:]])


def test_the_page_has_every_public_name_with_its_signature():
    assert set(HEADINGS) | set(RESULTS) == set(orchestrator.__all__)
    for name, written in HEADINGS.items():
        assert arguments(getattr(orchestrator, name)) == written, name


@pytest.mark.parametrize("name", RESULTS)
def test_the_page_has_every_member_of_a_result(name: str):
    assert RESULTS[name] == {member for member in vars(getattr(orchestrator, name)) if not member.startswith("_")}


def test_the_page_has_every_argument_of_a_run():
    _, section = TEXT.split("## `run(")
    table = section.partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(inspect.signature(orchestrator.run).parameters)


def test_the_package_shows_its_public_names_and_no_private_ones():
    assert {name for name in dir(orchestrator) if not name.startswith("_")} >= set(orchestrator.__all__)


def test_the_page_has_every_member_of_a_graph():
    told = set(re.findall(r"^\| `(?:graph|Graph)\.(\w+)", TEXT, re.MULTILINE))
    assert told == {name for name in vars(orchestrator.Graph) if not name.startswith("_")}


def test_every_argument_of_a_graph_is_a_key_that_its_document_has():
    graph = orchestrator.Graph("g", deploy=False)
    assert graph.document == {"name": "g", "deploy": False, "steps": {}}
    assert isinstance(graph.step("a"), StepHandle)


def test_its_examples_run_one_after_the_other(tmp_path: Path):
    (tmp_path / "sales.yaml").write_text("name: sales\nsteps:\n  report: {after: [nothing], wait: 1s}\n")
    program = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", ["README.md", "docs/graphs.md"])
def test_the_page_is_linked(page: str):
    assert re.search(r"\]\((docs/)?python\.md\)", (ROOT / page).read_text())
