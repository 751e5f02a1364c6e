"""Lists of runs, and the note that one round of sweeps leaves for the next."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.cloud.firestore import Client, DocumentReference, FieldFilter, Query

from orchestrator.core.model import Run, RunStatus
from orchestrator.ports import Unreadable
from orchestrator.stores.firestore.calls import AGAIN, COMMIT, STREAM, Calls
from orchestrator.stores.firestore.refusals import translated
from orchestrator.stores.firestore.snapshots import fields, to_runs

#: The document with that note; and the field that stands for a document's name in Firestore's queries.
_SWEEP, _NAME = "sweeps/last", "__name__"


def newest_ids(client: Client, limit: int) -> Sequence[tuple[str, str]]:
    newest = client.collection("runs").order_by("started_at", direction=Query.DESCENDING)
    with translated("list runs"):
        found = newest.select(["id"]).limit(limit).stream(retry=AGAIN, timeout=STREAM)
        ids_of = [(fields(snapshot).get("id"), snapshot.id) for snapshot in found]
    return [(run_id, key) for run_id, key in ids_of if isinstance(run_id, str)]


def unfinished(client: Client, unreadable: Unreadable) -> Sequence[Run]:
    """Every run that has not ended. It costs one read per run, and at least one (the minimum price of a query).

    An equality filter needs only the index that Firestore creates for every field automatically.
    """
    running = FieldFilter("status", "==", str(RunStatus.RUNNING))
    with translated("list unfinished runs"):
        query = client.collection("runs").where(filter=running)
        found = list(query.stream(retry=AGAIN, timeout=STREAM))
    return to_runs(found, unreadable)


def unfinished_keys(client: Client, after: str, limit: int) -> Sequence[str]:
    """The sorted keys of unfinished runs that are greater than ``after``, at most ``limit``. A read for each.

    An equality filter, sorted by name, needs only the index that Firestore creates for every field automatically. No
    fields are read, because the params of a run may take a megabyte.
    """
    running, runs = FieldFilter("status", "==", str(RunStatus.RUNNING)), client.collection("runs")
    query = runs.where(filter=running).order_by(_NAME).select([]).limit(limit)
    if after:
        query = query.start_after({_NAME: runs.document(after)})
    with translated("list unfinished runs"):
        return [snapshot.id for snapshot in query.stream(retry=AGAIN, timeout=STREAM)]


def inside(client: Client, root: str) -> Sequence[DocumentReference]:
    """The runs inside the run with the id ``root``, at any depth. A read for each."""
    query = client.collection("runs").where(filter=FieldFilter("root", "==", root)).select([])
    return [snapshot.reference for snapshot in query.stream(retry=AGAIN, timeout=STREAM)]


def recall(client: Client) -> Mapping[str, Any]:
    """The note of the last round of sweeps; empty before the first."""
    found = list(Calls(client).read([client.document(_SWEEP)], "read what the last sweep noted"))
    return fields(found[0]) if found else {}


def note(client: Client, noted: Mapping[str, Any]) -> None:
    """Replace the note with ``noted``."""
    with translated("note how far a sweep came"):
        client.document(_SWEEP).set(dict(noted), retry=None, timeout=COMMIT)
