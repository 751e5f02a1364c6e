"""Finds words that would be options if they began with ``-``, of programs that can run code: ``bash -c``."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from orchestrator.expressions.shell.lines import SHELL_C, UNKNOWN, runs_another
from orchestrator.expressions.shell.names import known, name

#: An unknown program, which may be a shell.
ANY_SHELL = "a shell"

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
    return text.lstrip()[:1] in ("-", "+") or (known(program).checked and "=" in text)


def reads_code(program: str) -> bool:
    """Whether a program of that name is an interpreter."""
    return known(program).interprets


def _has_options(word: str) -> bool:
    row = known(name(word))
    return row.risky or row.runs or row.interprets


def before_operands(words: Sequence[str], program: int) -> Iterator[int]:
    """The words after a program up to ``--``, or up to its script if the rest are that script's arguments."""
    row = known(name(words[program]))
    how = row.code
    script = row.shell or row.other_shell or (how is not None and how.file) or (row.runs and not row.searches)
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
