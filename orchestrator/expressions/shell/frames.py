"""The nested parts of a shell script, each with its state while it is read."""

import re
from dataclasses import dataclass, field

from orchestrator.expressions.shell import builtins
from orchestrator.expressions.shell.facts import Arguments
from orchestrator.expressions.shell.lines import UNKNOWN
from orchestrator.expressions.shell.names import known
from orchestrator.expressions.shell.parts import HereDocument, Input, Kind, Mark, Stage

#: Stands in a frame's word where something is quoted or expanded, so that ``"case"`` is never the reserved word.
OPAQUE = "\1"

#: How many characters of an unfinished word are examined.
HEAD = 256

#: Reserved words after which a command, or another reserved word, may stand.
BEFORE_COMMAND = frozenset({"!", "do", "done", "elif", "else", "fi", "if", "then", "time", "until", "while", "{", "}"})

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[.*\])?\+?=", re.ASCII)
_SUBSCRIPT = re.compile(r"[A-Za-z_]\w*\[[^\]]*", re.ASCII)
_DESCRIPTOR = re.compile(r"\{[A-Za-z_]\w*\}", re.ASCII)

#: Reserved words that begin and end a compound command, but for ``case``.
_OPEN = frozenset({"{", "for", "if", "select", "until", "while"})
_CLOSE = frozenset({"}", "done", "fi"})


@dataclass(slots=True)
class Frame:
    """One part. Places, of expressions and variables, are told by how many were found before them.

    Of the word: ``parts``: what has been read of it, ``head``: its first letters; ``start``: it is a command's first;
    ``target``: it belongs to a redirection, ``here_string``: which is ``<<<``, ``output``: or ``>``, ``input``: or
    ``<``, ``numbered``: but of another number than 0.

    Of the command: ``words``: those that have ended, ``at``: which of them is its program, ``leading``: all of them
    only go before one, ``evaluates``: one has a builtin evaluate; ``marks``: the places in them, ``made``: those that
    have a ``$(…)``; ``first``: its first place; ``fed``: those in its here-strings, ``files``: and in what bash takes
    for a file; ``outputs``, ``inputs``: the files to which it writes, and from which it reads; ``redirected``: so it
    reads nothing else; ``into``: where stands what it writes, if who gets it reads it as code; ``own``: its
    here-documents.

    Of the pipeline: ``pipeline``: its first place, ``piped``: and the first in what reads it now, ``kept``: and in what
    read it before; ``read``: what may be read in it; ``names``: of the files whose text may be; ``before``: the
    here-documents before the command; ``nested``: how many of ``{``, ``if`` and loops are open in it; ``since``: how
    many commands had ended before.

    Of the part: ``pending``: here-documents that are still to come, shared by all parts of one command line; ``begun``:
    its first place, ``opened``: and how many commands had ended before; ``inherited``: what may be read in it of what
    is around it; ``heard``: the files whose text may be; ``file``: it is what bash takes for a file, ``takes``: and
    what is written to it.
    """

    kind: Kind
    pending: list[HereDocument] = field(default_factory=list)
    parts: list[str] | None = None
    head: str = ""
    start: bool = True
    target: bool = False
    here_string: bool = False
    output: bool = False
    input: bool = False
    numbered: bool = False
    piped: int | None = None
    pipeline: int = 0
    kept: int = 0
    nested: int = 0
    since: int = 0
    words: list[str] = field(default_factory=list)
    at: int | None = None
    leading: bool = True
    evaluates: bool = False
    marks: list[Mark] = field(default_factory=list)
    made: list[int] = field(default_factory=list)
    stage: Stage = Stage.SUBJECT
    depth: int = 0
    substitution: bool = False
    own: list[HereDocument] = field(default_factory=list)
    before: list[HereDocument] = field(default_factory=list)
    first: int = 0
    fed: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    redirected: bool = False
    into: str = ""
    begun: int = 0
    opened: int = 0
    file: bool = False
    takes: bool = False
    inherited: tuple[Input, ...] = ()
    read: tuple[Input, ...] = ()

    def add(self, text: str) -> None:
        """Append to the current word."""
        if self.parts is None:
            self.parts, self.head = [], ""
        self.parts.append(text)
        if len(self.head) < HEAD:
            self.head += text[:HEAD]

    @property
    def in_word(self) -> bool:
        return self.parts is not None

    @property
    def word(self) -> str | None:
        """What has been read of the present word, None if none has begun."""
        return None if self.parts is None else "".join(self.parts)

    def drop(self) -> None:
        """Forget the current word."""
        self.parts, self.head = None, ""

    @property
    def number(self) -> bool:
        """Whether the present word, before ``<`` or ``>``, tells what is redirected: ``2>`` and ``{f}>``."""
        return self.head.isdigit() or _DESCRIPTOR.fullmatch(self.head) is not None

    @property
    def begins(self) -> bool:
        """Whether what comes next may be the beginning of the current word."""
        return not self.head.replace(OPAQUE, "").replace(UNKNOWN, "")

    def new_command(self) -> None:
        self.start, self.target, self.here_string, self.output, self.input = True, False, False, False, False
        self.numbered = False
        self.own, self.fed, self.files, self.outputs, self.inputs = [], [], [], [], []
        self.redirected, self.into = False, ""
        self._forget()

    def _forget(self) -> None:
        self.words, self.marks, self.made = [], [], []
        self.at, self.leading, self.evaluates = None, True, False

    @property
    def bare_words(self) -> bool:
        """Whether words here are a command's, and not the subject or a pattern of a ``case``."""
        return self.kind is Kind.COMMANDS or (self.kind is Kind.CASE and self.stage is Stage.BODY)

    @property
    def before_command(self) -> bool:
        """Whether the present word, if it ended here, would be a reserved one after which a command begins."""
        return self.start and self.head in BEFORE_COMMAND

    def ended(self, word: str) -> Kind | None:
        """Take down a word of a command that has ended. The part that it opens, if it does."""
        first, self.start = self.start, False
        if first:
            self.nested += (word in _OPEN) - (word in _CLOSE)
        if (first and word in BEFORE_COMMAND) or self._body(word):
            self.start = True
            self._forget()
        elif first and word in ("case", "[["):
            return Kind.CASE if word == "case" else Kind.TEST
        elif self.words or not _ASSIGNMENT.match(word):
            self.words.append(word.replace(OPAQUE, ""))  # which is "" for what may expand to nothing
            if self.at is None and builtins.is_program(self.words[-1]):
                self.at = len(self.words) - 1
            self.leading = self.leading and _goes_before(self.words[-1])
            self.evaluates = self.evaluates or builtins.evaluates(self.program, self.words)
        return None

    def _body(self, word: str) -> bool:
        """Whether a word begins the body of ``function f {``, or of ``for x do``."""
        function, loop = word == "{" and self.words[:1] == ["function"], word == "do" and len(self.words) == 2
        return function or (loop and known(self.words[0]).arguments is Arguments.LOOP)

    @property
    def reads_code(self) -> str | None:
        """Where the present word stands, if the shell itself reads it as code."""
        if self.in_word and _SUBSCRIPT.fullmatch(self.head):
            return "in a subscript, which bash reads as code"
        if not self.bare_words or self.target:
            return None
        word, last = self.head.replace(OPAQUE, ""), self.words[-1] if self.words else None
        return builtins.reads(self.program, last, word, evaluates=self.evaluates)

    @property
    def keeps(self) -> str | None:
        """The variable that gets the present word, "" if it cannot be told which; None if it is kept nowhere."""
        if not self.bare_words or self.target:
            return None
        return builtins.keeps(self.words, self.at, self.head.replace(OPAQUE, ""))

    @property
    def runs(self) -> bool:
        """Whether the current word is the name of a program, or a part of it."""
        return self.bare_words and self.leading and self.keeps is None and not self.target

    @property
    def program(self) -> str:
        """The program of the current command; "" if there is none so far."""
        return "" if self.at is None else self.words[self.at]

    def command(self, until: int | None = None) -> str:
        """The current command up to the word ``until``, with an ellipsis for what is not known."""
        shown = self.words[:until]
        some = [*shown[:6], "…", *shown[-2:]] if len(shown) > 9 else shown
        return " ".join(word.replace(UNKNOWN, "…")[:HEAD] or "…" for word in some)


def _goes_before(word: str) -> bool:
    row = known(word)
    return row.prefix or row.first or word.startswith("-") or _ASSIGNMENT.match(word) is not None
