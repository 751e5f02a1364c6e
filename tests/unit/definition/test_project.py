"""The project's file, orchestrator.yaml: what it may say, and how mistakes in it are told."""

from pathlib import Path

import pytest

from orchestrator.definition.project import Project, json_schema, load_project, project_folder
from orchestrator.errors import InvalidGraphError, UsageError

WRONG = {
    "an unknown key": ("pols: {a: 1}", ["1: pols: unknown key (did you mean 'pools'?)"]),
    "all at once": (
        "pools:\n  dataflow: 0\n  Big: 3\n  x: many\nother: 1\n",
        [
            "2: pools.dataflow: expected at least 1, got the number 0",
            "3: pools.Big: expected at most 63 lower-case letters, digits and '-', with no '-' at an end, got 'Big'",
            "4: pools.x: expected a whole number, got 'many'",
            "5: other: unknown key: the keys here are pools, notify and env",
        ],
    ),
    "a key twice": ("pools:\n  a: 1\n  a: 2\n", ["3: the key 'a' is written twice here, first on line 2"]),
    "a list": ("- 1\n", ["1: expected a mapping with the keys of a project, such as pools, got a list"]),
    "pools as a number": ("pools: 5\n", ["1: pools: expected a mapping such as {dataflow: 20}, got the number 5"]),
    "variables": (
        "env:\n  A-B: x\n  ORCHESTRATOR_RUN: x\n  C: true\n  D: '{{ params.d }}'\n",
        [
            "2: env.A-B: expected a name of letters, digits and '_', got 'A-B'",
            "3: env.ORCHESTRATOR_RUN: names that begin with ORCHESTRATOR_ are reserved: choose another name",
            "4: env.C: expected text, got true: write it in quotes",
            "5: env.D: expected text without an expression: write it in the env of the step",
        ],
    ),
    "variables as a list": ("env: [A=1]\n", ["1: env: expected a mapping such as {WAREHOUSE: eu}, got a list"]),
    "no YAML": ("pools: [\n", ["1: this is not YAML: did not find expected node content, in 'pools: ['"]),
}


def written(folder: Path, text: str) -> Path:
    (folder / "orchestrator.yaml").write_text(text)
    return folder


def test_pools_are_read(tmp_path: Path) -> None:
    assert load_project(written(tmp_path, "pools: {dataflow: 20, big-query: 3}")) == Project(
        pools={"dataflow": 20, "big-query": 3}
    )


def test_variables_are_read(tmp_path: Path) -> None:
    assert load_project(written(tmp_path, "env: {WAREHOUSE: eu, N: 3}")).env == {"WAREHOUSE": "eu", "N": "3"}


def test_a_pool_has_at_most_10000_places(tmp_path: Path) -> None:
    assert load_project(written(tmp_path, "pools: {a: 10000}")).pools == {"a": 10_000}
    with pytest.raises(InvalidGraphError, match=r"pools\.a: expected at most 10000, got the number 10001"):
        load_project(written(tmp_path, "pools: {a: 10001}"))


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}\n"])
def test_a_project_needs_no_settings(tmp_path: Path, text: str) -> None:
    assert load_project(tmp_path) == load_project(written(tmp_path, text)) == Project()


@pytest.mark.parametrize(("text", "lines"), WRONG.values(), ids=WRONG)
def test_every_mistake_is_told_with_its_line(tmp_path: Path, text: str, lines: list[str]) -> None:
    with pytest.raises(InvalidGraphError) as refused:
        load_project(written(tmp_path, text))
    assert [line.removeprefix(f"{tmp_path}/orchestrator.yaml:") for line in refused.value.lines] == lines


def test_a_folder_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "orchestrator.yaml").mkdir()
    with pytest.raises(UsageError, match="expected a file, got a folder"):
        load_project(tmp_path)


def test_the_project_of_a_graph_is_the_folder_that_has_graphs(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    inside, beside = tmp_path / "graphs" / "sales", tmp_path / "notes"
    inside.mkdir(parents=True)
    beside.mkdir()
    for folder in (inside, inside.parent, beside, tmp_path):
        assert project_folder(folder) == tmp_path


def test_the_schema_has_every_key_and_no_other() -> None:
    schema = json_schema()
    assert list(schema["properties"]) == ["pools", "notify", "env"]
    assert schema["additionalProperties"] is False
    ((pattern, places),) = schema["properties"]["pools"]["patternProperties"].items()
    assert pattern.startswith("^[a-z0-9]")
    assert places == {"maximum": 10_000, "minimum": 1, "type": "integer"}
