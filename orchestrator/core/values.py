"""What a stored value may be: how deep, how large, and made of what JSON can hold. Pure.

A value that is too deep or too large, or that JSON cannot hold, is refused with a sentence. docs/limits.md lists these
limits and all others.
"""

from collections.abc import Iterable

from orchestrator.text import has_halves

#: How deep lists and mappings are nested in a value: a param, an output, what a step gives its job.
DEPTH = 50

#: How many values there are in one, those in its lists and mappings included.
MAX_VALUES = 1_000_000

#: The bytes of JSON that one step may leave as outputs. They are stored with its state: a Firestore document has 1 MiB.
MAX_OUTPUT = 256 * 1024

_HUGE = 2**63

_HALF = "the text contains half of a character (a lone surrogate such as \\ud800), which UTF-8 cannot store"


def misfit(value: object, depth: int = DEPTH) -> str | None:
    """Why JSON, as it is kept here, cannot hold ``value``; None if it can.

    What refers to itself is too deep, and what is repeated by reference counts each time, as it would in JSON.
    """
    level, found = [value], 1
    for _ in range(depth):
        if wrong := next((wrong for one in level if (wrong := _wrong(one))), None):
            return wrong
        found += sum(map(_width, level))
        if found > MAX_VALUES:  # before they are put into a list, which may be of many times the same
            return f"there are more than {MAX_VALUES:,} values in it"
        level = [item for one in level for item in _items(one)]
        if not level:
            return None
    if any(isinstance(one, dict | list | tuple) for one in level):
        return f"lists and mappings are nested more than {depth} deep"
    return next((wrong for one in level if (wrong := _wrong(one))), None)


def _wrong(value: object) -> str | None:
    """What is wrong with one value, whatever is in it."""
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
