"""Records the places of values and variables in a script, and what the shell does with each of them."""

from orchestrator.expressions.shell.flow import ANY, EVALUATES
from orchestrator.expressions.shell.lines import UNKNOWN
from orchestrator.expressions.shell.parts import WORDY, Kind
from orchestrator.expressions.shell.quoting import ARITHMETIC, OUTPUTS, PARAM, UNNAMED, Place, Quoting
from orchestrator.expressions.shell.reader import Reader

_REFUSED = {
    Kind.ANSI: "inside $'…'",
    Kind.BRACES: "inside ${…}",
    Kind.TEST: "inside [[ … ]], where bash reads numbers as code (write [ … ])",
}
_QUOTINGS = {Kind.DOUBLE: Quoting.DOUBLE, Kind.SINGLE: Quoting.SINGLE, Kind.ARITHMETIC: Quoting.NUMBER}


def hole(reader: Reader) -> None:
    """Record the hole here."""
    around = reader.stack[reader.innermost_index :]
    refused = [_REFUSED[frame.kind] for frame in around if frame.kind in _REFUSED]
    reason = refused[-1] if refused else _reads_code(reader)
    if reason:
        reader.refuse(reason)
    else:
        _keep(reader)
        reader.record(Place(reader.line, _QUOTINGS.get(reader.stack[-1].kind, Quoting.BARE)))
        reader.at += 1
    around[0].word.add(UNKNOWN)


def expanded(reader: Reader, name: str, where: str = "") -> None:
    """Record that the variable ``name`` is expanded here; "" if unknown. ``where``: if it is read as code."""
    around = reader.stack[reader.innermost_index :]
    if not where and any(frame.kind is Kind.ARITHMETIC for frame in around):
        where = ARITHMETIC
    where = where or _reads_code(reader) or ""
    innermost = around[0]
    if where:
        reader.flow.reads(ANY, reader.line, *([EVALUATES] if where == ARITHMETIC else []))
    elif innermost.runs(quoted=any(frame.kind is Kind.DOUBLE for frame in around)):
        reader.flow.reads(name, reader.line)
    if name.startswith(PARAM):
        _keep(reader)
    reader.record(Place(reader.line, None if where else Quoting.BARE, where, variable=name or UNNAMED))


def named(reader: Reader, name: str) -> None:
    """If the current word names the file of the step's outputs, keep that: nothing runs this file."""
    if name == OUTPUTS and reader.innermost.word.target:
        reader.innermost.word.add(OUTPUTS)


def substituted(reader: Reader) -> None:
    """Record that a ``$(…)`` begins here."""
    innermost = reader.innermost
    if innermost.in_command:
        innermost.command.made.append(len(innermost.command.words))


def _reads_code(reader: Reader) -> str | None:
    """The description of this place, if the shell or a builtin would read what is here as code."""
    printed = substituted = quoted = False
    for frame in reversed(reader.stack):
        if printed and frame.kind in (Kind.ARITHMETIC, Kind.TEST):
            return ARITHMETIC
        if frame.kind in WORDY:
            if printed and substituted and frame.runs(quoted=quoted):
                return "in what is run as a command"
            if reason := frame.reads_code:
                return reason
            printed = frame.prints or frame.word.here_string
            substituted, quoted = frame.substitution, False
        quoted = quoted or frame.kind is Kind.DOUBLE
    return None


def _keep(reader: Reader) -> None:
    """Record whether the shell keeps what is here in a variable."""
    for frame in reversed(reader.stack):
        if frame.kind is Kind.BRACES:  # ${x:=…}
            reader.flow.keep([len(reader.found)])
        if frame.kind in WORDY:
            name = ANY if frame.command.program in reader.flow.functions else frame.keeps
            if name is not None:
                reader.flow.keep([len(reader.found)], name)
