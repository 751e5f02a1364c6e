"""How far a script has been read: the parts that are open, and the places of the holes so far. It knows no syntax."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

from orchestrator.definition.shell.flow import ANY, RECKONS, Flow
from orchestrator.definition.shell.frames import OPAQUE, WORDY, Frame, Kind
from orchestrator.definition.shell.lines import reads_files, reads_input

#: What the variables begin with in which a step's environment has its params.
PARAM = "ORCHESTRATOR_PARAM_"

#: Stands in a script for an expression: no script can hold it.
HOLE = "\0"


class Quoting(Enum):
    """How a value must be quoted."""

    BARE = auto()
    DOUBLE = auto()
    SINGLE = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: in which line of the script, from 1, and ``where`` in words if none can be right.

    ``quoting`` is None exactly then. ``literal``: in a here-document in which variables are not expanded either.
    ``variable``: the place is not an expression's, but this variable's.
    """

    line: int
    quoting: Quoting | None = None
    where: str = ""
    literal: bool = False
    variable: str = ""

    @property
    def read_again(self) -> bool:
        """Whether what stands here is read as code once more, by another shell or a word of this one."""
        told = ("in an argument of", "in what line", "in code for")
        return self.where.startswith(told) or "line for another shell" in self.where


#: Where bash evaluates what it finds, and what is in subscripts then: ``a[$(ls)]``.
RECKONED = "in what bash reckons with, and looks for code in"

_REFUSED = {
    Kind.ANSI: "inside $'…'",
    Kind.BRACES: "inside ${…}",
    Kind.TEST: "inside [[ … ]], which is bash's own and reads numbers as code (write [ … ])",
}
_QUOTINGS = {Kind.DOUBLE: Quoting.DOUBLE, Kind.SINGLE: Quoting.SINGLE, Kind.SUM: Quoting.NUMBER}


class Reader:
    """A script, read up to ``at``. ``lost``: why the rest of it cannot be followed, if it cannot.

    ``flow``: what becomes of the values; ``lines``: the lines in it for other shells, each with the
    number of its line, and the places in its command.
    """

    def __init__(self, script: str) -> None:
        self.script = script
        self.at = 0
        self.stack = [Frame(Kind.COMMANDS)]
        self.found: list[Place] = []
        self.lost = ""
        self.flow = Flow()
        self.lines: list[tuple[str, int, range]] = []

    def ahead(self, count: int = 1) -> str:
        """The sign that comes ``count`` after this one, "" at the end."""
        return self.script[self.at + count : self.at + count + 1]

    def lose(self, reason: str) -> None:
        """No hole from here on has a place."""
        self.lost = reason
        self.flow.reads(ANY, self.line)

    def give_up(self, reason: str) -> None:
        """The script is none: no hole in it has a place, for a shell may go on in the middle of what it cannot read."""
        self.lost, self.at = reason, 0
        self.found.clear()
        self.flow = Flow()
        self.refuse_up_to(len(self.script), f"in a line with {reason}")

    def push(self, kind: Kind, length: int, *, substitution: bool = False) -> None:
        """Open a part whose first sign is ``length`` long."""
        pending = [] if substitution else self.stack[-1].pending
        self.at += length
        self.stack.append(Frame(kind, pending, substitution=substitution, pipeline=len(self.found)))
        self.stack[-1].begun = self.stack[-1].first = len(self.found)

    def pop(self, length: int) -> None:
        """Close the innermost part, whose last sign is ``length`` long."""
        frame = self.stack.pop()
        if frame.substitution and frame.pending:
            self.lose("a here-document in $(…) without a line end")
        if frame.file:
            inside = range(frame.begun, len(self.found))
            self.stack[-1].files += inside
            self.flow.keep(inside)
        self.at += length

    def quoted(self) -> None:
        """Take what stands here for a letter of the present word, and go on."""
        next(frame for frame in reversed(self.stack) if frame.kind in WORDY).add(self.ahead(0))
        self.at += 1

    def refuse_up_to(self, end: int, where: str, *, literal: bool = False) -> None:
        """Go on to ``end``, and refuse every hole on the way."""
        while (hole := self.script.find(HOLE, self.at, end)) >= 0:
            self.at = hole
            self.refuse(where, literal=literal)
        self.at = end

    def refuse(self, where: str, *, literal: bool = False) -> None:
        """The hole here is where no value can be."""
        self._found(Place(self.line, None, where, literal))
        self.at += 1

    def command_ends(self, frame: Frame, *, pipe: bool = False) -> None:
        """The present command ends, with a ``|`` or otherwise. What was piped into a shell is a line for it."""
        told = [] if frame.piped is None else range(frame.pipeline, frame.piped)
        numbers = range(frame.first if frame.piped is None else frame.pipeline, len(self.found))
        self.lines += ((line, self.line, numbers) for line in frame.lines)
        reading = frame.made or reads_input(frame.words)
        if reading:
            sign = "|" if told else "<"
            self._misplace([*told, *frame.fed, *frame.files], f"in a line for another shell ({sign} {frame.command})")
            for document in (*frame.own, *frame.before):
                document.code = f"in a here-document that is a line for another shell ({frame.command})"
        if reads_files(frame.words):
            self._misplace(frame.files, f"in a line for another shell ({frame.command} <(…))")
        words = [*frame.words, *frame.inputs] if reading else frame.words
        self.flow.command(words, frame.outputs, numbers, self.line)
        if pipe:
            frame.piped = len(self.found)
            frame.before += frame.own
            self.flow.keep(range(frame.pipeline, frame.piped))
        elif not frame.nested:
            frame.piped, frame.pipeline, frame.before = None, len(self.found), []
        frame.first = len(self.found)

    def _misplace(self, numbers: Iterable[int], where: str) -> None:
        for number in numbers:
            found = self.found[number]
            if found.variable:
                self.flow.reads(ANY, found.line)
            self.found[number] = replace(found, quoting=None, where=found.where or where)

    def hole(self) -> None:
        """Take down the hole here."""
        top = self.stack[-1]
        around = self.stack[self._within :]
        refused = [_REFUSED[frame.kind] for frame in around if frame.kind in _REFUSED]
        reason = refused[-1] if refused else self._reads_code()
        if top.kind in WORDY:
            top.add(OPAQUE)
        if reason:
            return self.refuse(reason)
        self._keep()
        self._found(Place(self.line, _QUOTINGS.get(top.kind, Quoting.BARE)))
        self.at += 1
        return None

    def expanded(self, name: str, where: str = "") -> None:
        """Here the variable ``name`` is expanded, "" if it is not known which. ``where``: in what is read as code."""
        around = self.stack[self._within :]
        if not where and any(frame.kind is Kind.SUM for frame in around):
            where = RECKONED
        where = where or self._reads_code() or ""
        innermost = around[0]
        if where:
            self.flow.reads(ANY, self.line, *([RECKONS] if where == RECKONED else []))
        elif innermost.runs:
            self.flow.reads(name, self.line)
        if name.startswith(PARAM):
            self._keep()
        if name:
            self._found(Place(self.line, None if where else Quoting.BARE, where, variable=name))

    def substituted(self) -> None:
        """Here begins a ``$(…)``."""
        if self._reads_code():
            self.stack[self._within].made = True

    @property
    def _within(self) -> int:
        """Which of the open parts is the innermost that consists of words."""
        return next(number for number in range(len(self.stack) - 1, -1, -1) if self.stack[number].kind in WORDY)

    def _reads_code(self) -> str | None:
        """Where what stands here would be read as code, by the innermost command or one around it."""
        printed = substituted = False
        for frame in reversed(self.stack):
            if printed and frame.kind in (Kind.SUM, Kind.TEST):
                return RECKONED
            if frame.kind in WORDY:
                if printed and substituted and frame.runs:
                    return "in what is run as a command"
                if reason := frame.reads_code:
                    return reason
                printed = frame.program in ("echo", "printf") or frame.here_string
                substituted = frame.substitution
        return None

    def _found(self, place: Place) -> None:
        for frame in self.stack:
            if frame.here_string:
                frame.fed.append(len(self.found))
        self.found.append(place)

    def _keep(self) -> None:
        """Note that a shell keeps what stands here, if it does."""
        for frame in reversed(self.stack):
            if frame.kind is Kind.BRACES:  # ${x:=…}
                self.flow.keep([len(self.found)])
            if frame.kind in WORDY:
                name = ANY if frame.program in self.flow.functions else frame.keeps
                if name is not None:
                    self.flow.keep([len(self.found)], name)

    @property
    def line(self) -> int:
        """The number of the line that is being read, from 1."""
        return self.script.count("\n", 0, self.at) + 1
