"""Warns of words in a YAML file that are text here, and may be meant as something else.

In YAML 1.1, ``yes`` and ``on`` are true, and ``010``, ``0x1F`` and ``1_000`` are numbers. Only values whose type
depends on how they are written are checked: defaults of params without a type, and arguments of functions.
"""

from typing import Any, get_args

import yaml

from orchestrator.definition.schema import ParamType
from orchestrator.errors import Problem
from orchestrator.text import Path, quoted

_TAG = "tag:yaml.org,2002:"
_TRUE = ("yes", "on")
_FALSE = ("no", "off")


def doubts(document: Any, words: dict[Path, str]) -> list[Problem]:
    """A warning for each of ``words``, the unquoted texts of ``document`` by their paths, that is ambiguous."""
    return [
        Problem(path, f"{quoted(word)} is text here: {fix}, or put it in quotes if text is meant")
        for path, word in words.items()
        if _untyped(document, path) and (fix := _type(path, word) or _meant(word))
    ]


def _untyped(document: Any, path: Path) -> bool:
    """Whether the type of a value at this path depends on how it is written."""
    match path:
        case ("params", name, "default", *_) if isinstance(document["params"][name], dict):
            return "type" not in document["params"][name]
        case ("params", name, *_):
            return not isinstance(document["params"][name], dict)
        case ("steps", _, "args", *_) | ("steps", _, "local", "args", *_):
            return True
        case _:
            return False


def _type(path: Path, word: str) -> str:
    """What to write if the default of a param, which has no type, is probably meant as its type."""
    return (
        f"write {{type: {word}}} if that is the param's type" if len(path) == 2 and word in get_args(ParamType) else ""
    )


def _meant(word: str) -> str:
    """What to write if YAML 1.1's meaning is intended; empty if that is text too, or a date or a time of day."""
    if word.lower() in (*_TRUE, *_FALSE):
        return f"write {'true' if word.lower() in _TRUE else 'false'}"
    known = yaml.SafeLoader.yaml_implicit_resolvers.get(word[:1], ())
    tags = {tag for tag, form in known if form.match(word)}
    if tags & {f"{_TAG}int", f"{_TAG}float"} and ":" not in word:
        return "write a number in decimal digits"
    return "write null" if f"{_TAG}null" in tags else ""
