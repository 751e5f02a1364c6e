"""The shell's own commands that read their words as code, or as names in which bash looks for code; and what keeps it.

``unset 'a[$(ls)]'``, ``test -v``, ``read`` and ``declare`` run what stands in a subscript
(https://www.gnu.org/software/bash/manual/html_node/Arrays.html).
"""

import re
from collections.abc import Sequence

#: Builtins that only go before a command.
BEFORE = frozenset({"builtin", "command", "coproc", "exec"})

#: Builtins that read their arguments as code.
_CODE = frozenset({"alias", "bind", "compgen", "complete", "enable", "eval", "fc", "hash", "let", "trap"})

#: Those whose arguments are names.
_NAMES = frozenset({"getopts", "mapfile", "read", "readarray", "unset"})

#: Those whose arguments are names, or assignments.
_DECLARE = frozenset({"declare", "export", "local", "readonly", "typeset"})

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=", re.ASCII)

_INDEXED = re.compile(r"[A-Za-z_]\w*\[[^\]]*[A-Za-z_\1][^\]]*\]\+?=", re.ASCII)

#: Variables from whose text a shell, or what it runs, takes code or the place of code.
_CHOOSING = re.compile(
    r"(PATH|ENV|BASH_ENV|SHELL|CDPATH|IFS|PS[0-4]|PROMPT_COMMAND|LD_[A-Z_]+|DYLD_[A-Z_]+|EDITOR|VISUAL|(MAN)?PAGER|BROWSER"
    r"|PERL5(LIB|OPT|DB)|PYTHON(PATH|HOME|STARTUP)|RUBY(OPT|LIB)|NODE_(OPTIONS|PATH)|LESS(OPEN|CLOSE)|SSH_ASKPASS"
    r"|GIT_(SSH|SSH_COMMAND|EDITOR|PAGER|ASKPASS|EXTERNAL_DIFF|EXEC_PATH|CONFIG_[A-Z0-9_]+)"
    r"|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH)\+?="
)


def program(words: Sequence[str]) -> str | None:
    """The first of a command's words that does not only go before another; None if there is none so far."""
    return next((word for word in words if word and word not in BEFORE and not word.startswith("-")), None)


def reckons(words: Sequence[str], word: str) -> bool:
    """Whether bash evaluates ``word``, and the variables in it: of ``let``, ``declare -i``, and in ``a[n]=1``."""
    command = program(words)
    return command == "let" or (command in _DECLARE and _evaluates(words)) or bool(_INDEXED.match(word))


def reads(words: Sequence[str], word: str) -> str | None:
    """Where ``word`` stands among the words of a builtin so far, if that reads it as code."""
    command = program(words)
    if _CHOOSING.match(word) and (command is None or command in _DECLARE or command == "env"):
        return f"in {word.partition('=')[0]}, from which a shell or a program takes code"
    if command in _CODE:
        return f"in an argument of {command}, which reads it as code"
    if command in (".", "source") and all(word.startswith("-") for word in words[words.index(command) + 1 :]):
        return f"in the name of what {command} reads as code"
    if (command in ("[", "test") and words[-1] in ("-v", "-R")) or (command == "printf" and words[-1] == "-v"):
        return f"in a name for {command} {words[-1]}, in which bash looks for code"
    if command in _NAMES or (command in _DECLARE and (_evaluates(words) or not _ASSIGNED.match(word))):
        return f"in a name for {command}, in which bash looks for code"
    return None


def _evaluates(words: Sequence[str]) -> bool:
    """``declare -i x=…`` and ``declare -n``: a number is reckoned out, and a name is looked for."""
    return any(re.fullmatch(r"[-+][a-zA-Z]*[inaA][a-zA-Z]*", word) for word in words)


def keeps(words: Sequence[str], word: str) -> str | None:
    """The variable in which a shell keeps what ``word`` has; "" if it cannot be told which, None if none."""
    command = program(words)
    if command in ("for", "select"):
        return words[words.index(command) + 1] if words[-1] != command else ""
    if command in ("set", "printf") and (command == "set" or "-v" in words):
        return ""
    assigned = _ASSIGNED.match(word)
    return assigned[1] if assigned and (command is None or command in _DECLARE or command == "env") else None
