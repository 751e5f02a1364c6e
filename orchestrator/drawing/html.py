"""Graphviz's HTML for labels: tables and text. Pure."""

from html import escape
from math import ceil

#: Graphviz places characters on a grid of 1/96 inch. Everything is laid out this much larger and then drawn this much
#: smaller, so that characters are spaced evenly.
SCALE = 2


def pt(points: float) -> str:
    """A length in points, scaled for Graphviz."""
    return f"{points * SCALE:g}"


def whole(points: float) -> str:
    """A length for an attribute that must be a whole number."""
    return str(ceil(points * SCALE))


def font(html: str, size: float, colour: str) -> str:
    """A piece of text."""
    return tag("FONT", html, point_size=pt(size), color=colour)


def bold(text: str) -> str:
    """Plain text, in bold."""
    return f"<B>{escape(text)}</B>"


def table(rows: str, padding: float = 0, **attributes: str) -> str:
    """An invisible table with these rows."""
    return tag("TABLE", rows, border="0", cellborder="0", cellspacing="0", cellpadding=pt(padding), **attributes)


def tag(name: str, content: str, **attributes: str) -> str:
    """An element: ``point_size="12"`` becomes ``POINT-SIZE="12"``."""
    written = "".join(f' {key.upper().replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"
