"""The nested parts of a shell line, each with what must be remembered of it. It reads no text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import PurePosixPath

#: Stands in a frame's word where something is quoted or expanded, so that ``"case"`` is never the reserved word.
OPAQUE = "\1"

#: Reserved words after which a command, or another reserved word, may stand.
BEFORE_COMMAND = frozenset({"!", "do", "done", "elif", "else", "fi", "if", "then", "time", "until", "while", "{", "}"})

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[.*\])?\+?=", re.ASCII)
_SUBSCRIPT = re.compile(r"[A-Za-z_]\w*\[[^\]]*", re.ASCII)

_SHELLS = frozenset({"sh", "ash", "bash", "dash", "ksh", "mksh", "zsh", "su", "runuser"})
_OPTION_C = re.compile(r"-[A-Za-z]*c[A-Za-z]*")

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
    ``pending``: here-documents that are still to come, shared by all parts of one command line.
    """

    kind: Kind
    pending: list[HereDocument] = field(default_factory=list)
    word: str | None = None
    start: bool = True
    target: bool = False
    words: list[str] = field(default_factory=list)
    stage: Stage = Stage.SUBJECT
    depth: int = 0
    substitution: bool = False

    def add(self, text: str) -> None:
        """Go on with the present word."""
        self.word = (self.word or "") + text

    def new_command(self) -> None:
        self.start, self.target, self.words = True, False, []

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
        if line_at(self.words) == len(self.words):
            return f"in a line for another shell ({' '.join(self.words)})"
        return None


def line_at(words: Sequence[str]) -> int | None:
    """Which of a command's words is, or would be, a line for a shell: the last of ``[env, bash, -ec, LINE]``."""
    shell = next((number for number, word in enumerate(words) if PurePosixPath(word).name in _SHELLS), len(words))
    options = (number for number in range(shell + 1, len(words)) if _OPTION_C.fullmatch(words[number]))
    return next((number + 1 for number in options), None)
