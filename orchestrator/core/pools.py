"""Pools: places that attempts have while they are active, and the line of those that wait for one. Frozen data."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

#: The most places that a pool may have.
MAX_PLACES = 10_000

#: The highest priority that a step may have; the lowest, and the usual one, is 0.
MAX_PRIORITY = 1000


#: How the name of a run's own pool begins, before the run's key; and that of a graph's, before the graph's name. Pools
#: that people name have no such names.
_OF_RUN, _OF_GRAPH = "run:", "graph:"


def pool_of_run(key: str) -> str:
    """The pool that limits how many attempts of one run are active (``max_parallel``)."""
    return _OF_RUN + key


def run_with(pool: str) -> str | None:
    """The key of the run whose own pool it is; None for any other pool."""
    return pool.removeprefix(_OF_RUN) if pool.startswith(_OF_RUN) else None


def pool_of_graph(name: str) -> str:
    """The pool that limits how many runs of one graph are active (``max_active_runs``)."""
    return _OF_GRAPH + name


def graph_with(pool: str) -> str | None:
    """The name of the graph whose pool it is; None for any other pool."""
    return pool.removeprefix(_OF_GRAPH) if pool.startswith(_OF_GRAPH) else None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a pool, by its number, from 0."""

    pool: str
    number: int


@dataclass(frozen=True, slots=True)
class Wait:
    """The place in line of a step that waits for a place in ``pool``, which had ``size`` places.

    ``rank``: the order in line, as text. ``since``: when it joined, in seconds since the epoch. ``queue``, ``launch``:
    the task that wakes it, the launch as JSON. ``stands``: how many places are taken, and how many are in line before
    it. ``holders``: who has the places, as ``RUN/STEP``, if they are few. Both are only there where they were read for
    people, and are never stored.
    """

    pool: str
    rank: str
    since: float
    size: int
    queue: str
    launch: str
    stands: tuple[int, int] | None = None
    holders: tuple[str, ...] = ()

    @property
    def priority(self) -> int:
        """The priority of its step."""
        return MAX_PRIORITY - int(self.rank[:4])

    @property
    def who(self) -> str:
        """Which step waits: the key of its run, and its node."""
        return self.rank.rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class Moves:
    """What a commit changes in pools besides the step: places that are taken and freed, and lines left and joined."""

    takes: tuple[Place, ...] = ()
    frees: tuple[Place, ...] = ()
    leaves: Wait | None = None
    joins: Wait | None = None

    def __len__(self) -> int:
        """How many writes they are."""
        return len(self.takes) + len(self.frees) + (self.leaves is not None) + (self.joins is not None)

    @property
    def gives(self) -> Iterator[str]:
        """The pools in which somebody else may have a turn now."""
        yield from (place.pool for place in self.frees)
        if self.leaves is not None and all(place.pool != self.leaves.pool for place in self.takes):
            yield self.leaves.pool


NO_MOVES = Moves()


def usable(size: int, taken: Iterable[int]) -> int:
    """How many places of a pool may be taken, those with the lowest numbers, so that never more than ``size`` are.

    ``taken``: the numbers of places that somebody has. In a pool that was larger, some of them may be beyond its size.
    The answer only grows as these are freed, so it does not matter how long ago one has looked.
    """
    for number in sorted(taken, reverse=True):
        if number < size or not size:
            break
        size -= 1
    return size


#: After every rank.
LAST = "~"


def rank_of(priority: int, hops: int, since: float, who: str) -> str:
    """The rank of a step in line; of two texts, the smaller is served first.

    The higher priority comes first, then the step with the longer way to the end of its run, then who came first.
    """
    return f"{MAX_PRIORITY - priority:04d} {10**6 - hops:07d} {since:017.6f} {who}"


def run_of(rank: str) -> str:
    """The key of the run of the step with this rank."""
    return rank.rpartition(" ")[2].rpartition("-")[0]
