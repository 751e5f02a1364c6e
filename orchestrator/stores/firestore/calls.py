"""Wraps Firestore's client: where documents are, how they are read, and how long a call may take."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.cloud.firestore import Client, CollectionReference, DocumentReference
from google.cloud.firestore import DocumentSnapshot as AnySnapshot

from orchestrator.stores.firestore.refusals import translated

DocumentSnapshot = AnySnapshot[DocumentReference]

#: Seconds for a small read, a commit, and a stream of thousands. The client's own defaults are 300, 60 and 300.
READ, COMMIT, STREAM = 5.0, 10.0, 60.0

#: Reads are retried for 3 s. Without an explicit policy the client retries them for 5 minutes.
AGAIN = Retry(if_exception_type(api.ServiceUnavailable, api.InternalServerError), 0.05, 0.5, 2.0, timeout=3.0)

#: How many documents one read asks for.
CHUNK = 500


class Calls:
    """The documents of one database."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def run(self, key: str) -> DocumentReference:
        return self.client.collection("runs").document(key)

    def plan(self, version: str) -> DocumentReference:
        document: DocumentReference = self.client.collection("plans").document(version)
        return document

    def steps(self, run: str) -> CollectionReference:
        steps: CollectionReference = self.run(run).collection("steps")
        return steps

    def counters(self, run: str) -> CollectionReference:
        counters: CollectionReference = self.run(run).collection("counters")
        return counters

    def read(
        self, wanted: Collection[DocumentReference] | Iterator[DocumentReference], doing: str, only: Any = None
    ) -> Iterator[DocumentSnapshot]:
        """The documents among ``wanted`` that exist."""
        left = iter(wanted)
        while chunk := list(islice(left, CHUNK)):
            with translated(doing):
                found = list(self.client.get_all(chunk, only, retry=AGAIN, timeout=READ))
            yield from (snapshot for snapshot in found if snapshot.exists)
