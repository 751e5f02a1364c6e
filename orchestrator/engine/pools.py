"""Lets an attempt of a step in a pool begin only with a place there, in the order of the line (pool_line.py)."""

from dataclasses import replace
from zlib import crc32

from orchestrator.core.events import LaunchClaimed, PlaceAwaited
from orchestrator.core.machine import may_claim
from orchestrator.core.messages import Launch
from orchestrator.core.pools import Place, Wait
from orchestrator.core.task_codec import encode
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.pool_line import PAGE
from orchestrator.errors import BackendError
from orchestrator.ports import Commit, Pool

#: How often a launch that lost a place to another tries for the next one, before it is left to a redelivery.
TRIES = 4


def begin(ledger: Ledger, execution: Execution, effect: Launch, claim: LaunchClaimed) -> Commit | None:
    """Commit ``claim``, with the places that the attempt needs. None if it has to wait: then it is in line.

    Raises BackendError, for a redelivery, if others were faster several times.
    """
    pools = ledger.pools_of(execution, effect.node)
    if not pools:
        return ledger.commit(execution, effect.node, claim)
    for _ in range(TRIES):
        found = _places(ledger, execution, effect, pools)
        if isinstance(found, Wait):
            commit = ledger.commit(execution, effect.node, PlaceAwaited(effect.attempt, found))
            ledger.give(effect, commit.moves.gives)
            if not may_claim(commit.state, effect.attempt):
                return commit
            if not commit.applied:
                return None
            continue  # it has just joined the line, and a place may have become free before that
        places, crowded = found
        commit = ledger.commit(execution, effect.node, replace(claim, places=places))
        if not commit.taken:
            ledger.give(effect, dict.fromkeys((*commit.moves.gives, *(crowded if commit.applied else ()))))
            return commit
    raise BackendError(f"{effect.name}: others took every place that it saw free: try again later")


def _places(
    ledger: Ledger, execution: Execution, effect: Launch, pools: dict[str, int]
) -> tuple[tuple[Place, ...], list[str]] | Wait:
    """A free place in each pool; or how the step has to wait in the first pool that has none for it.

    With the places, the pools of which more may be free, and more may wait, than a look shows.
    """
    places, crowded = list[Place](), list[str]()
    for pool, size in pools.items():
        wait = _wait(ledger, execution, effect, pool, size)
        seen = ledger.store.pool(pool, size, PAGE)
        if (number := _turn(seen, wait)) is None:
            return wait if seen.size is None else replace(wait, size=seen.size)
        places.append(Place(pool, number))
        if len(seen.free) == len(seen.first) == PAGE:
            crowded.append(pool)
    return tuple(places), crowded


def _turn(seen: Pool, wait: Wait) -> int | None:
    """The number of the place that is for ``wait``, in line or not; None if there is none for it yet.

    Those who are before it get a place first. It does not matter who gets which, so that two that come at the same time
    look for different ones.
    """
    rank = next((other.rank for other in seen.first if other.who == wait.who), wait.rank)
    before = sum(other.rank < rank for other in seen.first)
    left = len(seen.free) - before
    return seen.free[before + crc32(wait.who.encode()) % left] if left > 0 else None


def _wait(ledger: Ledger, execution: Execution, effect: Launch, pool: str, size: int) -> Wait:
    """How the step would wait if it came now."""
    since = ledger.clock()
    rank = ledger.rank(execution, effect.node, since)
    return Wait(pool, rank, since, size, ledger.queue_of(execution.plan, effect), encode(effect))
