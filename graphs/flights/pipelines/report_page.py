"""The report as a page: numbers in, HTML with inline SVG out; it reads and writes nothing."""

from calendar import month_name
from html import escape
from typing import Any

Row = dict[str, Any]
Bar = tuple[str, float, str]

WIDTH = 500  # of a chart, in the units of its drawing
TOP = 8  # destinations that are drawn
FEW = 30  # flights: carriers with fewer are in the table, not in the chart

STYLE = """
:root { --ink: #1c2733; --soft: #647382; --line: #e1e6eb; --page: #f4f6f8 }
:root { --late: #e0603f; --early: #2a9d8f; --plain: #3f72af }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif }
main { max-width: 1120px; margin: 0 auto; padding: 36px 24px 48px }
h1 { margin: 0; font-size: 28px; letter-spacing: -.4px }
h2 { margin: 0; font-size: 16px }
p { margin: 2px 0 14px; color: var(--soft) }
section { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 18px 22px }
.tiles, .charts { display: grid; gap: 18px; margin-bottom: 18px }
.tiles { grid-template-columns: repeat(4, 1fr) }
.charts { grid-template-columns: 1fr 1fr }
.column { display: grid; gap: 18px; align-content: space-between }
.tiles b { display: block; font-size: 26px; line-height: 1.25 }
.tiles span { color: var(--soft) }
svg { display: block; width: 100% }
svg text { font-size: 12.5px; fill: var(--ink) }
svg .value { fill: var(--soft) }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 6px 8px; text-align: right; border-bottom: 1px solid var(--line) }
tr:last-child td { border: 0 }
th { color: var(--soft); font-weight: 500 }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left }
@media (max-width: 800px) { .charts { grid-template-columns: 1fr } .tiles { grid-template-columns: 1fr 1fr } }
"""


def chart(bars: list[Bar], step: int, above: str, below: str = "") -> str:
    """Horizontal bars of (label, value, text), one every `step`; in two colours, above zero and below."""
    left = 14 + 6.7 * max((len(label) for label, _, _ in bars), default=0)
    values = [0.0, *(value for _, value, _ in bars)]
    scale = (WIDTH - left - 64) / (max(values) - min(values) or 1)
    zero = left - min(values) * scale
    drawn, thick = [], step - 9
    for place, (label, value, text) in enumerate(bars):
        middle, width = (place + 0.5) * step, abs(value) * scale
        start = zero if value >= 0 else zero - width
        drawn.append(
            f'<text x="{left - 10:.1f}" y="{middle + 4.5:.1f}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="{start:.1f}" y="{middle - thick / 2:.1f}" width="{width:.1f}" height="{thick}" rx="2"'
            f' fill="var(--{above if value >= 0 else below})"/>'
            f'<text class="value" x="{start + width + 7:.1f}" y="{middle + 4.5:.1f}">{escape(text)}</text>'
        )
    height = step * len(bars)
    axis = f'<line x1="{zero:.1f}" x2="{zero:.1f}" y2="{height}" stroke="var(--soft)" stroke-width=".6"/>'
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(drawn)}{axis}</svg>'


def delay_chart(rows: list[Row], label: str, step: int) -> str:
    bars = [(row[label], row["mean_arr_delay"], f"{row['mean_arr_delay']:+.2f}") for row in rows]
    return chart(bars, step, above="late", below="early")


def years(mean: float | None) -> str:
    return "unknown" if mean is None else f"{mean:.2f}"


def table(rows: list[Row]) -> str:
    heads = ("", "Carrier", "Flights", "Departure", "Arrival", "Late", "Planes", "Age unknown", "Mean age")
    lines = "".join(
        f"<tr><td>{escape(row['carrier'])}</td><td>{escape(row['name'])}</td><td>{row['flights']:,}</td>"
        f"<td>{row['mean_dep_delay']:+.2f}</td><td>{row['mean_arr_delay']:+.2f}</td>"
        f"<td>{row['late_percent']:.1f} %</td><td>{row['planes']}</td><td>{row['unknown_planes']}</td>"
        f"<td>{years(row['mean_age'])}</td></tr>"
        for row in rows
    )
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{lines}</table>"


def card(title: str, explanation: str, content: str) -> str:
    return f"<section><h2>{title}</h2><p>{explanation}</p>{content}</section>"


def charts(scorecard: list[Row], visibility: list[Row], destinations: list[Row]) -> str:
    """Carriers on the left, visibility over destinations on the right; the steps make both sides as high."""
    common = [row for row in scorecard if row["flights"] >= FEW]
    carriers = card(
        "Delay by carrier",
        f"Mean minutes late at arrival; carriers with {FEW} flights or more",
        delay_chart(common, "name", step=32),
    )
    seen = card(
        "Delay by visibility",
        "Mean minutes late at arrival, by the view at departure",
        delay_chart(visibility, "visibility", step=25),
    )
    top = [(row["name"], row["flights"], f"{row['flights']:,}") for row in destinations[:TOP]]
    busiest = card("Where they went", f"Flights to the {TOP} busiest destinations", chart(top, step=25, above="plain"))
    return f'<div class="charts">{carriers}<div class="column">{seen}{busiest}</div></div>'


def page(
    month: str,
    accepted: int,
    rejected: int,
    scorecard: list[Row],
    visibility: list[Row],
    destinations: list[Row],
) -> str:
    """The whole document; it refers to nothing outside itself."""
    when = "2013" if month == "all" else f"{month_name[int(month)]} 2013"
    counts = {
        "flights counted": accepted,
        "could not be counted": rejected,
        "carriers": len(scorecard),
        "destinations": len(destinations),
    }
    tiles = "".join(f"<section><b>{count:,}</b><span>{what}</span></section>" for what, count in counts.items())
    scores = "Most punctual first; minutes of delay, late from 15 on; years of age"
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Flights from New York, {when}</title>
<style>{STYLE}</style>
<main>
<h1>Flights from New York, {when}</h1><p>From Newark, John F. Kennedy and LaGuardia</p>
<div class="tiles">{tiles}</div>
{charts(scorecard, visibility, destinations)}
{card("Scorecard", scores, table(scorecard))}
</main>
</html>"""
