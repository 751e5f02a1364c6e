"""The nested parts of a shell line, each with what must be remembered of it. It reads no text."""

import re
from dataclasses import dataclass, field
from enum import Enum, auto

from orchestrator.definition.shell.lines import UNKNOWN, readings, reads_input

#: Stands in a frame's word where something is quoted or expanded, so that ``"case"`` is never the reserved word.
OPAQUE = "\1"

#: Reserved words after which a command, or another reserved word, may stand.
BEFORE_COMMAND = frozenset({"!", "do", "done", "elif", "else", "fi", "if", "then", "time", "until", "while", "{", "}"})

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[.*\])?\+?=", re.ASCII)
_SUBSCRIPT = re.compile(r"[A-Za-z_]\w*\[[^\]]*", re.ASCII)

#: Reserved words that begin and end a compound command, but for ``case``.
_OPEN = frozenset({"{", "for", "if", "select", "until", "while"})
_CLOSE = frozenset({"}", "done", "fi"})

#: Builtins that read their arguments as code, and those that only go before a command.
_CODE = frozenset({"eval", "let", "trap"})
_BEFORE = frozenset({"builtin", "command", "exec"})


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


@dataclass(frozen=True, slots=True)
class HereDocument:
    """A here-document whose body begins after the next line end. ``tabs``: it was ``<<-``; ``literal``: ``<<'EOF'``."""

    end: str
    tabs: bool
    literal: bool


@dataclass(slots=True)
class Frame:
    """One part. ``word``: what has been read of the present word; ``start``: the next word is a command's first.

    ``words``: the present command's, as far as they have ended; ``target``: the next word belongs to a redirection;
    ``here_string``: and that one is ``<<<``; ``pipeline``: how many expressions came before the present pipeline, and
    ``piped``: before what reads it; ``nested``: how many of ``{``, ``if`` and loops are open;
    ``pending``: here-documents that are still to come, shared by all parts of one command line.
    """

    kind: Kind
    pending: list[HereDocument] = field(default_factory=list)
    word: str | None = None
    start: bool = True
    target: bool = False
    here_string: bool = False
    piped: int | None = None
    pipeline: int = 0
    nested: int = 0
    words: list[str] = field(default_factory=list)
    stage: Stage = Stage.SUBJECT
    depth: int = 0
    substitution: bool = False

    def add(self, text: str) -> None:
        """Go on with the present word."""
        self.word = (self.word or "") + text

    def new_command(self) -> None:
        self.start, self.target, self.here_string, self.words = True, False, False, []

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
        if (first and word in BEFORE_COMMAND) or (word == "{" and self.words[:1] == ["function"]):
            self.start = True
        elif first and word in ("case", "[["):
            return Kind.CASE if word == "case" else Kind.TEST
        elif self.words or not _ASSIGNMENT.match(word):
            self.words.append(word.replace(OPAQUE, ""))  # which is "" for what may expand to nothing
        return None

    @property
    def reads_code(self) -> str | None:
        """Where the present word stands, if whoever gets it reads it as code."""
        if self.word is not None and _SUBSCRIPT.fullmatch(self.word):
            return "in a subscript, which bash reads as code"
        if not self.bare_words:
            return None
        command = next((word for word in self.words if word and word not in _BEFORE), None)
        if command in _CODE:
            return f"in an argument of {command}, which reads it as code"
        if self.here_string:
            return f"in a line for another shell ({self.command})" if reads_input(self.words) else None
        if self.target:
            return None
        where = readings([*self.words, (self.word or "").replace(OPAQUE, "") + UNKNOWN]).get(len(self.words))
        return f"{where} ({self.command})" if where else None

    @property
    def command(self) -> str:
        """The present command as far as it has been read, with an ellipsis for what is not known."""
        return " ".join(word or "…" for word in self.words)
