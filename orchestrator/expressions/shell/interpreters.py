"""Interpreters other than shells: which arguments they read as code, and whether they read it from their input."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import PurePosixPath

#: The place of such code.
CODE = "in code for another program"

#: How many words of a command are tried as an interpreter's name; all words after these count as code.
_MAX_STARTS = 8

_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Reading:
    """How programs read code. ``option``: the next word is code; ``here``: the rest of this word is.

    ``takes``: the next word is an argument of the option, and data; ``operand``: which operand is code, from 1, if no
    option gave any; 0 for none. ``file``: the first operand is a file of code, and without one it is read from input.
    """

    option: re.Pattern[str]
    here: re.Pattern[str]
    takes: re.Pattern[str] = _NEVER
    operand: int = 0
    file: bool = False

    @property
    def made_for(self) -> bool:
        """Whether these programs are interpreters, and do not read code only because of an option."""
        return self.file or self.operand in (1, 2)


def _read(option: str, here: str, takes: str = "(?!)", operand: int = 0, *, file: bool = False) -> Reading:
    return Reading(re.compile(option), re.compile(here, re.DOTALL), re.compile(takes), operand, file)


_TAR = r"--(use-compress-program|to-command|checkpoint-action|rmt-command|rsh-command)"
_GIT = (
    r"(?i)(-c)?(alias\.|core\.(sshcommand|editor|pager|hookspath|fsmonitor)|credential\.|diff\.|filter\.).+|--exec=.+"
)
_DASH_E = (r"-[A-Za-z0-9]*[eE]", r"-[A-Za-z0-9]*[eE].+")
_READINGS = (
    (r"(python|pypy)[0-9.]*", _read(r"-[A-Za-z]*c", r"-[A-Za-z]*c.+", r"-[WX]|-[A-Za-z]*m", file=True)),
    (r"perl[0-9.]*", _read(_DASH_E[0], rf"{_DASH_E[1]}|-[Mm].+", r"-I", file=True)),
    (r"(ruby|lua|julia|groovy|scala|elixir|osascript)[0-9.]*|Rscript", _read(*_DASH_E, r"-[ICr]", file=True)),
    (r"node(js)?|bun|deno", _read(r"-[pe]+|--(eval|print)|eval", r"--(eval|print)=.+", r"-[rC]|--require", file=True)),
    (r"php[0-9.]*", _read(r"-[rBRE]", r"-[rBRE].+", r"-[cdfz]", file=True)),
    (r"expect|tclsh[0-9.]*|wish", _read(r"-c", r"-c.+", file=True)),
    (r"[gmn]?awk|busybox-awk", _read(r"-e|--source", r"-e.+|--source=.+", r"-[vFf]|--(assign|file)", 1)),
    (r"g?sed", _read(r"-[a-zA-Z]*e|--expression", r"-[a-zA-Z]*e.+|--expression=.+", r"-[a-zA-Z]*[fl]", 1)),
    (r"sqlite3?", _read(r"-cmd", r"(?!)", r"-(separator|newline|init)", 2, file=True)),
    (r"psql", _read(r"-c|--command", r"-c.+|--command=.+", r"-[dfhpUvoLFPRT]", file=True)),
    (r"mysql|mariadb", _read(r"-[a-zA-Z]*e|--execute", r"-e.+|--execute=.+", r"-[hPuD]", file=True)),
    (r"gcloud", _read(r"--command", r"--command=.+", operand=99)),
    (r"g?make", _read(r"--eval|-E", r"--eval=.+", r"-[Cfj]", file=True)),
    (r"n?vim?|emacs", _read(r"-c|--cmd|--eval|-S", r"--eval=.+|\+.+", operand=99)),
    (r"git", _read(r"--exec|-x|--upload-pack|--receive-pack", _GIT, operand=99)),
    (r"g?tar|bsdtar", _read(rf"-I|{_TAR}", rf"({_TAR})=.+", operand=99)),
    (r"rsync", _read(r"-[a-zA-Z]*e|--rsh|--rsync-path", r"--(rsh|rsync-path)=.+", operand=99)),
    (r"ssh|scp|sftp", _read(r"(?!)", r"(-o)?\s*(Proxy|Local|KnownHosts)Command[ =].*", operand=99)),
    (r"g?sort", _read(r"--compress-program", r"--compress-program=.+", operand=99)),
    (r"vagrant", _read(r"-c|--command", r"--command=.+", operand=99)),
    (r"xterm|man", _read(r"-e|-P|--pager", r"--pager=.+", operand=99)),
    (r"dc|bc|ed|ex|gdb|m4", _read(r"-e|-ex|-c|--expression", r"-e.+|--expression=.+", file=True)),
)


def reading(program: str) -> Reading | None:
    """How the program of that name or path reads code; None if it is not known to."""
    return _named(PurePosixPath(program).name[:64])


@lru_cache(maxsize=4096)
def _named(name: str) -> Reading | None:
    return next((found for names, found in _READINGS if re.fullmatch(names, name)), None)


def code_words(words: Sequence[str], *, far: bool) -> Iterator[int]:
    """The numbers of the words that are code for one of these programs. ``far``: any of the words may be its name."""
    starts = ((start, how) for start, word in enumerate(words if far else words[:1]) if (how := reading(word)))
    for start, how in islice(starts, _MAX_STARTS):
        yield from _of(words, start + 1, how)
    for start, _ in islice(starts, 1):
        yield from range(start + 1, len(words))


def _of(words: Sequence[str], number: int, how: Reading) -> Iterator[int]:
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
