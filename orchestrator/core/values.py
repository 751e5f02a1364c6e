"""Limits of values that are stored: how deep, how large, and only what JSON can hold. Pure.

docs/limits.md lists these limits and all others.
"""

import json
from collections.abc import Iterable
from typing import Any

from orchestrator.text import has_halves, quoted

#: How deep lists and mappings may be nested in a value: a param, an output, an option of a step.
DEPTH = 50

#: How many values a value may contain, including those in its lists and mappings.
MAX_VALUES = 1_000_000

#: How many bytes of JSON a step's outputs may take. They are stored with its state: a Firestore document has 1 MiB.
MAX_OUTPUT = 256 * 1024

_HUGE = 2**63

_HALF = "the text contains half of a character (a lone surrogate such as \\ud800), which UTF-8 cannot store"


class RepeatedKeyError(ValueError):
    """A JSON object in which a key is written twice: nobody can know which of the two values is meant."""


def read_json(text: str) -> Any:
    """The value of a JSON text that a person or a job wrote. Raises RepeatedKeyError, ValueError or RecursionError."""
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise RepeatedKeyError(f"the key {quoted(key)} is written twice")
        found[key] = value
    return found


def misfit(value: object, depth: int = DEPTH) -> str | None:
    """Why ``value`` cannot be stored as JSON; None if it can.

    A value that contains itself is too deep. One that is referred to several times counts each time, as in JSON.
    """
    level, found = [value], 1
    for _ in range(depth):
        if wrong := next((wrong for one in level if (wrong := _wrong(one))), None):
            return wrong
        found += sum(map(_width, level))
        if found > MAX_VALUES:  # before they are put into one list: a value may contain the same list many times
            return f"there are more than {MAX_VALUES:,} values in it"
        level = [item for one in level for item in _items(one)]
        if not level:
            return None
    if any(isinstance(one, dict | list | tuple) for one in level):
        return f"lists and mappings are nested more than {depth} deep"
    return next((wrong for one in level if (wrong := _wrong(one))), None)


def _wrong(value: object) -> str | None:
    """What is wrong with a value itself, without looking at the values in it."""
    match value:
        case None | bool():
            return None
        case str():
            return _HALF if has_halves(value) else None
        case int():
            return "a number has more than 64 bits: give it as text" if abs(value) >= _HUGE else None
        case float():
            return None if value - value == 0 else f"{value} is no number that JSON can hold"
        case list() | tuple():
            return None
        case dict():
            if odd := next((key for key in value if not isinstance(key, str)), None):
                return f"a mapping key is a Python {type(odd).__name__}, not text"
            return _HALF if any(map(has_halves, value)) else None
        case _:
            return f"a Python {type(value).__name__} cannot be stored as JSON"


def _width(value: object) -> int:
    return len(value) if isinstance(value, dict | list | tuple) else 0


def _items(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()
