"""Finds the words of a command that are read as code by the program that gets them, such as shell scripts."""

import re
from collections.abc import Iterator, Sequence

from orchestrator.expressions.shell.facts import Joins
from orchestrator.expressions.shell.interpreters import CODE, code_words
from orchestrator.expressions.shell.names import JOINERS, known, may_be_any, name, takes_data

#: Descriptions of the places of such words. Only in a LINE can a value be quoted, and only if its program is known to
#: pass it to a shell unchanged.
LINE = "in a script for another shell"
JOINED = "in words that become a script for another shell"
MAYBE = "in what may be a script for another shell"
REMOTE = "in a script for a shell on another machine"
SPLIT = "in what env -S splits into words"

#: Stands for an expression in a word.
UNKNOWN = "\2"

SHELL_C = re.compile(r"[-+][A-Za-z]*c[A-Za-z]*|--command")
_GIVEN = re.compile(r"-[aefhlmnopqsuvxFP]*c|--(?:session-)?command")
_GIVEN_HERE = re.compile(r"(-[aefhlmnopqsuvxFP]*c|--(?:session-)?command=).+", re.DOTALL)
_OTHER_HERE = re.compile(r"(-[A-Za-z]*[cC]|--(init-)?command=).+", re.DOTALL)
_OTHER_C = re.compile(r"-[A-Za-z]*[cC]|--(init-)?command")
#: The options of a shell that are followed by a separate argument.
OPTION_WITH_ARGUMENT = re.compile(r"[-+][A-Za-z]*[oO][A-Za-z]*|--rcfile|--init-file")
_SPLIT = re.compile(r"-[0iv]*S|--split-string")
_SPLIT_HERE = re.compile(r"(-[0iv]*S|--split-string=).*", re.DOTALL)


def readings(words: Sequence[str]) -> dict[int, str]:
    """The numbers of the words that are, or may be, read as code, with a description of each place.

    A word is "" if it is not known before the command runs; within a word, UNKNOWN stands for a value.
    """
    names = [name(word) for word in words]
    far = runs_another(words)
    found = dict.fromkeys(_unknown(words, far=far), MAYBE) | _other(words, names)
    for program in JOINERS:
        number = names.index(program) if far and program in names else 0
        if names[number : number + 1] != [program]:
            continue
        if (joins := known(program).joins) is None:
            found |= _split(words, number)
        elif not joins.unless & set(words):
            found |= dict.fromkeys(_operands(words, number, joins), REMOTE if joins.remote else JOINED)
    for line in lines_of(words, names) if words and not takes_data(names[0], []) else ():
        for number in _if_it_vanishes(words, line):
            found.setdefault(number, LINE)
    if words and "--" in words and known(names[0]).remote_after & set(words):
        found |= dict.fromkeys(range(words.index("--") + 1, len(words)), REMOTE)
    return {**dict.fromkeys(code_words(words, far=far), CODE), **found}


def _if_it_vanishes(words: Sequence[str], number: int) -> Iterator[int]:
    """The number of a word, and of those that would be in its place if it and the next ones expanded to nothing."""
    yield number
    while number < len(words) and not words[number]:
        number += 1
        yield number


def runs_another(words: Sequence[str]) -> bool:
    """Whether any of a command's words may be the name of the program that it runs."""
    return bool(words) and (may_be_any(words[0]) or words[0].startswith("-") or known(name(words[0])).runs)


def lines_of(words: Sequence[str], names: Sequence[str]) -> Iterator[int]:
    """The words that are shell scripts: the last of ``[env, bash, -ec, --, LINE]`` and ``[flock, FILE, -c, LINE]``.

    If a program that passes a script to a shell gets several, as in ``su -c A -c B``, each is one.
    """
    owner = known("")
    for number, (word, program) in enumerate(zip(words, names, strict=True)):
        if owner.shell and SHELL_C.fullmatch(word):
            yield first_operand(words, number + 1 + bool(OPTION_WITH_ARGUMENT.fullmatch(word)))
            return
        if owner.gives and _GIVEN.fullmatch(word):
            yield number + 1
        elif owner.gives and _GIVEN_HERE.fullmatch(word):
            yield number
        elif (row := known(program)).shell or row.gives:
            owner = row


def first_operand(words: Sequence[str], number: int) -> int:
    """The first word from ``number`` on that is not an option of a shell."""
    while number < len(words) and words[number][:1] in ("-", "+") and words[number]:
        if words[number] in ("-", "--"):
            return number + 1
        number += 2 if OPTION_WITH_ARGUMENT.fullmatch(words[number]) else 1
    return number


def _unknown(words: Sequence[str], *, far: bool) -> Iterator[int]:
    """The words after ``-c`` of an unknown program: ``$SHELL -ec LINE``."""
    unknown = False
    for number, word in enumerate(words):
        if unknown and SHELL_C.fullmatch(word):
            yield first_operand(words, number + 1 + bool(OPTION_WITH_ARGUMENT.fullmatch(word)))
            unknown = False
            continue
        unknown = (unknown and word[:1] in ("", UNKNOWN, "-", "+")) or ((far or not number) and may_be_any(word))


def _other(words: Sequence[str], names: Sequence[str]) -> dict[int, str]:
    """All words after ``-c`` of a shell with its own quoting rules."""
    shell = next((number for number, program in enumerate(names) if known(program).other_shell), None)
    if shell is None or takes_data(names[0], []):
        return {}
    for number in range(shell + 1, len(words)):
        if _OTHER_C.fullmatch(words[number]) or _OTHER_HERE.fullmatch(words[number]):
            return dict.fromkeys(range(number, len(words)), JOINED)
    return {}


def _split(words: Sequence[str], env: int) -> dict[int, str]:
    for number in range(env + 1, len(words)):
        if _SPLIT.fullmatch(words[number]) and number + 1 < len(words):
            return {number + 1: SPLIT}
        if _SPLIT_HERE.fullmatch(words[number]):
            return {number: SPLIT}
    return {}


def _operands(words: Sequence[str], program: int, joins: Joins) -> Iterator[int]:
    """The words that a program joins to a script: without its options, and without the host of ``ssh``."""
    number = program + 1
    while number < len(words) and words[number].startswith("-"):
        number += 2 if joins.options.fullmatch(words[number]) else 1
    for operand in range(number + joins.apart, len(words)):
        if joins.until and words[operand].startswith(joins.until):
            return
        yield operand
