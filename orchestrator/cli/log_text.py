"""Reads the log of an attempt, and writes it out. In a terminal, control codes are shown and not executed."""

import codecs
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from orchestrator.system import files
from orchestrator.system.terminal import Cleaner

#: Bytes of a log that are shown at a time.
_PIECE = 65536


def pieces(path: Path, start: int = 0) -> Iterator[bytes]:
    """The log at ``path`` from the byte ``start`` on; nothing if it has been deleted or replaced meanwhile."""
    try:
        with files.reading(path) as log:
            log.seek(start)
            yield from iter(partial(log.read, _PIECE), b"")
    except FileNotFoundError:
        return


def whole_lines(text: Iterable[bytes]) -> Iterator[bytes]:
    """The same, with the end of its last line, so that something else may follow."""
    last = b"\n"
    for piece in text:
        last = piece[-1:]
        yield piece
    if last != b"\n":
        yield b"\n"


def show(text: Iterable[bytes]) -> None:
    """Write a log to standard output unchanged, but to a terminal with its control codes escaped."""
    sys.stdout.flush()
    for piece in _cleaned(text) if sys.stdout.isatty() else text:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def _cleaned(text: Iterable[bytes]) -> Iterator[bytes]:
    decode, clean = codecs.getincrementaldecoder("utf-8")("replace").decode, Cleaner()
    for piece in text:
        yield clean(decode(piece)).encode(sys.stdout.encoding, "replace")
    yield clean(decode(b"", final=True), last=True).encode(sys.stdout.encoding, "replace")
