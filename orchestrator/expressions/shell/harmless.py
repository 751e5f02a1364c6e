"""Tells whether an interpreter already has code, so that it does not run its input."""

import re
from collections.abc import Sequence
from itertools import pairwise

from orchestrator.expressions.shell.facts import Code
from orchestrator.expressions.shell.lines import UNKNOWN

_ADDRESS = r"(?:[0-9]+|\$|/(?:[^/\\\2]|\\.)*/)"
_TEXT = r"(?:(?!\1)[^\\\n]|\\.)*"
_SED_COMMAND = (
    rf"(?:{_ADDRESS}(?:,{_ADDRESS})?)?\s*!?\s*"
    rf"(?:[pdqDPnNgGhHx=l]|s([|/,#:@]){_TEXT}\1{_TEXT}\1[gpiI0-9]*|y/[^/]*/[^/]*/)?"
)
#: What ``sed`` may do with what it reads: not run it (``e``), and not write it where it is run (``w``).
_SED = re.compile(_SED_COMMAND)
_AWK = re.compile(r"(?:[^|sg@\2]|\|\||s(?!ystem)|g(?!etline)|@(?!load|include))*", re.DOTALL)


def is_file(word: str) -> bool:
    """Whether a word certainly names an existing file, and not the command's input."""
    return bool(word) and UNKNOWN not in word and not re.match(r"-|/dev/|/proc/", word)


def has_code(words: Sequence[str], how: Code) -> bool:
    """Whether an interpreter with the arguments ``words`` already has its code, so that its input is data."""
    if how.language == "sed":
        return _sed_has_code(words)
    if how.language == "awk":
        return _awk_has_code(words)
    if not how.file or how.always_input:
        return False
    for number, word in enumerate(words):
        if word == "-m" and how.modules:
            return any(words[number + 1 : number + 2]) and words[number + 1].partition(".")[0] not in how.modules
        if how.option.fullmatch(word):
            return number + 1 < len(words) and bool(words[number + 1])
        if re.fullmatch(r"-[A-Za-z]*i[A-Za-z]*|--interactive|-d.*", word):
            return False
        if not word.startswith("-"):
            return is_file(word)
    return False


def _sed_has_code(words: Sequence[str]) -> bool:
    scripts = [word for before, word in pairwise(words) if re.fullmatch(r"-[nErsuz]*e|--expression", before)]
    if not scripts:
        options = r"-[nErsuz]+|--(quiet|silent|regexp-extended)"
        scripts = [word for word in words if not re.fullmatch(options, word)][:1]
    return bool(scripts) and all(word and _is_sed(word) for word in scripts)


def _awk_has_code(words: Sequence[str]) -> bool:
    apart = ("-F", "-v")
    pairs = pairwise(["", *words])
    scripts = [word for before, word in pairs if before not in apart and word[:2] not in apart]
    return bool(scripts) and all(word and _AWK.fullmatch(word) for word in scripts)


def _is_sed(script: str) -> bool:
    """Whether none of the commands of a ``sed`` script can run a program."""
    at = 0
    while at < len(script):
        match = _SED.match(script, at)
        at = match.end() if match else at
        if at < len(script) and script[at] not in ";\n ":
            return False
        at += 1
    return True
