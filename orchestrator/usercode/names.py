"""The names of users' modules in ``sys.modules``, and the folders that such names contain. Pure."""

import re

#: The package of all users' modules.
AROUND = "orchestrator.usercode"

#: A folder as one part of a module's name: letters and digits as they are, each other byte as ``_`` and two hex digits;
#: for a temporary namespace, followed by ``__`` and a number.
_TOKEN = re.compile(r"(?P<folder>_2f(?:[A-Za-z0-9]|_[0-9a-f]{2})*)(?:__[0-9]+)?")

_OURS = re.compile(rf"{re.escape(AROUND)}\.{_TOKEN.pattern}\.")


def token(folder: str, number: int | None = None) -> str:
    """The part of a module's name that stands for ``folder``, an absolute path."""
    said = "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"_{byte:02x}"
        for byte in folder.encode("utf-8", "surrogateescape")
    )
    return said if number is None else f"{said}__{number}"


def folder_of(said: str) -> str | None:
    """The folder that a token stands for; None if ``said`` is not a token."""
    match = _TOKEN.fullmatch(said)
    if match is None:
        return None
    text = re.sub("_(..)", lambda found: chr(int(found[1], 16)), match["folder"])
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def package_of(module: str) -> str | None:
    """The package of a users' module's folder, from the module's full name; None for any other module."""
    match = _OURS.match(f"{module}.")
    return match[0][:-1] if match else None


def plain(text: str) -> str:
    """``text`` with users' modules by their plain names."""
    return _OURS.sub("", text)
