"""The patterns of params: regular expressions that are matched in time linear in the length of the text.

Python's own engine backtracks, and ``([a-z0-9]+-?)+`` can take it years; and the text comes from whoever may start a
run. So the engine is Rust's (https://docs.rs/regex), which comes with pydantic. It has no look-around and no
back-references. Patterns that the two engines would read differently are refused, so that there is no misunderstanding.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from orchestrator.text import quoted, shown

#: The most characters of a text, or of all items of a list together, that are matched with a pattern.
MAX_MATCHED = 100_000

#: Parts of a pattern that the engines may read differently: classes, ``a++`` and ``(?x)``.
_TOKEN = re.compile(r"\\.|\[\^?\]?(?P<inside>(?:\\.|[^\]\\])*)\]|(?P<odd>[*+?}]\+|\(\?[a-zA-Z]*x)", re.DOTALL)
_ODD_INSIDE = re.compile(r"\\.|(?P<odd>\[|&&|--|~~|\|\|)", re.DOTALL)


def wrong(pattern: str) -> str | None:
    """What is wrong with a pattern, and what to write instead; None if it is valid."""
    if odd := next(_odd(pattern), None):
        expected = f"expected a regular expression without {quoted(odd)}, which not all engines read alike"
        return f"{expected}, got {quoted(pattern)}: put a backslash before it, or write it differently"
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"expected a regular expression, got {quoted(pattern)}: {error}"
    try:
        _compiled(pattern)
    except _engine().SchemaError as error:
        why = _first_reason(str(error))
        return f"expected a regular expression that can be matched in one pass, got {quoted(pattern)}: {why}"
    return None


def _odd(pattern: str) -> Iterator[str]:
    for part in _TOKEN.finditer(pattern):
        inside = _ODD_INSIDE.finditer(part["inside"] or "")
        yield from (found["odd"] for found in (part, *inside) if found["odd"])


def mismatch(pattern: str, values: Sequence[object]) -> str | None:
    """What was expected and what was got for the first of ``values`` that ``pattern`` does not match as a whole.

    None if it matches all. The pattern must be valid (see ``wrong``).
    """
    letters = sum(len(value) for value in values if isinstance(value, str))
    if letters > MAX_MATCHED:
        return f"expected at most {MAX_MATCHED:,} characters where there is a pattern, got {letters:,}"
    matches = _compiled(pattern).isinstance_python
    for value in values:
        if not (isinstance(value, str) and matches(value)):
            return f"expected text that matches {quoted(pattern)}, got {shown(value)}"
    return None


def _engine() -> Any:
    """pydantic's engine, imported only if there is a pattern, since most instances of functions need none."""
    import pydantic_core

    return pydantic_core


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    schema = _engine().core_schema.str_schema(strict=True, pattern=rf"\A(?:{pattern})\z", regex_engine="rust-regex")
    return _engine().SchemaValidator(schema)


def _first_reason(text: str) -> str:
    """The sentence in the engine's message, which also shows the place below the pattern."""
    reason = text.rpartition("error: ")[2] if "error: " in text else text.rpartition("SchemaError: ")[2]
    fix = ": say what is allowed, not what is not" if reason.startswith("look-around") else ""
    fix = ": write the repetition out, or use an enum" if reason.startswith("backref") else fix
    fix = ": repeat fewer times" if "size limit" in reason else fix
    return f"{reason.strip().rstrip('.')}{fix}"
