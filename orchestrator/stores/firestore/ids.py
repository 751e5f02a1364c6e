"""Which run has an id: ``runs/{run_key(id)}`` says so, and is deleted after its run has ended, as all of it is.

It is where runs themselves stood when an id was all there was to their keys. So of two versions of this program that
start one run, too, one does; and a run of that time is found where it is. It has neither a start nor a status, by which
runs are listed.
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
    """Where it says which run has an id."""
    return client.collection("runs").document(run_key(run_id))


def is_id(fields: Mapping[str, Any]) -> bool:
    """Whether a document among the runs is none, but says which run has an id."""
    return "key" in fields and "run" not in fields


def key_in(fields: Mapping[str, Any]) -> str:
    """The key of the run that has an id. Raises ValueError."""
    key = fields["key"]
    if not isinstance(key, str) or not key or "/" in key:
        raise ValueError(f"expected a run's key, got {key!r:.60}")
    return key


def check(there: object, run_id: str) -> None:
    """Raises UsageError if the document is that of another id: one in 10**15 has the same place."""
    if there != run_id:
        raise UsageError(f"the run id '{run_id}' collides with '{there}' in Firestore: choose another id")


def give(batch: WriteBatch, document: DocumentReference, run: Run, before: DocumentSnapshot | None) -> None:
    """Let ``run`` have its id with this commit, if nobody takes it meanwhile. ``before``: whose run is gone."""
    fields = {"id": run.id, "key": run.key}
    if before is None:
        batch.create(document, fields)
    else:
        batch.update(document, {**fields, "expire_at": DELETE_FIELD}, unchanged(before))


def unchanged(seen: DocumentSnapshot) -> Any:
    """A commit's condition that a document is as it was seen."""
    return Client.write_option(last_update_time=seen.update_time)
