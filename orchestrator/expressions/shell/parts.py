"""What the nested parts of a shell script can be, and what is found in them."""

from dataclasses import dataclass, field
from enum import Enum, auto


class Kind(Enum):
    """The kinds of parts."""

    COMMANDS = "a (…)"  # or $(…), or the whole line
    CASE = "a 'case'"
    TEST = "a [[ … ]]"
    DOUBLE = 'a "…"'
    SINGLE = "a '…'"
    ANSI = "a $'…'"
    BRACES = "a ${…}"
    ARITHMETIC = "a $((…))"
    BACKTICKS = "a `…`"
    DOCUMENT = "a here-document"


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

    ``code``: the description of its place if the command that reads it takes it for code; ``outputs``: the first
    file that may get its text, if one does; ``nested``: it is in a part or a compound command.
    """

    end: str
    tabs: bool
    literal: bool
    code: str = ""
    outputs: list[str] = field(default_factory=list)
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A compound command that is not closed yet: its first place, and how many commands had ended before it.

    ``function``: that whose body it is.
    """

    number: int
    commands: int
    function: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """The place ``number`` is in the command's word ``index``.

    ``begins``: the value may be the beginning of the word; ``own``: it is not in a ``$(…)`` within the word.
    """

    number: int
    index: int
    begins: bool
    own: bool


@dataclass(slots=True)
class Input:
    """What a command or a part may read: the places in it, until a command takes them."""

    numbers: range

    def take(self) -> range:
        """The places in it; none if they were taken before."""
        numbers, self.numbers = self.numbers, range(0)
        return numbers
