"""Inserts the values of expressions into a shell script, each quoted for its place."""

import re
from collections.abc import Iterator, Sequence

from orchestrator.core.steps import Json
from orchestrator.expressions.evaluation import render
from orchestrator.expressions.shell.messages import form, misplaced
from orchestrator.expressions.shell.options import is_option
from orchestrator.expressions.shell.places import places
from orchestrator.expressions.shell.quoting import HOLE, Place, Quoting
from orchestrator.expressions.template import Code, Context, ExpressionError, as_text, pieces
from orchestrator.text import shown

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def inserted(line: str, context: Context) -> str:
    """``line``, a shell script, with its expressions replaced by their values. Raises ExpressionError."""
    if "{{" not in line:
        return line
    parts = pieces(line)
    quoted = (_put(code, place, context) for code, place in expressions(parts))
    return "".join(next(quoted) if isinstance(part, Code) else part for part in parts)


def expressions(parts: Sequence[str]) -> Iterator[tuple[Code, Place]]:
    """Each expression of a script, with its place. Raises ExpressionError."""
    if any(HOLE in part for part in parts):
        raise ExpressionError("expected text for a shell, got text with a NUL character")
    found = places("".join(HOLE if isinstance(part, Code) else part for part in parts))
    yield from zip((part for part in parts if isinstance(part, Code)), found, strict=True)


def _put(code: Code, place: Place, context: Context) -> str:
    """The value of ``code``, quoted for its place."""
    if sentence := misplaced(code, place):
        raise ExpressionError(sentence)
    written = f"{{{{ {code} }}}}"
    value = render(written, context)
    if place.option and form(code) != "raw":
        for item in value if isinstance(value, list) else [value]:
            refuse_option(written, as_text(item), place.option)
    match form(code), place.quoting:
        case "raw", _:
            return as_text(value)
        case "words", _:
            if not isinstance(value, list):
                raise ExpressionError(f"{written}: expected a list for 'words', got {shown(value)}")
            return " ".join(_quoted(as_text(item)) for item in value)
        case _, Quoting.NUMBER:
            return _number(code, value)
        case _, Quoting.SINGLE:
            return _quoted(as_text(value))[1:-1]
        case _, Quoting.DOUBLE:  # close and reopen the quotes: what precedes may be the name of a variable
            return f'"{_quoted(as_text(value))}"'
        case _:
            return _quoted(as_text(value))


def _quoted(text: str) -> str:
    """``text`` as one word. It is always quoted, because ``if``, ``a=b`` and ``2`` could have a meaning."""
    return "'" + text.replace("'", "'\\''") + "'"


def _number(code: Code, value: Json) -> str:
    text = as_text(value)
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise ExpressionError(f"{{{{ {code} }}}}: expected a whole number in $((…)), got {shown(value)}")
    return f"({text})" if text.startswith("-") else text


def refuse_option(written: str, text: str, program: str) -> None:
    """Raises ExpressionError if a value would be an option of a program that has options that run code."""
    if is_option(text, program):
        raise ExpressionError(
            f"{written} is {shown(text)}, which {program} would take for an option, not for a value: "
            f"write '--' before it, or write out the option"
        )
