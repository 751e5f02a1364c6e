"""Which of a command's words are the names of files, and what it does with the files."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from orchestrator.expressions.shell.chain import Chain
from orchestrator.expressions.shell.facts import Arguments
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.lines import OPTION_WITH_ARGUMENT, SHELL_C, UNKNOWN
from orchestrator.expressions.shell.names import known, name, takes_data
from orchestrator.expressions.shell.options import before_operands, reads_code

#: Stands for the files whose names are not known, and for every file.
SOME, EVERY = "?", "*"

#: Before it there are at most so many characters.
_LETTERS = 8

_EXECUTABLE = re.compile(r"[ugoa]*[+=][rwst]*x[rwxst]*|[0-7]*[1357][0-7]*")


def written(frame: Frame) -> list[str]:
    """The names of the files that a command writes."""
    words = frame.command.words
    marks = [row.writes for row in frame.command.chain.rows if row.writes is not None]
    named = [name(word[len(mark) :]) for mark in marks for word in words[1:] if word.startswith(mark)]
    return [*(file_name(word) for word in frame.streams.outputs), *named]


def copied(frame: Frame) -> list[str]:
    """The names of the files in a command's words whose text may get into others, or into what the command prints."""
    words, chain = frame.command.words, frame.command.chain
    for number in chain.programs:
        row = known(name(words[number]))
        if row.copies and chain.closed:
            return [*(name(word) for word in words[number + 1 :]), *parts(words[number + 1 :])]
        if row.copies and row.writes:  # the others count as files that an unknown program reads
            return parts(words[number + 1 :])
        if row.shows and chain.closed and frame.streams.outputs:
            return [name(word) for word in words[number + 1 :] if not word.startswith("-")]
    return []


def parts(words: Sequence[str]) -> list[str]:
    """The names of the files in ``dd if=f`` and ``cp --target-directory=d``."""
    return [name(word.partition("=")[2]) for word in words if "=" in word]


def attached(words: Sequence[str]) -> list[str]:
    """What may be the name of a file after the letters of options in one word: ``-Kf``, ``-sSKf``."""
    options = [word for word in words if re.match(r"-[A-Za-z].", word)]
    return [name(word[start:]) for word in options for start in range(2, min(len(word), _LETTERS))]


def scripts(words: Sequence[str], chain: Chain) -> Iterator[str]:
    """The names of the files among a command's words that it may run or read as code."""
    if any(row.searches for row in chain.rows) and any(reads_code(name(word)) for word in words):
        yield EVERY
    if any(row.searches or row.input_words for row in chain.rows) and _runs_named(words, chain):
        yield EVERY
    yield from (name(words[number]) for number in chain.own if may_be_own(words[number]))
    if not chain.closed:
        return  # all words count as files that an unknown program reads
    last = chain.programs[-1]
    if known(name(words[last])).arguments is Arguments.FILE:
        yield from (file_name(word) for word in words[last + 1 : last + 2])
    elif reads_code(name(words[last])):
        yield from (file_name(words[number]) for number in _before_arguments(words, last))
        yield from _named(words[last:])


def _before_arguments(words: Sequence[str], program: int) -> Iterator[int]:
    """The words after an interpreter up to its file of code, except what is certainly an argument of an option."""
    row = known(name(words[program]))
    how = row.code
    if not (row.shell or row.other_shell or (how and how.file)):
        yield from before_operands(words, program)
        return
    takes, number, options = how.takes if how else OPTION_WITH_ARGUMENT, program + 1, True
    while number < len(words):
        word = words[number]
        yield number
        if options and takes.fullmatch(word):
            if not (how or re.fullmatch(r"[-+][A-Za-z]*[oO]", word)):  # as in --rcfile FILE
                yield from range(number + 1, min(number + 2, len(words)))
            number += 1
        elif options and word in ("-", "--"):
            options = False
        elif word[:1] not in (("", "-", "+", UNKNOWN) if options else ("", UNKNOWN)):
            return
        number += 1


def _named(words: Sequence[str]) -> Iterator[str]:
    """The names of the files of code that options of an interpreter name, and of those that it reads by itself."""
    how = known(name(words[0])).code
    if how is None:
        return
    yield from how.reads
    for word, following in pairwise((*words[1:], "")):
        if option := how.named.match(word):
            yield file_name(word[option.end() :] or following)


def _runs_named(words: Sequence[str], chain: Chain) -> bool:
    """Whether ``find`` or ``xargs`` runs the files whose names it finds or reads, or gives them to an interpreter."""
    marks = {"{}", *(mark for option, mark in pairwise(words) if option == "-I")}
    marks |= {word[2:] for word in words if word[:2] == "-I"}
    marks.discard("")
    if any(mark in words[number] for number in chain.own for mark in marks):
        return True
    start = next((number for number in chain.programs if _reads_file(words[number])), len(words))
    how = known(name(words[start])).code if start < len(words) else None
    for word in words[start + 1 :]:
        if SHELL_C.fullmatch(word) or (how is not None and how.option.fullmatch(word)):
            return False  # its code is an argument
        if not word.startswith("-") and not any(mark in word for mark in marks):
            return False
    return start < len(words)


def _reads_file(word: str) -> bool:
    return reads_code(name(word)) or known(name(word)).arguments is Arguments.FILE


def made_executable(words: Sequence[str], chain: Chain) -> list[str]:
    """The names of files that a command makes executable."""
    if any(row.makes_executable for row in chain.rows) and any(_EXECUTABLE.fullmatch(word) for word in words):
        return [file_name(word) for word in words[1:]]
    return []


def may_be_own(word: str) -> bool:
    """Whether a program may be a file that the script writes, and not one that is certainly found in PATH."""
    return "/" in word or not (known(word).in_path or takes_data(word, []))


def file_name(word: str) -> str:
    """The name of a file from its path; SOME if it is not known."""
    return name(word) or SOME
