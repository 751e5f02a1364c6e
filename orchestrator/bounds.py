"""The bounds that hold at every door: how long a text is, how deep and how large a value. It reads and calls nothing.

A text that is too long is cut, and says so; a value that is too deep or too large, or that JSON cannot hold, is
refused with a sentence. docs/limits.md names these bounds and all others.
"""

from collections.abc import Iterable

#: The letters of an error that are kept with a step's state, or told.
MOST_ERROR = 10_000

#: How deep lists and mappings are nested in a value: a param, an output, what a step gives its job.
DEPTH = 50

#: How many values there are in one, those in its lists and mappings included.
MOST_VALUES = 1_000_000

#: The bytes of JSON that one step may leave as outputs. They are stored with its state: a Firestore document has 1 MiB.
MOST_OUTPUT = 256 * 1024

_HUGE = 2**63


def cut(text: str, most: int = MOST_ERROR) -> str:
    """``text`` as it is kept: as much of it as may be, its last letter then saying that there was more.

    Half of a character, which no text in UTF-8 holds, becomes a replacement character.
    """
    text = text if len(text) <= most else f"{text[:most]}…"
    return (
        text
        if text.isascii() or not has_halves(text)
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def has_halves(text: str) -> bool:
    """Whether there is half of a character in ``text``."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def said(error: BaseException, most: int = MOST_ERROR) -> str:
    """What an error says, cut. It may be anybody's, and its text one that cannot be made: then that is said."""
    try:
        text = str.__str__(str(error))
    except BaseException as broken:  # noqa: BLE001 - the text of a user's error is made by the user's code
        return f"its text cannot be shown: {type(broken).__name__}"
    return cut(text, most)


def told(error: BaseException, most: int = MOST_ERROR) -> str:
    """``ValueError: no such day``: what an error is, and what it says if it says anything."""
    text = said(error, most)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


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
        if found > MOST_VALUES:  # before they are put into a list, which may be of many times the same
            return f"there are more than {MOST_VALUES:,} values in it"
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
