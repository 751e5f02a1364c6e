"""Converts views and counters to JSON data and back, for those who read a run from elsewhere. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from orchestrator.core.codec import state_from_json, state_to_json
from orchestrator.core.model import Counter, StepState, View
from orchestrator.core.rules import Tally


def view_to_json(view: View) -> dict[str, Any]:
    """The states and counters by number; a counter is a list of five numbers.

    ``standings``: of steps that wait for a place in a pool, where they stand in line, as far as that was read.
    """
    waits = {node: state.waits for node, state in view.states.items() if state.waits is not None}
    return {
        "states": {str(node): state_to_json(_stored(state)) for node, state in view.states.items()},
        "counters": {str(join): _numbers(counter) for join, counter in view.counters.items()},
        "unreadable": sorted(view.unreadable),
        "standings": {
            str(node): {"taken": wait.stands[0], "before": wait.stands[1], "holders": list(wait.holders)}
            for node, wait in waits.items()
            if wait.stands is not None
        },
    }


def view_from_json(data: Mapping[str, Any]) -> View:
    """The view that ``view_to_json`` wrote. Raises ValueError, or another error of damaged data."""
    standings = data.get("standings", {})  # absent in what an older console answers
    return View(
        {int(node): _standing(state_from_json(state), standings.get(node)) for node, state in data["states"].items()},
        {int(join): _counter(numbers) for join, numbers in data["counters"].items()},
        frozenset(_all_numbers(data["unreadable"])),
    )


def _stored(state: StepState) -> StepState:
    """``state`` as it is stored: without where its step stands in line."""
    if state.waits is None or state.waits.stands is None:
        return state
    return replace(state, waits=replace(state.waits, stands=None, holders=()))


def _standing(state: StepState, standing: Mapping[str, Any] | None) -> StepState:
    """``state``, which knows where its step stands in line, if that was told."""
    if standing is None or state.waits is None:
        return state
    stands = (int(standing["taken"]), int(standing["before"]))
    return replace(state, waits=replace(state.waits, stands=stands, holders=tuple(map(str, standing["holders"]))))


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
