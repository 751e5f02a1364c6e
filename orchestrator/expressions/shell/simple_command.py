"""A simple command while it is read: its words, what it reads and writes, and the pipeline that it is in.

Places, of expressions and variables, are referred to by how many were found before them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.expressions.shell import builtins
from orchestrator.expressions.shell.chain import Chain
from orchestrator.expressions.shell.lines import UNKNOWN
from orchestrator.expressions.shell.names import known
from orchestrator.expressions.shell.parts import HereDocument, Input, Mark, Opened
from orchestrator.expressions.shell.word import HEAD, OPAQUE

ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[.*\])?\+?=", re.ASCII)


@dataclass(slots=True)
class SimpleCommand:
    """``words``: those that have ended, where "" is one that may expand to nothing; ``at``: which is the program.

    ``leading``: all of them only precede a program; ``evaluates``: one makes a builtin evaluate what it assigns;
    ``marks``: the places in the words; ``made``: the numbers of the words that contain a ``$(…)`` or `…`;
    ``chain``: which words are programs. ``assignments``: those before the words.
    """

    words: list[str] = field(default_factory=list)
    at: int | None = None
    leading: bool = True
    evaluates: bool = False
    marks: list[Mark] = field(default_factory=list)
    made: list[int] = field(default_factory=list)
    chain: Chain = field(default_factory=Chain)
    assignments: list[str] = field(default_factory=list)

    def take(self, word: str) -> None:
        """Append a word that has ended."""
        self.words.append(word.replace(OPAQUE, ""))
        self.chain.take(self.words[-1])
        if self.at is None and builtins.is_program(self.words[-1]):
            self.at = len(self.words) - 1
        self.leading = self.leading and _precedes(self.words[-1])
        self.evaluates = self.evaluates or builtins.evaluates(self.program, self.words)

    @property
    def program(self) -> str:
        """The program; "" if there is none so far."""
        return "" if self.at is None else self.words[self.at]

    def shown(self, until: int | None = None) -> str:
        """The command up to the word ``until``, with an ellipsis for what is not known."""
        shown = self.words[:until]
        some = [*shown[:6], "…", *shown[-2:]] if len(shown) > 9 else shown
        return " ".join(word.replace(UNKNOWN, "…")[:HEAD] or "…" for word in some)


def _precedes(word: str) -> bool:
    """Whether a program may follow a word."""
    row = known(word)
    return row.prefix or row.first or word.startswith("-") or ASSIGNMENT.match(word) is not None


@dataclass(slots=True)
class Streams:
    """What a command reads and writes because of its redirections.

    ``documents``: its here-documents; ``fed``: the places in its here-strings; ``files``: those in what bash passes as
    a file, ``<(…)``; ``outputs``, ``inputs``: the files that it writes and reads; ``numbers``: the descriptors of the
    outputs, "" if none is named; ``redirected``: it reads nothing else; ``into``: the place of what it writes, if that
    is read as code.
    """

    documents: list[HereDocument] = field(default_factory=list)
    fed: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    redirected: bool = False
    into: str = ""

    @property
    def any(self) -> bool:
        """Whether something is redirected."""
        return bool(self.fed or self.files or self.outputs or self.inputs)


@dataclass(slots=True)
class Pipeline:
    """``first``: its first place; ``since``: how many commands had ended before it; ``read``: what it may read.

    ``current``: the first place of the present command; ``piped``: the first in the command that reads the last pipe,
    None if there is no pipe; ``kept``: the first that is not yet passed on. ``names``: of the files whose text may be
    read in it; ``documents``: the here-documents of the commands that have ended; ``outputs``: the first
    file that may get their text, if one does; ``opened``: the ``{``, ``if`` and loops that are open.
    """

    first: int = 0
    since: int = 0
    read: tuple[Input, ...] = ()
    documents: list[HereDocument] = field(default_factory=list)
    current: int = 0
    kept: int = 0
    piped: int | None = None
    names: list[str] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def pipe(self, found: int, documents: Sequence[HereDocument], inherited: tuple[Input, ...]) -> range:
        """A ``|``, before which ``found`` places were found. Returns the places in what it passes on."""
        self.piped = found
        self.documents += documents
        new = range(max(self.kept, self.first), found)
        if len(self.read) == len(inherited):
            self.read = (*inherited, Input(new))
        else:
            self.read[-1].numbers = range((self.read[-1].numbers or new).start, new.stop)
        self.kept = found
        return new
