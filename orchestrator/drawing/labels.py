"""The labels of boxes in Graphviz's HTML. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from orchestrator.drawing.boxes import shorten
from orchestrator.drawing.font_metrics import text_width
from orchestrator.drawing.html import bold, font, pt, table, tag
from orchestrator.drawing.palette import INK, MUTED, PAPER, Look, look
from orchestrator.drawing.picture import Box, Counts
from orchestrator.reporting.phrases import status_word

BAR = 150  # the length of a group's bar


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes in points: of a box's name and text, of the space around them. ``longest``: a name, in characters."""

    name: float
    text: float
    space: int
    longest: int


ROOMY = Sizes(12, 9.5, 6, 44)
CLOSE = Sizes(10.5, 8.5, 3, 40)


def box_label(box: Box, sizes: Sizes, width: float) -> str:
    """The table of a box, at least ``width`` points wide."""
    style = _style(box)
    rows = "".join(f"<TR>{tag('TD', row, align='LEFT')}</TR>" for row in _rows(box, style, sizes))
    marks = _marks(box, style, sizes) if box.marks else ""
    return tag(
        "TABLE",
        f"<TR>{marks}{tag('TD', table(rows, padding=1), align='LEFT')}</TR>",
        border=pt(1),
        style=f"ROUNDED,{style.border}",
        color=style.line,
        bgcolor=style.fill,
        cellborder="0",
        cellspacing="0",
        cellpadding=pt(sizes.space),
        width=pt(round(width)),
    )


def box_width(box: Box, sizes: Sizes) -> float:
    """How many points wide a box's label is by itself."""
    first, rest = _words(box)
    texts = (
        text_width(shorten(box.title, sizes.longest), sizes.name, bold=True),
        text_width(first, sizes.text, bold=True) + text_width(rest, sizes.text),
        text_width(count_words(box.counts), sizes.text),
        text_width(box.culprits, sizes.text),
    )
    marks = max((text_width(mark, sizes.text - 0.5, bold=True) + 2 * sizes.space + 5 for mark in box.marks), default=0)
    return marks + 1.01 * max(texts) + 2 * sizes.space + 7


def _style(box: Box) -> Look:
    """A group is white with a coloured border, since its bar shows the colours."""
    style = look(box.status)
    return Look(PAPER, style.line, INK, MUTED) if box.counts else style


def _rows(box: Box, style: Look, sizes: Sizes) -> Iterator[str]:
    yield font(bold(shorten(box.title, sizes.longest)), sizes.name, style.name)
    first, rest = _words(box)
    yield font(bold(first) + escape(rest) if first else escape(rest), sizes.text, style.text)
    if box.counts:
        yield _bar(box.counts)
        yield font(escape(count_words(box.counts)), sizes.text, style.text)
    if box.culprits:
        yield font(escape(box.culprits), sizes.text, style.line)


def _words(box: Box) -> tuple[str, str]:
    """The second line: the status, and what follows it."""
    rest = " · ".join(box.words)
    return ("", rest) if box.status is None or box.counts else (status_word(box.status), f" · {rest}")


def _marks(box: Box, style: Look, sizes: Sizes) -> str:
    """The step's conditions, separated by a line."""
    marks = "<BR/>".join(bold(mark) for mark in box.marks)
    return tag("TD", font(marks, sizes.text - 0.5, style.text), border=pt(1), sides="R", color=style.line)


def _bar(counts: Counts) -> str:
    """A bar with a segment for each status, never too short to be seen."""
    total = sum(number for _, number in counts)
    widths = [max(round(BAR * number / total), 3) for _, number in counts]
    cells = "".join(
        tag("TD", "", fixedsize="TRUE", width=pt(width), height=pt(7), bgcolor=look(status).line)
        for (status, _), width in zip(counts, widths, strict=True)
    )
    return table(f"<TR>{cells}</TR>", align="LEFT", fixedsize="TRUE", width=pt(sum(widths)), height=pt(7))


def count_words(counts: Counts) -> str:
    """``1,900 succeeded · 21 failed``."""
    return " · ".join(f"{number:,} {status_word(status)}" for status, number in counts)
