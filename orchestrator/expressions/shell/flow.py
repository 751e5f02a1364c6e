"""Finds values that are read as code indirectly: kept in a variable or a file that a later line reads as code.

The names of variables are compared only where a variable is run as a command. In all other cases, a script that both
keeps values and reads kept text as code is refused. That is safer than to trace which value gets where.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator.expressions.shell.facts import Arguments
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.inputs import unwrapped
from orchestrator.expressions.shell.names import known, name, takes_data
from orchestrator.expressions.shell.options import before_operands, reads_code

#: Any variable: it is not known which.
ANY = ""

#: How a line reads arithmetic.
RECKONS = "evaluates as arithmetic, in which bash looks for code"


#: How a line reads what may be an option of a program that runs code.
UNSURE = "may read as an option"

#: Stands for the files whose names are not known, and for every file.
SOME, EVERY = "?", "*"

_EXECUTABLE = re.compile(r"[ugoa]*[+=][rwst]*x[rwxst]*|[0-7]*[1357][0-7]*")

#: Files that no program reads later.
_NOWHERE = frozenset({"", "null", "stderr", "stdout", "tty"})


@dataclass(slots=True)
class Flow:
    """``kept``: number of a place -> the variable. ``given``: the places in what is read from a pipe or the like, which
    are kept if a command ``loads`` what it reads into variables. ``read``: a variable, and what reads it as code.

    ``written``: a file's name -> the places from which it has something. ``ran``: a file's name -> what reads it as
    code, in words. ``loaded``: the names of files that are read into a variable, or may be. ``copied``: names of files
    that may have the same in them. ``functions``: those of the script so far.
    """

    kept: dict[int, str] = field(default_factory=dict)
    given: list[Iterable[int]] = field(default_factory=list)
    loads: bool = False
    read: list[tuple[str, str]] = field(default_factory=list)
    written: dict[str, list[range]] = field(default_factory=dict)
    ran: dict[str, str] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)
    copied: list[list[str]] = field(default_factory=list)
    functions: set[str] = field(default_factory=set)

    def keep(self, numbers: Iterable[int], variable: str = ANY) -> None:
        for number in numbers:
            self.kept.setdefault(number, variable)

    def reads(self, variable: str, line: int, how: str = "reads as code") -> None:
        """Record that the line ``line`` reads ``variable`` as code."""
        self.read.append((variable, f"in what line {line} {how}"))

    def command(self, frame: Frame, *, safe: bool, numbers: range, line: int) -> None:
        """A command has ended, with the places ``numbers`` in it or in what it reads. ``safe``: it reads no code."""
        words, streams = frame.command.words, frame.streams
        names = [name(word) for word in words]
        outputs = [_file(word) for word in streams.outputs]
        inputs = [name(word) for word in streams.inputs if word not in streams.outputs]
        row = known(names[0] if names else "")
        if (mark := row.writes) is not None:
            outputs += [name(word[len(mark) :]) for word in words[1:] if word.startswith(mark)]
        some = [range(mark.number, mark.number + 1) for mark in frame.command.marks] if words else [numbers]
        some += [range(number, number + 1) for number in (*streams.fed, *streams.files)]
        if words and frame.pipeline.piped is not None:
            some.append(range(frame.pipeline.first, frame.pipeline.piped))
        for output in outputs:
            self.written.setdefault(output, []).extend(some)
        if outputs or row.copies:
            shown = names[1:] if row.shows else []
            self.copied.append([*(names if row.copies else ()), *inputs, *outputs, *shown])
        self.loaded.update(inputs)
        self.loads = self.loads or any(known(word).loads for word in names[:3])
        if frame.substitution and not row.no_input:  # as in x=$(cat file)
            self.loads = True
            self.loaded.update(names)
        read = [*names[1:], *inputs]
        frame.pipeline.names += read
        frame.heard += read
        where = f"in what line {line} reads as code"
        program = names[:1] if words and _may_be_own(words[0]) else []
        for ran in (*program, *(frame.pipeline.names if not safe else ()), *scripts(words), *_made(words)):
            self.ran.setdefault(ran, where)
        if not safe:
            frame.pipeline.names = []

    def read_again(self) -> Iterator[tuple[int, str]]:
        """The places whose values are read as code later, and a description of where."""
        for numbers in self.given if self.loads else ():
            self.keep(numbers)
        groups = _groups(self.copied)
        ran = {groups.get(file, file): where for file, where in self.ran.items()}
        loaded = {groups.get(file, file) for file in self.loaded}
        for file, some in self.written.items():
            group = groups.get(file, file)
            where = ran.get(group) or ran.get(EVERY)
            if file not in _NOWHERE and where:
                yield from ((number, where) for number in _once(some))
            if file not in _NOWHERE and group in loaded and self.read and self.loads:
                self.keep(_once(some))
        named = dict(reversed(self.read))
        for number, variable in self.kept.items():
            where = named.get(ANY) or (next(iter(named.values()), None) if variable == ANY else named.get(variable))
            if where is not None:
                yield number, where


def scripts(words: Sequence[str]) -> list[str]:
    """The names of the files among a command's words that it may read as code."""
    at = unwrapped(words)
    if at is None or at >= len(words):
        return []
    row = known(name(words[at]))
    if row.arguments is Arguments.FILE:
        return [_file(word) for word in words[at + 1 : at + 2]]
    if row.searches and any(reads_code(name(word)) for word in words):
        return [EVERY]
    return [_file(words[number]) for number in before_operands(words, at)] if row.interprets else []


def _made(words: Sequence[str]) -> list[str]:
    """The names of files that a command makes executable."""
    if (
        not words
        or not known(name(words[0])).makes_executable
        or not any(_EXECUTABLE.fullmatch(word) for word in words)
    ):
        return []
    return [_file(word) for word in words[1:]]


def _may_be_own(word: str) -> bool:
    """Whether a program may be a file that the script writes, and not one that is certainly found in PATH."""
    return "/" in word or not (known(word).splits or takes_data(word, []))


def _file(word: str) -> str:
    """The name of a file from its path; SOME if it is not known."""
    return name(word) or SOME


def _once(some: Iterable[range]) -> Iterator[int]:
    """Each of the numbers, which come in order, once."""
    done = -1
    for numbers in sorted(some, key=lambda numbers: numbers.start):
        yield from range(max(numbers.start, done + 1), numbers.stop)
        done = max(done, numbers.stop - 1)


def _groups(copied: Iterable[Sequence[str]]) -> dict[str, str]:
    """Each name that shares a group with others -> the name that stands for the group."""
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
