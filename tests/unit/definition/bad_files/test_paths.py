"""Paths that lead to no graph file, and the messages that say so."""

import os
import re
from pathlib import Path

import pytest

from orchestrator import load_graph
from orchestrator.definition.catalog import find_graph
from orchestrator.errors import NotFoundError, UsageError
from tests.unit.definition.conftest import Load


def test_a_file_that_is_not_there_is_named_with_the_one_that_is(load: Load) -> None:
    load("name: g\nsteps: {a: }", "sales.yaml")
    with pytest.raises(NotFoundError, match=re.escape("sale.yaml: there is no such file (did you mean 'sales.yaml'?)")):
        load_graph("sale.yaml")
    with pytest.raises(NotFoundError, match=re.escape("no/where.yaml: there is no such file")):
        load_graph("no/where.yaml")


def test_a_folder_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").mkdir()
    with pytest.raises(UsageError, match=re.escape("g.yaml: expected a file, got a folder")):
        load_graph(tmp_path / "g.yaml")


def test_a_device_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=re.escape("g.yaml: expected a file, got a device")):
        load_graph(tmp_path / "g.yaml")


def test_a_pipe_is_no_graph_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "g.yaml")
    for load_it in (load_graph, lambda path: find_graph(str(path))):
        with pytest.raises(UsageError, match=r"g\.yaml: expected a file, got a pipe$"):
            load_it(tmp_path / "g.yaml")


def test_a_path_that_cannot_be_used_is_told_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    long = f"{'x' * 300}.yaml"
    for load_it in (load_graph, find_graph):
        with pytest.raises(UsageError, match=r"^x{200}…: the path is too long: give a shorter one$"):
            load_it(long)
        with pytest.raises(
            UsageError, match=r"round\.yaml: its symbolic links lead in a circle: correct the links, or"
        ):
            load_it(str(tmp_path / "round.yaml"))


def test_a_file_of_another_sort_is_no_graph() -> None:
    with pytest.raises(UsageError, match=r"^g\.toml: expected a file that ends in \.yaml, \.yml, \.json or \.py$"):
        load_graph("g.toml")


def test_a_name_that_no_file_can_have_is_no_traceback() -> None:
    with pytest.raises(UsageError, match="the file cannot be read: no name of a file has the character NUL"):
        load_graph("a\0b.yaml")
