"""Follows compound commands while they are read: where each begins, and of which functions they are the bodies."""

from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.parts import Opened
from orchestrator.expressions.shell.reader import Reader

#: Reserved words that begin and end a compound command, except ``case``.
_OPEN = frozenset({"{", "for", "if", "select", "until", "while"})
_CLOSE = frozenset({"}", "done", "fi"})


def word(reader: Reader, frame: Frame, text: str) -> None:
    """Read a word where a command may begin: it may begin or end a compound command."""
    pipeline = frame.pipeline
    if text in _OPEN:
        pipeline.opened.append(Opened(pipeline.current, reader.commands, frame.defines))
        frame.defines = ""
    elif text in _CLOSE and pipeline.opened:
        opened = pipeline.opened.pop()
        pipeline.current = opened.number  # what follows, such as ``> file``, holds for all of it
        body(reader, opened)


def body(reader: Reader, opened: Opened) -> None:
    """A compound command has ended: record it if it is the body of a function."""
    if opened.function:
        numbers, commands = range(opened.number, len(reader.found)), range(opened.commands, reader.commands)
        reader.flow.bodies.setdefault(opened.function, []).append((numbers, commands))
