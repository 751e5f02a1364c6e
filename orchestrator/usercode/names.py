"""What the modules of a folder are called, and of which folder a name tells. Pure."""

import re

#: Where all users' modules are.
AROUND = "orchestrator.usercode"

#: A folder as one part of a module's name: letters and digits as they are, each other byte as ``_`` and two hex digits;
#: then, for a room that is forgotten after use, ``__`` and a number.
_TOKEN = re.compile(r"(?P<folder>_2f(?:[A-Za-z0-9]|_[0-9a-f]{2})*)(?:__[0-9]+)?")

_OURS = re.compile(rf"{re.escape(AROUND)}\.{_TOKEN.pattern}\.")


def token(folder: str, number: int | None = None) -> str:
    """The part of the names that stands for ``folder``, an absolute path."""
    said = "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"_{byte:02x}"
        for byte in folder.encode("utf-8", "surrogateescape")
    )
    return said if number is None else f"{said}__{number}"


def folder_of(said: str) -> str | None:
    """The folder that a token stands for; None if it is none."""
    match = _TOKEN.fullmatch(said)
    if match is None:
        return None
    text = re.sub("_(..)", lambda found: chr(int(found[1], 16)), match["folder"])
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def package_of(module: str) -> str | None:
    """The package of the folder in which a module lies, by its name; None if it is no user's."""
    match = _OURS.match(f"{module}.")
    return match[0][:-1] if match else None


def plain(text: str) -> str:
    """A text in which users' modules are called as users call them."""
    return _OURS.sub("", text)
