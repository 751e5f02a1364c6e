"""Which of a command's words are the names of files, and what it does with the files."""

import re
from collections.abc import Sequence

from orchestrator.expressions.shell.facts import Arguments
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.inputs import unwrapped
from orchestrator.expressions.shell.names import known, name, takes_data
from orchestrator.expressions.shell.options import before_operands, reads_code

#: Stands for the files whose names are not known, and for every file.
SOME, EVERY = "?", "*"

_EXECUTABLE = re.compile(r"[ugoa]*[+=][rwst]*x[rwxst]*|[0-7]*[1357][0-7]*")


def written(frame: Frame) -> list[str]:
    """The names of the files that a command writes."""
    words = frame.command.words
    mark = known(name(words[0]) if words else "").writes
    named = [] if mark is None else [name(word[len(mark) :]) for word in words[1:] if word.startswith(mark)]
    return [*(file_name(word) for word in frame.streams.outputs), *named]


def scripts(words: Sequence[str]) -> list[str]:
    """The names of the files among a command's words that it may read as code."""
    at = unwrapped(words)
    if at is None or at >= len(words):
        return []
    row = known(name(words[at]))
    if row.arguments is Arguments.FILE:
        return [file_name(word) for word in words[at + 1 : at + 2]]
    if row.searches and any(reads_code(name(word)) for word in words):
        return [EVERY]
    return [file_name(words[number]) for number in before_operands(words, at)] if row.interprets else []


def made_executable(words: Sequence[str]) -> list[str]:
    """The names of files that a command makes executable."""
    program = known(name(words[0]) if words else "")
    if program.makes_executable and any(_EXECUTABLE.fullmatch(word) for word in words):
        return [file_name(word) for word in words[1:]]
    return []


def may_be_own(word: str) -> bool:
    """Whether a program may be a file that the script writes, and not one that is certainly found in PATH."""
    return "/" in word or not (known(word).in_path or takes_data(word, []))


def file_name(word: str) -> str:
    """The name of a file from its path; SOME if it is not known."""
    return name(word) or SOME
