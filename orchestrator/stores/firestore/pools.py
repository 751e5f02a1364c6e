"""The places and lines of pools, as documents.

    pools/{pool}/places/{number}      a place: who has it, or that it is free
    pools/{pool}/places/size          how many places it has, if that was set
    pools/{pool}/line/{run}-{node}    a step that waits for a place, and its rank

A place that nobody has taken yet has no document. So a pool needs no preparation, and may grow and shrink. A look reads
a few documents, however many places there are: a free place has the field ``free``, by which it is found. The size has
it too, less than that of any place: so a look finds it first, and where there is none, that costs nothing.

A place is taken on condition that its document is as it was when it was seen free, or absent. All else is written
blindly: it is part of a commit that is conditional on the state of the step that has the place, or stands in line.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.api_core.retry import Retry
from google.cloud.firestore import (
    DELETE_FIELD,
    Client,
    CollectionReference,
    DocumentReference,
    FieldFilter,
    Query,
    WriteBatch,
)

from orchestrator.core import codec
from orchestrator.core.pools import Moves, Place, Wait, usable
from orchestrator.ports import Occupant, Pool
from orchestrator.stores.firestore import expiry
from orchestrator.stores.firestore.calls import AGAIN, COMMIT, READ, STREAM, Calls, DocumentSnapshot
from orchestrator.stores.firestore.refusals import CONFLICT, FOREIGN, Retries, translated
from orchestrator.stores.firestore.snapshots import fields, path
from orchestrator.stores.records import made

#: The client needs a policy for queries.
_ONCE = Retry(lambda _: False)

#: The document with a pool's size, and the value of ``free`` by which a look finds it.
_SIZE, _FIRST = "size", -1

#: How many places are remembered as they were last seen.
_REMEMBERED = 4096


class Pools:
    """The pools of one database. It remembers when each place changed last: that is the condition for taking it.

    Threads share it. So what is remembered of a place that somebody has is kept apart: whoever saw the place free
    before that must not take it on that condition.
    """

    def __init__(self, client: Client, calls: Calls) -> None:
        self._client, self._calls = client, calls
        self._seen: dict[Place, datetime | None] = {}  # when it was free
        self._held: dict[Occupant, datetime | None] = {}
        self._known: dict[str, set[int]] = {}  # the places that have documents

    def look(self, name: str, size: int, most: int) -> Pool:
        """Some free places, and who is first in line. A read for each, and at least one."""
        given = None
        with translated("look at a pool"):
            free = self._free_below(name, size, most)
            if free and free[0].id == _SIZE:
                given = made(path(free[0]), _given, fields(free[0]))
                size = self._usable(name, given)
                free = [one for one in self._free_below(name, size, most + 1) if one.id != _SIZE][:most]
            found = [self._note(name, one) for one in free]
            if len(found) < most:
                found += self._untouched(name, size, most - len(found))
            line = _found(self._line(name).order_by("rank").limit(len(found))) if found else []
        return Pool(found, [made(path(one), _wait, fields(one)) for one in line], given)

    def size(self, pool: str) -> int | None:
        """How many places a pool has, if that was set."""
        found = self._calls.read([self._places(pool).document(_SIZE)], "look at a pool")
        return next((made(path(one), _given, fields(one)) for one in found), None)

    def resize(self, pool: str, size: int, version: int) -> None:
        """Set how many places a pool has, unless a version as new was set."""
        document, retries = self._places(pool).document(_SIZE), Retries("set the size of a pool")
        written = {"free": _FIRST, "size": size, "version": version}
        while True:
            there = next(iter(self._calls.read([document], "set the size of a pool")), None)
            if there is not None and int(fields(there)["version"]) >= version:
                return
            batch = self._client.batch()
            if there is None:
                batch.create(document, written)
            else:
                batch.update(document, written, self._client.write_option(last_update_time=there.update_time))
            try:
                batch.commit(retry=None, timeout=COMMIT)
            except FOREIGN as error:
                retries.spend(error)
            else:
                return

    def standing(self, pool: str, rank: str) -> tuple[int, int]:
        """How many places are taken, and how many are in line before ``rank``. Two reads, for up to 1,000 of each."""
        taken = self._places(pool).where(filter=FieldFilter("taken", "==", True))
        before = self._line(pool).where(filter=FieldFilter("rank", "<", rank))
        with translated("look at a pool"):
            return _count(taken), _count(before)

    def occupants(self, pool: str) -> Sequence[Occupant]:
        """Who has the places of a pool: a read for each."""
        with translated("look at a pool"):
            found = list(self._places(pool).stream(retry=AGAIN, timeout=STREAM))
        return [made(path(one), self._occupant, pool, one) for one in found if _is_taken(one)]

    def free(self, occupant: Occupant) -> bool:
        """Free a place, if it has not changed since ``occupants``."""
        seen, batch = self._held.pop(occupant, None), self._client.batch()
        if seen is None:
            return False
        changed = {**_free(occupant.place), "run": DELETE_FIELD, "node": DELETE_FIELD}
        batch.update(self._place(occupant.place), changed, self._client.write_option(last_update_time=seen))
        with translated("free a place"):
            try:
                batch.commit(retry=None, timeout=COMMIT)
            except CONFLICT:
                return False
        return True

    def forget(self, pool: str) -> None:
        """Delete the documents of a pool in which nobody can need a place any more: one write for each."""
        with translated("delete a pool"):
            found = list(self._places(pool).select([]).stream(retry=AGAIN, timeout=STREAM))
            expiry.delete(self._client, [one.reference for one in found], COMMIT)
        self._known.pop(pool, None)

    def taken(self, moves: Moves) -> bool:
        """Whether somebody has a place that ``moves`` take. Those that are free are noted as they are now."""
        documents = {self._place(place): place for place in moves.takes}
        for place in moves.takes:
            self._seen[place] = None
        found = list(self._calls.read(documents, "look at a place"))
        for one in found:
            if not _is_taken(one):
                self._seen[documents[one.reference]] = one.update_time
        return any(map(_is_taken, found))

    def write(self, batch: WriteBatch, run: str, node: int, moves: Moves) -> None:
        """Add to a commit what it changes in pools."""
        for place in moves.takes:
            taken = {"number": place.number, "taken": True, "run": run, "node": node}
            if (seen := self._seen.pop(place, None)) is None:
                batch.create(self._place(place), taken)
            else:
                option = self._client.write_option(last_update_time=seen)
                batch.update(self._place(place), {**taken, "free": DELETE_FIELD}, option)
        for place in moves.frees:
            batch.set(self._place(place), _free(place))
        for wait in (moves.leaves, moves.joins):
            if wait is not None:
                document = self._line(wait.pool).document(wait.who)
                if wait is moves.joins:
                    batch.set(document, {"rank": wait.rank, "wait": json.dumps(codec.wait_to_json(wait))})
                else:
                    batch.delete(document)

    def written(self, moves: Moves) -> None:
        """The commit was applied, so the places that it took have documents."""
        for place in moves.takes:
            self._known.setdefault(place.pool, set()).add(place.number)

    def _free_below(self, name: str, size: int, most: int) -> list[DocumentSnapshot]:
        """Free places with numbers below ``size``; before them, the size that was set."""
        free = self._places(name).where(filter=FieldFilter("free", "<", size))
        return _found(free.order_by("free").limit(most))

    def _usable(self, name: str, size: int) -> int:
        """How many places may be taken, if so many are to be taken at most. Where all taken ones are below: two reads.

        Those beyond are counted before the free ones among them: one that is freed in between counts as free.
        """
        beyond = self._places(name).where(filter=FieldFilter("number", ">=", size))
        free = self._places(name).where(filter=FieldFilter("free", ">=", size))
        if _count(beyond) <= _count(free):
            return size
        return usable(size, (occupant.place.number for occupant in self.occupants(name)))

    def _untouched(self, name: str, size: int, most: int) -> list[int]:
        """Numbers of places that have no document, because nobody has taken them yet.

        Documents of places are never deleted. So this process reads each of them once here, a few at a time.
        """
        known = self._known.setdefault(name, set())
        unknown = [number for number in range(size) if number not in known]
        untouched: list[int] = []
        start, chunk = 0, most
        while start < len(unknown) and len(untouched) < most:
            numbers = unknown[start : start + chunk]
            wanted = [self._place(Place(name, number)) for number in numbers]
            there = {int(one.reference.id) for one in self._calls.read(wanted, "look at a pool", ["number"])}
            known |= there
            untouched += (number for number in numbers if number not in there)
            start, chunk = start + chunk, 2 * chunk
        return untouched[:most]

    def _note(self, name: str, found: DocumentSnapshot) -> int:
        number = made(path(found), int, found.id)
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[Place(name, number)] = found.update_time
        self._known.setdefault(name, set()).add(number)
        return number

    def _occupant(self, pool: str, found: DocumentSnapshot) -> Occupant:
        number, written = made(path(found), int, found.id), fields(found)
        occupant = Occupant(Place(pool, number), str(written["run"]), int(written["node"]))
        if len(self._held) >= _REMEMBERED:
            self._held.clear()
        self._held[occupant] = found.update_time
        self._known.setdefault(pool, set()).add(number)
        return occupant

    def _place(self, place: Place) -> DocumentReference:
        document: DocumentReference = self._places(place.pool).document(str(place.number))
        return document

    def _places(self, pool: str) -> CollectionReference:
        places: CollectionReference = self._client.collection("pools").document(pool).collection("places")
        return places

    def _line(self, pool: str) -> CollectionReference:
        line: CollectionReference = self._client.collection("pools").document(pool).collection("line")
        return line


def _free(place: Place) -> dict[str, Any]:
    return {"number": place.number, "taken": False, "free": place.number}


def _is_taken(found: DocumentSnapshot) -> bool:
    return fields(found).get("taken") is True


def _wait(written: Any) -> Wait:
    return codec.wait_from_json(json.loads(written["wait"]))


def _found(query: Query) -> list[DocumentSnapshot]:
    """The documents of a small query. The client's own retry of a query with an order fails (docs/cursed.md)."""
    return AGAIN(lambda: list(query.stream(retry=_ONCE, timeout=READ)))()


def _given(written: Any) -> int:
    return int(written["size"])


def _count(query: Any) -> int:  # its class says that ``count`` returns a class
    ((counted,),) = query.count().get(retry=AGAIN, timeout=READ)
    return int(counted.value)
