"""Plans in Firestore: one document, and further ones if the plan is too large for one."""

from typing import Any

from google.cloud.firestore import DocumentReference, WriteBatch

from orchestrator.core.plan import Plan
from orchestrator.core.plan_codec import schema_of_plan
from orchestrator.errors import StoreError
from orchestrator.stores.firestore import documents as documents
from orchestrator.stores.firestore.calls import COMMIT, Calls
from orchestrator.stores.firestore.snapshots import fields
from orchestrator.stores.records import checked, made


def read(calls: Calls, version: str) -> Plan | None:
    """The plan of this version. Raises StoreError if a part is missing."""
    head = calls.plan(version)
    found = list(calls.read([head], "read a plan"))
    if not found:
        return None
    written, path = fields(found[0]), f"plans/{version}"
    checked(path, written.get("schema"))
    number_of_parts = made(path, lambda: range(written["parts"]).stop)
    parts: dict[int, Any] = {0: written.get("plan")}
    for number in range(1, number_of_parts):
        for snapshot in calls.read([_part(head, number)], "read a plan"):
            parts[number] = fields(snapshot).get("plan")
    if len(parts) < number_of_parts:
        raise StoreError(f"the plan '{version}' is not whole: {len(parts)} of {number_of_parts} parts are there")
    return documents.to_plan(path, (parts[number] for number in sorted(parts)))


def write(batch: WriteBatch, head: DocumentReference, plan: Plan) -> None:
    """Add the plan's document to ``batch``. Further parts are written immediately, outside of the batch."""
    first, *others = documents.of_plan(plan)
    for number, part in enumerate(others, start=1):
        _part(head, number).set({"plan": part}, retry=None, timeout=COMMIT)
    batch.set(head, {"schema": schema_of_plan(plan), "graph": plan.graph, "parts": 1 + len(others), "plan": first})


def _part(head: DocumentReference, number: int) -> DocumentReference:
    part: DocumentReference = head.collection("parts").document(str(number))
    return part
