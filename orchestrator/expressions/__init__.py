"""Expressions in a graph's values, such as ``{{ steps.extract.outputs.rows }}``. They compute, and do nothing.

Text outside ``{{ }}`` is left as it is: there are no statements and no comments. Jinja2 is imported by the first
expression, since a deployed function may never see one.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.core.steps import Json
from orchestrator.errors import OrchestratorError
from orchestrator.text import quoted

#: What an expression can see: ``{"params": {…}, "steps": {name: {"outputs": {…}, "status": …}}, "run": {…}}``. ``run``
#: has what ``engine.rendering.facts`` tells, and on one machine ``dir``. Of the steps, those that ``references`` names
#: are enough.
Context = Mapping[str, Any]

LONGEST = 2_000

_TOKEN = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[(\[{)\]}]""", re.DOTALL)


class ExpressionError(OrchestratorError):
    """An expression that cannot be understood, or that has no value here."""

    exit_code = 2


class Code(str):
    """The inside of one ``{{ }}``."""

    __slots__ = ()


def are_in(value: object) -> bool:
    """Whether ``value``, JSON data, has any expression in it."""
    return any(True for _ in texts(value))


def references(value: object) -> frozenset[str]:
    """The names of the steps that the expressions in ``value``, JSON data, speak of. Raises ExpressionError."""
    codes = [part for text in texts(value) for part in pieces(text) if isinstance(part, Code)]
    return frozenset(name for code in codes for name in _understood(code))


def render(value: object, context: Context) -> Json:
    """``value``, JSON data, with its expressions replaced by what they give.

    A string that is one expression and nothing else becomes its value, whatever its type; otherwise the value is put
    into the text, as JSON unless it is text itself. Raises ExpressionError.
    """
    match value:
        case str():
            parts = pieces(value) if "{{" in value else [value]
            if len(parts) == 1 and isinstance(parts[0], Code):
                return _evaluate(parts[0], context)
            return "".join(as_text(_evaluate(part, context)) if isinstance(part, Code) else part for part in parts)
        case list() | tuple():
            return [render(item, context) for item in value]
        case dict():
            return {key: render(item, context) for key, item in value.items()}
        case None | bool() | int() | float():
            return value
        case _:
            raise ExpressionError(f"expected a value that JSON can hold, got a Python {type(value).__name__}")


def holds(when: str, context: Context) -> bool:
    """Whether ``when``, one expression, is true. Text must be 'true' or 'false'. Raises ExpressionError."""
    value = _evaluate(condition(when), context)
    if isinstance(value, str):
        if value.lower() not in ("true", "false"):
            raise ExpressionError(f"when: expected true or false from {when}, got the text {quoted(value)}")
        return value.lower() == "true"
    return bool(value)


def condition(when: str) -> Code:
    """The one expression that ``when`` is. Raises ExpressionError if it is anything else."""
    parts = pieces(when.strip())
    if len(parts) == 1 and isinstance(parts[0], Code):
        return parts[0]
    raise ExpressionError(
        f'expected one expression such as "{{{{ params.full }}}}" and nothing else, got {quoted(when)}'
    )


def as_text(value: Json) -> str:
    """How a value is put into a text, an argument or a variable: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def pieces(text: str) -> list[str]:
    """``text`` cut into what stands outside expressions and, as Code, what stands inside. Raises ExpressionError."""
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
    """Where the expression that begins at ``start`` has its ``}}``: outside quotes and brackets."""
    depth = 0
    for token in _TOKEN.finditer(text, start, start + LONGEST + 1):
        if token[0] in "([{":
            depth += 1
        elif token[0] in ")]}" and depth:
            depth -= 1
        elif token[0] == "}" and text.startswith("}}", token.start()):
            return token.start()
    fix = "to have the braces themselves, write {{ '{{' }}"
    raise ExpressionError(f"expected '}}}}' after '{{{{' in {quoted(text[start - 2 :])}, got none: {fix}")


def texts(value: object) -> Iterator[str]:
    """The strings in JSON data that have an expression in them."""
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


def _understood(code: Code) -> frozenset[str]:
    from orchestrator.expressions.meaning import understood

    return understood(code).steps


def _evaluate(code: Code, context: Context) -> Json:
    from orchestrator.expressions.meaning import understood
    from orchestrator.expressions.sandbox import evaluate

    understood(code)
    return evaluate(code, context)
