"""Puts the values of expressions into shell scripts: a value is data, and is quoted as its place requires."""

from collections.abc import Iterable, Iterator

from orchestrator.core.steps import Json
from orchestrator.expressions.evaluation import render
from orchestrator.expressions.shell.insertion import expressions, inserted, refuse_option
from orchestrator.expressions.shell.lines import LINE, UNKNOWN, readings
from orchestrator.expressions.shell.messages import expanded, form, misplaced
from orchestrator.expressions.shell.options import optional
from orchestrator.expressions.shell.places import reads_kept, variables
from orchestrator.expressions.shell.quoting import HOLE, PARAM, Place
from orchestrator.expressions.template import Code, Context, ExpressionError, as_text, pieces

__all__ = ["PARAM", "SHELL", "code_in", "line_in", "render_command", "words", "wrong"]

#: What runs a script. It ends at the first command that fails, unless the script tests that command.
SHELL = ("/bin/sh", "-e", "-c", "--")

#: The longest script in bytes that Linux can start a shell with: MAX_ARG_STRLEN less the final NUL, see execve(2).
LONGEST = 131_071


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
            yield from _refused(command, number, where)


def _given_to(command: list[Json], line: int) -> Iterator[tuple[int, str]]:
    """Messages about the words after a shell script that reads its arguments as code."""
    text = as_text(command[line])
    if not reads_kept(_without_expressions(text)):
        return
    for number in range(line + 1, len(command)):
        yield from _refused(command, number, f"in an argument of a script that reads it as code ({text[:80]})")


def _refused(command: list[Json], number: int, where: str) -> Iterator[tuple[int, str]]:
    """Messages about the expressions in a word that is read as code. ``where``: a description of the word."""
    codes = (part for part in pieces(as_text(command[number])) if isinstance(part, Code))
    place = Place(1, None, where)
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
        return inserted(command, context) if whole is None else whole
    if not isinstance(command, list):
        return render(command, context)
    if wrong := next(code_in(command), None):
        raise ExpressionError(wrong[1])
    line, options = line_in(command), optional(_known(command))
    rendered = [
        inserted(word, context) if number == line and isinstance(word, str) else render(word, context)
        for number, word in enumerate(command)
    ]
    for number, program in options.items():
        written = command[number]
        if isinstance(written, str) and written.startswith("{{") and not _is_raw(written):
            refuse_option(written, as_text(rendered[number]), program)
    return rendered


def _is_raw(text: str) -> bool:
    return any(isinstance(part, Code) and form(part) == "raw" for part in pieces(text)[:1])


def wrong(line: str) -> list[str]:
    """Messages about expressions in a script whose place is not allowed. The expressions themselves are valid."""
    parts = pieces(line)
    script = "".join(HOLE if isinstance(part, Code) else part for part in parts)
    if (length := len(script.encode(errors="surrogatepass"))) > LONGEST:
        return [
            f"expected a shell script of at most {LONGEST} bytes, got {length} without the values of its expressions: "
            f"write it to a file, and run that file"
        ]
    found = [sentence for code, place in expressions(parts) if (sentence := misplaced(code, place))]
    return found + [expanded(place) for place in variables(script)]


def _list(command: str, context: Context) -> list[Json] | None:
    """The value of a text that is only one expression without ``words`` or ``raw``, if that is a list."""
    parts = pieces(command) if command.startswith("{{") else []
    if len(parts) != 1 or not isinstance(parts[0], Code) or form(parts[0]):
        return None
    value = render(command, context)
    return value if isinstance(value, list) else None
