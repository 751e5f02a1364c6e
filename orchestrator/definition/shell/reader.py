"""How far a script has been read: the parts that are open, and the places of the holes so far. It knows no syntax."""

from dataclasses import dataclass
from enum import Enum, auto

from orchestrator.definition.shell.frames import OPAQUE, WORDY, Frame, Kind
from orchestrator.definition.shell.lines import reads_input

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
    """

    line: int
    quoting: Quoting | None = None
    where: str = ""
    literal: bool = False

    @property
    def read_again(self) -> bool:
        """Whether what stands here is read as code once more, by another shell or a word of this one."""
        return self.where.startswith("in an argument of") or "line for another shell" in self.where


_REFUSED = {
    Kind.ANSI: "inside $'…'",
    Kind.BRACES: "inside ${…}",
    Kind.TEST: "inside [[ … ]], which is bash's own and reads numbers as code (write [ … ])",
}
_QUOTINGS = {Kind.DOUBLE: Quoting.DOUBLE, Kind.SINGLE: Quoting.SINGLE, Kind.SUM: Quoting.NUMBER}


class Reader:
    """A script, read up to ``at``. ``lost``: why the rest of it cannot be followed, if it cannot."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.at = 0
        self.stack = [Frame(Kind.COMMANDS)]
        self.found: list[Place] = []
        self.lost = ""

    def ahead(self, count: int = 1) -> str:
        """The sign that comes ``count`` after this one, "" at the end."""
        return self.script[self.at + count : self.at + count + 1]

    def lose(self, reason: str) -> None:
        """No hole from here on has a place."""
        self.lost = reason

    def give_up(self, reason: str) -> None:
        """The script is none: no hole in it has a place, for a shell may go on in the middle of what it cannot read."""
        self.lost, self.at = reason, 0
        self.found.clear()
        self.refuse_up_to(len(self.script), f"in a line with {reason}")

    def push(self, kind: Kind, length: int, *, substitution: bool = False) -> None:
        """Open a part whose first sign is ``length`` long."""
        pending = [] if substitution else self.stack[-1].pending
        self.at += length
        self.stack.append(Frame(kind, pending, substitution=substitution, pipeline=len(self.found)))

    def pop(self, length: int) -> None:
        """Close the innermost part, whose last sign is ``length`` long."""
        frame = self.stack.pop()
        if frame.substitution and frame.pending:
            self.lose("a here-document in $(…) without a line end")
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
        self.found.append(Place(self._line, None, where, literal))
        self.at += 1

    def command_ends(self, frame: Frame, *, pipe: bool = False) -> None:
        """The present command ends, with a ``|`` or otherwise. What was piped into a shell is a line for it."""
        if frame.piped is not None and reads_input(frame.words):
            where = f"in a line for another shell (| {frame.command})"
            said = range(frame.pipeline, frame.piped)
            for number in said:
                self.found[number] = Place(self.found[number].line, None, self.found[number].where or where)
        if pipe:
            frame.piped = len(self.found)
        elif not frame.nested:
            frame.piped, frame.pipeline = None, len(self.found)

    def hole(self) -> None:
        """Take down the hole here."""
        top = self.stack[-1]
        within = next(number for number in range(len(self.stack) - 1, -1, -1) if self.stack[number].kind in WORDY)
        refused = [_REFUSED[frame.kind] for frame in self.stack[within:] if frame.kind in _REFUSED]
        reason = refused[-1] if refused else self.stack[within].reads_code
        if top.kind in WORDY:
            top.add(OPAQUE)
        if reason:
            return self.refuse(reason)
        self.found.append(Place(self._line, _QUOTINGS.get(top.kind, Quoting.BARE)))
        self.at += 1
        return None

    @property
    def _line(self) -> int:
        return self.script.count("\n", 0, self.at) + 1
