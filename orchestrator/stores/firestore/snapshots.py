"""Reads runs, states and counters from snapshots of documents."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from orchestrator.core.model import PENDING, Counter, Run, StepState, View
from orchestrator.ports import Unreadable
from orchestrator.stores.firestore import documents as documents
from orchestrator.stores.firestore.calls import DocumentSnapshot
from orchestrator.stores.records import made, readable


@dataclass(frozen=True, slots=True)
class Seen:
    """A step as last read or written. ``updated``: its document's update time; None if there is no document."""

    state: StepState
    updated: datetime | None


NOTHING = Seen(PENDING, None)


def fields(snapshot: DocumentSnapshot) -> Mapping[str, Any]:
    return snapshot.to_dict() or {}


def path(snapshot: DocumentSnapshot) -> str:
    """A document's path in its database, as Google's console shows it."""
    return str(snapshot.reference.path)


def to_run(snapshot: DocumentSnapshot) -> Run:
    return documents.to_run(path(snapshot), fields(snapshot))


def to_runs(found: Iterable[DocumentSnapshot], unreadable: Unreadable) -> list[Run]:
    return list(readable((partial(to_run, snapshot) for snapshot in found), unreadable))


def seen(snapshot: DocumentSnapshot) -> Seen:
    return Seen(documents.to_state(path(snapshot), fields(snapshot)), snapshot.update_time)


def view(found: Iterable[DocumentSnapshot], steps: str, unreadable: Unreadable, outputs: bool = True) -> View:
    states: dict[int, StepState] = {}
    counters: dict[int, Counter] = {}
    unknown: set[int] = set()

    def put(snapshot: DocumentSnapshot) -> None:
        where, written = path(snapshot), fields(snapshot)
        number = made(where, int, snapshot.id)
        if snapshot.reference.parent.id != steps:
            counters[number] = documents.read_counter(where, written)
            return
        unknown.add(number)
        state = documents.to_state(where, written)
        states[number] = state if outputs else state.without_outputs()
        unknown.remove(number)

    for _ in readable((partial(put, snapshot) for snapshot in found), unreadable):
        pass
    return View(states, counters, unknown)


def counted(result: Any) -> Counter:
    """A counter's new values from a commit's response, which has them in the order of the fields' names."""
    values = (value.integer_value for value in result.transform_results)
    return documents.to_counter(dict(zip(documents.COUNTED, values, strict=True)))
