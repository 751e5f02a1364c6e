"""The messages about expressions whose place in a shell script is not safe: why, and what to write instead."""

import re
from collections.abc import Mapping

from orchestrator.expressions.shell.builtins import AFTER_V
from orchestrator.expressions.shell.commands import INPUT, OPTION
from orchestrator.expressions.shell.flow import EVALUATES
from orchestrator.expressions.shell.interpreters import CODE
from orchestrator.expressions.shell.lines import JOINED, MAYBE, REMOTE, SPLIT
from orchestrator.expressions.shell.quoting import ARITHMETIC, Place, Quoting
from orchestrator.expressions.shell.startup import LATER
from orchestrator.expressions.template import Code

_PARAM = re.compile(r"params\.([A-Za-z][A-Za-z0-9_]*)")

_ITSELF = "write the text itself there, and choose with 'if' or 'case'"
_CALCULATE = "write $(({{ … }})) there, which accepts only whole numbers"

#: The fix where a shell variable does not help, by how the description of the place begins.
_FIX: Mapping[str, str] = {
    REMOTE: "send the value to the standard input of the program that runs there",
    SPLIT: "pass the program and its arguments to env as separate words, without -S",
    CODE: "pass the value as a separate argument, or let it read the value from the environment",
    ARITHMETIC: _CALCULATE,
    INPUT: "pass it as an argument, or let the program read it from the environment",
    OPTION: "write '--' before it",
    LATER: _ITSELF,
    "in a name": _ITSELF,
    "in the name": _ITSELF,
}
#: The same for a command that is a list.
_FIX_IN_LIST: Mapping[str, str] = {
    JOINED: "write the command as [sh, -c, SCRIPT] or as one text, and use environment variables in it",
    MAYBE: "write out the program's name, or let it read the value from the environment",
    **_FIX,
}


def form(code: Code) -> str:
    """How an expression asks to be inserted: "raw", "words", or "" for one word."""
    from orchestrator.expressions.meaning import meaning

    return meaning(code).form


def misplaced(code: Code, place: Place, *, listed: bool = False) -> str | None:
    """Why a value cannot be used here, and the fix; None if it can. ``listed``: in a command that is a list."""
    if form(code) == "raw":
        return None
    if form(code) == "words" and place.quoting not in (Quoting.BARE, None):
        return f"{{{{ {code} }}}} in line {place.line}: 'words' produces several words, which cannot be inside quotes"
    if place.quoting is not None:
        return None
    it_is = f"{{{{ {code} }}}} is" if listed else f"{{{{ {code} }}}} in line {place.line} is"
    fix = _fix(place, _FIX_IN_LIST if listed else _FIX) or _by_variable(code, place)
    raw = f"{{{{ {code} | raw }}}}"
    return f"{it_is} {place.where}, where no quoting is safe: {fix}; or, if it is code, write {raw}"


def expanded(place: Place) -> str:
    """Why a param's variable cannot be used here, and the fix."""
    fix = _fix(place, _FIX) or f"use '…\"${place.variable}\"…' in single quotes there"
    if place.where.startswith("in a here-document"):
        fix = f'put quotes around its delimiter, and use "${place.variable}" in double quotes there'
    return f"${place.variable} in line {place.line} is {place.where}, where no quoting is safe: {fix}"


def _fix(place: Place, fixes: Mapping[str, str]) -> str:
    if place.where.endswith(EVALUATES):
        return _CALCULATE
    if "from which a shell or a program loads code" in place.where or place.where.endswith(AFTER_V):
        return _ITSELF
    return next((fix for where, fix in fixes.items() if place.where.startswith(where)), "")


def _by_variable(code: Code, place: Place) -> str:
    """The fix with a shell variable, which already has the value if it is a param's."""
    match = _PARAM.fullmatch(code)
    name = f"ORCHESTRATOR_PARAM_{match[1]}" if match else "value"
    before = "" if match else f"write value={{{{ {code} }}}} on an earlier line, and "
    if place.where.startswith(("in a here-document that is a script", "in a here-document that may be a script")):
        before = before.replace("write ", "write export ")
        return f'{before}put quotes around its delimiter, and use "${name}" in double quotes there'
    if place.where == "in a here-document":
        return f"{before}use ${name} there" + (", and remove the quotes around its delimiter" if place.literal else "")
    if place.read_again:  # in double quotes, this shell would insert the value into the other's script
        before = before.replace("write ", "write export ")
        return f"{before}use '…\"${name}\"…' in single quotes there"
    return f'{before}use "${name}" there'
