"""Finds the place of each expression in a shell script, which decides how its value must be quoted.

It reads the language of POSIX (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html) as dash and
bash do. Where the two differ, or a script is too unusual to parse, all later expressions are refused: that is better
than wrong quotes.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from orchestrator.expressions.shell import holes, quotes, words
from orchestrator.expressions.shell.commands import ended
from orchestrator.expressions.shell.flow import ANY
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.parts import WORDY, Kind
from orchestrator.expressions.shell.quoting import HOLE, PARAM, Place
from orchestrator.expressions.shell.reader import Reader

#: How deeply scripts within scripts are read.
_DEEPEST = 4

#: A continued line inside an operator, which the shell sees differently than this parser.
_BROKEN_OPERATOR = re.compile(r"\$(\\\n)+|<(\\\n)+<|\((\\\n)+\(|;(\\\n)+[;&]")


def places(script: str) -> tuple[Place, ...]:
    """The place of each HOLE in ``script``, in order."""
    return tuple(place for place in _read(script) if not place.variable)


def variables(script: str) -> list[Place]:
    """The places in ``script`` where a param's variable is read as code."""
    return [place for place in _read(script) if place.variable.startswith(PARAM) and place.quoting is None]


def reads_kept(script: str) -> bool:
    """Whether a script reads as code what is in its variables, such as its arguments."""
    return bool(_reader(script).flow.read)


@lru_cache(maxsize=1024)
def _read(script: str) -> tuple[Place, ...]:
    """All places in ``script``, and those of variables in the scripts that it passes to other shells."""
    reader = _reader(script)
    for number, where in reader.flow.read_again(tuple(reader.found)):
        if reader.found[number].quoting is not None:
            reader.found[number] = replace(reader.found[number], quoting=None, where=where)
    return tuple(reader.found)


def _reader(script: str, depth: int = 0, kind: Kind = Kind.COMMANDS) -> Reader:
    """A reader that has read ``script`` as far as it can be parsed. ``depth``: how many scripts contain this one."""
    reader = Reader(script, ended, lambda text, kind: _reader(text, depth + 1, kind))
    reader.stack[0].substitution = kind is Kind.BACKTICKS
    if kind is Kind.DOCUMENT:
        reader.stack[0].command.take(":")
        reader.stack.append(Frame(kind))
    if depth > _DEEPEST:
        reader.give_up(f"more than {_DEEPEST} nested shell scripts")
        reader.flow.reads(ANY, 1)
        return reader
    if _BROKEN_OPERATOR.search(script):
        reader.give_up("an operator that is continued on the next line")
    while reader.at < len(script) and not reader.lost:
        frame, char = reader.stack[-1], script[reader.at]
        if char == HOLE:
            holes.hole(reader)
        elif char == "\n" and frame.kind not in WORDY and any(other.pending for other in reader.stack):
            reader.lose("a line end in quotes before a here-document")
        else:
            _PARTS[frame.kind](reader, frame, char)
    if reader.stack[-1].kind is Kind.DOCUMENT:
        reader.pop(0)
    _finish(reader)
    return reader


def _finish(reader: Reader) -> None:
    """Finish at the end of the script, or where the rest of it cannot be parsed."""
    while not reader.lost and (last := reader.stack[-1]).word.begun and last.kind in WORDY:
        words.end_word(reader, last)
    if not reader.lost:
        reader.command_ends(reader.stack[-1])
    if len(reader.stack) > 1 and not reader.lost:
        reader.give_up(f"{reader.stack[-1].kind.value} that is not closed")
    lost = f"after {reader.lost} (the rest of the script cannot be parsed reliably)"
    if reader.lost:  # and everything in the command in which it was lost
        reader.misplace(range(min(reader.stack[0].pipeline.first, len(reader.found)), len(reader.found)), lost)
    reader.refuse_up_to(len(reader.script), lost)
    for numbers, where in reader.called if reader.unsafe else ():
        reader.misplace(numbers, where)
    for files, line in reader.heard if reader.unsafe else ():
        reader.flow.runs(files, line)
    if reader.spoilt:
        reader.misplace(
            (number for number, place in enumerate(reader.found) if place.quoting is not None), reader.spoilt
        )


_PARTS: Mapping[Kind, Callable[[Reader, Frame, str], None]] = {
    Kind.COMMANDS: words.words,
    Kind.CASE: words.words,
    Kind.TEST: words.words,
    Kind.DOUBLE: quotes.double,
    Kind.SINGLE: quotes.single,
    Kind.ANSI: quotes.ansi,
    Kind.BRACES: quotes.braces,
    Kind.ARITHMETIC: quotes.arithmetic,
    Kind.BACKTICKS: quotes.backticks,
    Kind.DOCUMENT: quotes.document,
}
