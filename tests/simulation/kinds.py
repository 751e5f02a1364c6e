"""Kinds of worlds: a mutant of what is in few of them is sought in these alone, as the others only take time."""

from collections.abc import Callable, Collection, Mapping

from tests.simulation.weather import Weather

#: By name, what a world of that kind has. ``Mapping``: its pools and their sizes.
KINDS: dict[str, Callable[[Weather, Mapping[str, int]], bool]] = {
    "pools": lambda _, pools: bool(pools),
    "places": lambda _, pools: max(pools.values(), default=0) > 1,
    "calm": lambda weather, _: weather.is_calm,
    "hand": lambda weather, _: weather.hand,
    "cancels": lambda weather, _: weather.cancels > 0,
    "firestore": lambda weather, _: weather.firestore,
    "sweeps": lambda weather, _: weather.period is not None,
    "no sweeps": lambda weather, _: weather.period is None,
    "no threads": lambda weather, _: not weather.threads,
    "dataflow": lambda weather, _: not weather.unique,
    "lists lose jobs": lambda weather, _: weather.lost > 0 and not weather.unique,
    "states go back": lambda weather, _: weather.goes_back > 0 and not weather.unique,
    "storms": lambda weather, _: weather.storms > 0 and not weather.unique,
    "threads": lambda weather, _: weather.threads > 0,
    "forged": lambda weather, _: weather.forged > 0,
}


def is_of(kinds: Collection[str], weather: Weather, pools: Mapping[str, int]) -> bool:
    """Whether a world is of all these kinds."""
    return all(KINDS[kind](weather, pools) for kind in kinds)
