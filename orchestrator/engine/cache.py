"""A warm process's cache of runs and plans: the last few that were read, bounded in number and in memory."""

from collections.abc import Callable, Mapping
from sys import getsizeof
from threading import Lock
from typing import Generic, TypeVar

from orchestrator.core.model import Run
from orchestrator.core.plan import Plan
from orchestrator.core.steps import Json

V = TypeVar("V")

#: Bytes that a plan takes for a node with an ordinary step: one of 13,000 steps was measured to take 16 to 20 MiB.
_NODE = 1600


class Remembered(dict[str, V], Generic[V]):
    """What ``read`` gives for a key, read again only if it was forgotten: what was read longest ago goes first.

    ``most``: of them; ``max_bytes``: of all together, as ``weigh`` tells, but for the last, which is always kept.
    From any number of threads. A dict, since one that is remembered is found without a call of ours.
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
    """About how many bytes a run takes: its params may be many."""
    return weight(run.params) + 1000


def weight_of_plan(plan: Plan) -> int:
    """About how many bytes a plan takes: what users wrote in a step may be long. Told in far less than its reading."""
    specs = [work.spec for step in plan.steps for work in (step.work, step.local) if work is not None]
    return _NODE * len(plan.nodes) + sum(map(len, map(repr, specs)))


def weight(value: Mapping[str, Json]) -> int:
    """The bytes that JSON data takes, all that is in it included."""
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
