"""Scenarios from the real graphs in ../shared/data/dags, which is no part of the repository and may not be there."""

import json
import re
from graphlib import TopologicalSorter
from pathlib import Path
from random import Random
from typing import Any

from orchestrator.core.rules import TriggerRule
from tests.shared import DATA
from tests.simulation.graphs import scenario
from tests.simulation.scenario import Scenario

DAGS = DATA / "dags"

_STEP_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")


def real_graphs(most: int) -> list[str]:
    """The names of the real graphs of at most so many nodes that have no cycle; none if they are not there."""
    paths = sorted(path for folder in ("pipelines", "wfinstances") for path in (DAGS / folder).glob("*.json"))
    return [str(path.relative_to(DAGS)) for path in paths if len(_read(path)["nodes"]) <= most]


def real_scenario(name: str, random: Random) -> Scenario:
    """The graph with its own trigger rules where it has some, and everything else by chance."""
    data = _read(DAGS / name)
    before: dict[str, set[str]] = {node["id"]: set() for node in data["nodes"]}
    for first, then in data["edges"]:
        before[then].add(first)
    order = list(TopologicalSorter(before).static_order())
    numbers = {identity: number for number, identity in enumerate(order)}
    names = [identity if _STEP_NAME.fullmatch(identity) else f"s{numbers[identity]}" for identity in order]
    edges = [{numbers[first] for first in before[identity]} for identity in order]
    rules = {node["id"]: TriggerRule(node["trigger_rule"]) for node in data["nodes"] if "trigger_rule" in node}
    return scenario(data["name"], names, edges, random, {numbers[identity]: rule for identity, rule in rules.items()})


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
