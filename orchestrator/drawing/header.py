"""The header of a picture in Graphviz's HTML: title, run, legend and notes. Pure."""

from html import escape

from orchestrator.drawing.font_metrics import text_width
from orchestrator.drawing.html import bold, font, pt, table, tag, whole
from orchestrator.drawing.palette import INK, MUTED, PAPER, Look, look
from orchestrator.drawing.picture import Counts, Picture
from orchestrator.reporting.phrases import status_word


def header(picture: Picture, scale: float) -> str:
    """Title, run, legend and notes, ``scale`` times the usual size."""
    rows = [font(bold(picture.title), 20 * scale, INK)]
    if picture.subtitle:
        rows.append(font(escape(picture.subtitle), 12 * scale, MUTED))
    if picture.legend:
        rows.append(_legend(picture.legend, scale))
    rows += [font(escape(note), 9.5 * scale, MUTED) for note in picture.notes]
    lines = (tag("TD", row, align="LEFT", cellpadding=pt(round(3 * scale))) for row in rows)
    space = tag("TD", "", height=pt(round(12 * scale)))
    return table("".join(f"<TR>{line}</TR>" for line in (*lines, space)))


def _legend(counts: Counts, scale: float) -> str:
    """A coloured chip for each status, with its name and number. Of fixed size, or the header would stretch it."""
    cells, size, gap = "", 10.5 * scale, 14 * scale
    width, height = 0.0, 16 * scale
    for status, number in counts:
        style, words = look(status), f"{status_word(status)} {number:,}"
        ink = style.line if style.text == PAPER else style.text
        room = text_width(words, size) + gap
        cells += f"<TD>{table(f'<TR>{_chip(style, scale)}</TR>')}</TD>{tag('TD', '', width=pt(round(6 * scale)))}"
        cells += tag(
            "TD", font(words, size, ink), align="LEFT", fixedsize="TRUE", width=whole(room), height=whole(height)
        )
        width += round(18 * scale) + round(6 * scale) + room + 1
    return table(f"<TR>{cells}</TR>", align="LEFT", fixedsize="TRUE", width=whole(width), height=whole(height))


def _chip(style: Look, scale: float) -> str:
    return tag(
        "TD",
        "",
        border=pt(1),
        style=f"ROUNDED,{style.border}",
        color=style.line,
        bgcolor=style.fill,
        fixedsize="TRUE",
        width=pt(round(18 * scale)),
        height=pt(round(11 * scale)),
    )
