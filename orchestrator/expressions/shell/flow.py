"""Finds values that are read as code indirectly: they are put into a variable or a file that a later line runs.

The names of variables are compared only where a variable is run as a command. In all other cases, a script that both
keeps values and reads kept text as code is refused, which is safer than tracing where each value goes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.expressions.shell.builtins import code_files
from orchestrator.expressions.shell.files import (
    EVERY,
    SOME,
    attached,
    copied,
    file_name,
    made_executable,
    parts,
    scripts,
    written,
)
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.names import known, name
from orchestrator.expressions.shell.quoting import UNNAMED, Place
from orchestrator.expressions.shell.startup import LATER, read_later

#: Stands for any variable, if it is not known which.
ANY = ""

#: How a line reads arithmetic.
EVALUATES = "evaluates as arithmetic, in which bash looks for code"

#: How a line reads what may be an option of a program that runs code.
UNSURE = "may read as an option"

#: Files that no program reads later.
_NOWHERE = frozenset({"", "null", "stderr", "stdout", "tty"})


@dataclass(slots=True)
class Flow:
    """What a script does with values. A value is identified by the number of its place in the script.

    ``kept``: number of a place -> the variable that keeps its value. ``given``: places in the input of commands, such
    as a pipe; their values are kept if a command ``loads`` its input into variables. ``read``: variables, each with a
    description of what reads it as code. ``functions``: the functions that are defined; ``called``: the name
    of a program, or of a function that may be defined later -> the places in its arguments.

    ``written``: a file's name -> the places whose values are in it. ``ran``: a file's name -> a description of what
    reads it as code. ``loaded``: the names of files that are, or may be, read into a variable. ``copied``: names of
    files that may be copies of each other.

    ``programs``: that of each command; ``bodies``: a function -> the places and the commands in its bodies;
    ``outputs``: names of files, each with the commands that may write to it; ``printed``: those that get all that is
    printed from some place on.
    """

    kept: dict[int, str] = field(default_factory=dict)
    given: list[Iterable[int]] = field(default_factory=list)
    loads: bool = False
    read: list[tuple[str, str]] = field(default_factory=list)
    written: dict[str, list[range]] = field(default_factory=dict)
    ran: dict[str, str] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)
    copied: list[list[str]] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)
    bodies: dict[str, list[tuple[range, range]]] = field(default_factory=dict)
    outputs: list[tuple[str, range]] = field(default_factory=list)
    printed: list[tuple[str, int]] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)
    called: dict[str, list[int]] = field(default_factory=dict)

    def keep(self, numbers: Iterable[int], variable: str = ANY) -> None:
        for number in numbers:
            self.kept.setdefault(number, variable)

    def reads(self, variable: str, line: int, how: str = "reads as code") -> None:
        """Record that the line ``line`` reads ``variable`` as code."""
        self.read.append((variable, f"in what line {line} {how}"))

    def command(self, frame: Frame, *, safe: bool, numbers: range, line: int) -> None:
        """Record a complete command. ``numbers``: the places in it and in its input. ``safe``: it reads no code."""
        words, streams = frame.command.words, frame.streams
        names, outputs = [name(word) for word in words], written(frame)
        inputs = [name(word) for word in streams.inputs if word not in streams.outputs]
        row = known(names[0] if names else "")
        some = _sources(frame, numbers) if outputs else []
        self.programs.append(frame.command.program)
        first = frame.pipeline.since if not words or frame.pipeline.piped is not None else len(self.programs) - 1
        for document in streams.documents:
            document.outputs = frame.pipeline.outputs
        if outputs and (streams.documents or frame.pipeline.documents):
            frame.pipeline.outputs[:] = frame.pipeline.outputs[:1] or outputs[:1]
            self.copied.append([*frame.pipeline.outputs, *outputs])
        for output in [output for output in outputs if output not in _NOWHERE][:1]:  # the others count as its copies
            self.written.setdefault(output, []).extend(some)
            self.outputs.append((output, range(first, len(self.programs))))
        copies = copied(frame)
        if outputs or copies:
            for file in read_later((*streams.outputs, *words[1:], *parts(words[1:]))):
                self.ran.setdefault(file, f"{LATER} ({file})")
            self.copied.append([*copies, *inputs, *outputs])
        self.loaded.update(inputs)
        self.loads = self.loads or any(known(word).loads for word in (*names[:3], frame.command.program))
        if frame.substitution and not row.no_input:  # as in x=$(cat file)
            self.loads = True
            self.loaded.update(names)
        self._runs(frame, [*names[1:], *parts(words[1:]), *attached(words[1:]), *inputs], safe=safe, line=line)

    def _runs(self, frame: Frame, read: list[str], *, safe: bool, line: int) -> None:
        """Record the files that a command may run or read as code. ``read``: the files that it may read."""
        frame.pipeline.names += read
        frame.heard += read
        words, chain = frame.command.words, frame.command.chain
        heard = [] if safe else frame.pipeline.names
        chosen = [name(path) for word in (*frame.command.assignments, *words) for path in code_files(word)]
        self.runs((*heard, *chosen, *scripts(words, chain), *made_executable(words, chain)), line)
        if not safe:
            frame.pipeline.names = []

    def redirects(self, frame: Frame, number: int) -> None:
        """Record a redirection of the shell itself, ``exec > file``, before which ``number`` places were found."""
        first = frame.pipeline.first if frame.pipeline.opened else number
        for descriptor, output in zip(frame.streams.numbers, frame.streams.outputs, strict=True):
            file = file_name(output)
            if descriptor in ("", "1", "2"):
                self.printed.append((file, first))
            elif descriptor.isdigit():  # it is also /dev/fd/3
                self.copied.append([f"&{descriptor}", descriptor, file])
            else:
                self.copied.append([SOME, file])

    def runs(self, files: Iterable[str], line: int) -> None:
        """Record that the line ``line`` reads these files as code."""
        for file in dict.fromkeys(files):  # thousands of values may be heard, and all have the same name
            self.ran.setdefault(file, f"in what line {line} reads as code")

    def read_again(self, found: Sequence[Place]) -> Iterator[tuple[int, str]]:
        """The places whose values are read as code later, of all that were found, and a description of where."""
        for numbers in (
            *(self.given if self.loads else ()),
            *(self.called.get(function, ()) for function in self.functions),
        ):
            self.keep(numbers)
        self._called_functions()
        bodies = [numbers for some in self.bodies.values() for numbers, _ in some]
        for file, first in self.printed:
            self.written.setdefault(file, []).extend([range(first, len(found)), *bodies])
        groups = _groups(self.copied)
        ran = {groups.get(file, file): where for file, where in self.ran.items()}
        loaded = {groups.get(file, file) for file in self.loaded}
        for file, some in self.written.items():
            group = groups.get(file, file)
            where = ran.get(group) or ran.get(EVERY)
            if file not in _NOWHERE and where:
                for number in _once(some):
                    if variable := found[number].variable:
                        self.read.append((ANY if variable == UNNAMED else variable, where))
                    yield number, where
            if file not in _NOWHERE and group in loaded and self.read and self.loads:
                self.keep(_once(some))
        named = dict(reversed(self.read))
        for number, variable in self.kept.items():
            where = named.get(ANY) or (next(iter(named.values()), None) if variable == ANY else named.get(variable))
            if where is not None:
                yield number, where

    def _called_functions(self) -> None:
        """Record what the functions print that are called where the output goes to a file."""
        known: dict[frozenset[str], list[range]] = {}  # it is the same for all files, of which there may be thousands
        done = set()
        widest = {
            (output, commands.start): commands for output, commands in self.outputs
        }  # the last includes the others
        for (output, _), commands in widest.items() if self.bodies else ():
            called = frozenset(self.bodies.keys() & set(self.programs[commands.start : commands.stop]))
            if called and (output, called) not in done:
                done.add((output, called))
                if called not in known:
                    known[called] = self._in_functions(called)
                self.written[output] += known[called]

    def _in_functions(self, called: frozenset[str]) -> list[range]:
        """The places in the bodies of these functions, and of those that these call."""
        found: list[range] = []
        seen, waiting = set(called), sorted(called)
        while waiting:
            for numbers, within in self.bodies[waiting.pop()]:
                found += [numbers] if numbers else []
                new = (self.bodies.keys() & set(self.programs[within.start : within.stop])) - seen
                seen |= new
                waiting += sorted(new)
        return found


def _sources(frame: Frame, numbers: range) -> list[range]:
    """The places whose values a command may write to a file. ``numbers``: those in it and in its input."""
    words, pipeline = frame.command.words, frame.pipeline
    some = [range(mark.number, mark.number + 1) for mark in frame.command.marks] if words else [numbers]
    some += [range(number, number + 1) for number in (*frame.streams.fed, *frame.streams.files)]
    if words and pipeline.piped is not None:
        some.append(range(pipeline.first, pipeline.piped))
    return some


def _once(some: Iterable[range]) -> Iterator[int]:
    """Each number once, in ascending order."""
    done = -1
    for numbers in sorted(some, key=lambda numbers: numbers.start):
        yield from range(max(numbers.start, done + 1), numbers.stop)
        done = max(done, numbers.stop - 1)


def _groups(copied: Iterable[Sequence[str]]) -> dict[str, str]:
    """The name of each file that may be a copy of others -> the name that represents them all."""
    parent: dict[str, str] = {}

    def root(file: str) -> str:
        while (above := parent.setdefault(file, file)) != file:
            parent[file] = file = parent[above]
        return file

    for files in copied:
        known = [file for file in files if file not in _NOWHERE]
        for file in known[1:]:
            parent[root(file)] = root(known[0])
    return {file: root(file) for file in list(parent)}
