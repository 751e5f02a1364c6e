"""Writes the states that a rerun keeps, before the run is there: all of them do not fit into the commit that opens it.

Whoever opens the run writes the same, and nobody ever changes them, so they may be written twice, or for a run that
another opened meanwhile: what its end has added to them is left in them.
"""

from collections.abc import Iterable, Iterator

from google.cloud.firestore import Client, CollectionReference

from orchestrator.ports import KeptState
from orchestrator.stores.firestore import documents as documents
from orchestrator.stores.firestore.calls import COMMIT
from orchestrator.stores.firestore.refusals import FOREIGN, Retries

#: The name of a step's document, and its fields.
Written = tuple[str, documents.Fields]

#: How many states go in one commit, and of how many characters together: a request takes 10 MiB, a commit 500 writes.
_STATES, _CHARACTERS = 400, 4_000_000


def write(client: Client, steps: CollectionReference, kept: Iterable[KeptState]) -> None:
    """Write all of ``kept`` below ``steps``. Raises StoreError or ConflictError, with some of them written."""
    for part in _parts((str(node), documents.of_state(state)) for node, state in kept):
        retries = Retries("write what a rerun keeps")
        while True:
            batch = client.batch()
            for name, fields in part:
                batch.set(steps.document(name), dict(fields), merge=True)
            try:
                batch.commit(retry=None, timeout=COMMIT)
            except FOREIGN as error:
                retries.spend(error)
            else:
                break


def _parts(written: Iterable[Written]) -> Iterator[list[Written]]:
    """What goes into each commit."""
    part: list[Written] = []
    characters = 0
    for one in written:
        more = len(one[1]["state"])
        if part and (len(part) == _STATES or characters + more > _CHARACTERS):
            yield part
            part, characters = [], 0
        part.append(one)
        characters += more
    if part:
        yield part
