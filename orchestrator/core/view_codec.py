"""Converts views and counters to JSON data and back, for those who read a run from elsewhere. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from orchestrator.core.codec import state_from_json, state_to_json
from orchestrator.core.model import Counter, View
from orchestrator.core.rules import Tally


def view_to_json(view: View) -> dict[str, Any]:
    """The states and counters by number; a counter is a list of five numbers."""
    return {
        "states": {str(node): state_to_json(state) for node, state in view.states.items()},
        "counters": {str(join): _numbers(counter) for join, counter in view.counters.items()},
        "unreadable": sorted(view.unreadable),
    }


def view_from_json(data: Mapping[str, Any]) -> View:
    """The view that ``view_to_json`` wrote. Raises ValueError, or another error of damaged data."""
    return View(
        {int(node): state_from_json(state) for node, state in data["states"].items()},
        {int(join): _counter(numbers) for join, numbers in data["counters"].items()},
        frozenset(_all_numbers(data["unreadable"])),
    )


def _numbers(counter: Counter) -> list[int]:
    ended = counter.ended
    return [counter.arrived, ended.succeeded, ended.failed, ended.upstream_failed, ended.skipped]


def _counter(numbers: Collection[Any]) -> Counter:
    arrived, *ended = _all_numbers(numbers)
    return Counter(arrived, Tally(*ended))


def _all_numbers(values: Collection[Any]) -> list[int]:
    if not all(type(value) is int and value >= 0 for value in values):
        raise ValueError(f"expected whole numbers, got {values!r:.60}")
    return list(values)
