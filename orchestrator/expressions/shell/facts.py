"""The columns of the table of programs: what a row can say of a program."""

import re
from dataclasses import dataclass
from enum import Enum, auto

NEVER = re.compile(r"(?!)")

#: For ``Code.operand``: no operand is code, and options count wherever they stand.
OPTIONS_ONLY = 99


class Arguments(Enum):
    """How a builtin reads its arguments, if not as plain text.

    Bash looks for code in the subscript of a name: ``unset 'a[$(ls)]'``, ``test -v``, ``read`` and ``declare`` run it
    (https://www.gnu.org/software/bash/manual/html_node/Arrays.html).
    """

    CODE = auto()
    SCRIPTS = auto()  # each is a shell script
    ALIASES = auto()  # each is a name and a shell script
    FILE = auto()  # the first is the name of a file that it runs
    NAMES = auto()  # names of variables
    DECLARATIONS = auto()  # names of variables, and assignments
    CONDITION = auto()  # text, but a name of a variable after -v and -R
    FORMAT = auto()  # text, but a name of a variable after -v, which gets what would be printed
    POSITIONAL = auto()  # they become $1, $2 and so on
    LOOP = auto()  # the first is the name of a variable that gets the others, one after the other


@dataclass(frozen=True, slots=True)
class Code:
    """Which arguments a program reads as code that is not a script for a shell.

    ``option``: the next word is code; ``here``: the rest of this word is; ``takes``: the next word is an argument of
    the option, and data. ``operand``: which operand is code, from 1, if no option gave any; 0 for none.
    ``file``: the first operand is a file of code, and without one the code is read from the input.
    ``always_input``: the input is code even if there is other code. ``modules``: the option ``-m`` runs a module, and
    these modules read code from their input. ``language``: "sed" or "awk", in which harmless code can be recognized.
    ``named``: the next word, or the rest of this one, is the name of a file of code. ``reads``: names of files of code
    that it reads without being told.
    """

    option: re.Pattern[str]
    here: re.Pattern[str]
    takes: re.Pattern[str] = NEVER
    operand: int = 0
    file: bool = False
    always_input: bool = False
    modules: frozenset[str] = frozenset()
    language: str = ""
    named: re.Pattern[str] = NEVER
    reads: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        option: str,
        here: str,
        takes: str = "(?!)",
        operand: int = 0,
        *,
        file: bool = False,
        always_input: bool = False,
        modules: str = "",
        language: str = "",
        named: str = "(?!)",
        reads: str = "",
    ) -> "Code":
        """Build one from the texts of its patterns, and from modules and files that are separated by blanks."""
        patterns = re.compile(option), re.compile(here, re.DOTALL), re.compile(takes)
        words, files = frozenset(modules.split()), frozenset(reads.split())
        return cls(*patterns, operand, file, always_input, words, language, re.compile(named), files)

    @property
    def made_for(self) -> bool:
        """Whether the program is an interpreter, and does not read code only because of an option."""
        return self.file or self.operand in (1, 2)


@dataclass(frozen=True, slots=True)
class Wraps:
    """The syntax of a program that runs another with the same input.

    ``options``: those followed by a separate argument; ``operands``: how many words precede the other program;
    ``alone``: without a program to run, it reads no input.
    """

    options: re.Pattern[str] = NEVER
    operands: int = 0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Joins:
    """How a program joins its operands to a script for a shell.

    ``options``: those followed by a separate argument; ``remote``: the shell is on another machine; ``apart``: the
    first operand is not part of the script; ``unless``: with one of these options it joins nothing; ``until``: words
    from one that begins like this are not part of the script.
    """

    options: re.Pattern[str] = NEVER
    remote: bool = False
    apart: bool = False
    unless: frozenset[str] = frozenset()
    until: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """One row: ``names``, separated by blanks, or the pattern ``family``; and what is true of all of them."""

    names: str = ""
    family: str = ""

    # What it takes for data.
    data: bool = False  # it reads neither its arguments nor its input as code …
    unless: re.Pattern[str] = NEVER  # … unless one of its arguments is like this
    takes_more: bool = True  # words that xargs appends are data too
    subcommands: frozenset[str] = frozenset()  # if its first argument is one of these, its input is data
    any_argument: bool = False  # if it has an argument, its input is data

    # What it takes for code.
    shell: bool = False  # it is a shell that follows POSIX
    other_shell: bool = False  # it is a shell with its own syntax and quoting
    code: Code | None = None  # it reads other code than a shell's
    arguments: Arguments | None = None  # it is a builtin that reads its arguments in this way
    arithmetic: bool = False  # it is a builtin that evaluates what it assigns as arithmetic
    risky: bool = False  # it reads code or runs another program only if an option tells it to
    gives: bool = False  # it passes the argument of its own -c to a shell
    joins: Joins | None = None  # it joins its operands to a script for a shell
    splits: bool = False  # its option -S splits a word into a program and arguments
    remote_after: frozenset[str] = frozenset()  # with one of these, what follows "--" is a script for another machine
    in_backticks: bool = False  # inside `…`, its name means that any variable may be read as code

    # Which programs it runs.
    runs: bool = False  # it runs another program: any of its words may be the name …
    wraps: Wraps | None = None  # … which gets the same input
    operands: int = 0  # without such a syntax: how many words precede the name of the other program
    first: bool = False  # its arguments begin with the name of the other program
    prefix: bool = False  # it is a builtin that is only a prefix of a command
    redirects: bool = False  # it can redirect the input and output of the shell itself
    coprocess: bool = False  # it connects the shell's variables to the other program
    input_words: bool = False  # it passes the words that it reads to the other program as arguments
    searches: bool = False  # it passes names of files that it finds to the other program

    # What it does with variables.
    assigns: bool = False  # an argument a=b sets a variable, in the environment of what it runs …
    checked: bool = False  # … and a value must not be such an argument …
    followed: bool = False  # … and what is assigned counts as kept in a variable of the shell
    loads: bool = False  # it puts what it reads into variables

    # What it reads and writes.
    no_input: bool = False  # it reads no input
    prints: bool = False  # it prints its arguments
    shows: bool = False  # it prints the files in its arguments
    copies: bool = False  # the files in its arguments may be copies of each other
    writes: str | None = None  # it writes to the files in its arguments that begin with this
    makes_executable: bool = False  # it can make files executable
    in_path: bool = False  # it is never a file that the script wrote, which holds of all that take data too

    @property
    def interprets(self) -> bool:
        """Whether it is a shell or another interpreter."""
        return self.shell or self.other_shell or (self.code is not None and self.code.made_for)

    @property
    def environment(self) -> bool:
        """Whether it sets variables, in the shell or in the environment of what it runs."""
        return self.assigns or self.arguments is Arguments.DECLARATIONS
