"""How values, places and suggestions are put into words in error messages. It decides nothing about what is wrong."""

from collections.abc import Iterable

Path = tuple[str | int, ...]

#: How many names are listed one by one.
_LISTED = 40


def shown(value: object) -> str:
    """What came, in a reader's words and never long: ``'text'``, ``the number 5``, ``a list``."""
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
    """Text in quotes, on one line, cut where it is long."""
    return f"'{_short(text)}'"


def _short(text: str) -> str:
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def listed(names: Iterable[str], last: str = "or") -> str:
    """``a, b or c``; of very many ``a, b or 1,180 more``."""
    *most, final = names
    if len(most) >= _LISTED:
        most, final = most[:_LISTED], f"{len(most) - _LISTED + 1:,} more"
    return f"{', '.join(most)} {last} {final}" if most else final


def place(path: Path) -> str:
    """A path in a graph's document as a reader would say it: ``step 'report': after``."""
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
