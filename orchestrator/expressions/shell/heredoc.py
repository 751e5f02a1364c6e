"""Reads here-documents: ``<<EOF`` and, after the end of its line, the body."""

import re

from orchestrator.expressions.shell import holes, inner
from orchestrator.expressions.shell.frames import Frame
from orchestrator.expressions.shell.parts import HereDocument, Kind
from orchestrator.expressions.shell.quoting import HOLE, Place, Quoting
from orchestrator.expressions.shell.reader import Reader

_DELIMITER = re.compile(r"""[ \t]*((?:'[^'\n]*'|"[^"\\`$\n]*"|\\[^\n\0]|[^\s'"\\`$;&|<>()\0])+)""")

_EXPANSION = re.compile(r"(?:^|[^\\])(?:\\\\)*(?:\$\{?([A-Za-z_]\w*|[0-9@*])|`)")

#: What may run a command in a line of a here-document, or evaluate arithmetic.
_RUNS = re.compile(r"`|\$[({]")

#: A backslash and quotes in one word: too unusual to interpret.
_ODD = re.compile(r"""['"].*\\|\\.*['"]""")


def announced(reader: Reader, frame: Frame) -> None:
    """Read ``<<`` and the delimiter."""
    reader.at += 2
    tabs = reader.ahead(0) == "-"
    match = _DELIMITER.match(reader.script, reader.at + tabs)
    following = reader.script[match.end() : match.end() + 1] if match else HOLE
    if match is None or (following and following in f"{HOLE}$`\\'\"") or _ODD.search(match[1]):
        return reader.lose("a here-document whose delimiter is not a plain word")
    bare = re.sub(r"\\(.)|['\"]", r"\1", match[1])
    document = HereDocument(bare, tabs, bare != match[1])
    document.nested = len(reader.stack) > 1 or bool(frame.pipeline.opened or reader.flow.printed)
    frame.pending.append(document)
    frame.streams.documents.append(document)
    reader.at = match.end()
    return None


def body(reader: Reader, document: HereDocument) -> None:
    """Skip a here-document, up to the line that ends it."""
    continued = False
    while reader.at < len(reader.script) and not reader.lost:
        end = reader.script.find("\n", reader.at)
        end = len(reader.script) if end < 0 else end
        line = reader.script[reader.at : end]
        if not continued and (line.lstrip("\t") if document.tabs else line) == document.end:
            reader.at = end + 1
            return
        if not document.literal:
            _expanded(reader, document, line)
            if _RUNS.search(line) and not _open_expansion(line):
                inner.runs(reader, reader.within(line, Kind.DOCUMENT), apart=True)
            _written(reader, document, line)
        reader.refuse_up_to(end, document.code or "in a here-document", literal=document.literal)
        reader.at = end + 1
        if not document.literal:
            continued = (len(line) - len(line.rstrip("\\"))) % 2 == 1
            if _open_expansion(line):
                reader.lose("a here-document with an expansion that spans several lines")


def _expanded(reader: Reader, document: HereDocument, line: str) -> None:
    """Record the variables in a line of a here-document that is read as code."""
    for found in _EXPANSION.finditer(line) if document.code else ():
        holes.expanded(reader, found[1] or "", document.code)


def _written(reader: Reader, document: HereDocument, line: str) -> None:
    """Record the variables in a line of a here-document that may get into files."""
    variables = (
        {found[1] for found in _EXPANSION.finditer(line) if found[1]} if document.outputs or document.nested else ()
    )
    for variable in variables:
        for output in document.outputs:
            reader.flow.written.setdefault(output, []).append(range(len(reader.found), len(reader.found) + 1))
        reader.found.append(Place(reader.line, Quoting.BARE, variable=variable))


def _open_expansion(line: str) -> bool:
    """Whether a line of a here-document may open a $(…), ${…} or `…` that it does not close."""
    return (
        ("$(" in line and line.count("(") != line.count(")"))
        or ("${" in line and line.count("{") != line.count("}"))
        or line.count("`") % 2 == 1
    )
