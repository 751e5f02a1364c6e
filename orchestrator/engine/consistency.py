"""Confirms contradictions by reading again: no store reads all of a run at one moment, so they may not be real."""

from orchestrator.core.consistency import Doubts, confirmed, doubts
from orchestrator.core.model import View
from orchestrator.core.plan import Plan
from orchestrator.ports import Reader


def sure_doubts(store: Reader, key: str, plan: Plan, view: View) -> Doubts:
    """The contradictions in ``view``, which was just read, that remain when the run is read again."""
    seeming = doubts(plan, view)
    if not seeming:
        return seeming
    return confirmed(seeming, lambda: doubts(plan, store.load_all(key, lambda _: None, outputs=False)))
