"""Where in a shell line each expression stands, and so how a value must be quoted there. It knows no values.

It reads the language of POSIX (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html) as dash and
bash do. Where the two differ, or a line is too odd to be followed, no later expression has a place: better refused than
quoted wrongly.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from orchestrator.definition.shell import quotes, words
from orchestrator.definition.shell.frames import WORDY, Frame, Kind
from orchestrator.definition.shell.reader import HOLE, Place, Reader

#: A continued line inside an operator: what the shell then sees is not what is read here.
_BROKEN_OPERATOR = re.compile(r"\$(\\\n)+|<(\\\n)+<|\((\\\n)+\(|;(\\\n)+[;&]")


@lru_cache(maxsize=1024)
def places(script: str) -> tuple[Place, ...]:
    """The place of each HOLE in ``script``, in order."""
    reader = Reader(script)
    if _BROKEN_OPERATOR.search(script):
        reader.give_up("an operator that is continued on the next line")
    while reader.at < len(script) and not reader.lost:
        frame, char = reader.stack[-1], script[reader.at]
        if char == HOLE:
            reader.hole()
        elif char == "\n" and frame.kind not in WORDY and any(other.pending for other in reader.stack):
            reader.lose("a line end in quotes that comes before a here-document")
        else:
            _PARTS[frame.kind](reader, frame, char)
    _finish(reader)
    return tuple(reader.found)


def _finish(reader: Reader) -> None:
    """At the end of the script, or where it was lost."""
    while not reader.lost and (last := reader.stack[-1]).word is not None and last.kind in WORDY:
        words.end_word(reader, last, last.word)
    if not reader.lost:
        reader.command_ends(reader.stack[-1])
    if len(reader.stack) > 1 and not reader.lost:
        reader.give_up(f"{reader.stack[-1].kind.value} that does not end")
    reader.refuse_up_to(len(reader.script), f"after {reader.lost}: how the rest is read cannot be told")


_PARTS: Mapping[Kind, Callable[[Reader, Frame, str], None]] = {
    Kind.COMMANDS: words.words,
    Kind.CASE: words.words,
    Kind.TEST: words.words,
    Kind.DOUBLE: quotes.double,
    Kind.SINGLE: quotes.single,
    Kind.ANSI: quotes.ansi,
    Kind.BRACES: quotes.braces,
    Kind.SUM: quotes.total,
    Kind.BACKTICKS: quotes.backticks,
}
