"""Puts the values of expressions into shell scripts: a value is data, and is quoted as its place requires."""

import re
from collections.abc import Iterable, Iterator, Sequence

from orchestrator.core.steps import Json
from orchestrator.expressions.evaluation import render
from orchestrator.expressions.shell.lines import LINE, UNKNOWN, readings
from orchestrator.expressions.shell.messages import expanded, form, misplaced
from orchestrator.expressions.shell.options import is_option, optional
from orchestrator.expressions.shell.places import places, reads_kept, variables
from orchestrator.expressions.shell.quoting import HOLE, PARAM, Place, Quoting
from orchestrator.expressions.template import Code, Context, ExpressionError, as_text, pieces
from orchestrator.text import shown

__all__ = ["PARAM", "SHELL", "code_in", "line_in", "render_command", "words", "wrong"]

#: What runs a script. It ends at the first command that fails, unless the script tests that command.
SHELL = ("/bin/sh", "-e", "-c", "--")

#: The longest script in bytes that Linux can start a shell with: MAX_ARG_STRLEN less the final NUL, see execve(2).
LONGEST = 131_071

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})")


def words(command: Json) -> list[str]:
    """The words to run for a ``command`` (a script or a list) whose expressions have been replaced."""
    if isinstance(command, list):
        return [as_text(word) for word in command]
    return [*SHELL, as_text(command)]


def line_in(command: Json) -> int | None:
    """Which word of a ``command`` that is a list is a shell script, as in ``[bash, -c, SCRIPT]``; None if none is."""
    return next((number for number, where in _read(command) if where == LINE), None)


def code_in(command: Json) -> Iterator[tuple[int, str]]:
    """The words of a ``command`` that is a list in which an expression is not allowed: number and message."""
    for number, where in _read(command):
        if where == LINE and isinstance(command, list) and number < len(command):
            yield from _given_to(command, number)
        elif isinstance(command, list) and number < len(command):
            codes = (part for part in pieces(as_text(command[number])) if isinstance(part, Code))
            place = Place(1, None, where)
            yield from ((number, wrong) for code in codes if (wrong := misplaced(code, place, listed=True)))


def _given_to(command: list[Json], line: int) -> Iterator[tuple[int, str]]:
    """Messages about the words after a shell script that reads its arguments as code."""
    text = as_text(command[line])
    if not reads_kept(_without_expressions(text)):
        return
    place = Place(1, None, f"in an argument of a script that reads it as code ({text[:80]})")
    for number in range(line + 1, len(command)):
        codes = (part for part in pieces(as_text(command[number])) if isinstance(part, Code))
        yield from ((number, wrong) for code in codes if (wrong := misplaced(code, place, listed=True)))


def _read(command: Json) -> Iterable[tuple[int, str]]:
    return readings(_known(command)).items() if isinstance(command, list) else ()


def _known(command: list[Json]) -> list[str]:
    """The words of a list, with UNKNOWN in place of each expression."""
    return [_without_expressions(as_text(word)) for word in command]


def _without_expressions(word: str) -> str:
    first, *others = word.split("{{")
    return first + "".join(UNKNOWN + other.rpartition("}}")[2] for other in others)


def render_command(command: Json, context: Context) -> Json:
    """``command`` with its expressions replaced by their values. Raises ExpressionError.

    If the whole text is one expression whose value is a list, the result is that list.
    """
    if isinstance(command, str):
        whole = _list(command, context)
        return _line(command, context) if whole is None else whole
    if not isinstance(command, list):
        return render(command, context)
    if wrong := next(code_in(command), None):
        raise ExpressionError(wrong[1])
    line, options = line_in(command), optional(_known(command))
    rendered = [
        _line(word, context) if number == line and isinstance(word, str) else render(word, context)
        for number, word in enumerate(command)
    ]
    for number, program in options.items():
        written = command[number]
        if isinstance(written, str) and written.startswith("{{") and not _is_raw(written):
            _no_option(written, as_text(rendered[number]), program)
    return rendered


def _is_raw(text: str) -> bool:
    return any(isinstance(part, Code) and form(part) == "raw" for part in pieces(text)[:1])


def _no_option(written: str, text: str, program: str) -> None:
    """Raises ExpressionError if a value would be an option of a program that has options that run code."""
    if is_option(text, program):
        raise ExpressionError(
            f"{written} is {shown(text)}, which {program} would take for an option, not for a value: "
            f"write '--' before it, or write out the option"
        )


def wrong(line: str) -> list[str]:
    """Messages about expressions in a script whose place is not allowed. The expressions themselves are valid."""
    parts = pieces(line)
    script = "".join(HOLE if isinstance(part, Code) else part for part in parts)
    if (length := len(script.encode(errors="surrogatepass"))) > LONGEST:
        return [
            f"expected a shell script of at most {LONGEST} bytes, got {length} without the values of its expressions: "
            f"write it to a file, and run that file"
        ]
    found = [sentence for code, place in _expressions(parts) if (sentence := misplaced(code, place))]
    return found + [expanded(place) for place in variables(script)]


def _list(command: str, context: Context) -> list[Json] | None:
    """The value of a text that is only one expression without ``words`` or ``raw``, if that is a list."""
    parts = pieces(command) if command.startswith("{{") else []
    if len(parts) != 1 or not isinstance(parts[0], Code) or form(parts[0]):
        return None
    value = render(command, context)
    return value if isinstance(value, list) else None


def _line(line: str, context: Context) -> str:
    if "{{" not in line:
        return line
    parts = pieces(line)
    quoted = (_put(code, place, context) for code, place in _expressions(parts))
    return "".join(next(quoted) if isinstance(part, Code) else part for part in parts)


def _expressions(parts: Sequence[str]) -> Iterator[tuple[Code, Place]]:
    """Each expression of a script, with its place."""
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
        for text in [as_text(item) for item in value] if isinstance(value, list) else [as_text(value)]:
            _no_option(written, text, place.option)
    match form(code), place.quoting:
        case "raw", _:
            return as_text(value)
        case "words", _:
            if not isinstance(value, list):
                raise ExpressionError(f"{{{{ {code} }}}}: expected a list for 'words', got {shown(value)}")
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
