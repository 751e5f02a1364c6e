"""A lock refuses names that no graph or file can have, and two graphs of one name."""

import os
from pathlib import Path

import pytest

from orchestrator.deployment.lockfile import lock
from orchestrator.deployment.lockfile.entry import Entry
from orchestrator.errors import NotFoundError, UsageError
from tests.unit.lockfile.graphs import LOCAL, PLAIN, Make


@pytest.mark.parametrize("name", ["My_Graph", "-x", "a" * 64])
def test_a_name_that_no_graph_can_have_is_a_problem(make: Make, name: str) -> None:
    assert lock(make({f"{name}.yaml": PLAIN})).problems == [
        f"{name}.yaml: a deployed graph is named after its file or folder: expected at most 63 lower-case letters, "
        f"digits and '-', with no '-' at an end, got '{name if len(name) < 61 else name[:57] + '...'}'"
    ]


def test_two_files_of_one_name_are_a_problem_and_both_are_there(make: Make) -> None:
    made = lock(make({"sales.yaml": PLAIN, "sales/graph.yaml": PLAIN}))
    wrong = "sales.yaml: expected one graph called 'sales', got sales/graph.yaml and sales.yaml: rename all but one"
    assert made.graphs == {"sales": Entry("sales.yaml", problems=(wrong,))}
    assert set(made.files) == {"sales.yaml", "sales/graph.yaml"}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere: there is no such folder"):
        lock(tmp_path / "nowhere")


def test_two_graphs_of_one_name_are_told_of_each_other(make: Make) -> None:
    """Run ids, labels and metrics would mix them up, though ``start`` asks for them by their files' names."""
    article = '{"start": "A", "steps": {"A": {}}}'
    folder = make({"a.yaml": f"# first\n{PLAIN}", "b/graph.yaml": PLAIN, "plain/graph.json": article, "c.yaml": LOCAL})
    make({"here.yaml": PLAIN.replace("plain", "here")})
    fix = "give each graph its own name"
    assert lock(folder).problems == [
        f"a.yaml:2: name: the graph of b/graph.yaml and plain/graph.json is also called 'plain': {fix}",
        f"b/graph.yaml:1: name: the graph of a.yaml and plain/graph.json is also called 'plain': {fix}",
        f"plain/graph.json:1: name: the graph of a.yaml and b/graph.yaml is also called 'plain': {fix}",
    ]


def test_a_file_whose_name_is_no_utf_8_is_told_with_all_others(make: Make) -> None:
    folder = make({"plain.yaml": PLAIN})
    for name in (b"a\xffb.yaml", b"c\xff.yaml"):
        (folder / os.fsdecode(name)).write_text(PLAIN)
    with pytest.raises(UsageError) as raised:
        lock(folder)
    assert str(raised.value) == (
        f"{folder}: expected file names in UTF-8, got 'a\\udcffb.yaml' and 'c\\udcff.yaml': rename them"
    )
