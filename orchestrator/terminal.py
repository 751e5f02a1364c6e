"""Text that programs wrote for a terminal, made fit to be read: without escape codes, and as it stood at last."""

import re

#: ECMA-48, in both of its forms (ESC and a letter, or one character of 0x80 to 0x9f). An unfinished one is one as well.
_CODES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # texts for the terminal: OSC…
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, and where to write: CSI
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f]"  # whatever else moves something; not \b, \t, \n and \r
)

#: An escape code at the end of a text that may go on in the next piece of it.
_BEGUN = re.compile(
    r"(?:(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*\x1b?|(?:\x1b\[|\x9b)[0-?]*[ -/]*|\x1b[ -/]*)\Z"
)

#: Clears a line, or the screen.
_WIPES = re.compile(r"(?:\x1b\[|\x9b)[0-3]?[JK]")

#: The longest code that is waited for.
_LONGEST = 4096


def without_codes(text: str) -> str:
    """``text`` without escape codes and control characters, but for tabs and the ends and beginnings of lines."""
    return _CODES.sub("", text)


def one_line(text: str) -> str:
    """``text`` as it fits into a line among others: its lines joined, without escape codes."""
    return " ".join(without_codes(text).split())


def readable(line: str) -> str:
    """What a person would have read in a line when it was finished: what was written over (``\r``, ``\b``) is not.

    "" if there is nothing to be seen.
    """
    covered = ""
    for part in reversed(line.split("\r")):
        said = _erased(without_codes(part))
        if any(letter.isprintable() and not letter.isspace() for letter in said):
            return said.strip() if len(covered) < len(said) else ""
        if _WIPES.search(part):
            return ""
        covered = max(covered, said, key=len)  # blanks, which a progress bar is written over with
    return ""


def _erased(text: str) -> str:
    """``text`` without the letters that a backspace took back."""
    if "\b" not in text:
        return text
    left: list[str] = []
    for letter in text:
        if letter != "\b":
            left.append(letter)
        elif left:
            left.pop()
    return "".join(left)


class Cleaner:
    """Takes escape codes out of text that comes in pieces, in the midst of which a code may be cut."""

    def __init__(self) -> None:
        self._kept = ""

    def __call__(self, piece: str) -> str:
        text, self._kept = self._kept + piece, ""
        begun = _BEGUN.search(text, max(0, len(text) - _LONGEST))
        if begun is not None:
            text, self._kept = text[: begun.start()], begun[0]
        return without_codes(text)
