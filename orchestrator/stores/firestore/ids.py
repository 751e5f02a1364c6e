"""Which run has an id: the document ``runs/{run_key(id)}`` says so. It expires together with its run.

Older versions stored the run itself there, when its key was computed from its id. So even if an old and a new version
start a run with the same id, only one succeeds, and runs of old versions are still found. Lists of runs do not contain
these documents, because they have neither a start time nor a status.
"""

from collections.abc import Mapping
from typing import Any

from google.cloud.firestore import DELETE_FIELD, Client, DocumentReference, WriteBatch
from google.cloud.firestore import DocumentSnapshot as AnySnapshot

from orchestrator.core.model import Run
from orchestrator.core.names import run_key
from orchestrator.errors import UsageError

DocumentSnapshot = AnySnapshot[DocumentReference]


def place(client: Client, run_id: str) -> DocumentReference:
    """The document that says which run has this id."""
    return client.collection("runs").document(run_key(run_id))


def is_id(fields: Mapping[str, Any]) -> bool:
    """Whether a document in ``runs`` is not a run, but says which run has an id."""
    return "key" in fields and "run" not in fields


def key_in(fields: Mapping[str, Any]) -> str:
    """The key of the run, from such a document. Raises ValueError."""
    key = fields["key"]
    if not isinstance(key, str) or not key or "/" in key:
        raise ValueError(f"expected a run's key, got {key!r:.60}")
    return key


def check(there: object, run_id: str) -> None:
    """Raises UsageError if the document is for another id; the chance that two ids share one is 1 in 10**15."""
    if there != run_id:
        raise UsageError(f"the run id '{run_id}' collides with '{there}' in Firestore: choose another id")


def give(batch: WriteBatch, document: DocumentReference, run: Run, before: DocumentSnapshot | None) -> None:
    """Add to ``batch`` that ``run`` has its id. The commit fails if another run takes the id first.

    ``before``: the existing document, if it names a run that has been deleted.
    """
    fields = {"id": run.id, "key": run.key}
    if before is None:
        batch.create(document, fields)
    else:
        batch.update(document, {**fields, "expire_at": DELETE_FIELD}, unchanged(before))


def unchanged(seen: DocumentSnapshot) -> Any:
    """The condition that a document has not changed since it was read."""
    return Client.write_option(last_update_time=seen.update_time)
