"""docs/testing.md: its examples run, and it has every argument and member."""

import inspect
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestrator import testing
from orchestrator.api.results import RunResult

TEXT = (Path(__file__).resolve().parents[2] / "docs/testing.md").read_text()
GRAPHS = re.findall(r"```yaml\n# (\S+)\n(.*?)```", TEXT, re.DOTALL)
PROGRAM = "\n".join(re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL))


def section(title: str) -> list[str]:
    """The names in the first column of the tables below a heading."""
    found = re.search(rf"^## {title}.*?(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return re.findall(r"`(\w+)", "".join(re.findall(r"^\|([^|]*)\|", found[0], re.MULTILINE)))


def examples() -> dict[str, Callable[..., None]]:
    made: dict[str, Any] = {}
    exec(compile(PROGRAM, "docs/testing.md", "exec"), made)
    return {name: value for name, value in made.items() if name.startswith("test_")}


@pytest.mark.parametrize("name", examples())
def test_its_examples_pass(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for file, text in GRAPHS:
        (tmp_path / file).write_text(text)
    monkeypatch.chdir(tmp_path)
    examples()[name](partial(testing.simulate, folder=tmp_path))


def test_it_has_every_argument_and_every_replacement():
    (written,) = re.findall(r"^## `run_graph\((.*)\)`$", TEXT, re.MULTILINE)
    given = list(inspect.signature(testing.simulate).parameters)
    assert written.replace("*, ", "").split(", ") == given
    assert section("`run_graph") == [*given, "succeed", "fail", "hang"]
    for replacement in (testing.succeed, testing.fail):
        parameters = ", ".join(inspect.signature(replacement).parameters).replace(", ", ", *, ", 1)
        assert f"| `{replacement.__name__}({parameters})` |" in TEXT


def test_it_has_every_member_of_a_simulated_run():
    own = {name for name in vars(testing.SimulatedRun) if not name.startswith("_")}
    fields = testing.SimulatedRun.__dataclass_fields__.keys() - RunResult.__dataclass_fields__.keys()
    own |= {name for name in fields if not name.startswith("_")}
    assert set(section("What it returns")) - {"step"} == own
    for name in testing.Attempt.__dataclass_fields__:
        assert f"`{name}`" in TEXT
