"""Here-documents: ``<<EOF`` and what follows the line in which it stands."""

import re

from orchestrator.definition.shell.frames import Frame, HereDocument
from orchestrator.definition.shell.reader import HOLE, Reader

_DELIMITER = re.compile(r"""[ \t]*((?:'[^'\n]*'|"[^"\\`$\n]*"|\\[^\n\0]|[^\s'"\\`$;&|<>()\0])+)""")

#: A backslash and quotes in one word: too odd to be told what it stands for.
_ODD = re.compile(r"""['"].*\\|\\.*['"]""")


def announced(reader: Reader, frame: Frame) -> None:
    """``<<`` and its word."""
    reader.at += 2
    tabs = reader.ahead(0) == "-"
    match = _DELIMITER.match(reader.script, reader.at + tabs)
    following = reader.script[match.end() : match.end() + 1] if match else HOLE
    if match is None or (following and following in f"{HOLE}$`\\'\"") or _ODD.search(match[1]):
        return reader.lose("a here-document without a plain word for its end")
    bare = re.sub(r"\\(.)|['\"]", r"\1", match[1])
    frame.pending.append(HereDocument(bare, tabs, bare != match[1]))
    reader.at = match.end()
    return None


def body(reader: Reader, document: HereDocument) -> None:
    """Pass over a here-document, to the line that ends it."""
    continued = False
    while reader.at < len(reader.script) and not reader.lost:
        end = reader.script.find("\n", reader.at)
        end = len(reader.script) if end < 0 else end
        line = reader.script[reader.at : end]
        if not continued and (line.lstrip("\t") if document.tabs else line) == document.end:
            reader.at = end + 1
            return
        reader.refuse_up_to(end, "in a here-document", literal=document.literal)
        reader.at = end + 1
        if not document.literal:
            continued = (len(line) - len(line.rstrip("\\"))) % 2 == 1
            if _open_expansion(line):
                reader.lose("a here-document with an expansion of several lines")


def _open_expansion(line: str) -> bool:
    """Whether a line of a here-document may open a $(…), ${…} or `…` that it does not close."""
    return (
        ("$(" in line and line.count("(") != line.count(")"))
        or ("${" in line and line.count("{") != line.count("}"))
        or line.count("`") % 2 == 1
    )
