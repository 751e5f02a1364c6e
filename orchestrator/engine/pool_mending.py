"""Mends a pool: wakes who may have been forgotten, and frees places that are left behind.

A place is taken and freed in one commit with the state of the step that has it. So a step that does not know of its
place has lost its record: somebody has deleted it, or a version has changed it that knew nothing of pools.
"""

import logging

from orchestrator.engine.ledger import Ledger
from orchestrator.engine.pool_line import look
from orchestrator.errors import UnreadableRecordError
from orchestrator.ports import Occupant

log = logging.getLogger(__name__)


def mend(ledger: Ledger, pool: str, by: str, run: str = "") -> int:
    """Wake those in line whose turn it is. If there is no place for them, free those that are left behind first.

    Returns how many were woken. ``by``: who does it, as a part of tasks' names. ``run``: for which run, by its key.
    """
    size = ledger.size_of(pool, run)
    if size is None:
        return 0
    if not ledger.store.pool(pool, size, 1).free:
        for occupant in ledger.store.occupants(pool):
            if _left_behind(ledger, occupant) and ledger.store.free(occupant):
                log.warning("place %d of pool %s was taken by nobody: freed it", occupant.place.number, pool)
    return look(ledger.store, ledger.queue, pool, size, by)


def _left_behind(ledger: Ledger, occupant: Occupant) -> bool:
    try:
        state = ledger.store.load(occupant.run, (occupant.node,), ()).state(occupant.node)
    except UnreadableRecordError:
        return False  # it may well be active
    return occupant.place not in state.places
