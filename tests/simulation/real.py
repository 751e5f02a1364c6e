"""Scenarios from the real graphs of tests/fixtures/graphs."""

from random import Random

from orchestrator.core.rules import TriggerRule
from tests.real_graphs import shape_of
from tests.simulation.graphs import scenario
from tests.simulation.scenario import Scenario


def real_scenario(name: str, random: Random) -> Scenario:
    """The graph with its own trigger rules where it has some, and everything else by chance."""
    shape = shape_of(name)
    names = [f"s{number}" for number in range(shape["steps"])]
    rules = {number: TriggerRule(rule) for number, rule in shape["rules"].items()}
    return scenario(name, names, [set(after) for after in shape["after"]], random, rules)
