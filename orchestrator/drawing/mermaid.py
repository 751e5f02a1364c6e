"""Writes a picture as Mermaid text, for pages that render it themselves. Pure and deterministic."""

import json
from collections.abc import Iterator

from orchestrator.drawing.dot import top_down
from orchestrator.drawing.labels import count_words
from orchestrator.drawing.palette import EDGES, look
from orchestrator.drawing.picture import Box, EdgeState, Picture
from orchestrator.reporting.phrases import status_word

#: What Mermaid draws unless its page says otherwise (maxTextSize, maxEdges); a diagram cannot raise it by itself.
MAX_CHARACTERS = 50_000
MAX_EDGES = 500

_ARROWS = {EdgeState.OPEN: "-->", EdgeState.DONE: "-->", EdgeState.SKIPPED: "-.->", EdgeState.BROKEN: "==>"}


def write_mermaid(picture: Picture) -> str:
    """The picture as a Mermaid flowchart."""
    title = " · ".join(filter(None, (picture.title, picture.subtitle, *picture.notes)))
    lines = [
        "---",
        f"title: {json.dumps(title, ensure_ascii=False)}",
        "config:",
        "  flowchart:",
        "    wrappingWidth: 400",
        "---",
        f"flowchart {'TD' if top_down(picture) else 'LR'}",
        *(f'  n{number}["{_label(box)}"]:::{_class(box)}' for number, box in enumerate(picture.sketch.boxes)),
        *(f"  n{arrow.tail} {_ARROWS[arrow.state]} n{arrow.head}" for arrow in picture.sketch.arrows),
        *_link_styles(picture),
        *_classes(picture),
    ]
    return "\n".join([*lines, ""])


def _label(box: Box) -> str:
    name = f"{', '.join(box.marks)} ▸ {box.title}" if box.marks else box.title
    status = () if box.status is None or box.counts else (status_word(box.status),)
    lines = (name, " · ".join((*status, *box.words)), count_words(box.counts), box.culprits)
    return "<br/>".join(_escaped(line) for line in lines if line)


def _link_styles(picture: Picture) -> Iterator[str]:
    for state, (colour, _, _) in EDGES.items():
        numbers = [str(number) for number, arrow in enumerate(picture.sketch.arrows) if arrow.state is state]
        if numbers:
            yield f"  linkStyle {','.join(numbers)} stroke:{colour}"


def _class(box: Box) -> str:
    return "step" if box.status is None else str(box.status)


def _classes(picture: Picture) -> Iterator[str]:
    for name, status in sorted({(_class(box), box.status) for box in picture.sketch.boxes}, key=lambda pair: pair[0]):
        style = look(status)
        dash = ",stroke-dasharray:4 3" if style.border == "dashed" else ""
        yield f"  classDef {name} fill:{style.fill},stroke:{style.line},color:{style.text}{dash}"


def _escaped(text: str) -> str:
    """With Mermaid's entities: a label must not contain quotes, tags or the sign that begins an entity."""
    return "".join({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;"}.get(c, c) for c in text)
