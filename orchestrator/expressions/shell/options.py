"""Finds words that would be options if they began with ``-``, of programs that can run code: ``bash -c``."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from orchestrator.expressions.shell.interpreters import reading
from orchestrator.expressions.shell.lines import SHELL_C, UNKNOWN, runs_another
from orchestrator.expressions.shell.names import RUNS, is_other_shell, is_shell, name

#: Programs that read code or run others only if an option tells them to.
_RISKY = frozenset(
    {
        *(
            "bsdtar",
            "busybox",
            "curl",
            "find",
            "ftp",
            "git",
            "less",
            "make",
            "man",
            "more",
            "gmake",
            "rg",
            "rsync",
            "scp",
        ),
        *("script", "sftp", "sort", "split", "ssh", "su", "sudo", "tar", "tcpdump", "vi", "vim", "wget", "zip"),
    }
)

#: An unknown program, which may be a shell.
ANY_SHELL = "a shell"

#: Programs for which ``a=b`` is an assignment, not an argument.
_ASSIGNS = frozenset({"env", "make", "sudo"})

#: How many programs are looked for in a command; after more, all words may be options.
_MAX_STARTS = 8


def optional(words: Sequence[str]) -> dict[int, str]:
    """The numbers of the words that may be an option of such a program, and its name."""
    found: dict[int, str] = {}
    candidates = range(len(words)) if runs_another(words) else range(min(1, len(words)))
    if words and not words[0]:
        found = dict.fromkeys(range(1, len(words)), ANY_SHELL)
    starts = (number for number in candidates if _has_options(words[number]))
    for start in islice(starts, _MAX_STARTS):
        for number in before_operands(words, start):
            found.setdefault(number, name(words[start]))
    for start in islice(starts, 1):
        found |= dict.fromkeys(range(start + 1, len(words)), name(words[start]))
    return found


def is_option(text: str, program: str) -> bool:
    """Whether a value would be an option of ``program``, or an assignment."""
    if program == ANY_SHELL:  # the program is unknown: only a shell's option counts
        return SHELL_C.fullmatch(text.strip()) is not None
    return text.lstrip()[:1] in ("-", "+") or (program in _ASSIGNS and "=" in text)


def reads_code(program: str) -> bool:
    """Whether a program of that name is an interpreter."""
    return is_shell(program) or is_other_shell(program) or ((how := reading(program)) is not None and how.made_for)


def _has_options(word: str) -> bool:
    program = name(word)
    return program in _RISKY or program in RUNS or reads_code(program)


def before_operands(words: Sequence[str], program: int) -> Iterator[int]:
    """The words after a program up to ``--``, or up to its script if the rest are that script's arguments."""
    called = name(words[program])
    how = reading(called)
    script = is_shell(called) or is_other_shell(called) or (how is not None and how.file) or called in RUNS - {"find"}
    number = program + 1
    while number < len(words) and words[number] != "--":
        yield number
        if how is not None and how.takes.fullmatch(words[number]):
            number += 1
        elif (
            script
            and words[number][:1] not in ("", "-", "+", UNKNOWN)
            and not re.match(r"[0-9.]+[smhd]?$|\w+=", words[number])
        ):
            return
        number += 1
