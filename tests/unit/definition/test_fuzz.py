"""Whatever a file holds, it is a graph or it is refused in words: nothing else ever comes out."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator import load_graph
from orchestrator.core.graph import Graph
from orchestrator.definition.build import build
from orchestrator.definition.dataflow_keys import DataflowKeys
from orchestrator.definition.document import document
from orchestrator.definition.kinds import LocalKeys
from orchestrator.definition.schema import (
    CheckKeys,
    DefaultKeys,
    GraphKeys,
    ParamKeys,
    RetryKeys,
    ScheduleKeys,
    StepKeys,
)
from orchestrator.errors import InvalidGraphError

KEYS = sorted(
    {
        key
        for model in (
            *(GraphKeys, StepKeys, LocalKeys, RetryKeys, CheckKeys),
            *(DataflowKeys, DefaultKeys, ParamKeys, ScheduleKeys),
        )
        for key in model.model_fields
    }
)
NAMES = st.sampled_from(["a", "b", "c", "a.b", "a-b", "no", "_x", "A B", ""])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | NAMES
    | st.sampled_from(
        [
            "1s",
            "10m",
            "today",
            "m:f",
            "all_done",
            "0 6 * * 1-5",
            "Europe/Berlin",
            "{{ params.a }}",
            "{{ steps.a.outputs.x }}",
            "{{",
            "<<",
        ]
    )
)
KEY = st.sampled_from(KEYS) | NAMES | st.text(max_size=3)
ANY = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=4), max_leaves=12
)
STEP = st.dictionaries(st.sampled_from(sorted(StepKeys.model_fields)) | KEY, ANY, max_size=4) | ANY
LIKE_A_GRAPH = st.fixed_dictionaries(
    {"name": st.just("g") | ANY, "steps": st.dictionaries(NAMES, STEP, max_size=4) | ANY},
    optional={
        "params": st.dictionaries(NAMES, ANY, max_size=3),
        "defaults": st.dictionaries(KEY, ANY, max_size=3),
        "start": ANY,
        "schedule": st.dictionaries(st.sampled_from(sorted(ScheduleKeys.model_fields)), ANY, max_size=4) | ANY,
        "description": ANY,
    },
)

FUZZ = settings(
    max_examples=3 * settings().max_examples,
    suppress_health_check=[*settings().suppress_health_check, HealthCheck.function_scoped_fixture],
)


def _loads_or_refuses(file: Path) -> None:
    try:
        graph = load_graph(file)
    except InvalidGraphError as refused:
        _is_in_words(file, refused)
    else:
        assert graph.problems() == []
        assert build(document(graph)) == (graph, [])


def _is_in_words(file: Path, refused: InvalidGraphError) -> None:
    assert refused.lines
    for line in refused.lines:
        place, _, message = line.removeprefix(f"{file}:").partition(": ")
        assert place.isdigit(), line
        assert message, line
        assert "\n" not in line


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@FUZZ
@given(st.binary(max_size=200))
def test_any_bytes(folder: Path, data: bytes) -> None:
    for name in ("g.yaml", "g.json"):
        (folder / name).write_bytes(data)
        _loads_or_refuses(folder / name)


@FUZZ
@given(st.text(alphabet="abn:-[]{}'\"#&*!<>|%@, \n\t\\{}0.e+~?=\0\x85", max_size=80))
def test_anything_like_yaml(folder: Path, text: str) -> None:
    (folder / "g.yaml").write_text(text)
    _loads_or_refuses(folder / "g.yaml")


@FUZZ
@given(LIKE_A_GRAPH | ANY)
def test_any_data(folder: Path, data: Any) -> None:
    (folder / "g.json").write_text(json.dumps(data))
    _loads_or_refuses(folder / "g.json")
    (folder / "g.yaml").write_text(yaml.safe_dump(data, allow_unicode=True))
    _loads_or_refuses(folder / "g.yaml")


@FUZZ
@given(
    st.recursive(
        SCALARS | st.binary(max_size=2) | st.complex_numbers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(KEY | st.integers() | st.none() | st.tuples(st.text()), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_any_python_data(data: Any) -> None:
    graph, problems = build({"name": "g", "steps": {"a": data, "b": {"args": data, "python": "m:f"}}})
    assert problems or isinstance(graph, Graph)


@FUZZ
@given(st.text(alphabet="{}[]()'\"steparmounu.-_ |+*%9~\\", max_size=60))
def test_any_expression(folder: Path, text: str) -> None:
    keys = {"command": f"{{{{{text}}}}}", "when": f"{{{{ {text} }}}}"}
    (folder / "g.json").write_text(
        json.dumps({"name": "g", "params": {"a": 1}, "steps": {"s": keys, "t": {"after": "s"}}})
    )
    _loads_or_refuses(folder / "g.json")


@pytest.mark.parametrize("chosen", [settings(), FUZZ], ids=["all properties", "these"])
def test_a_property_may_take_its_time(chosen: settings):
    assert chosen.deadline is None
    assert HealthCheck.too_slow in chosen.suppress_health_check
