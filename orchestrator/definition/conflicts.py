"""Checks which keys of a step go together: one kind, and no key that belongs to another. Reads no values."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from orchestrator.definition.kinds import FORM, FORMS, Form
from orchestrator.errors import Problem
from orchestrator.text import Path, listed

#: The most characters of the name of a mapped step: those of its items end with a number.
MAPPED_NAME = 95

#: Keys whose values are mappings of keys.
_NESTED = ("retry", "check", "local", *(form.kind.key for form in FORMS if form.block))

#: The kinds that can be a ``local`` block, and those that need one.
_STAND_INS = [form for form in FORMS if form.kind.stand_in]
_CLOUD_ONLY = [form.kind.key for form in FORMS if form.kind.cloud_only]


def misfits(steps: Mapping[str, Any]) -> list[Problem]:
    """All such problems in the steps, as they were written."""
    problems: list[Problem] = []
    for name, step in steps.items():
        if isinstance(step, dict):
            problems += _misfits(("steps", name), step)
    return problems


def _misfits(path: Path, step: Mapping[str, Any]) -> Iterator[Problem]:
    yield from _empty(path, step)
    yield from _kinds(path, step, FORMS)
    yield from _idle(path, step)
    local = step.get("local")
    if "local" in step and not any(kind in step for kind in _CLOUD_ONLY):
        only = listed((f"'{kind}'" for kind in _CLOUD_ONLY), "and")
        wrong = f"only a step that one machine cannot run has a 'local' block, and there is no {only} here"
        yield Problem((*path, "local"), wrong)
    if isinstance(local, dict):
        yield from _kinds((*path, "local"), local, _STAND_INS)
        if not any(kind in local for kind in FORM):
            expected = listed(form.kind.key for form in _STAND_INS)
            yield Problem((*path, "local"), f"expected {expected}, got none of them")
    if "graph" in step and "pool" in step:
        said = "a step that runs a graph is in no pool, as its steps may need the place: give these the pool instead"
        yield Problem((*path, "pool"), said)
    if "map" in step and not any(kind in step for kind in FORM):
        yield Problem((*path, "map"), f"expected what to do for each item: {listed(FORM)}, got none of them")
    if "map" in step and len(str(path[-1])) > MAPPED_NAME:
        yield Problem(path, f"the name of a step with 'map' has at most {MAPPED_NAME} characters: '.9999' follows it")
    if "tolerate" in step and "map" not in step:
        yield Problem((*path, "tolerate"), "only a step with 'map' tolerates failures of its items, and there is none")
    if "max_parallel" in step and "map" not in step:
        wrong = "only a step with 'map' has a limit of its own, and there is none: write it as a key of the graph"
        yield Problem((*path, "max_parallel"), wrong)
    for form in FORMS:
        inner = step.get(form.kind.key)
        for key in form.beside if isinstance(inner, dict) else ():
            if isinstance(inner, dict) and key in inner and key in step:
                yield Problem((*path, key), f"this key is inside '{form.kind.key}' too: keep one of the two")


def _idle(path: Path, step: Mapping[str, Any]) -> Iterator[Problem]:
    """A step without a kind ends at once, and waits for nothing."""
    for key in ("pool", "priority"):
        if key in step and not any(kind in step for kind in FORM):
            yield Problem((*path, key), "a step without a job needs no place in a pool: leave the key out")


def _empty(path: Path, step: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in step.items():
        if value is None:
            yield Problem((*path, key), "expected a value, got nothing: fill it in, or leave the key out")
        elif key in _NESTED and isinstance(value, dict):
            yield from _empty((*path, key), value)


def _kinds(path: Path, step: Mapping[str, Any], forms: Collection[Form]) -> Iterator[Problem]:
    kinds = [key for key in step if key in FORM]
    if len(kinds) > 1:
        names = listed((f"'{kind}'" for kind in kinds), "and")
        yield Problem((*path, kinds[1]), f"expected one kind of step, got {names}: keep one of them")
    for form in forms:
        kind = form.kind.key
        for key in form.beside if kind not in step else ():
            if key in step:
                yield Problem((*path, key), f"this key belongs to a {kind} step, and there is no '{kind}' here")
