"""Finds the arguments that interpreters other than shells read as code."""

from collections.abc import Iterator, Sequence
from itertools import islice

from orchestrator.expressions.shell.facts import Code
from orchestrator.expressions.shell.names import known, name

#: The place of such code.
CODE = "in code for another program"

#: How many words of a command are tried as an interpreter's name; all words after these count as code.
_MAX_STARTS = 8


def code_words(words: Sequence[str], *, far: bool) -> Iterator[int]:
    """The numbers of the words that are code for one of these programs. ``far``: any of the words may be its name."""
    starts = ((start, how) for start, word in enumerate(words if far else words[:1]) if (how := known(name(word)).code))
    for start, how in islice(starts, _MAX_STARTS):
        yield from _of(words, start + 1, how)
    for start, _ in islice(starts, 1):
        yield from range(start + 1, len(words))


def _of(words: Sequence[str], number: int, how: Code) -> Iterator[int]:
    """The numbers of the words from ``number`` on that are code for a program that reads it in this way."""
    operands, given = 0, False
    while number < len(words):
        word = words[number]
        if how.option.fullmatch(word):
            given = True
            number += 1
            yield number
        elif how.here.fullmatch(word):
            given = True
            yield number
        elif how.takes.fullmatch(word):
            given = given or word[-1:] == "f"
            number += 1
        elif word == "--" or not word.startswith("-"):
            operands += word != "--"
            if operands == how.operand and not given and word != "--":
                yield number
            if operands > how.operand or (operands and how.operand == 0):
                return
        number += 1
