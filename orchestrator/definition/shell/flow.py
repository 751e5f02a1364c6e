"""How a value comes to be read as code by a way round: kept in a variable or a file, which a later line reads as code.

What is kept, and where, is found; what is then read as code is only told apart by the names of variables where one is
run as a command. Everywhere else a line that keeps values and reads what is kept as code is refused: better than to
follow the one into the other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from orchestrator.definition.shell.lines import reads_files

#: A shell may read what is in this variable, whichever it is.
ANY = ""

#: How a line reads what it looks for numbers in.
RECKONS = "reckons with, in which bash looks for code"


@dataclass(slots=True)
class Flow:
    """``kept``: number of a place -> the variable. ``read``: a variable, and what reads it as code, in words.

    ``written``: a file's name -> the places from which it has something. ``ran``: a file's name -> what reads it as
    code, in words. ``functions``: those of the script so far.
    """

    kept: dict[int, str] = field(default_factory=dict)
    read: list[tuple[str, str]] = field(default_factory=list)
    written: dict[str, set[int]] = field(default_factory=dict)
    ran: dict[str, str] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)

    def keep(self, numbers: Iterable[int], variable: str = ANY) -> None:
        for number in numbers:
            self.kept.setdefault(number, variable)

    def reads(self, variable: str, line: int, how: str = "reads as code") -> None:
        """The line of that number reads ``variable`` as code."""
        self.read.append((variable, f"in what line {line} {how}"))

    def command(self, words: Sequence[str], outputs: Sequence[str], numbers: Iterable[int], line: int) -> None:
        """A command has ended, with the places ``numbers`` in it, whose output went to the files ``outputs``."""
        names = [PurePosixPath(word).name for word in words]
        if names[:1] == ["tee"]:
            outputs = [*outputs, *names[1:]]
        for output in outputs:
            self.written.setdefault(PurePosixPath(output).name, set()).update(numbers)
        for name in names if reads_files(words) else names[:1]:
            self.ran.setdefault(name, f"in what line {line} reads as code")

    def read_again(self) -> Iterator[tuple[int, str]]:
        """The places whose values are read as code later, and where then."""
        for number, variable in self.kept.items():
            if (where := next((where for name, where in self.read if name in (ANY, variable)), None)) is not None:
                yield number, where
        for name, numbers in self.written.items():
            if name and name in self.ran:
                yield from ((number, self.ran[name]) for number in numbers)
