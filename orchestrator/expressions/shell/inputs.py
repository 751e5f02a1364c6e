"""Which commands may read a value as input or from a file: those that are known to treat it as data.

This is a list of allowed programs, because a list of forbidden ones would never be complete (ADR 20).
"""

import re
from collections.abc import Sequence

from orchestrator.expressions.shell.facts import Arguments
from orchestrator.expressions.shell.harmless import has_code, is_file
from orchestrator.expressions.shell.lines import OPTION_WITH_ARGUMENT, SHELL_C, first_operand
from orchestrator.expressions.shell.names import is_own, known, may_be_any, name, takes_data

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=", re.ASCII)


def takes(words: Sequence[str], *, inner: bool) -> bool:
    """Whether a command treats everything that it reads, from its input or a file, as data.

    ``inner``: whether all commands in the scripts that it gives to a shell do so.
    """
    at = unwrapped(words)
    if at is None or at >= len(words):
        return at is not None and bool(words) and (wraps := known(name(words[0])).wraps) is not None and wraps.alone
    program, rest = name(words[at]), list(words[at + 1 :])
    row = known(program)
    if row.input_words:
        return _xargs(words, at, inner=inner)
    if may_be_any(words[at]):
        return False
    if row.shell:
        return _script(words, at, inner=inner)
    if row.arguments is Arguments.FILE:
        return bool(rest) and is_file(rest[0])
    if row.arguments is Arguments.SCRIPTS:
        return inner and all(rest)  # "" stands for an unknown word
    if row.code is not None and row.code.made_for:
        return has_code(rest, row.code)
    if row.subcommands:
        return bool(rest) and rest[0] in row.subcommands
    if row.any_argument:
        return bool(rest)
    return takes_data(program, rest) or is_own(words[at])


def unwrapped(words: Sequence[str], at: int = 0) -> int | None:
    """Which word is the program that is finally run; None if that is not known."""
    while at < len(words) and words[at].startswith("-"):
        at += 1  # an option of the reserved word ``time``
    while at < len(words) and (wraps := (row := known(name(words[at]))).wraps) and not row.input_words:
        at += 1
        while at < len(words) and (words[at].startswith("-") or (row.assigns and _ASSIGNMENT.match(words[at]))):
            if words[at] == "--":
                at += 1
                break
            if re.match(r"-[0iv]*S|--split|-[is]$|--(login|shell)", words[at]):
                return None
            at += 2 if wraps.options.fullmatch(words[at]) else 1
        at += wraps.operands
    return at


def _xargs(words: Sequence[str], at: int, *, inner: bool) -> bool:
    """Whether the words that ``xargs`` reads are passed to a command that treats its arguments as data."""
    start, marks = at + 1, {"{}"}
    while start < len(words) and words[start].startswith("-"):
        if words[start] in ("-I", "--replace"):
            marks.add(words[start + 1] if start + 1 < len(words) else "{}")
        elif words[start].startswith(("-I", "-i")):
            marks.add(words[start][2:] or "{}")
        start += 2 if words[start] in ("-a", "-d", "-E", "-I", "-L", "-n", "-P", "-s") else 1
    program = unwrapped(words, start)
    if program is None or (program >= len(words) and program != start):
        return False
    if program >= len(words):
        return True  # it is echo
    called, rest = name(words[program]), words[program + 1 :]
    if known(called).shell:
        line = next((n for n, word in enumerate(rest) if SHELL_C.fullmatch(word)), None)
        line = None if line is None else first_operand(rest, line + 1)
        return line is not None and line < len(rest) and inner and not any(mark in rest[line] for mark in marks)
    return not any(mark in words[program] for mark in marks if mark) and (
        (takes_data(called, list(rest)) and known(called).takes_more) or is_own(words[program])
    )


def _script(words: Sequence[str], shell: int, *, inner: bool) -> bool:
    """Whether a shell runs a script file, or a script all of whose commands treat their input as data."""
    number = shell + 1
    while number < len(words) and words[number][:1] in ("-", "+"):
        if SHELL_C.fullmatch(words[number]):
            line = first_operand(words, number + 1 + (words[number][-1:] == "o"))
            return inner and line < len(words) and bool(words[line])
        if re.fullmatch(r"[-+][A-Za-z]*[si][A-Za-z]*|-|--interactive", words[number]):
            return False
        number = first_operand(words, number) if words[number] == "--" else number + 1
        if OPTION_WITH_ARGUMENT.fullmatch(words[number - 1]):
            number += 1
    return number < len(words) and is_file(words[number])
