"""Makes foreign text safe to print: control codes are removed or shown, never executed.

Codes that only colour text or move the cursor (CSI) are removed, so that they cannot hide anything. All others are
escaped: they carry text for the terminal, its title or the clipboard, or reverse the order of characters.
"""

import json
import re
from typing import Any

#: Colours and cursor movement. In both forms of ECMA-48: ESC and a letter, or one character of 0x80 to 0x9f.
_COLOURS = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")

#: A code that may be one of these, at the end of a text that may go on in the next piece of it.
_BEGUN = re.compile(r"(?:\x1b|(?:\x1b\[|\x9b)[0-?]*[ -/]*)\Z")

#: Invisible characters with an effect, except line ends and tabs: controls; marks that reverse or hide characters
#: (unicode.org/reports/tr9, "Trojan Source"); lone surrogates, which cannot be printed.
_ACTING = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
_ACTS = re.compile(f"[{_ACTING}]")
_ACTS_IN_LOG = re.compile(f"(?![\b\r])[{_ACTING}]")

#: All codes. An unfinished one is one as well.
_CODES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # texts for the terminal: OSC…
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours and cursor movement: CSI
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # whatever else moves something; not \b, \t, \n and \r
)

#: Clears a line, or the screen.
_WIPES = re.compile(r"(?:\x1b\[|\x9b)[0-3]?[JK]")

#: The longest code whose end is awaited in the next piece.
_LONGEST = 4096


def shown(text: str) -> str:
    """``text`` as it can be printed anywhere: without colours, and whatever else acts as ``\\x1b``, ``\\u202e``."""
    return _ACTS.sub(_escaped, without_colours(text.replace("\r\n", "\n")))


def without_colours(text: str) -> str:
    """``text`` without codes for colours and cursor movement."""
    return _COLOURS.sub("", text)


def one_line(text: str) -> str:
    """``shown(text)`` on one line."""
    return " ".join(shown(text).split())


def json_shown(data: Any) -> str:
    """JSON that is safe to print: control characters are escaped, which means the same to a program."""
    return _ACTS.sub(_as_json, json.dumps(data, ensure_ascii=False, indent=2))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _as_json(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def readable(line: str) -> str:
    """What a person would have read in a line when it was finished: what was written over (``\r``, ``\b``) is not.

    "" if there is nothing to be seen.
    """
    covered = ""
    for part in reversed(line.split("\r")):
        said = _erased(_CODES.sub("", part))
        if any(one.isprintable() and not one.isspace() for one in said):
            return said.strip() if len(covered) < len(said) else ""
        if _WIPES.search(part):
            return ""
        covered = max(covered, said, key=len)  # blanks, which a progress bar is written over with
    return ""


def _erased(text: str) -> str:
    """``text`` without the characters that a backspace removed."""
    if "\b" not in text:
        return text
    left: list[str] = []
    for character in text:
        if character != "\b":
            left.append(character)
        elif left:
            left.pop()
    return "".join(left)


class Cleaner:
    """``shown`` for a log that comes in pieces, in the midst of which a code may be cut. A line may still be written
    over, as progress bars are."""

    def __init__(self) -> None:
        self._kept = ""

    def __call__(self, piece: str, last: bool = False) -> str:
        text, self._kept = self._kept + piece, ""
        begun = None if last else _BEGUN.search(text, max(0, len(text) - _LONGEST))
        if begun is not None:
            text, self._kept = text[: begun.start()], begun[0]
        return _ACTS_IN_LOG.sub(_escaped, without_colours(text))
