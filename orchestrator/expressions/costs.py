"""What each filter, test, method and comparison of an expression costs at most, told before it is called.

In steps: two letters looked at by C are one, two other values ten. What is not in the table cannot be called.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple


class Called(NamedTuple):
    """A call: what is filtered, tested or compared, or whose method it is; what else is given; and what tells sizes."""

    value: object
    others: Sequence[object]
    size: Callable[[object], int]


#: What a call costs whatever it does, and two values that are compared, as ``size`` counts them.
CALL, VALUE = 200, 10


def _linear(it: Called) -> int:
    return it.size(it.value) + sum(map(it.size, it.others))


def _free(it: Called) -> int:  # noqa: ARG001 - as every cost is asked
    return 0


def _in_python(it: Called) -> int:
    """Letter by letter, word by word, or line by line."""
    return 30 * _linear(it)


def _product(it: Called) -> int:
    """A search from the end tries each place; forwards Python's is linear, since 3.10. What is stripped is as bad."""
    return _linear(it) + _letters(it.value) * max(map(_letters, it.others), default=1)


def _each(it: Called) -> int:
    """For each value a name is looked up, or something is called; what that costs is counted when it is."""
    return _linear(it) + _count(it.value) * (CALL + sum(map(_letters, it.others)))


def _sorts(it: Called) -> int:
    return _each(it) + it.size(it.value) * _count(it.value).bit_length()


def _equal(it: Called) -> int:
    return min(map(it.size, (it.value, *it.others)))


def _within(it: Called) -> int:
    return _among(it, it.value, *it.others) if it.others else _linear(it)


def _method_or_length(it: Called) -> int:
    """``index`` and ``count`` are given what to look for. ``count`` is a filter too, and tells a length."""
    return _among(it, it.others[0], it.value) if it.others else _linear(it)


def _among(it: Called, sought: object, where: object, *_: object) -> int:
    if isinstance(where, list | tuple):
        one = len(sought) // 16 if isinstance(sought, str) else it.size(sought)
        return len(where) * VALUE + min(it.size(where), len(where) * one)
    return it.size(sought) + (len(where) if isinstance(where, str) else 0)


def _wraps(it: Called) -> int:
    """What is left of a long word is copied with each line."""
    letters = _letters(it.value)
    width = next((one for one in it.others if isinstance(one, int) and not isinstance(one, bool)), 79)
    return _in_python(it) + letters // max(width, 1) * letters // 64 + _lines(it.value) * 5 * CALL


def _copies(it: Called) -> int:
    """Without each comment the text is copied."""
    text = it.value if isinstance(it.value, str) else ""
    return _in_python(it) + text.count("<!--") * len(text) // 16


def _letters(value: object) -> int:
    return len(value) if isinstance(value, str) else 0


def _lines(value: object) -> int:
    return value.count("\n") if isinstance(value, str) else 0


def _count(value: object) -> int:
    return len(value) if isinstance(value, str | list | tuple | dict) else 1


#: What costs so.
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

#: What is beside ``CALL``, by the name of a filter, a test, a method or a comparison: ``~``, ``[:]`` and Jinja's words.
COSTS = {name: cost for cost, names in _NAMES.items() for name in names.split()}
