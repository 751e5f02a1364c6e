"""What one expression may make and do: so many letters and values, so many steps, however its calls are nested.

A few letters of an expression can fill a machine's memory, or keep it busy for hours, and whoever may start a run
chooses what it is given. What a call makes is counted as JSON would have it, where what is repeated by reference counts
each time; and before the call, if it may make many times what it is given. What it costs is counted before it too.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import GeneratorType
from typing import Any

from orchestrator.expressions.costs import CALL, COSTS, Called

#: The letters that one expression may make, those on the way to its value included; any other value counts as ten.
MAX_MADE, OTHER = 10_000_000, 10

#: The steps that one expression may take (see costs.py): about a second, and a few where Python does most of them.
MAX_WORK = 100_000_000

#: The bits of a whole number on the way to a value, which has at most 64.
MAX_BITS = 10_000

#: The largest number up to which a filter or a method fills, or rounds.
MAX_FILLED = 10_000

#: Filters and methods whose numbers say how much they fill, or to how many digits they round.
_FILL = frozenset({"batch", "center", "indent", "ljust", "rjust", "round", "slice", "tojson", "zfill"})

#: The methods that may be called: those of text that make more text, or none, and what is like them.
METHODS = frozenset(
    """
    capitalize casefold center count endswith find index isalnum isalpha isascii isdecimal isdigit islower isnumeric
    isspace istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace rfind rindex rjust
    rpartition rsplit rstrip split splitlines startswith strip swapcase title upper zfill
    """.split()  # noqa: SIM905 - a list of so many words is read as words
)

_LOCAL = threading.local()


@contextmanager
def budget() -> Iterator[None]:
    """Inside, this thread may make ``MAX_MADE`` in ``MAX_WORK`` steps."""
    _LOCAL.left, _LOCAL.steps, _LOCAL.sizes = MAX_MADE, MAX_WORK, {}
    try:
        yield
    finally:
        _LOCAL.sizes = {}


def spend(made: int) -> None:
    """Count what is made, or is about to be. Raises ValueError if it is too much."""
    _LOCAL.left -= made
    _bear(MAX_MADE - _LOCAL.left)


def work(steps: int) -> None:
    """Count steps that are about to be taken. Raises ValueError if they are too many."""
    _LOCAL.steps -= steps
    if _LOCAL.steps < 0:
        raise ValueError(f"this takes more than {MAX_WORK:,} steps: two letters that are compared are one, values ten")


def _bear(made: int) -> None:
    if made > MAX_MADE:
        raise ValueError(f"this makes more than {MAX_MADE:,} letters, or {MAX_MADE // OTHER:,} other values")


def bounded(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The filter or test ``call``, or the method of the value that is its first argument, within the budget."""
    cost, own = COSTS[name], 1 if hasattr(call, "jinja_pass_arg") else 0

    @wraps(call)
    def calling(*args: Any, **named: Any) -> Any:
        given = [list(value) if isinstance(value, GeneratorType) else value for value in args]
        whole = [*given[own:], *named.values()]
        work(CALL + cost(Called(whole[0], whole[1:], size)))
        data = [one for one in whole if isinstance(one, str | list | tuple | dict | int)]
        _bear(sum(map(size, data)) + _more(name, data))
        made = call(*given, **named)
        spend(size(made))
        return made

    return calling


def size(value: object) -> int:
    """What ``value`` counts as; more than the budget, and no matter how much more, if it is too large.

    It is counted once, and to count is work. Raises ValueError for a number that is much too large.
    """
    if isinstance(value, str):
        return len(value)
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ValueError(f"this makes a number of more than {MAX_BITS:,} bits")
    if not isinstance(value, dict | list | tuple):
        return OTHER
    _, known = _LOCAL.sizes.get(id(value), (None, 0))
    if not known:
        known = _counted(value)
        _LOCAL.sizes[id(value)] = (value, known)  # which keeps it: another value could get its number
        work(known)
    return int(known)


def _counted(value: object) -> int:
    found, waiting = 0, [value]
    while waiting and found <= MAX_MADE:
        one = waiting.pop()
        found += len(one) if isinstance(one, str) else OTHER
        if isinstance(one, dict | list | tuple):
            if found + len(one) > MAX_MADE:
                return found + len(one)
            waiting += [*one.keys(), *one.values()] if isinstance(one, dict) else one
    return found


def _more(name: str, data: list[Any]) -> int:
    """What a call may make beyond a few times what it is given."""
    value, *others = data or [""]
    for number in others:
        if name in _FILL and isinstance(number, int) and number > MAX_FILLED:
            raise ValueError(f"expected a number of at most {MAX_FILLED:,} in '{name}', got {number:,}")
    widths = [other if isinstance(other, int) else size(other) for other in others]
    match name, value:
        case "replace", str() if len(others) > 1 and isinstance(others[0], str):
            return value.count(others[0]) * widths[1]
        case "join", _:  # the filter is given the list first, the method the text between
            return len(value) * max(widths, default=0) if isinstance(value, str | list | tuple) else 0
        case (("indent" | "wordwrap"), str()):
            return (value.count("\n") + 1 if name == "indent" else len(value)) * max(widths, default=4)
        case "slice" | "batch", list() | tuple() | str():
            return max(widths, default=0)
        case "sum", list() | tuple():
            return OTHER * len(value) * sum(len(one) for one in value if isinstance(one, list | tuple))
    return 0
