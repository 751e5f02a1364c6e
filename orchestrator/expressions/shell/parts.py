"""What the nested parts of a shell script can be, and what is found in them."""

from dataclasses import dataclass
from enum import Enum, auto


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
    """Which part of a ``case`` is being read."""

    SUBJECT = auto()
    IN = auto()
    PATTERN = auto()
    BODY = auto()


@dataclass(slots=True)
class HereDocument:
    """A here-document whose body begins after the next line end. ``tabs``: it was ``<<-``; ``literal``: ``<<'EOF'``.

    ``code``: where it stands, if the command that gets it reads it as code.
    """

    end: str
    tabs: bool
    literal: bool
    code: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """The place of that ``number`` is in the command's word ``index``.

    ``begins``: the word begins with what stands there; ``own``: and it is in no command within the word.
    """

    number: int
    index: int
    begins: bool
    own: bool


@dataclass(slots=True)
class Input:
    """The input of a command or a part: the places in it, until a command takes them."""

    numbers: range

    def take(self) -> range:
        """The places in it; none if they were taken before."""
        numbers, self.numbers = self.numbers, range(0)
        return numbers
