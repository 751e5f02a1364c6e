"""Text for people: how long it may be, and how values, places, lists and suggestions are written in messages."""

from collections.abc import Iterable
from datetime import UTC, datetime
from difflib import get_close_matches

#: How many characters of an error are stored with a step's state, or shown.
MAX_ERROR = 10_000

Path = tuple[str | int, ...]

#: How many names are listed one by one.
_LISTED = 40

#: A suggestion for every one of thousands of wrong names would take minutes: the first ones are enough to see why.
_COMPARISONS = 200_000


def cut(text: str, most: int = MAX_ERROR) -> str:
    """``text``, shortened to what is stored; an ellipsis then shows that there was more.

    A lone surrogate, which UTF-8 cannot encode, becomes a replacement character.
    """
    text = text if len(text) <= most else f"{text[:most]}…"
    return (
        text
        if text.isascii() or not has_halves(text)
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def has_halves(text: str) -> bool:
    """Whether ``text`` contains a lone surrogate, which UTF-8 cannot encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def said(error: BaseException, most: int = MAX_ERROR) -> str:
    """An error's text, cut. If a user's error raises when it is converted to text, the result says so."""
    try:
        text = str.__str__(str(error))
    except BaseException as broken:  # noqa: BLE001 - the text of a user's error is made by the user's code
        return f"its text cannot be shown: {type(broken).__name__}"
    return cut(text, most)


def told(error: BaseException, most: int = MAX_ERROR) -> str:
    """``ValueError: no such day``: an error's class, and its text if it has one."""
    text = said(error, most)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def shown(value: object) -> str:
    """A value as a short phrase: ``'text'``, ``the number 5``, ``a list``."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 2**63:
            return "a number of more than 64 bits"
        case int() | float():
            return f"the number {value}"
        case str():
            return quoted(value)
        case list() | tuple() | set() | frozenset():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return f"a Python {type(value).__name__}"


def quoted(text: str) -> str:
    """Text in quotes, on one line, cut if it is long."""
    return f"'{_short(text)}'"


def _short(text: str) -> str:
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def listed(names: Iterable[str], last: str = "or") -> str:
    """``a, b or c``; if there are very many, ``a, b or 1,180 more``."""
    *most, final = names
    if len(most) >= _LISTED:
        most, final = most[:_LISTED], f"{len(most) - _LISTED + 1:,} more"
    return f"{', '.join(most)} {last} {final}" if most else final


def place(path: Path) -> str:
    """A path in a graph's document as people would write it: ``step 'report': after``."""
    match path:
        case ("steps", str(name), *rest):
            head = f"step {quoted(name)}"
        case ("params", str(name), *rest):
            head = f"param {quoted(name)}"
        case ("defaults", *rest):
            head = "defaults"
        case _:
            head, rest = "", list(path)
    if len(rest) > 1 and rest[0] in ("after", "next"):
        rest = rest[:1]  # the message names the step that is meant
    tail = "".join(f"[{part}]" if isinstance(part, int) else f".{_short(part)}" for part in rest).lstrip(".")
    return ": ".join(part for part in (head, tail) if part)


class Suggestions:
    """Suggests ``(did you mean 'x'?)``, until so many names have been compared that it would become slow.

    It never suggests the word that was written.
    """

    def __init__(self) -> None:
        self._left = _COMPARISONS

    def __call__(self, name: object, known: Iterable[str]) -> str:
        names = list(known)
        if not isinstance(name, str) or len(name) > 100 or self._left < len(names):
            return ""
        self._left -= len(names)
        others = [other for other in names if other != name]
        close = get_close_matches(name, others, n=1) or [other for other in others if other.lower() == name.lower()]
        return f" (did you mean '{close[0]}'?)" if close else ""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``; "" if no known name is similar."""
    return Suggestions()(name, known)


def span(seconds: float) -> str:
    """A length of time as in a graph file: ``90s``, ``45m``, ``2h``, ``3d``."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("m", 60.0)):
        if seconds and not seconds % length:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:g}s"


def iso(at: float) -> str:
    """A time, in seconds since the epoch, as RFC 3339 in UTC: ``2026-01-31T06:00:00.000Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(seconds: float) -> str:
    """Two units at most: ``0.4 s``, ``12 s``, ``3 m 12 s``, ``2 h 05 m``, ``4 d 3 h``."""
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} m"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"
