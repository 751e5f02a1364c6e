"""The nested parts of a shell script, each with its state while it is read."""

import re
from dataclasses import dataclass, field

from orchestrator.expressions.shell import builtins
from orchestrator.expressions.shell.facts import Arguments
from orchestrator.expressions.shell.names import known
from orchestrator.expressions.shell.parts import HereDocument, Input, Kind, Stage
from orchestrator.expressions.shell.simple_command import ASSIGNMENT, Pipeline, SimpleCommand, Streams
from orchestrator.expressions.shell.word import Word

#: Reserved words after which a command or another reserved word may follow.
_BEFORE_COMMAND = frozenset({"!", "do", "done", "elif", "else", "fi", "if", "then", "time", "until", "while", "{", "}"})

_SUBSCRIPT = re.compile(r"[A-Za-z_]\w*\[[^\]]*", re.ASCII)


@dataclass(slots=True)
class Frame:
    """One part of a script, with its current word, command and pipeline.

    ``pending``: here-documents whose bodies follow later, shared by all parts of one command line. ``start``: whether
    the current word is the first of its command. ``stage``: of a ``case``. ``depth``: of parentheses in a ``$((…))``.
    ``substitution``: it is a ``$(…)``. ``file``: it is a ``<(…)`` or ``>(…)``, which bash passes as a file; ``takes``:
    it is a ``>(…)``.

    ``begun``: the number of its first place. ``opened``: how many commands had ended before it. ``inherited``: the
    input that it gets from what is around it. ``heard``: the files whose text may be read in it. ``defines``: the
    function whose body follows; ``function``: that whose body it is.
    """

    kind: Kind
    pending: list[HereDocument] = field(default_factory=list)
    substitution: bool = False
    pipeline: Pipeline = field(default_factory=Pipeline)
    begun: int = 0
    opened: int = 0
    inherited: tuple[Input, ...] = ()
    word: Word = field(default_factory=Word)
    start: bool = True
    command: SimpleCommand = field(default_factory=SimpleCommand)
    streams: Streams = field(default_factory=Streams)
    stage: Stage = Stage.SUBJECT
    depth: int = 0
    file: bool = False
    takes: bool = False
    heard: list[str] = field(default_factory=list)
    defines: str = ""
    function: str = ""

    def new_command(self) -> None:
        self.start = True
        self.word.forget_redirection()
        self.command, self.streams = SimpleCommand(), Streams()

    @property
    def bare_words(self) -> bool:
        """Whether words here belong to a command, and are not the subject or a pattern of a ``case``."""
        return self.kind is Kind.COMMANDS or (self.kind is Kind.CASE and self.stage is Stage.BODY)

    @property
    def in_command(self) -> bool:
        """Whether the current word belongs to a command, and is not the file of a redirection."""
        return self.bare_words and not self.word.target

    @property
    def before_command(self) -> bool:
        """Whether the current word, if it ended here, would be a reserved word after which a command begins."""
        return self.start and self.word.head in _BEFORE_COMMAND

    def ended(self, word: str) -> Kind | None:
        """Append a complete word to the command. Returns the kind of part that it opens, if any."""
        first, self.start = self.start, False
        if (first and word in _BEFORE_COMMAND) or self.begins_body(word):
            self.start = True
            self.command = SimpleCommand()
        elif first and word in ("case", "[["):
            return Kind.CASE if word == "case" else Kind.TEST
        elif self.command.words or not ASSIGNMENT.match(word):
            self.command.take(word)
        else:
            self.command.assignments.append(word)
        return None

    def begins_body(self, word: str) -> bool:
        """Whether a word begins the body of ``function f {``, or of ``for x do``."""
        words = self.command.words
        if word == "{":
            return words[:1] == ["function"]
        return word == "do" and len(words) == 2 and known(words[0]).arguments is Arguments.LOOP

    @property
    def reads_code(self) -> str | None:
        """A description of the current word's place if the shell itself reads it as code."""
        if self.word.begun and _SUBSCRIPT.fullmatch(self.word.head):
            return "in a subscript, which bash reads as code"
        if not self.in_command:
            return None
        last = self.command.words[-1] if self.command.words else None
        environment = any(row.assigns for row in self.command.chain.rows)
        return builtins.reads(
            self.command.program, last, self.word.plain, evaluates=self.command.evaluates, environment=environment
        )

    @property
    def keeps(self) -> str | None:
        """The variable that is set to the current word; "" if it is not known which; None if there is none."""
        if not self.in_command:
            return None
        assigns = any(row.followed for row in self.command.chain.rows)
        return builtins.keeps(self.command.words, self.command.at, self.word.plain, assigns=assigns)

    def runs(self, *, quoted: bool) -> bool:
        """Whether the current word is the name of a program, or a part of it. ``quoted``: the present part is."""
        if not self.in_command:
            return False
        return (self.command.leading and self.keeps is None) or self.command.chain.may_run(
            self.word.head, quoted=quoted
        )

    @property
    def prints(self) -> bool:
        """Whether the current command prints its arguments."""
        return known(self.command.program).prints or any(row.prints for row in self.command.chain.rows)
