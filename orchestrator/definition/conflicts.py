"""Keys of a step that do not go together: two kinds, arguments of nothing. It looks at no values."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.definition.schema import KINDS, LOCAL_KINDS
from orchestrator.errors import Problem
from orchestrator.text import Path, listed

#: Keys that mean something only beside another one.
_BESIDE = {
    "args": ("python", "a python step"),
    "isolated": ("python", "a python step"),
    "env": ("command", "a command"),
    "cwd": ("command", "a command"),
    "parameters_from": ("dataflow", "a dataflow step"),
    "common_parameters": ("dataflow", "a dataflow step"),
    "local": ("dataflow", "a dataflow step, which one machine cannot run"),
}

_NESTED = ("retry", "check", "dataflow", "local")


def misfits(steps: Mapping[str, Any]) -> list[Problem]:
    """All problems of that sort in the steps as they were written."""
    problems: list[Problem] = []
    for name, step in steps.items():
        if isinstance(step, dict):
            problems += _misfits(("steps", name), step)
    return problems


def _misfits(path: Path, step: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _empty(path, step)
    yield from _kinds(path, step)
    local = step.get("local")
    if isinstance(local, dict):
        yield from _kinds((*path, "local"), local)
        if not any(kind in local for kind in KINDS):
            yield Problem((*path, "local"), f"expected {listed(LOCAL_KINDS)}, got none of them")
    inner = step.get("dataflow")
    if isinstance(inner, dict) and "parameters_from" in inner and "parameters_from" in step:
        yield Problem((*path, "parameters_from"), "this is said inside 'dataflow' too: say it once")


def _empty(path: Path, step: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in step.items():
        if value is None:
            yield Problem((*path, key), "expected a value, got nothing: fill it in, or leave the key out")
        elif key in _NESTED and isinstance(value, dict):
            yield from _empty((*path, key), value)


def _kinds(path: Path, step: Mapping[str, Any]) -> Iterator[Problem]:
    kinds = [key for key in step if key in KINDS]
    if len(kinds) > 1:
        names = listed((f"'{kind}'" for kind in kinds), "and")
        yield Problem((*path, kinds[1]), f"a step is of one kind, got {names}: keep one of them")
    for key, (kind, owner) in _BESIDE.items():
        if key in step and kind not in step and (path[-1] != "local" or kind != "dataflow"):
            yield Problem((*path, key), f"this belongs to {owner}, and there is no '{kind}' here")
