"""The bounds that hold at every door: how long a text is, how deep and how large a value. It reads and calls nothing.

A text that is too long is cut, and says so; a value that is too deep or too large is refused, with a sentence.
docs/limits.md names these bounds and all others.
"""

from collections.abc import Iterable

#: The letters of an error that are kept with a step's state, or told.
MOST_ERROR = 10_000

#: How deep lists and mappings are nested in a value: a param, an output, what a step gives its job.
DEPTH = 50

#: How many values there are in one, those in its lists and mappings included.
MOST_VALUES = 1_000_000


def cut(text: str, most: int = MOST_ERROR) -> str:
    """``text``, or as much of it as is kept; the last letter then says that there was more."""
    return text if len(text) <= most else f"{text[:most]}…"


def said(error: BaseException, most: int = MOST_ERROR) -> str:
    """What an error says, cut. It may be anybody's, and its text one that cannot be made: then that is said."""
    try:
        text = str(error)
    except BaseException as broken:  # noqa: BLE001 - the text of a user's error is made by the user's code
        return f"its text cannot be shown: {type(broken).__name__}"
    return cut(text if type(text) is str else str.__str__(text), most)


def told(error: BaseException, most: int = MOST_ERROR) -> str:
    """``ValueError: no such day``: what an error is, and what it says if it says anything."""
    text = said(error, most)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def misfit(value: object, depth: int = DEPTH) -> str | None:
    """Why ``value``, of whatever type, is too deep or has too many values; None if it is neither.

    What refers to itself is too deep, and what is repeated by reference counts each time, as it would in JSON.
    """
    level, found = [value], 1
    for _ in range(depth):
        level = [item for one in level for item in _items(one)]
        found += len(level)
        if found > MOST_VALUES:
            return f"there are more than {MOST_VALUES:,} values in it"
        if not level:
            return None
    if any(isinstance(one, dict | list | tuple) for one in level):
        return f"lists and mappings are nested more than {depth} deep"
    return None


def _items(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list | tuple) else ()
