"""A cache for the runs and plans that a process has read, bounded in number and in memory."""

from collections.abc import Callable, Mapping
from sys import getsizeof
from threading import Lock
from typing import Generic, TypeVar

from orchestrator.core.model import Run
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Json

V = TypeVar("V")

#: Bytes that a plan takes per node with an ordinary step: a plan of 13,000 steps was measured to take 16 to 20 MiB.
_NODE = 1600


class Remembered(dict[str, V], Generic[V]):
    """A cache of what ``read`` returns for a key. When it is full, what was read longest ago is dropped first.

    ``most``: how many values it keeps. ``max_bytes``: how many bytes they may take together, according to ``weigh``;
    the newest value is kept in any case. Threads may share it. It is a dict, so a hit calls no Python code.
    """

    def __init__(self, read: Callable[[str], V], weigh: Callable[[V], int], most: int, max_bytes: int) -> None:
        super().__init__()
        self._read, self._weigh, self._most, self._most_bytes = read, weigh, most, max_bytes
        self._weights: dict[str, int] = {}
        self._lock = Lock()

    def __missing__(self, key: str) -> V:
        found = self._read(key)
        weight = self._weigh(found)
        with self._lock:
            self._weights[key] = weight
            self[key] = found
            while len(self) > 1 and (len(self) > self._most or sum(self._weights.values()) > self._most_bytes):
                oldest = next(iter(self))
                del self[oldest], self._weights[oldest]
        return found


def weight_of_run(run: Run) -> int:
    """About how many bytes a run takes in memory: its params may be large."""
    return weight(run.params) + 1000


def weight_of_plan(plan: Plan) -> int:
    """About how many bytes a plan takes in memory: a step's options may be long. Much faster than reading the plan."""
    specs = [work.spec for step in plan.steps for work in (step.work, step.local) if work is not None]
    return _NODE * len(plan.nodes) + sum(map(len, map(repr, specs)))


def weight(value: Mapping[str, Json]) -> int:
    """The bytes that JSON data takes in memory, including everything in it."""
    total, left = 0, list[object]([value])
    while left:
        item = left.pop()
        total += getsizeof(item)
        if isinstance(item, Mapping):
            left.extend(item)
            left.extend(item.values())
        elif isinstance(item, list | tuple):
            left.extend(item)
    return total
