"""Records what a script does that runs as a part of the one around it: in a `…`, or in a line of a here-document."""

import re
from dataclasses import replace

from orchestrator.expressions.shell import holes
from orchestrator.expressions.shell.flow import ANY, EVALUATES
from orchestrator.expressions.shell.names import known
from orchestrator.expressions.shell.parts import Kind
from orchestrator.expressions.shell.quoting import PARAM, UNNAMED
from orchestrator.expressions.shell.reader import Reader

_LETTERS = re.compile(r"\b[a-z]+\b")


def runs(reader: Reader, inner: Reader, *, apart: bool = False) -> None:
    """Record that the script that ``inner`` has read runs here. ``apart``: not in a word of the present command."""
    if inner.lost or inner.spoilt:
        reader.flow.reads(ANY, reader.line)
    read = _read(inner) if any(variable == ANY for variable, _ in inner.flow.read) else set()
    for variable, where in dict.fromkeys(inner.flow.read):
        for name in read if variable == ANY else [variable]:
            reader.flow.reads(name, reader.line, *([EVALUATES] if where.endswith(EVALUATES) else []))
    _variables(reader, inner, apart=apart)
    if inner.unsafe or inner.lost:
        _reads_input(reader)


def _read(inner: Reader) -> set[str]:
    """The variables that may be read as code, where it is not recorded which."""
    sums = inner.stack[0].substitution and "$((" in inner.script
    if sums or any(known(word).in_backticks for word in _LETTERS.findall(inner.script)):
        return {ANY}
    variables = [place for place in inner.found if place.variable]
    read = [place for place in variables if place.quoting is None] or variables
    return {ANY if place.variable == UNNAMED else place.variable for place in read}


def _variables(reader: Reader, inner: Reader, *, apart: bool) -> None:
    """Record the variables in it, and the files in which it writes them."""
    numbers: dict[int, int] = {}
    for number, place in enumerate(inner.found):
        if place.variable:
            numbers[number] = len(reader.found)
            if apart:
                reader.found.append(replace(place, line=reader.line))
            else:
                holes.expanded(reader, place.variable, place.where if place.variable.startswith(PARAM) else "")
    flow = inner.flow
    for file, some in flow.written.items():
        written = {numbers[number] for numbered in some for number in numbered if number in numbers}
        reader.flow.written.setdefault(file, []).extend(range(number, number + 1) for number in written)
    for file, where in flow.ran.items():
        reader.flow.ran.setdefault(file, where)
    reader.flow.loaded |= flow.loaded
    reader.flow.copied += flow.copied
    around = reader.stack[-1]
    around.pipeline.names += inner.stack[0].heard
    around.heard += inner.stack[0].heard


def _reads_input(reader: Reader) -> None:
    """Record that it may read as code what the part around it reads."""
    reader.push(Kind.COMMANDS, 0, substitution=True)
    frame = reader.stack[-1]
    frame.command.take("")  # a program that is not known
    reader.command_ends(frame)
    reader.pop(0)
