"""How old runs are deleted: the field ``expire_at`` of their documents says when, and a TTL policy deletes them.

Firestore deletes a document but not its subcollections, typically within a day, in no particular order. So each step
and each counter has the field too. It is written only when the run is about to end: if a step's document were deleted
before, the step would be launched again.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from google.api_core.retry import Retry
from google.cloud.firestore import Client, DocumentReference

#: How many documents one commit stamps; it may have 500 writes.
_BATCH = 400


def stamp_of(ended: float, retention: float | None) -> dict[str, Any]:
    """The field for documents of a run that ended at ``ended``; none without a ``retention``. Both are in seconds."""
    return {} if retention is None else {"expire_at": datetime.fromtimestamp(ended + retention, UTC)}


def parts(run: DocumentReference, again: Retry, timeout: float, most: int | None = None) -> list[DocumentReference]:
    """The documents of a run's steps and counters, at most ``most`` of each, without their fields. A read for each."""
    queries = [run.collection(name).select([]) for name in ("steps", "counters")]
    limited = queries if most is None else [query.limit(most) for query in queries]
    return [part.reference for query in limited for part in query.stream(retry=again, timeout=timeout)]


def write(client: Client, wanted: Sequence[DocumentReference], stamp: dict[str, Any], timeout: float) -> None:
    """Write ``stamp`` into the documents: one write for each. If the client raises an error, some may be written."""
    for start in range(0, len(wanted), _BATCH):
        batch = client.batch()
        for document in wanted[start : start + _BATCH]:
            batch.update(document, stamp)
        batch.commit(retry=None, timeout=timeout)


def delete(client: Client, unwanted: Sequence[DocumentReference], timeout: float) -> None:
    """Delete the documents. If the client raises an error, some may be deleted."""
    for start in range(0, len(unwanted), _BATCH):
        batch = client.batch()
        for document in unwanted[start : start + _BATCH]:
            batch.delete(document)
        batch.commit(retry=None, timeout=timeout)
