"""The state of reading a script: the parts that are open, and the places of the holes found so far."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from orchestrator.expressions.shell.flow import ANY, Flow
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.parts import WORDY, Kind, Mark
from orchestrator.expressions.shell.quoting import HOLE, Place
from orchestrator.expressions.shell.simple_command import Pipeline

#: How deeply the parts of a script may be nested.
_DEEPEST = 50


class Reader:
    """A script, read up to ``at``. ``lost``: why the rest of it cannot be followed, if it cannot.

    ``flow``: what becomes of the values; ``commands``: how many have ended, ``unsafe``: the last of them that may read
    its input as code; ``within``: reads a script that is passed to another shell, in a `…`, or a line of a
    here-document; ``called``: the places in the input of functions, with a description; ``heard``: the files in it,
    with a line; ``spoilt``: the description of all places if no value is safe anywhere.
    """

    def __init__(
        self, script: str, ended: "Callable[[Reader, Frame], None]", within: "Callable[[str, Kind], Reader]"
    ) -> None:
        self.script = script
        self.at = 0
        self.stack = [Frame(Kind.COMMANDS)]
        self.found: list[Place] = []
        self.lost = self.spoilt = ""
        self.flow = Flow()
        self.commands = self.unsafe = 0
        self.called: list[tuple[Iterable[int], str]] = []
        self.heard: list[tuple[list[str], int]] = []
        self._ended = ended
        self.within = within
        self._counted, self._line = 0, 1

    def ahead(self, count: int = 1) -> str:
        """The character ``count`` after this one; "" at the end."""
        return self.script[self.at + count : self.at + count + 1]

    def lose(self, reason: str) -> None:
        """Refuse all holes from here on."""
        self.lost = reason
        self.flow.reads(ANY, self.line)

    def give_up(self, reason: str) -> None:
        """Refuse all holes: the script has a syntax error, after which a shell may continue anywhere."""
        self.lost, self.at = reason, 0
        self.found.clear()
        self.called.clear()
        self.flow = Flow()
        self.refuse_up_to(len(self.script), f"in a line with {reason}")

    def push(self, kind: Kind, length: int, *, substitution: bool = False) -> None:
        """Open a part whose opening token has ``length`` characters. It can read what its surroundings can."""
        around, number = self.stack[-1], len(self.found)
        read = around.pipeline.read
        documents = list(around.pipeline.documents) if read else []
        pipeline = Pipeline(number, self.commands, read, documents, number, number)
        pending = [] if substitution else around.pending
        frame = Frame(kind, pending, substitution, pipeline, number, self.commands, read)
        self.at += length
        self.stack.append(frame)
        if len(self.stack) > _DEEPEST:
            self.give_up(f"more than {_DEEPEST} nested parts")

    def pop(self, length: int) -> None:
        """Close the innermost part, whose closing token has ``length`` characters."""
        frame = self.stack.pop()
        if frame.substitution and frame.pending:
            self.lose("a here-document in $(…) without a line end")
        self.stack[-1].pipeline.names += frame.heard
        self.stack[-1].heard += frame.heard
        if frame.takes and self.unsafe > frame.opened:
            self.stack[-1].streams.into = "in a script for another shell (>(…))"
        elif frame.file:
            inside = range(frame.begun, len(self.found))
            self.stack[-1].streams.files += inside
            self.flow.given.append(inside)
        self.at += length

    def quoted(self, text: str = "") -> None:
        """Append ``text``, or the character here, to the current word, and continue after it."""
        text = text or self.ahead(0)
        self.innermost.word.add(text)
        self.at += len(text)

    def refuse_up_to(self, end: int, where: str, *, literal: bool = False) -> None:
        """Continue to ``end``, and refuse every hole on the way."""
        while (hole := self.script.find(HOLE, self.at, end)) >= 0:
            self.at = hole
            self.refuse(where, literal=literal)
        self.at = end

    def refuse(self, where: str, *, literal: bool = False) -> None:
        """Refuse the hole here: no value is allowed at this place."""
        self.record(Place(self.line, None, where, literal))
        self.at += 1

    def command_ends(self, frame: Frame, *, pipe: bool = False) -> None:
        """End the current command. ``pipe``: with a ``|``."""
        self.commands += 1
        self._ended(self, frame)
        pipeline, number = frame.pipeline, len(self.found)
        if pipe:
            self.flow.given.append(pipeline.pipe(number, frame.streams.documents, frame.inherited))
        elif not pipeline.opened:
            frame.pipeline = Pipeline(number, self.commands, frame.inherited, kept=pipeline.kept)
        frame.pipeline.current = number

    def misplace(self, numbers: Iterable[int], where: str) -> None:
        """Refuse the holes at these places: they are read as code."""
        for number in numbers:
            found = self.found[number]
            if found.variable:
                self.flow.reads(ANY, found.line)
            self.found[number] = replace(found, quoting=None, where=found.where or where)

    @property
    def innermost_index(self) -> int:
        """The index of the innermost open part that consists of words."""
        return next(number for number in range(len(self.stack) - 1, -1, -1) if self.stack[number].kind in WORDY)

    @property
    def innermost(self) -> Frame:
        return self.stack[self.innermost_index]

    def record(self, place: Place) -> None:
        """Append a place, and mark it in each command that contains it."""
        number, innermost = len(self.found), self.innermost
        for frame in self.stack:
            if frame.word.here_string:
                frame.streams.fed.append(number)
            elif frame.in_command:
                mark = Mark(number, len(frame.command.words), frame.word.may_begin, frame is innermost)
                frame.command.marks.append(mark)
        self.found.append(place)

    @property
    def line(self) -> int:
        """The number of the current line, from 1."""
        if self.at < self._counted:
            self._counted, self._line = 0, 1
        self._line += self.script.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line
