"""An upper bound on the work of each filter, test, method and comparison of an expression, known before it is called.

The unit is two characters compared in C; comparing two other values is ten. What is not in the table cannot be called.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Called(NamedTuple):
    """A call: ``value`` is what is filtered, tested or compared, or has the method; ``others`` are the arguments."""

    value: object
    others: Sequence[object]
    size: Callable[[object], int]


#: The cost of any call, and of comparing two values.
CALL, VALUE = 200, 10


def _linear(it: Called) -> int:
    return it.size(it.value) + sum(map(it.size, it.others))


def _free(it: Called) -> int:  # noqa: ARG001 - the signature of all costs
    return 0


def _in_python(it: Called) -> int:
    """A loop in Python over characters, words or lines."""
    return 30 * _linear(it)


def _product(it: Called) -> int:
    """A search from the end is quadratic, as is stripping; forwards, Python's has been linear since 3.10."""
    return _linear(it) + _length(it.value) * max(map(_length, it.others), default=1)


def _each(it: Called) -> int:
    """A lookup or a call per value; the calls count their own cost."""
    return _linear(it) + _count(it.value) * (CALL + sum(map(_length, it.others)))


def _sorts(it: Called) -> int:
    return _each(it) + it.size(it.value) * _count(it.value).bit_length()


def _equal(it: Called) -> int:
    return min(map(it.size, (it.value, *it.others)))


def _within(it: Called) -> int:
    return _among(it, it.value, *it.others) if it.others else _linear(it)


def _method_or_length(it: Called) -> int:
    """As methods, ``index`` and ``count`` take what to search for. ``count`` is also a filter for the length."""
    return _among(it, it.others[0], it.value) if it.others else _linear(it)


def _among(it: Called, sought: object, where: object, *_: object) -> int:
    if isinstance(where, list | tuple):
        one = len(sought) // 16 if isinstance(sought, str) else it.size(sought)
        return len(where) * VALUE + min(it.size(where), len(where) * one)
    return it.size(sought) + (len(where) if isinstance(where, str) else 0)


def _wraps(it: Called) -> int:
    """The rest of a long word is copied for each line."""
    length = _length(it.value)
    width = next((one for one in it.others if isinstance(one, int) and not isinstance(one, bool)), 79)
    return _in_python(it) + length // max(width, 1) * length // 64 + _lines(it.value) * 5 * CALL


def _copies(it: Called) -> int:
    """The text is copied for each comment."""
    text = it.value if isinstance(it.value, str) else ""
    return _in_python(it) + text.count("<!--") * len(text) // 16


def _length(value: object) -> int:
    return len(value) if isinstance(value, str) else 0


def _lines(value: object) -> int:
    return value.count("\n") if isinstance(value, str) else 0


def _count(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple | dict) else 1


#: Cost -> the names that have it.
_NAMES: dict[Callable[[Called], int], str] = {
    _free: """boolean callable d default defined escaped even false filter first integer last mapping none odd raw
        safe sameas sequence test true undefined words iterable number divisibleby""",
    _linear: """~ [:] abs add_days add_hours batch capitalize casefold center endswith escape e find float
        forceescape format indent int isalnum isalpha isascii isdecimal isdigit islower isnumeric isspace istitle
        isupper items length list ljust lower partition removeprefix removesuffix replace reverse rjust
        round slice split splitlines startswith string swapcase upper zfill""",
    _in_python: "filesizeformat title tojson truncate urlencode wordcount",
    _product: "lstrip rfind rindex rpartition rsplit rstrip strip trim",
    _each: "join map reject rejectattr select selectattr sum unique",
    _sorts: "dictsort groupby max min sort",
    _equal: "== != < <= > >= eq equalto ne gt greaterthan ge lt lessthan le gteq lteq",
    _within: "in notin",
    _method_or_length: "count index",
    _wraps: "wordwrap",
    _copies: "striptags",
}

#: Name of a filter, test, method or comparison (``~``, ``[:]``, Jinja's names) -> its cost in addition to ``CALL``.
COSTS = {name: cost for cost, names in _NAMES.items() for name in names.split()}
