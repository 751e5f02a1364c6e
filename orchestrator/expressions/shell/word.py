"""The word of a script that is being read."""

import re
from dataclasses import dataclass

from orchestrator.expressions.shell.lines import UNKNOWN

#: Stands in a word where something is quoted or expanded, so that ``"case"`` is never the reserved word.
OPAQUE = "\1"

#: How many characters of an unfinished word are examined.
HEAD = 256

_DESCRIPTOR = re.compile(r"\{[A-Za-z_]\w*\}", re.ASCII)


@dataclass(slots=True)
class Word:
    """``parts``: what has been read of it, None if none has begun; ``head``: its first HEAD characters or a few more.

    ``target``: it is the file of a redirection: of ``<<<`` (``here_string``), of ``>`` (``output``) or of ``<``
    (``input``), of the descriptor ``number`` if one is named; a number there is a ``descriptor`` after ``>&``.
    """

    parts: list[str] | None = None
    head: str = ""
    target: bool = False
    here_string: bool = False
    output: bool = False
    input: bool = False
    number: str = ""
    descriptor: bool = False

    def add(self, text: str) -> None:
        """Append to the word."""
        if self.parts is None:
            self.parts, self.head = [], ""
        self.parts.append(text)
        if len(self.head) < HEAD:
            self.head += text[:HEAD]

    def drop(self) -> None:
        """Forget what has been read."""
        self.parts, self.head = None, ""

    def forget_redirection(self) -> None:
        """The next word is not the file of a redirection."""
        self.target = self.here_string = self.output = self.input = self.descriptor = False
        self.number = ""

    @property
    def numbered(self) -> bool:
        """Whether another descriptor than 0 is named."""
        return self.number not in ("", "0")

    @property
    def begun(self) -> bool:
        return self.parts is not None

    @property
    def text(self) -> str:
        """What has been read so far."""
        return "".join(self.parts or ())

    @property
    def plain(self) -> str:
        """The head without what is quoted or expanded."""
        return self.head.replace(OPAQUE, "")

    @property
    def is_descriptor(self) -> bool:
        """Whether the word, if ``<`` or ``>`` follows, says what is redirected: ``2>`` and ``{f}>``."""
        return self.head.isdigit() or _DESCRIPTOR.fullmatch(self.head) is not None

    @property
    def may_begin(self) -> bool:
        """Whether what comes next may be the beginning of the word."""
        return not self.plain.replace(UNKNOWN, "")
