"""Reads a run again where its records seem to contradict each other: no store reads a whole run in one moment."""

from orchestrator.core.consistency import Doubts, confirmed, doubts
from orchestrator.core.model import View
from orchestrator.core.plan import Plan
from orchestrator.ports import Store


def sure_doubts(store: Store, key: str, plan: Plan, view: View) -> Doubts:
    """What does not add up in ``view``, as it was just read, nor when it is read again, which is seldom needed."""
    seeming = doubts(plan, view)
    if not seeming:
        return seeming
    return confirmed(seeming, lambda: doubts(plan, store.load_all(key, lambda _: None, outputs=False)))
