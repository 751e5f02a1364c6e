"""Reads the quoted parts of a shell script, where blanks and operators have another meaning or none."""

import re

from orchestrator.expressions.shell import holes, inner
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.parts import WORDY, Kind
from orchestrator.expressions.shell.quoting import ARITHMETIC, HOLE
from orchestrator.expressions.shell.reader import Reader
from orchestrator.expressions.shell.word import OPAQUE

#: The characters that open a quoted part.
OPENERS = {"'": Kind.SINGLE, '"': Kind.DOUBLE, "`": Kind.BACKTICKS}

_VARIABLE = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]", re.ASCII)

#: The name in ``${…}``, and whether arithmetic follows, as in ``${x:1}`` and ``${x[y]}``.
_NAMED = re.compile(r"(?P<by>!)?#?(?P<name>[A-Za-z_]\w*|[0-9@*#?!-])(?P<sum>\[|:[^-=?+}])?", re.ASCII)

_WORD_OF_SUM = re.compile(r"[0-9][0-9A-Za-z]*|(?P<name>[A-Za-z_]\w*)", re.ASCII)

#: Characters without a special meaning in either kind of quotes.
_PLAIN = re.compile(r"[^\\\"'`$}\n\0]+")

#: The backslashes that are removed from what is in a `…`, and those if it is in double quotes.
_ESCAPED = re.compile(r"\\([\\`$])")
_ESCAPED_TWICE = re.compile(r"\\([\\`$\"])")

_TO_BACKTICK = re.compile(r"(?:\\.|[^`\\])*`?", re.DOTALL)


def escape(reader: Reader) -> None:
    """Read a backslash and the character that it escapes."""
    reader.at += 1
    if reader.ahead(0) == HOLE:
        reader.refuse("right after a backslash (write \\\\ for a backslash)")
    else:
        reader.quoted()


def dollar(reader: Reader, frame: Frame) -> None:
    """Read a ``$``, and open the part that it begins."""
    if frame.kind in WORDY:
        frame.word.add(OPAQUE)
    match reader.ahead():
        case "\0":
            reader.at += 1
            reader.refuse("right after a '$' (write {{ … }} without it, or \\$ for a dollar sign)")
        case "(" if reader.ahead(2) == "(":
            reader.push(Kind.ARITHMETIC, 3)
        case "(":
            holes.substituted(reader)
            reader.push(Kind.COMMANDS, 2, substitution=True)
        case "{":
            if found := _NAMED.match(reader.script, reader.at + 2):
                holes.expanded(reader, found["name"], ARITHMETIC if found["sum"] or found["by"] else "")
            reader.push(Kind.BRACES, 2)
        case "[":
            reader.lose("$[, which only bash supports (write $((…)))")
        case "'" if frame.kind in WORDY:
            reader.push(Kind.ANSI, 2)
        case "'" if frame.kind is Kind.BRACES:
            reader.lose("$'…' in ${…}, which not every shell supports")
        case _:
            match = _VARIABLE.match(reader.script, reader.at + 1)
            if match:
                holes.expanded(reader, match[0])
                holes.named(reader, match[0])
            reader.at = match.end() if match else reader.at + 1


def double(reader: Reader, frame: Frame, char: str) -> None:
    match char:
        case "\\":
            escape(reader)
        case '"':
            reader.pop(1)
        case "`":
            reader.push(Kind.BACKTICKS, 1)
        case "$":
            dollar(reader, frame)
        case "}" if reader.stack[-2].kind is Kind.BRACES:
            reader.lose("a quoted '}' in ${…}")
        case _:
            plain(reader)


def plain(reader: Reader) -> None:
    """Read ordinary characters, up to the next one that may have a meaning."""
    match = _PLAIN.match(reader.script, reader.at)
    reader.quoted(match[0] if match else "")


def single(reader: Reader, _: Frame, char: str) -> None:
    if char == "'":
        reader.pop(1)
    else:
        plain(reader)


def ansi(reader: Reader, _: Frame, char: str) -> None:
    if char == "\\" and reader.ahead() == "'":
        reader.lose("\\' in $'…', which not every shell supports")
    elif char == "\\":
        escape(reader)
    elif char == "'":
        reader.pop(1)
    else:
        plain(reader)


def braces(reader: Reader, frame: Frame, char: str) -> None:
    match char:
        case "}":
            reader.pop(1)
        case "\\":
            escape(reader)
        case "'" if any(other.kind is Kind.DOUBLE for other in reader.stack):
            reader.lose("a ' in a quoted ${…}")
        case "'" | '"' | "`":
            reader.push(OPENERS[char], 1)
        case "$":
            dollar(reader, frame)
        case _:
            reader.at += 1


def arithmetic(reader: Reader, frame: Frame, char: str) -> None:
    """Read one character of a ``$((…))``, or the part that it opens."""
    match char:
        case "(":
            frame.depth += 1
            reader.at += 1
        case ")" if frame.depth:
            frame.depth -= 1
            reader.at += 1
        case ")" if reader.ahead() == ")":
            reader.pop(2)
        case ")" | "'" | '"':
            reader.give_up("a $((…)) that is not arithmetic (write $( (…) ) for a subshell)")
        case "\\":
            escape(reader)
        case "`":
            reader.push(Kind.BACKTICKS, 1)
        case "$":
            dollar(reader, frame)
        case _ if match := _WORD_OF_SUM.match(reader.script, reader.at):
            if match["name"]:
                holes.expanded(reader, match["name"])
            reader.at = match.end()
        case _:
            reader.at += 1


def backticks(reader: Reader, _: Frame, __: str) -> None:
    match = _TO_BACKTICK.match(reader.script, reader.at)
    end = match.end() if match else len(reader.script)
    inside = reader.script[reader.at : end]
    escaped = _ESCAPED_TWICE if reader.stack[-2].kind is Kind.DOUBLE else _ESCAPED
    reader.flow.loads = True
    reader.stack.pop()
    holes.substituted(reader)
    inner.runs(reader, reader.within(escaped.sub(r"\1", inside.removesuffix("`")), Kind.BACKTICKS))
    reader.refuse_up_to(end, "in `…`, where quotes mean something else (write $(…))")


def document(reader: Reader, frame: Frame, char: str) -> None:
    """Read one character of a here-document in which variables are expanded, or the part that it opens."""
    if char == '"':
        plain(reader)
    else:
        double(reader, frame, char)
