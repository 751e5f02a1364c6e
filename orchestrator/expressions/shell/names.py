"""Looks up what is known of a program by its name."""

import re
from functools import lru_cache
from pathlib import PurePosixPath

from orchestrator.expressions.shell.facts import Program
from orchestrator.expressions.shell.programs import PROGRAMS

_NAMED = {name: row for row in PROGRAMS for name in row.names.split()}
_FAMILIES = [row for row in PROGRAMS if row.family]
_FAMILY = re.compile("|".join(f"(?P<row{number}>{row.family})" for number, row in enumerate(_FAMILIES)))
_NOTHING = Program()

#: The programs that make another command of their words, in the order of their rows.
JOINERS = [name for name, row in _NAMED.items() if row.splits or row.joins]


def known(name: str) -> Program:
    """What is known of the program of exactly that name, such as ``python3.11``; an empty row if nothing is."""
    if row := _NAMED.get(name):
        return row
    match = _FAMILY.fullmatch(name)
    return _FAMILIES[int((match.lastgroup or "")[3:])] if match else _NOTHING


@lru_cache(maxsize=4096)  # it is asked for a dozen times for each word of a script
def name(word: str) -> str:
    """A program's name, from its path; ``.`` is one."""
    return word if word == "." else PurePosixPath(word).name


def may_be_any(word: str) -> bool:
    """Whether a word may name any program, because it is expanded or the last part of its path contains a value."""
    return not word or word.endswith("/") or any(sign in word.rpartition("/")[2] for sign in "\1\2")


def takes_data(program: str, words: list[str]) -> bool:
    """Whether a program of that name, with ``words`` as its arguments, treats everything as data."""
    row = known(program)
    return row.data and not any(row.unless.fullmatch(word) for word in words)


def is_own(word: str) -> bool:
    """Whether this is the name of a user's own program, which is responsible for what it does with its input."""
    program = name(word)
    row = known(program)
    other = row.shell or row.other_shell or row.runs or row.gives or may_be_any(word)
    script = re.search(r".\.(sh|bash|py|pl|rb|js)$", program) is not None
    return not other and (script or ("/" in word and not word.startswith("/")))
