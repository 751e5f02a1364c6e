"""``python -m tests.lifecycle``: writes the diagram of docs/lifecycle.md, from the table of core/arrows.py."""

import re
from pathlib import Path

from orchestrator.core.arrows import ARROWS
from orchestrator.core.model import Status

PAGE = Path(__file__).parents[1] / "docs/lifecycle.md"

_DIAGRAM = re.compile(r"```mermaid\n.*?```", re.DOTALL)


def diagram() -> str:
    """The diagram in Mermaid: an arrow for each pair of statuses, with the events that lead there."""
    labels: dict[tuple[Status, Status], list[str]] = {}
    for arrow in ARROWS:
        event = f"{arrow.event.__name__} ({arrow.when})" if arrow.when else arrow.event.__name__
        labels.setdefault((arrow.source, arrow.target), []).append(event)
    lines = [f"{source} --> {target}: {', '.join(events)}" for (source, target), events in labels.items()]
    ends = [f"{status} --> [*]" for status in Status if status.final]
    return "\n    ".join(["stateDiagram-v2", f"[*] --> {Status.PENDING}", *lines, *ends])


def page() -> str:
    """The page with the diagram as it must be."""
    return _DIAGRAM.sub(lambda _: f"```mermaid\n{diagram()}\n```", PAGE.read_text(encoding="utf-8"), count=1)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
