"""The real graphs of ../shared/data/dags, as graphs of ours. Where that folder is absent, there are none."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestrator.core.graph import Graph
from orchestrator.definition.build import build
from orchestrator.errors import InvalidGraphError

DAGS = Path(__file__).resolve().parents[2] / "shared" / "data" / "dags"
ABSENT = f"the real graphs are not there: {DAGS}"


def dag_files(folder: str = "") -> list[Path]:
    """The files with real graphs, the refused ones of ``negative`` aside unless that folder is asked for."""
    files = sorted((DAGS / folder).rglob("*.json"))
    return [file for file in files if folder or file.parent.name != "negative"]


def load_dag(path: Path, **keys: Any) -> Graph:
    """The graph in ``path``. ``keys`` are given to each step, such as ``command=["true"]``; without, it has no job.

    Raises InvalidGraphError if it is none.
    """
    graph, problems = build(dag_document(path, **keys))
    if graph is None or problems:
        raise InvalidGraphError(problems)
    return graph


def dag_document(path: Path, **keys: Any) -> dict[str, Any]:
    """What a graph file would say. Names are changed as far as ours have to be; trigger rules are kept."""
    data = json.loads(path.read_text())
    names = _names(node["id"] for node in data["nodes"])
    steps: dict[str, dict[str, Any]] = {}
    for node in data["nodes"]:
        steps[names[node["id"]]] = {**keys, **({"trigger": node["trigger_rule"]} if "trigger_rule" in node else {})}
    for first, second in data["edges"]:
        steps[names[second]].setdefault("after", []).append(names[first])
    return {"name": re.sub(r"[^a-z0-9]+", "-", data["name"].lower()).strip("-")[:63], "steps": steps}


def _names(ids: Iterable[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    taken: set[str] = set()
    for origin in ids:
        clean = re.sub(r"[^A-Za-z0-9_.-]", "-", origin)
        clean = name = (clean if clean[:1].isalpha() else f"s-{clean}")[:90]
        count = 1
        while name in taken:
            count += 1
            name = f"{clean}-{count}"
        taken.add(name)
        names[origin] = name
    return names
