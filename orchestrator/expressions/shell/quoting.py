"""The places of values in a script, and how a value must be quoted there."""

from dataclasses import dataclass
from enum import Enum, auto

#: The prefix of the variables that contain the params of a run.
PARAM = "ORCHESTRATOR_PARAM_"

#: The variable that names the file of a step's outputs.
OUTPUTS = "ORCHESTRATOR_OUTPUTS"

#: Stands for an expression in a script, which cannot contain a NUL.
HOLE = "\0"

#: A variable whose name is not known.
UNNAMED = "$"

#: Where bash evaluates arithmetic, including subscripts: ``a[$(ls)]``.
ARITHMETIC = "in what bash evaluates as arithmetic, in which it looks for code"


class Quoting(Enum):
    """How a value must be quoted."""

    BARE = auto()
    DOUBLE = auto()
    SINGLE = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """The place of an expression: its line in the script, from 1, and a description ``where`` if no quoting is safe.

    ``quoting`` is None exactly then. ``literal``: in a here-document in which variables are not expanded either.
    ``variable``: the place is not an expression's, but this variable's. ``option``: the program whose option the value
    would be, if it began with ``-``.
    """

    line: int
    quoting: Quoting | None = None
    where: str = ""
    literal: bool = False
    variable: str = ""
    option: str = ""

    @property
    def read_again(self) -> bool:
        """Whether what is here is read as code once more, by another program or by a word of this script."""
        beginnings = ("in an argument of", "in what line", "in code for")
        return self.where.startswith(beginnings) or "script for another shell" in self.where
