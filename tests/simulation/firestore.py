"""Firestore in a world: the real adapter and Google's real client, with a small simulated service and a bad connection.

The service applies commits completely or not at all, if their conditions are met. Faults of the connection: a response
is lost, a call does not arrive or arrives twice, or a commit is applied minutes after its caller has given up, read
again and gone on. What is committed is copied into the world's memory store, which the watch reads.
"""

import json
import operator
import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions as api
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore import Client
from google.cloud.firestore_v1 import types
from google.protobuf.timestamp_pb2 import Timestamp

from orchestrator.core import codec
from orchestrator.core.model import PENDING, RunStatus, StepState, Transition
from orchestrator.core.plan import Plan
from orchestrator.core.pools import Place
from orchestrator.core.run_filter import EVERY, RunFilter
from orchestrator.ports import Commit, Decide, KeptState, Occupant, Unreadable, refuse
from orchestrator.stores.firestore import documents, refusals
from orchestrator.stores.firestore.store import FirestoreStore
from tests.simulation.loop import START, Crash
from tests.simulation.ports import ShakyStore
from tests.simulation.weather import COMMITS_SENT, READS_SENT

if TYPE_CHECKING:
    from orchestrator.core.model import Run
    from tests.simulation.world import World

#: The most seconds after which a commit is applied whose caller has given up.
LATER = (0.0, 2.0, 20.0, 240.0)

_Document = types.Document.pb()


class Service:
    """The documents of one database: their fields, and when each was last changed."""

    def __init__(self, changed: Callable[[dict[str, dict[str, Any]]], None]) -> None:
        self.documents: dict[str, tuple[dict[str, Any], Timestamp]] = {}
        self._changed = changed
        self._moments = count(1)

    def commit(self, writes: list[Any]) -> Any:
        """Apply all writes, or none and raise what the client raises."""
        for write in writes:
            self._check(write._pb)
        number = next(self._moments)
        now = Timestamp(seconds=int(START) + number // 1_000_000, nanos=number % 1_000_000 * 1000)
        results, after = [], {}
        for write in writes:
            if name := write._pb.delete:
                self.documents.pop(name, None)
                results.append(types.WriteResult(update_time=now))
                after[name.partition("/documents/")[2]] = {}
                continue
            name = write._pb.update.name
            fields, results = self._written(write._pb, results, now)
            self.documents[name] = fields, now
            after[name.partition("/documents/")[2]] = fields
        self._changed(after)
        return types.CommitResponse(write_results=results, commit_time=now)

    def expire(self, path: str, now: float) -> bool:
        """Delete a document as a TTL policy does: if it says that it may go. False if it stays, or is not there."""
        name = next((name for name in self.documents if name.endswith(f"/documents/{path}")), "")
        fields = self.documents[name][0] if name else {}
        if "expire_at" not in fields or fields["expire_at"].timestamp_value.ToMicroseconds() > 1e6 * now:
            return False
        del self.documents[name]
        return True

    def close(self) -> None:
        """The world is over: the adapter's patience is by the machine's clock and luck again."""
        _TIME.world = None
        refusals.random = random

    def _check(self, write: Any) -> None:
        there, wanted = self.documents.get(write.update.name), write.current_document
        match wanted.WhichOneof("condition_type"):
            case "exists" if wanted.exists != (there is not None):
                raise (api.NotFound if wanted.exists else api.AlreadyExists)(write.update.name)
            case "update_time" if there is None or there[1] != wanted.update_time:
                raise api.FailedPrecondition(write.update.name)

    def _written(self, write: Any, results: list[Any], now: Timestamp) -> tuple[dict[str, Any], list[Any]]:
        fields = dict(self.documents.get(write.update.name, ({},))[0]) if write.HasField("update_mask") else {}
        for path in write.update_mask.field_paths if write.HasField("update_mask") else write.update.fields:
            fields.pop(path, None)
            if path in write.update.fields:
                fields[path] = write.update.fields[path]
        changed = []
        for transform in write.update_transforms:
            before = fields[transform.field_path].integer_value if transform.field_path in fields else 0
            value = types.Value(integer_value=before + transform.increment.integer_value)
            fields[transform.field_path] = value._pb
            changed.append(value)
        return fields, [*results, types.WriteResult(update_time=now, transform_results=changed)]


_COMPARED = {
    types.StructuredQuery.FieldFilter.Operator.LESS_THAN: operator.lt,
    types.StructuredQuery.FieldFilter.Operator.GREATER_THAN_OR_EQUAL: operator.ge,
    types.StructuredQuery.FieldFilter.Operator.EQUAL: operator.eq,
}


class Line:
    """What a client calls, for one machine: the methods of ``FirestoreClient`` that the store needs."""

    def __init__(self, world: "World", service: Service) -> None:
        self._world = world
        self._service = service

    def commit(self, request: Any, **_: Any) -> Any:
        writes, world = list(request["writes"]), self._world
        world.loop.pause("firestore commits")
        fault = self._fault("commit", COMMITS_SENT)
        if fault is None:
            return self._service.commit(writes)
        if fault in ("no answer after", "crash after", "sent again"):
            self._service.commit(writes)
        if fault == "sent again":
            return self._service.commit(writes)
        if fault.startswith("applied late"):
            world.loop.at(world.now + world.random.choice(LATER) * world.random.random(), lambda: self._late(writes))
            raise Crash(fault) if fault.endswith("crash") else api.DeadlineExceeded("no answer came")
        if fault == "aborted":
            raise api.Aborted("somebody holds the document")
        raise Crash(fault) if fault.startswith("crash") else api.ServiceUnavailable(fault)

    def _late(self, writes: list[Any]) -> None:
        """It arrives, and nobody waits for it."""
        try:
            self._service.commit(writes)
        except api.GoogleAPICallError:
            self._world.count("firestore commit: late and refused")
        else:
            self._world.count("firestore commit: late and applied")

    def batch_get_documents(self, request: Any, **_: Any) -> Iterator[Any]:
        self._read()
        for name in request["documents"]:
            if name in self._service.documents:
                yield types.BatchGetDocumentsResponse(found=self._document(name))
            else:
                yield types.BatchGetDocumentsResponse(missing=name)

    def run_query(self, request: Any, **_: Any) -> Iterator[Any]:
        """The documents of a collection: all, or some of them in the order of a field, as handlers ask for."""
        self._read()
        for name in self._found(request["parent"], request["structured_query"]):
            yield types.RunQueryResponse(document=self._document(name))

    def run_aggregation_query(self, request: Any, **_: Any) -> Iterator[Any]:
        """How many documents a query would find."""
        self._read()
        query = request["structured_aggregation_query"]
        (counted,) = query.aggregations
        number = len(self._found(request["parent"], query.structured_query))
        fields = {counted.alias: types.Value(integer_value=number)}
        yield types.RunAggregationQueryResponse(result=types.AggregationResult(aggregate_fields=fields))

    def _found(self, parent: str, query: Any) -> list[str]:
        (collection,) = query.from_
        folder = f"{parent}/{collection.collection_id}"
        found = [name for name in self._service.documents if name.rpartition("/")[0] == folder]
        return self._chosen(found, query._pb)

    def _chosen(self, found: list[str], query: Any) -> list[str]:
        """Those that a query wants: with a field below or at a value, in the order of a field, only so many."""
        if query.HasField("where"):
            wanted = query.where.field_filter
            fits = _COMPARED[wanted.op]
            field, bound = wanted.field.field_path, _plain(wanted.value)
            found = [name for name in found if (value := self._value(name, field)) is not None and fits(value, bound)]
        for order in list(query.order_by)[:1]:
            found = [name for name in found if self._value(name, order.field.field_path) is not None]
            down = order.direction == types.StructuredQuery.Direction.DESCENDING
            found.sort(key=lambda name: self._value(name, order.field.field_path), reverse=down)
        return found[: query.limit.value] if query.HasField("limit") else found

    def _value(self, name: str, field: str) -> Any:
        fields, _ = self._service.documents[name]
        return _plain(fields[field]) if field in fields else None

    def _read(self) -> None:
        self._world.loop.pause("firestore reads")
        if fault := self._fault("read", READS_SENT):
            raise Crash(fault) if fault == "crash" else api.ServiceUnavailable("no answer came")

    def _fault(self, verb: str, faults: tuple[str, ...]) -> str | None:
        if self._world.random.random() >= self._world.weather.call:
            return None
        fault = self._world.random.choice(faults)
        self._world.count(f"firestore {verb}: {fault}")
        return fault

    def _document(self, name: str) -> Any:
        fields, updated = self._service.documents[name]
        made = _Document(name=name, create_time=updated, update_time=updated)
        for key, value in fields.items():
            made.fields[key].CopyFrom(value)
        return types.Document.wrap(made)


def _plain(value: Any) -> Any:
    """A number or a text, as Firestore's client wraps it."""
    return getattr(value, value.WhichOneof("value_type"))


class LateStore(ShakyStore):
    """The real adapter, on a line of its machine. Who changes what, the service tells."""

    def __init__(self, world: "World", service: Service) -> None:
        client = Client(project="simulated", credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
        client._firestore_api_internal = Line(world, service)
        kept = world.again.seconds
        super().__init__(world, FirestoreStore(client, None if kept == inf else kept))  # type: ignore[arg-type]

    def _open(self, run: "Run", plan: Plan, kept: Iterable[KeptState]) -> "Run":
        return self.inner.open_run(run, plan, kept)

    def _commit(self, run: str, node: int, decide: Decide) -> Commit:
        def slow(state: StepState) -> Transition | None:
            transition = decide(state)
            if transition is not None:
                self.world.within()
            return transition

        commit = self.inner.transact(run, node, slow)
        if not commit.applied:
            self.world.count("commit: place taken" if commit.taken else "commit: refused")
        return commit

    def _end(self, run: str, status: RunStatus, at: float, failed: Any) -> bool:
        return self.inner.end_run(run, status, at, failed)

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse, wanted: RunFilter = EVERY) -> Sequence["Run"]:
        """The service of this world answers no query of this kind; the contract's tests ask the emulator."""
        return self.world.memory.list_runs(limit, unreadable, wanted)


class Mirror:
    """Copies what was committed into the world's memory store, and tells the watch."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._opened: set[str] = set()

    @property
    def _kept(self) -> Collection[int]:
        """The steps that a rerun keeps, in a world that has one: their states come before it, and late."""
        return self._world.lives[0].kept

    def __call__(self, after: dict[str, dict[str, Any]]) -> None:
        changed: list[tuple[str, int, StepState, StepState]] = []
        for path, fields in after.items():
            match path.split("/"):
                case ["runs", _] if "run" in fields:
                    self._run(documents.to_run(path, {"run": fields["run"].string_value}))
                case ["runs", key, "steps", number]:
                    state = documents.to_state(path, {"state": fields["state"].string_value})
                    states = self._world.memory._states.setdefault(key, {})
                    before = states.get(int(number), PENDING)
                    kept = int(number) in self._kept and (key not in self._opened or state == before)
                    if not kept and (state != before or "expire_at" not in fields):  # else it was stamped
                        changed.append((key, int(number), before, state))
                    states[int(number)] = state
                case ["pools", pool, "places", "size"]:
                    self._size(pool, fields)
                case ["pools", pool, "places", number]:
                    self._place(Place(pool, int(number)), fields)
                case ["pools", pool, "line", occupant]:
                    self._wait(pool, occupant, fields)
                case ["runs", key, "counters", number]:
                    values = {name: value.integer_value for name, value in fields.items()}
                    self._world.memory._counters[key][int(number)] = documents.to_counter(values)
        for key, node, old, new in changed:
            self._world.committed(key, node, old, new)

    def _place(self, place: Place, fields: dict[str, Any]) -> None:
        if "run" in fields:
            run, node = fields["run"].string_value, fields["node"].integer_value
            self._world.memory._places[place] = Occupant(place, run, node)
        else:
            self._world.memory._places.pop(place, None)

    def _size(self, pool: str, fields: dict[str, Any]) -> None:
        if fields:
            self._world.memory._sizes[pool] = fields["size"].integer_value, fields["version"].integer_value
            self._world.pools.resized(pool)

    def _wait(self, pool: str, occupant: str, fields: dict[str, Any]) -> None:
        line = self._world.memory._lines.setdefault(pool, {})
        for rank in [rank for rank, wait in line.items() if wait.who == occupant]:
            del line[rank]
        if fields:
            wait = codec.wait_from_json(json.loads(fields["wait"].string_value))
            line[wait.rank] = wait

    def _run(self, run: "Run") -> None:
        before = self._world.memory.get_run(run.key)
        if before is None:
            plan = next(life.base for life in self._world.lives if life.plan.version == run.version)
            kept = self._world.memory._states.get(run.key, {})
            self._world.memory.open_run(run, plan, kept.items())
            self._opened.add(run.key)
            self._world.opened(run)
            return
        if before.status is not RunStatus.RUNNING or (before.stop is not None and run.stop != before.stop):
            self._world.failures.append(f"{run.id}: was {before}, and is {run}")
        self._world.memory._runs[run.key] = run
        if run.status is not RunStatus.RUNNING and before.status is RunStatus.RUNNING:
            self._world.life(run.key).watch.ended(run.status)
            self._world.traffic.ended(run.key)


class _WorldTime:
    """The clock by which the adapter is patient: a handler's own, in a world; else the machine's."""

    world: "World | None" = None

    def monotonic(self) -> float:
        return time.monotonic() if self.world is None else self.world.now

    def sleep(self, seconds: float) -> None:
        if self.world is None:
            time.sleep(seconds)
        else:
            self.world.loop.pause("firestore waits", seconds)


_TIME = _WorldTime()
refusals.time = _TIME  # type: ignore[assignment]

#: Engines whose threads make each other forget read the same few plans a thousand times, and a plan takes long to read.
documents.unpack = lru_cache(maxsize=8)(documents.unpack)  # type: ignore[attr-defined]


def begin(world: "World") -> Service:
    """The service of a world. From now on the adapter's patience is by its clock, until it is closed."""
    _TIME.world = world
    refusals.random = Random("how long the adapter waits")  # type: ignore[assignment]
    return Service(Mirror(world))
