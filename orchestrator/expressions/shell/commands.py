"""Judges the values in a command once all of it has been read: its words, its input, and the files it writes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from orchestrator.expressions.shell.facts import Arguments
from orchestrator.expressions.shell.flow import ANY, UNSURE
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.inputs import takes, unwrapped
from orchestrator.expressions.shell.lines import JOINED, LINE, MAYBE, UNKNOWN, readings
from orchestrator.expressions.shell.names import is_own, known, may_be_any, name
from orchestrator.expressions.shell.options import optional, reads_code
from orchestrator.expressions.shell.parts import Kind
from orchestrator.expressions.shell.quoting import PARAM, UNNAMED
from orchestrator.expressions.shell.reader import Reader

#: The place of a value that is read by a program that might take it for code.
INPUT = "in the input of"

#: The place of a variable whose value might be an option.
OPTION = "in a position where it may be an option of"


def ended(reader: Reader, frame: Frame) -> None:
    """Record what the command that ends in ``frame`` does with its values."""
    _in_words(reader, frame)
    words, into = frame.command.words, frame.streams.into
    made = bool(frame.command.made and set(frame.command.made) & set(readings(words)))
    inner = [not made, *(_line(reader, frame, text) for text in _lines(frame))]
    coprocess = known(words[0] if words else "").coprocess
    if coprocess or (into and _redirects(frame)):
        reader.spoilt = f"in a line with {frame.command.shown()}, which may read it as code"
    if _redirects(frame):
        reader.flow.redirects(frame, len(reader.found))
    if into:
        reader.misplace([*_read(frame), *range(frame.pipeline.first, len(reader.found))], into)
    _in_input(reader, frame, inner=all(inner))


def _redirects(frame: Frame) -> bool:
    """Whether the command redirects the input or output of the shell itself, as ``exec > file`` does."""
    return frame.command.at is None and any(known(word).redirects for word in frame.command.words)


def _in_words(reader: Reader, frame: Frame) -> None:
    words, marks = frame.command.words, frame.command.marks
    if not marks:
        return
    reader.flow.called.setdefault(frame.command.program, []).extend(mark.number for mark in marks)
    found, options, at = readings(words), optional(words), unwrapped(words)
    while at is not None and at < len(words) and not words[at]:
        at += 1  # it may expand to nothing
    anything = at is not None and at < len(words) and UNKNOWN in words[at] and may_be_any(words[at])
    for mark in marks:
        where = found.get(mark.index)
        if where is None and anything and at is not None and mark.index > at:
            where = MAYBE
        if where is not None:
            reader.misplace([mark.number], f"{where} ({frame.command.shown(mark.index)})")
        elif mark.begins and (program := options.get(mark.index)):
            _may_be_option(reader, mark.number, program, own=mark.own)


def _may_be_option(reader: Reader, number: int, program: str, *, own: bool) -> None:
    place = reader.found[number]
    if reads_code(program) and (place.variable.startswith(PARAM) or not (own or place.variable)):
        reader.misplace([number], f"{OPTION} {program}")
    elif place.variable and reads_code(program):
        reader.flow.reads(ANY if place.variable == UNNAMED else place.variable, place.line, UNSURE)
    elif not place.variable:
        reader.found[number] = replace(place, option=program)


def _lines(frame: Frame) -> Iterator[str]:
    """The words of a command that are shell scripts."""
    command, words = frame.command, frame.command.words
    if known(command.program).arguments in (Arguments.SCRIPTS, Arguments.ALIASES):
        yield from words[(command.at or 0) + 1 :]
    elif len(words) > 1:
        for number, where in readings(words).items():
            if where.startswith((LINE, MAYBE, JOINED)) and number < len(words):
                yield words[number]


def _line(reader: Reader, frame: Frame, text: str) -> bool:
    """Read a script that a command gives to a shell. Returns whether all its commands treat their input as data."""
    within = reader.within(text, Kind.COMMANDS)
    if within.flow.read:
        reader.flow.reads(ANY, reader.line)
        reader.flow.keep(mark.number for mark in frame.command.marks)
    reader.flow.ran.update((name, where) for name, where in within.flow.ran.items() if name not in reader.flow.ran)
    refused = (place for place in within.found if place.variable.startswith(PARAM) and place.quoting is None)
    reader.found += [replace(place, line=reader.line) for place in refused]
    return not (within.unsafe or within.lost or within.spoilt)


def _read(frame: Frame) -> list[int]:
    """The places in what a command reads from its pipeline or surroundings, unless another has read them."""
    return [number for some in frame.pipeline.read for number in some.take()]


def _in_input(reader: Reader, frame: Frame, *, inner: bool) -> None:
    fed = [*frame.streams.fed, *frame.streams.files]
    reader.flow.given.append(fed)
    first = frame.pipeline.current if frame.pipeline.piped is None else frame.pipeline.first
    numbers = range(first, len(reader.found))
    if frame.command.program in reader.flow.functions or _redirects(frame):
        reader.called.append(([*fed, *_read(frame)], f"{INPUT} {frame.command.shown()}, which may read it as code"))
        piped = frame.pipeline.names if frame.pipeline.piped is not None else []
        reader.heard.append(([*piped, *(name(file) for file in frame.streams.inputs)], reader.line))
        safe = True
    elif frame.command.words:
        safe = takes(frame.command.words, inner=inner)
    else:
        safe = reader.unsafe <= frame.pipeline.since
    if not safe:
        _unsafe(reader, frame, fed)
    reader.flow.command(frame, safe=safe, numbers=numbers, line=reader.line)


def _unsafe(reader: Reader, frame: Frame, fed: list[int]) -> None:
    """Refuse what is in the input of a command that may read it as code."""
    words, reads = frame.command.words, bool(frame.command.words) and not frame.streams.redirected
    read = _read(frame) if reads else []
    if reads:
        reader.unsafe = reader.commands
    sign = "|" if read else "<(…)" if frame.streams.files else "<"
    where = f"in a script for another shell ({sign} {frame.command.shown()})"
    at = unwrapped(words)
    if at is not None and at < len(words) and (is_own(words[at]) or not _is_code(words)):
        where = f"{INPUT} {words[at]}, which may read it as code"
    reader.misplace([*read, *fed], where)
    for document in (*frame.streams.documents, *frame.pipeline.documents):
        document.code = f"in a here-document that is a script for another shell ({frame.command.shown()})"
    frame.pipeline.documents = []


def _is_code(words: Sequence[str]) -> bool:
    """Whether a command certainly reads its input as code, or cannot be identified."""
    return any(not word or reads_code(word.rpartition("/")[2]) for word in words)
