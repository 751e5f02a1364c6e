"""Texts with expressions in ``{{ }}``: finds the expressions, and evaluates none.

Text outside ``{{ }}`` is left as it is: there are no statements and no comments.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.core.steps import Json
from orchestrator.errors import OrchestratorError
from orchestrator.text import quoted

#: What an expression can read: ``{"params": {…}, "steps": {name: {"outputs": {…}, "status": …}}, "run": {…}}``. ``run``
#: has the keys of ``engine.rendering.facts_of`` and, on one machine, ``dir``. ``steps`` needs only those that
#: ``references`` names.
Context = Mapping[str, Any]

LONGEST = 2_000

_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[(\[{)\]}]""", re.DOTALL)


class ExpressionError(OrchestratorError):
    """An expression that is invalid, or that has no value in its context."""

    exit_code = 2


class Code(str):
    """The inside of one ``{{ }}``."""

    __slots__ = ()


def are_in(value: object) -> bool:
    """Whether ``value``, JSON data, contains an expression."""
    return any(True for _ in texts(value))


def condition(when: str) -> Code:
    """The one expression that ``when`` is. Raises ExpressionError if it is anything else."""
    parts = pieces(when.strip())
    if len(parts) == 1 and isinstance(parts[0], Code):
        return parts[0]
    raise ExpressionError(
        f'expected one expression such as "{{{{ params.full }}}}" and nothing else, got {quoted(when)}'
    )


def as_text(value: Json) -> str:
    """A value as part of a text, an argument or a variable: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def pieces(text: str) -> list[str]:
    """``text`` split into the parts outside expressions (str) and the expressions (Code). Raises ExpressionError."""
    return list(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    done = 0
    while (start := text.find("{{", done)) >= 0:
        if start > done:
            yield text[done:start]
        end = _end(text, start + 2)
        yield Code(text[start + 2 : end].strip())
        done = end + 2
    if done < len(text):
        yield text[done:]


def _end(text: str, start: int) -> int:
    """The position of the ``}}`` that ends the expression at ``start``: the first outside quotes and brackets."""
    depth = 0
    for token in _TOKEN.finditer(text, start, start + LONGEST + 1):
        if token[0] in "([{":
            depth += 1
        elif token[0] in ")]}" and depth:
            depth -= 1
        elif token[0] == "}" and text.startswith("}}", token.start()):
            return token.start()
    fix = "for literal braces, write {{ '{{' }}"
    raise ExpressionError(f"expected '}}}}' after '{{{{' in {quoted(text[start - 2 :])}, got none: {fix}")


def texts(value: object) -> Iterator[str]:
    """The strings in JSON data that contain an expression."""
    match value:
        case str():
            if "{{" in value:
                yield value
        case list() | tuple():
            for item in value:
                yield from texts(item)
        case dict():
            for item in value.values():
                yield from texts(item)
