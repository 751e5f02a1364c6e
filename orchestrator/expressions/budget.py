"""Limits what one expression may produce, and the work that it may do.

A short expression can fill a machine's memory or keep it busy for hours, and whoever starts a run chooses its params.
The results of calls are counted by their size as JSON, so that a value that is referenced twice counts twice. The work
of a call is counted before it, and so is its result if it may be many times larger than the arguments.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import GeneratorType
from typing import Any

from orchestrator.expressions.costs import CALL, COSTS, Called

#: The characters that one expression may produce, intermediate results included; any other value counts as ten.
MAX_MADE, OTHER = 10_000_000, 10

#: The work that one expression may do, in the units of costs.py: about a second, or a few if Python does most of it.
MAX_WORK = 100_000_000

#: The bits of an intermediate whole number; the value itself has at most 64.
MAX_BITS = 10_000

#: The largest width that a filter or a method pads to, and the most digits that it rounds to.
MAX_FILLED = 10_000

#: Filters and methods that take a width to pad to, or a number of digits.
_FILL = frozenset({"batch", "center", "indent", "ljust", "rjust", "round", "slice", "tojson", "zfill"})

#: The methods that may be called: those of text, and ``count`` and ``index`` of lists.
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
    """Inside, this thread may produce ``MAX_MADE`` and do ``MAX_WORK``."""
    _LOCAL.left, _LOCAL.steps, _LOCAL.sizes = MAX_MADE, MAX_WORK, {}
    try:
        yield
    finally:
        _LOCAL.sizes = {}


def spend(made: int) -> None:
    """Count what is produced, or is about to be. Raises ValueError if it is too much."""
    _LOCAL.left -= made
    _bear(MAX_MADE - _LOCAL.left)


def work(steps: int) -> None:
    """Count work that is about to be done. Raises ValueError if it is too much."""
    _LOCAL.steps -= steps
    if _LOCAL.steps < 0:
        raise ValueError(
            f"this does more than {MAX_WORK:,} units of work: two compared characters are 1, other values 10"
        )


def _bear(made: int) -> None:
    if made > MAX_MADE:
        raise ValueError(f"this produces more than {MAX_MADE:,} characters, or {MAX_MADE // OTHER:,} other values")


def bounded(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """``call``, a filter, a test, or a method whose first argument is its value, limited by the budget."""
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
    """The size of ``value``, or any number above the budget if it is too large.

    Each value is counted once, and counting is work. Raises ValueError for a number that is much too large.
    """
    if isinstance(value, str):
        return len(value)
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ValueError(f"this produces a number of more than {MAX_BITS:,} bits")
    if not isinstance(value, dict | list | tuple):
        return OTHER
    _, known = _LOCAL.sizes.get(id(value), (None, 0))
    if not known:
        known = _counted(value)
        _LOCAL.sizes[id(value)] = (value, known)  # keeps the value alive: another one could get its id
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
    """What a call may produce beyond a few times the size of its arguments."""
    value, *others = data or [""]
    for number in others:
        if name in _FILL and isinstance(number, int) and number > MAX_FILLED:
            raise ValueError(f"expected a number of at most {MAX_FILLED:,} in '{name}', got {number:,}")
    widths = [other if isinstance(other, int) else size(other) for other in others]
    match name, value:
        case "replace", str() if len(others) > 1 and isinstance(others[0], str):
            return value.count(others[0]) * widths[1]
        case "join", _:  # the filter gets the list first, the method the separator
            return len(value) * max(widths, default=0) if isinstance(value, str | list | tuple) else 0
        case (("indent" | "wordwrap"), str()):
            return (value.count("\n") + 1 if name == "indent" else len(value)) * max(widths, default=4)
        case "slice" | "batch", list() | tuple() | str():
            return max(widths, default=0)
        case "sum", list() | tuple():
            return OTHER * len(value) * sum(len(one) for one in value if isinstance(one, list | tuple))
    return 0
