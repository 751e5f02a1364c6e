"""JSON from people and jobs in which a key is written twice: it is refused, and never is one of the values dropped."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.cli.commands.mark import _outputs
from orchestrator.cli.params import given_params
from orchestrator.cloud.start_body import read_json
from orchestrator.core.model import Status
from orchestrator.core.param import Param
from orchestrator.definition.over import lists
from orchestrator.definition.params import ANY_TIME, resolve
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.jobs.outputs import read_outputs
from orchestrator.receivers.variable import receivers

TWICE = '{"a": 1, "b": {"c": [{"d": 1, "d": 2}]}, "a": 2}'
IN_LIST = f"[{TWICE}]"


def in_file(read: Callable[[Path], object], name: str) -> Callable[[Path, str], object]:
    def reading(folder: Path, text: str) -> object:
        (folder / name).write_text(text)
        return read(folder / name)

    return reading


@pytest.mark.parametrize(
    "read",
    [
        in_file(read_outputs, "outputs.json"),
        in_file(lambda path: given_params([], path), "params.json"),
        in_file(lambda path: given_params([], path), "params.yaml"),
        lambda _, text: _outputs(text, Status.SUCCEEDED),
        lambda _, text: read_json(text.encode(), "expected a JSON object"),
        lambda _, text: resolve([Param("p", "list")], {"p": f"[{text}]"}, ANY_TIME),
    ],
)
@pytest.mark.parametrize("text", [TWICE, '{"b": {"c": [{"d": 1, "d": 2}]}}'])
def test_a_key_that_is_written_twice_is_refused_and_named(
    read: Callable[[Path, str], object], text: str, tmp_path: Path
):
    with pytest.raises((OrchestratorError, ValueError), match=r"the key '[ad]' is written twice"):
        read(tmp_path, text)
    assert read(tmp_path, '{"a": 1, "b": {"a": 1}}') is not None


def test_so_it_is_in_values_to_fan_over_and_in_variables_of_a_deployment():
    wrong: list[str] = []
    assert lists({"p": IN_LIST}, wrong) == {}
    assert wrong == ["--over p: the key 'd' is written twice"]
    with pytest.raises(ValueError, match="the key 'ops' is written twice"):
        receivers('{"ops": {"topic": "projects/p/topics/a"}, "ops": {"topic": "projects/p/topics/b"}}')


def test_a_pipe_that_nobody_writes_is_no_file_of_params(tmp_path: Path):
    os.mkfifo(tmp_path / "params.json")
    with pytest.raises(UsageError, match="expected a file of params, got a pipe"):
        given_params([], tmp_path / "params.json")
    read, write = os.pipe()
    os.write(write, json.dumps({"a": 1}).encode())
    os.close(write)
    assert given_params([], Path(f"/dev/fd/{read}")) == {"a": 1}  # as a shell's <(…)
    os.close(read)
