"""The newest runs, all of them or those that a filter wants, with the indexes that every database has.

Firestore creates an index for each field. To select by one field and sort by another it needs an index on both, which
no deployment has. So runs are either read in the order of their start, until there are enough that fit, or all that fit
are found by graph and status, and sorted here; of these, only the start is fetched before the newest are chosen.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from google.cloud.firestore import Client, FieldFilter, Query

from orchestrator.core.model import Run, RunStatus
from orchestrator.core.run_filter import RunFilter
from orchestrator.ports import Unreadable
from orchestrator.stores.firestore.calls import AGAIN, STREAM, Calls, DocumentSnapshot
from orchestrator.stores.firestore.refusals import translated
from orchestrator.stores.firestore.snapshots import fields, to_runs

#: The fewest runs that are read at a time where some of them may not fit.
_PAGE = 50


def newest(client: Client, limit: int, unreadable: Unreadable, wanted: RunFilter) -> Sequence[Run]:
    """The newest ``limit`` runs that are ``wanted``. Each run that is looked at is billed as a read."""
    found = _in_order(client, limit, wanted) if _by_start(wanted) else _selected(client, limit, wanted)
    return to_runs(found, unreadable)


def _by_start(wanted: RunFilter) -> bool:
    """Whether to read in the order of the start: nothing else is asked for, or most of the newest runs will fit."""
    many = not wanted.statuses or RunStatus.SUCCEEDED in wanted.statuses
    return wanted.graph is None and (many or wanted.since is not None)


def _in_order(client: Client, limit: int, wanted: RunFilter) -> Sequence[DocumentSnapshot]:
    query = client.collection("runs").order_by("started_at", direction=Query.DESCENDING)
    if wanted.since is not None:
        query = query.where(filter=FieldFilter("started_at", ">=", wanted.since))
    if wanted.until is not None:
        query = query.where(filter=FieldFilter("started_at", "<=", wanted.until))
    found: list[DocumentSnapshot] = []
    size = max(limit, _PAGE) if wanted.statuses else limit
    for page in _pages(query, size):
        found += (one for one in page if not wanted.statuses or fields(one).get("status") in wanted.statuses)
        if len(found) >= limit:
            break
    return found[:limit]


def _pages(query: Any, size: int) -> Iterator[Sequence[DocumentSnapshot]]:
    with translated("list runs"):
        page = list(query.limit(size).stream(retry=AGAIN, timeout=STREAM))
    yield page
    while len(page) == size:
        with translated("list runs"):
            page = list(query.start_after(page[-1]).limit(size).stream(retry=AGAIN, timeout=STREAM))
        yield page


def _selected(client: Client, limit: int, wanted: RunFilter) -> Sequence[DocumentSnapshot]:
    query: Any = client.collection("runs").select(["started_at", "root"])
    if wanted.graph is not None:
        query = query.where(filter=FieldFilter("graph", "==", wanted.graph))
    if wanted.statuses:
        query = query.where(filter=FieldFilter("status", "in", sorted(map(str, wanted.statuses))))
    with translated("list runs"):
        some = query.stream(retry=AGAIN, timeout=STREAM)
        starts = [(_start(one), one.id) for one in some if "root" not in fields(one)]
    fitting = (one for one in starts if _within(one[0], wanted))
    chosen = [key for _, key in sorted(fitting, key=lambda one: (-one[0], one[1]))[:limit]]
    calls = Calls(client)
    found = {one.id: one for one in calls.read([calls.run(key) for key in chosen], "list runs")}
    return [found[key] for key in chosen if key in found]


def _within(start: float, wanted: RunFilter) -> bool:
    return (wanted.since is None or start >= wanted.since) and (wanted.until is None or start <= wanted.until)


def _start(found: DocumentSnapshot) -> float:
    """When a run started; one that does not say it comes last."""
    start = fields(found).get("started_at")
    return float(start) if isinstance(start, int | float) else 0.0
