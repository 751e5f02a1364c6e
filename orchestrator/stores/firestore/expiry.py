"""How old runs go: their documents say in ``expire_at`` when they may, and a TTL policy of the database deletes them.

Firestore deletes a document and nothing below it, typically within a day, in no order. So each step and each counter
says so itself, and none does before its run is about to end: a step that is absent would be launched again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from google.api_core.retry import Retry
from google.cloud.firestore import Client, DocumentReference

#: How many documents are stamped by one commit, which takes 500 writes.
_BATCH = 400


def stamp_of(ended: float, retention: float | None) -> dict[str, Any]:
    """The field that a document gets whose run ended at ``ended``; none without a ``retention``. Both in seconds."""
    return {} if retention is None else {"expire_at": datetime.fromtimestamp(ended + retention, UTC)}


def parts(run: DocumentReference, again: Retry, timeout: float, most: int | None = None) -> list[DocumentReference]:
    """The documents of a run's steps and counters, at most so many of each. One read for each, without its fields."""
    queries = [run.collection(name).select([]) for name in ("steps", "counters")]
    limited = queries if most is None else [query.limit(most) for query in queries]
    return [part.reference for query in limited for part in query.stream(retry=again, timeout=timeout)]


def write(client: Client, wanted: Sequence[DocumentReference], stamp: dict[str, Any], timeout: float) -> None:
    """Write ``stamp`` into the documents: one write for each. Raises what the client raises, with some written."""
    for start in range(0, len(wanted), _BATCH):
        batch = client.batch()
        for document in wanted[start : start + _BATCH]:
            batch.update(document, stamp)
        batch.commit(retry=None, timeout=timeout)
