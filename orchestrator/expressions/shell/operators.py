"""Reads the operators of a shell script: what ends a command or redirects it, and parentheses."""

import re
from collections.abc import Callable, Mapping

from orchestrator.expressions.shell import compounds, heredoc
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.names import known, takes_data
from orchestrator.expressions.shell.parts import Kind, Opened, Stage
from orchestrator.expressions.shell.reader import Reader
from orchestrator.expressions.shell.word import OPAQUE

#: ``&>file``, and nothing after it.
_BOTH = re.compile(r"&>>?[ \t]*([^\s\\\"'`$#|&;<>()\0]+)[ \t]*(?=[\n;&)}]|\|\||$)")

_FUNCTION = re.compile(r"\([ \t]*\)")


def define(reader: Reader, word: str) -> None:
    """Record that a function named ``word`` is defined."""
    reader.flow.functions.add(word)
    reader.stack[-1].defines = word
    if takes_data(word, []) or known(word).prefix:
        reader.spoilt = f"in a line that defines a function named {word}"


def function(reader: Reader, frame: Frame, word: str) -> None:
    """Read a '(' after a word: it can only begin a function, whose body is a command."""
    match = _FUNCTION.match(reader.script, reader.at)
    if match is None or word.endswith("="):
        return reader.give_up("'(' in the middle of a word, as in bash's arrays")
    reader.at = match.end()
    define(reader, word)
    frame.word.drop()
    frame.new_command()
    return None


def _blank(reader: Reader, _: Frame) -> None:
    reader.at += 1


def _line_end(reader: Reader, frame: Frame) -> None:
    if any(other.pending and other.pending is not frame.pending for other in reader.stack):
        return reader.lose("a line end in $(…) before a here-document")
    waiting = list(frame.pending)
    frame.pending.clear()
    if frame.command.words or frame.streams.any:  # and not the line end after a '|'
        reader.command_ends(frame)
    elif frame.pipeline.piped is not None:  # its reader comes later
        for document in waiting:
            document.code = "in a here-document that may be a script for another shell"
    frame.pipeline.current = len(reader.found)
    frame.new_command()
    reader.at += 1  # only now: a command is in the line that it ends
    for document in waiting:
        heredoc.body(reader, document)
    return None


def _semicolon(reader: Reader, frame: Frame) -> None:
    reader.command_ends(frame)
    reader.at += 1
    if frame.kind is Kind.CASE and reader.ahead(0) in (";", "&"):
        reader.at += 2 if reader.script.startswith(";&", reader.at) else 1
        frame.stage = Stage.PATTERN
    frame.new_command()


def _and_or(reader: Reader, frame: Frame) -> None:
    sign = reader.ahead(0)
    if sign == "&" and reader.ahead() == ">":
        return _both(reader, frame)
    twice = reader.ahead() == sign
    reader.command_ends(frame, pipe=sign == "|" and not twice)
    reader.at += 2 if twice or reader.script.startswith("|&", reader.at) else 1
    frame.new_command()
    return None


def _both(reader: Reader, frame: Frame) -> None:
    """Read ``&>file`` at the end of a command: bash redirects it, dash ends it there and redirects nothing."""
    match = _BOTH.match(reader.script, reader.at)
    if match is None:
        return reader.lose("'&>' before other words (write >FILE 2>&1)")
    frame.streams.outputs.append(match[1])
    frame.streams.numbers.append("1")
    reader.at = match.end()
    return None


def _redirection(reader: Reader, frame: Frame) -> None:
    if reader.script.startswith("<<", reader.at) and frame.kind is not Kind.TEST:
        if reader.ahead(2) != "<":
            return heredoc.announced(reader, frame)
        reader.at += 3
        frame.word.here_string = True
    elif reader.ahead() == "(":  # bash's <(…) and >(…)
        takes = reader.ahead(0) == ">"
        frame.word.add(OPAQUE)
        reader.push(Kind.COMMANDS, 2)
        reader.stack[-1].file, reader.stack[-1].takes = True, takes
        return None
    else:
        frame.word.output = reader.ahead(0) == ">" or reader.ahead() == ">"
        frame.word.descriptor = reader.ahead() == "&"
        frame.word.input = reader.ahead(0) == "<" and reader.ahead() != "&"
        reader.at += 2 if reader.ahead() in (">", "&", "|") else 1
    frame.word.target = True
    return None


def _open(reader: Reader, frame: Frame) -> None:
    if frame.kind is Kind.TEST or (frame.kind is Kind.CASE and frame.stage is Stage.PATTERN):
        reader.at += 1
    elif reader.ahead() == "(":
        reader.lose("'((' (write '( (' for a subshell, or $((…)) for arithmetic)")
    elif match := _FUNCTION.match(reader.script, reader.at):  # its body follows
        reader.at = match.end()
        frame.new_command()
    else:
        reader.push(Kind.COMMANDS, 1)
        reader.stack[-1].function, frame.defines = frame.defines, ""


def _close(reader: Reader, frame: Frame) -> None:
    if frame.kind is Kind.TEST:
        reader.at += 1
    elif frame.kind is Kind.CASE and frame.stage is Stage.PATTERN:
        frame.stage = Stage.BODY
        frame.new_command()
        reader.at += 1
    elif frame.kind is Kind.CASE or len(reader.stack) == 1:
        reader.give_up("an unmatched ')'")
    else:
        reader.command_ends(frame)
        compounds.body(reader, Opened(frame.begun, frame.opened, frame.function))
        reader.pop(1)
        if not frame.substitution:
            reader.stack[-1].start = True


OPERATORS: Mapping[str, Callable[[Reader, Frame], None]] = {
    " ": _blank,
    "\t": _blank,
    "\n": _line_end,
    ";": _semicolon,
    "&": _and_or,
    "|": _and_or,
    "<": _redirection,
    ">": _redirection,
    "(": _open,
    ")": _close,
}
