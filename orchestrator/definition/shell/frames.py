"""The nested parts of a shell line, each with what must be remembered of it. It reads no text."""

import re
from dataclasses import dataclass, field
from enum import Enum, auto

from orchestrator.definition.shell import builtins
from orchestrator.definition.shell.lines import JOINED, LINE, MAYBE, UNKNOWN, readings

#: Stands in a frame's word where something is quoted or expanded, so that ``"case"`` is never the reserved word.
OPAQUE = "\1"

#: Reserved words after which a command, or another reserved word, may stand.
BEFORE_COMMAND = frozenset({"!", "do", "done", "elif", "else", "fi", "if", "then", "time", "until", "while", "{", "}"})

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[.*\])?\+?=", re.ASCII)
_SUBSCRIPT = re.compile(r"[A-Za-z_]\w*\[[^\]]*", re.ASCII)

#: Reserved words that begin and end a compound command, but for ``case``.
_OPEN = frozenset({"{", "for", "if", "select", "until", "while"})
_CLOSE = frozenset({"}", "done", "fi"})


#: Commands whose arguments begin with a program's name.
_BARE = frozenset({"env", "nohup", "setsid", "sudo", "time"})


class Kind(Enum):
    """What sort of part it is."""

    COMMANDS = "a (…)"  # or $(…), or the whole line
    CASE = "a 'case'"
    TEST = "a [[ … ]]"
    DOUBLE = 'a "…"'
    SINGLE = "a '…'"
    ANSI = "a $'…'"
    BRACES = "a ${…}"
    SUM = "a $((…))"
    BACKTICKS = "a `…`"


#: The parts that consist of words, where blanks and operators mean something.
WORDY = frozenset({Kind.COMMANDS, Kind.CASE, Kind.TEST})


class Stage(Enum):
    """How far a ``case`` has come."""

    SUBJECT = auto()
    IN = auto()
    PATTERN = auto()
    BODY = auto()


@dataclass(slots=True)
class HereDocument:
    """A here-document whose body begins after the next line end. ``tabs``: it was ``<<-``; ``literal``: ``<<'EOF'``.

    ``code``: where it stands, if the command that gets it reads it as code.
    """

    end: str
    tabs: bool
    literal: bool
    code: str = ""


@dataclass(slots=True)
class Frame:
    """One part. Places, of expressions and variables, are told by how many were found before them.

    ``word``: what has been read of the present word; ``start``: the next word is a command's first; ``words``: the
    present command's, as far as they have ended; ``target``: the next word belongs to a redirection, ``here_string``:
    and that one is ``<<<``, ``output``: or ``>``; ``first``: the first place in the present command; ``fed``: those in
    its here-strings, ``files``: and in what bash takes for a file; ``outputs``: the files to which it writes,
    ``inputs``: from which it reads; ``lines``: its words that are lines for other shells, ``made``: one of them is made
    by a ``$(…)``; ``pipeline``: the first place in the present pipeline, ``piped``: and in what reads it; ``nested``:
    how many of ``{``, ``if`` and loops are open; ``pending``: here-documents that are still to come, shared by all
    parts of one command line, ``own``: those of the present command, ``before``: and of those before it in its
    pipeline; ``begun``: the first place in this part; ``file``: this part is what bash takes for a file.
    """

    kind: Kind
    pending: list[HereDocument] = field(default_factory=list)
    word: str | None = None
    start: bool = True
    target: bool = False
    here_string: bool = False
    output: bool = False
    piped: int | None = None
    pipeline: int = 0
    nested: int = 0
    words: list[str] = field(default_factory=list)
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
    lines: list[str] = field(default_factory=list)
    made: bool = False
    begun: int = 0
    file: bool = False

    def add(self, text: str) -> None:
        """Go on with the present word."""
        self.word = (self.word or "") + text

    def new_command(self) -> None:
        self.start, self.target, self.here_string, self.output, self.words = True, False, False, False, []
        self.own, self.fed, self.files, self.outputs = [], [], [], []
        self.inputs, self.lines, self.made = [], [], False

    @property
    def bare_words(self) -> bool:
        """Whether words here are a command's, and not the subject or a pattern of a ``case``."""
        return self.kind is Kind.COMMANDS or (self.kind is Kind.CASE and self.stage is Stage.BODY)

    @property
    def before_command(self) -> bool:
        """Whether the present word, if it ended here, would be a reserved one after which a command begins."""
        return self.start and self.word in BEFORE_COMMAND

    def ended(self, word: str) -> Kind | None:
        """Take down a word of a command that has ended. The part that it opens, if it does."""
        first, self.start = self.start, False
        if first:
            self.nested += (word in _OPEN) - (word in _CLOSE)
        if (first and word in BEFORE_COMMAND) or self._body(word):
            self.start, self.words = True, []
        elif first and word in ("case", "[["):
            return Kind.CASE if word == "case" else Kind.TEST
        elif self.words or not _ASSIGNMENT.match(word):
            self.words.append(word.replace(OPAQUE, ""))  # which is "" for what may expand to nothing
        return None

    def _body(self, word: str) -> bool:
        """Whether a word begins the body of ``function f {``, or of ``for x do``."""
        function, loop = word == "{" and self.words[:1] == ["function"], word == "do" and len(self.words) == 2
        return function or (loop and self.words[0] in ("for", "select"))

    @property
    def reads_code(self) -> str | None:
        """Where the present word stands, if whoever gets it reads it as code."""
        if self.word is not None and _SUBSCRIPT.fullmatch(self.word):
            return "in a subscript, which bash reads as code"
        if not self.bare_words:
            return None
        if self.target:
            return None
        word = (self.word or "").replace(OPAQUE, "")
        if where := builtins.reads(self.words, word):
            return where
        where = readings([*self.words, word + UNKNOWN]).get(len(self.words))
        return f"{where} ({self.command})" if where else None

    def line_in(self, word: str) -> str:
        """The text of the present word, which is ``word``, if a shell reads it as a line; "" if none does."""
        number, text = len(self.words), word.replace(OPAQUE, "")
        if self.program in ("eval", "trap", "alias"):
            return text
        return text if readings([*self.words, text]).get(number, "").startswith((LINE, MAYBE, JOINED)) else ""

    @property
    def keeps(self) -> str | None:
        """The variable that gets the present word, "" if it cannot be told which; None if it is kept nowhere."""
        if self.here_string:
            return ""
        if not self.bare_words or self.target:
            return None
        return builtins.keeps(self.words, (self.word or "").replace(OPAQUE, ""))

    @property
    def runs(self) -> bool:
        """Whether the present word is the name of a program, or a part of one."""
        before = all(word in builtins.BEFORE or word in _BARE for word in self.words)
        return self.bare_words and before and self.keeps is None and not self.target

    @property
    def program(self) -> str:
        """The present command's, "" if there is none so far."""
        return builtins.program(self.words) or ""

    @property
    def command(self) -> str:
        """The present command as far as it has been read, with an ellipsis for what is not known."""
        return " ".join(word or "…" for word in self.words)
