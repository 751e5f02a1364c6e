"""Builtins that read their arguments as code, or as names in which bash looks for code, or that set variables.

``unset 'a[$(ls)]'``, ``test -v``, ``read`` and ``declare`` run what is in a subscript
(https://www.gnu.org/software/bash/manual/html_node/Arrays.html).
"""

import re
from collections.abc import Sequence

#: Builtins that are only prefixes of a command.
BEFORE = frozenset({"builtin", "command", "coproc", "exec", "nocorrect", "noglob"})

#: Builtins that read their arguments as code.
_CODE = frozenset(
    {
        *(
            "alias",
            "autoload",
            "bind",
            "compgen",
            "complete",
            "compopt",
            "emulate",
            "enable",
            "eval",
            "fc",
            "functions",
        ),
        *("hash", "let", "repeat", "sched", "trap", "zmodload", "zstyle"),
    }
)

#: Builtins whose arguments are names.
_NAMES = frozenset({"getopts", "mapfile", "nameref", "read", "readarray", "unset", "vared"})

#: Builtins whose arguments are names or assignments.
_DECLARE = frozenset({"declare", "export", "float", "integer", "local", "readonly", "typeset"})

#: Builtins that evaluate what they assign as arithmetic, whatever their options.
_RECKON = frozenset({"float", "integer"})

#: Programs that set variables for the program that they run.
_ASSIGN = frozenset({"env", "gmake", "make", "sudo"})

_TEST = frozenset({"[", "test"})

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
    return word not in BEFORE and word[:1] not in ("", "-", "\2")


def evaluates(command: str | None, words: Sequence[str]) -> bool:
    """Whether a builtin evaluates what it assigns, judging by its name and the last of its ``words``."""
    return command in _RECKON or bool(words and _EVALUATES.fullmatch(words[-1]))


def reckons(command: str | None, word: str, *, evaluates: bool) -> bool:
    """Whether bash evaluates ``word`` and its variables, as for ``let``, ``declare -i`` and ``a[n]=1``."""
    return command == "let" or (command in _DECLARE and evaluates) or bool(_INDEXED.match(word))


def reads(command: str | None, last: str | None, word: str, *, evaluates: bool) -> str | None:
    """Describes the place of ``word``, which follows ``last``, if the builtin ``command`` reads it as code."""
    if _CHOOSING.match(word) and (command is None or command in _DECLARE or command in _ASSIGN):
        return f"in {word.partition('=')[0]}, from which a shell or a program loads code"
    if command in _CODE:
        return f"in an argument of {command}, which reads it as code"
    if command in (".", "source") and last is not None and (last == command or last.startswith("-")):
        return f"in the name of a file that {command} runs"
    if (command in _TEST and last in ("-v", "-R")) or (command == "printf" and "-v" in (last, word[:2])):
        return f"in a name for {command} -v, in which bash looks for code"
    if command in _TEST and last is not None and last[:1] in ("", "\2"):
        return f"in an argument of {command} after one that may be -v, which looks for code"
    if command in _NAMES or (command in _DECLARE and (evaluates or not _ASSIGNED.match(word))):
        return f"in a name for {command}, in which bash looks for code"
    return None


def keeps(words: Sequence[str], at: int | None, word: str) -> str | None:
    """The variable that is set to what is in ``word``: "" if it is not known which, None if there is none.

    ``at``: which of the ``words`` so far is the program; None if none is.
    """
    command = None if at is None else words[at]
    if command in ("for", "select"):
        return words[1] if len(words) > 1 else ""
    if command == "set" or (at is not None and command == "printf" and words[at + 1 : at + 2][:1] == ["-v"]):
        return ""
    assigned = _ASSIGNED.match(word)
    return assigned[1] if assigned and (command is None or command in _DECLARE or command == "env") else None
