"""Follows the programs of a command, of which each may run the next, as in ``nice -n 5 env A=b sh``."""

import re
from dataclasses import dataclass, field

from orchestrator.expressions.shell.facts import Program, Wraps
from orchestrator.expressions.shell.names import known, may_be_any, name

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)

#: What precedes the name of a program among the arguments of ``find``.
_EXEC = re.compile(r"-(exec|ok)(dir)?")

_NUMBER = re.compile(r"[0-9.,:-]+[smhd]?|0x[0-9a-f]+")


@dataclass(slots=True)
class Chain:
    """The programs among the words taken so far.

    ``programs``: the numbers of the words that may be one; ``own``: of those that may be a file of the user's;
    ``last``: the number of the one that surely runs no other; ``rows``: what is known of them. ``wraps``: the syntax of
    the last one, None if any later word may be a program; ``closed``: none may.
    """

    programs: list[int] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    last: int | None = None
    rows: list[Program] = field(default_factory=list)
    wraps: Wraps | None = field(default_factory=Wraps)
    closed: bool = False
    _count: int = 0
    _assigns: bool = False
    _options: bool = True
    _skips: bool = False
    _operands: int = 0

    def take(self, word: str) -> None:
        """Append a word."""
        number, self._count = self._count, self._count + 1
        if self.closed:
            return
        if self.wraps is None:
            self._any(number, word)
        elif self._skips:
            self._skips = False
        elif self._options and (word.startswith("-") or (self._assigns and _ASSIGNMENT.match(word))):
            self._options = word != "--"
            self._skips = self.wraps.options.fullmatch(word) is not None
        elif self._operands:
            self._operands -= 1
        else:
            self._program(number, word)

    def may_run(self, begun: str, *, quoted: bool) -> bool:
        """Whether the next word may be the name of a program, or, if it is not ``quoted``, become one by its blanks.

        ``begun``: the beginning of that word.
        """
        if self.closed or not self.programs or (self.wraps is None and self.last is not None):
            return False
        option = begun.startswith("-") or (self._assigns and _ASSIGNMENT.match(begun))
        return not quoted or not (self._skips or self._operands or (option and (self._options or self.wraps is None)))

    def _program(self, number: int, word: str) -> None:
        """Append a word that is the name of a program."""
        row = known(name(word))
        self.programs.append(number)
        self.own.append(number)
        self._know(row)
        self.wraps, self._assigns, self._options, self._skips = row.wraps, row.assigns, True, False
        self._operands = row.wraps.operands if row.wraps else row.operands
        if row.wraps is None and (row.searches or row.subcommands or not row.runs):
            self.last = number
        self.closed = row.wraps is None and not row.runs and not row.prefix and not may_be_any(word)

    def _any(self, number: int, word: str) -> None:
        """Append a word after a program whose syntax is not known."""
        if word.startswith("-"):
            self._skips = word != "--"
            if _EXEC.fullmatch(word) and any(row.searches for row in self.rows):
                self.last, self._skips = None, False
            return
        row = known(name(word))
        if row.names or row.family:
            self.programs.append(number)
            self._know(row)
        if self.last is None:
            if "/" in word or not self._skips:
                self.own.append(number)
            if self._operands and not self._skips:
                self._operands -= 1
            elif not (self._skips or row.runs or _NUMBER.fullmatch(word)):
                self.last = number
        self._skips = False

    def _know(self, row: Program) -> None:
        if not any(row is other for other in self.rows):
            self.rows.append(row)
