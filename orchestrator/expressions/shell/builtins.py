"""Finds the arguments that builtins read as code or as names in which bash looks for code, or put into variables."""

import re
from collections.abc import Sequence

from orchestrator.expressions.shell.facts import Arguments
from orchestrator.expressions.shell.names import known

#: How the place of an argument of ``test`` is described that may follow -v.
AFTER_V = "after one that may be -v, which looks for code"

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=", re.ASCII)

_INDEXED = re.compile(r"[A-Za-z_]\w*\[[^\]]*[A-Za-z_\1\2][^\]]*\]\+?=", re.ASCII)

#: ``declare -i x=…`` and ``declare -n``: the value is evaluated as arithmetic, or as a name.
_EVALUATES = re.compile(r"[-+][a-zA-Z]*[inaAEF][a-zA-Z]*")

#: Variables from which a shell, or a program that it runs, takes code or the location of code.
_CHOOSING = re.compile(
    r"(PATH|ENV|BASH_ENV|SHELL|CDPATH|IFS|PS[0-4]|PROMPT_COMMAND|LD_[A-Z_]+|DYLD_[A-Z_]+|EDITOR|VISUAL|(MAN)?PAGER|BROWSER"
    r"|PERL5(LIB|OPT|DB)|PYTHON(PATH|HOME|STARTUP)|RUBY(OPT|LIB)|NODE_(OPTIONS|PATH)|LESS(OPEN|CLOSE)|SSH_ASKPASS"
    r"|GIT_(SSH|SSH_COMMAND|EDITOR|PAGER|ASKPASS|EXTERNAL_DIFF|EXEC_PATH|CONFIG_[A-Z0-9_]+)|ZDOTDIR|FPATH|BASH_FUNC_.*"
    r"|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH)\+?="
)


def is_program(word: str) -> bool:
    """Whether a word is the program that a command runs, and not a prefix or an option."""
    return not known(word).prefix and word[:1] not in ("", "-", "\2")


def code_files(word: str) -> list[str]:
    """The paths in an assignment to a variable by which a shell or a program finds code: ``BASH_ENV=./setup``."""
    return [path for path in word.partition("=")[2].split(":") if path] if _CHOOSING.match(word) else []


def evaluates(command: str, words: Sequence[str]) -> bool:
    """Whether a builtin evaluates what it assigns, judging by its name and the last of its ``words``."""
    return known(command).arithmetic or bool(words and _EVALUATES.fullmatch(words[-1]))


def is_arithmetic(command: str, word: str, *, evaluates: bool) -> bool:
    """Whether bash evaluates ``word`` and its variables, as for ``let``, ``declare -i`` and ``a[n]=1``."""
    row = known(command)
    return row.arithmetic or (row.arguments is Arguments.DECLARATIONS and evaluates) or bool(_INDEXED.match(word))


def reads(command: str, last: str | None, word: str, *, evaluates: bool, environment: bool) -> str | None:
    """Describes the place of ``word``, which follows ``last``, if the builtin ``command`` reads it as code.

    ``environment``: a word before it is a program that sets variables, as in ``nice env A=b``.
    """
    row = known(command)
    if _CHOOSING.match(word) and (not command or row.environment or environment):
        return f"in {word.partition('=')[0]}, from which a shell or a program loads code"
    match row.arguments:
        case Arguments.CODE | Arguments.SCRIPTS | Arguments.ALIASES:
            return f"in an argument of {command}, which reads it as code"
        case Arguments.FILE if last is not None and (last == command or last.startswith("-")):
            return f"in the name of a file that {command} runs"
        case Arguments.CONDITION if last in ("-v", "-R"):
            return f"in a name for {command} -v, in which bash looks for code"
        case Arguments.CONDITION if last is not None and last[:1] in ("", "\2"):
            return f"in an argument of {command} {AFTER_V}"
        case Arguments.FORMAT if "-v" in (last, word[:2]):
            return f"in a name for {command} -v, in which bash looks for code"
        case Arguments.NAMES:
            return f"in a name for {command}, in which bash looks for code"
        case Arguments.DECLARATIONS if evaluates or not _ASSIGNED.match(word):
            return f"in a name for {command}, in which bash looks for code"
        case _:
            return None


def keeps(words: Sequence[str], at: int | None, word: str, *, assigns: bool) -> str | None:
    """The variable that is set to what is in ``word``: "" if it is not known which, None if there is none.

    ``at``: which of the ``words`` so far is the program; None if none is. ``assigns``: one of them is ``env``.
    """
    row = known("" if at is None else words[at])
    match row.arguments:
        case Arguments.LOOP:
            return words[1] if len(words) > 1 else ""
        case Arguments.POSITIONAL:
            return ""
        case Arguments.FORMAT if at is not None and words[at + 1 : at + 2] == ["-v"]:
            return ""
    followed = at is None or row.arguments is Arguments.DECLARATIONS or assigns
    assigned = _ASSIGNED.match(word) if followed else None
    return assigned[1] if assigned else None
