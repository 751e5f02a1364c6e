"""The cloud's store, on Firestore: a document a step, one a counter, one a run, a plan once a version.

    runs/{key}                     runs/{key}/steps/{node}
    runs/{run_key(id)}             runs/{key}/counters/{join}
    plans/{version}                the former: which run has that id (_ids.py)
    plans/{version}/parts/{n}      what of a very large plan does not fit the first
    sweeps/last                    where the last round of sweeps stopped

No transactions: a transaction locks what it reads, and a join that all who arrive at it read becomes a queue. A step
is read plainly and committed on condition that it is unchanged; counters are added to in the same commit, unread, and
its answer tells their new values. Holds no decisions.

With a ``retention``, all documents of a run that has ended say in ``expire_at`` when they may be deleted: a TTL policy
of the database does that, and only that. Plans are shared, and stay.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import Any

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.cloud.firestore import Client, CollectionReference, DocumentReference, FieldFilter, Increment, Query
from google.cloud.firestore import DocumentSnapshot as AnySnapshot

from orchestrator.core.codec import SCHEMA
from orchestrator.core.model import PENDING, Counter, Run, RunStatus, StepState, Stop, Transition, View
from orchestrator.core.plan import Plan
from orchestrator.errors import StoreError
from orchestrator.ports import NONE_FAILED, Commit, Decide, Unreadable, check_writes, refuse
from orchestrator.stores.firestore import documents as documents
from orchestrator.stores.firestore import expiry as expiry
from orchestrator.stores.firestore import ids as ids
from orchestrator.stores.firestore.refusals import CONFLICT, FOREIGN, Retries, meant, translated
from orchestrator.stores.records import checked, made, readable

DocumentSnapshot = AnySnapshot[DocumentReference]

#: Seconds for a small read, a commit, and a stream of thousands. The client's own defaults are 300, 60 and 300.
_READ, _COMMIT, _STREAM = 5.0, 10.0, 60.0

#: A read does no harm twice, so it is asked again for 3 s. Without an explicit policy the client asks for 5 minutes.
_AGAIN = Retry(if_exception_type(api.ServiceUnavailable, api.InternalServerError), 0.05, 0.5, 2.0, timeout=3.0)

#: Where a round of sweeps leaves a note for the next; and what Firestore calls a document's name in a query.
_SWEEP, _NAME = "sweeps/last", "__name__"

#: How many documents one read names.
_CHUNK = 500

#: How many steps are remembered as they were last seen.
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class _Seen:
    """A step as it was at ``updated``; None: there is no document."""

    state: StepState
    updated: datetime | None


_NOTHING = _Seen(PENDING, None)


def connect(project: str, database: str, retention: float | None = None) -> "FirestoreStore":
    """The store in a database of a project, with the credentials that the environment has."""
    with translated(f"open {project}/{database}"):
        return FirestoreStore(Client(project=project, database=database), retention)


class FirestoreStore:
    """Keeps its promises among any number of threads and processes; one client serves all threads of a process.

    A step that this store has just read or written is not read again before it is written; one that it does not know
    is first taken for absent. Either is only a guess, and the commit's condition proves it or refuses.
    ``retention``: seconds after their end for which runs are kept; None: for ever.
    """

    def __init__(self, client: Client, retention: float | None = None) -> None:
        self._client = client
        self._retention = retention
        self._recent: dict[tuple[str, int], _Seen] = {}

    def close(self) -> None:
        """Close the connection."""
        self._client.close()  # type: ignore[no-untyped-call]

    def open_run(self, run: Run, plan: Plan) -> Run:
        """As the port promises. Raises UnstorableError if the run, with its params, is too large for a document."""
        documents.check_run(run)
        name, head, retries = ids.place(self._client, run.id), self._plan(run.version), Retries("open a run")
        while True:
            read = self._read([name, head], "open a run", ["schema", "id", "key", "run", "parts"])
            found = {snapshot.reference: snapshot for snapshot in read}
            if (named := found.get(name)) is not None and (there := self._named(named, run.id)) is not None:
                return there
            try:
                self._open(run, plan if head not in found else None, named)
            except CONFLICT as error:
                retries.spend(error)
            except FOREIGN as error:
                raise meant(error, "open a run") from error
            else:
                return run

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        seen, certain, retries = self._recent.pop((run, node), _NOTHING), False, Retries("commit a step")
        while True:
            transition = decide(seen.state)
            if transition is not None:
                check_writes(transition)
                try:
                    return self._commit(run, node, seen, transition)
                except FOREIGN as error:
                    retries.spend(error)
            elif certain:
                return Commit(False, seen.state, {})
            seen, certain = self._look(run, node), True

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        steps, counters = self._steps(run), self._counters(run)
        wanted = chain((steps.document(str(n)) for n in nodes), (counters.document(str(j)) for j in joins))
        found = list(self._read(wanted, "load steps"))
        if len(nodes) == 1:  # a look at a job, which its end may follow
            for snapshot in found:
                if snapshot.reference.parent.id == steps.id:
                    self._remember(run, int(snapshot.id), _seen(snapshot))
        return _view(found, steps.id, refuse)

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        parts = (self._steps(run), self._counters(run))
        with translated("load a run"):  # each is read as it comes: together they may be larger than what is in them
            found = (snapshot for part in parts for snapshot in part.stream(retry=_AGAIN, timeout=_STREAM))
            return _view(found, "steps", unreadable, outputs)

    def find_run(self, run_id: str) -> Run | None:
        for snapshot in self._read([ids.place(self._client, run_id)], "find a run"):
            return self._named(snapshot, run_id)
        return None

    def get_run(self, run: str) -> Run | None:
        for snapshot in self._read([self._run(run)], "read a run"):
            if not ids.is_id(_fields(snapshot)):
                return _to_run(snapshot)
        return None

    def get_plan(self, version: str) -> Plan | None:
        head = self._plan(version)
        found = list(self._read([head], "read a plan"))
        if not found:
            return None
        fields, path = _fields(found[0]), f"plans/{version}"
        checked(path, fields.get("schema"))
        number_of_parts = made(path, lambda: range(fields["parts"]).stop)
        parts: dict[int, Any] = {0: fields.get("plan")}
        for number in range(1, number_of_parts):
            for snapshot in self._read([_part(head, number)], "read a plan"):
                parts[number] = _fields(snapshot).get("plan")
        if len(parts) < number_of_parts:
            raise StoreError(f"the plan '{version}' is not whole: {len(parts)} of {number_of_parts} parts are there")
        return documents.to_plan(path, (parts[number] for number in sorted(parts)))

    def end_run(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str] = NONE_FAILED) -> bool:
        """As the port promises. Steps and counters are stamped before: if it dies in between, it is done again."""
        stamp = expiry.stamp_of(at, self._retention)

        def ended(stored: Run) -> Run:
            if stamp:
                with translated("end a run"):
                    expiry.write(self._client, expiry.parts(self._run(run), _AGAIN, _STREAM), stamp, _COMMIT)
            return replace(stored, status=status, ended_at=at, failed=dict(failed))

        return self._change_run(run, "end a run", ended, stamp) is not None

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        stopped = self._change_run(
            run, "cancel a run", lambda found: found if found.stop else replace(found, stop=stop)
        )
        return stopped.stop if stopped else None

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse) -> Sequence[Run]:
        with translated("list runs"):
            query = self._client.collection("runs").order_by("started_at", direction=Query.DESCENDING).limit(limit)
            found = list(query.stream(retry=_AGAIN, timeout=_STREAM))
        return _to_runs(found, unreadable)

    def run_ids(self, limit: int) -> Sequence[tuple[str, str]]:
        newest = self._client.collection("runs").order_by("started_at", direction=Query.DESCENDING)
        with translated("list runs"):
            found = newest.select(["id"]).limit(limit).stream(retry=_AGAIN, timeout=_STREAM)
            ids_of = [(_fields(snapshot).get("id"), snapshot.id) for snapshot in found]
        return [(run_id, key) for run_id, key in ids_of if isinstance(run_id, str)]

    def unfinished(self, unreadable: Unreadable = refuse) -> Sequence[Run]:
        """As the port promises. A read for each, and one where there is none (Firestore's pricing: a query's minimum).

        One equality needs no index but the one that Firestore makes of every field by itself.
        """
        running = FieldFilter("status", "==", str(RunStatus.RUNNING))
        with translated("list unfinished runs"):
            query = self._client.collection("runs").where(filter=running)
            found = list(query.stream(retry=_AGAIN, timeout=_STREAM))
        return _to_runs(found, unreadable)

    def unfinished_keys(self, after: str, limit: int) -> Sequence[str]:
        """The keys of runs that have not ended, in their order, from the first behind ``after`` on. A read for each.

        One equality, in the order of the names, needs no index but the one that Firestore makes of every field by
        itself. No field is asked for: the params of a run may take a megabyte.
        """
        running, runs = FieldFilter("status", "==", str(RunStatus.RUNNING)), self._client.collection("runs")
        query = runs.where(filter=running).order_by(_NAME).select([]).limit(limit)
        if after:
            query = query.start_after({_NAME: runs.document(after)})
        with translated("list unfinished runs"):
            return [snapshot.id for snapshot in query.stream(retry=_AGAIN, timeout=_STREAM)]

    def recall(self) -> Mapping[str, Any]:
        """What the last round of sweeps noted; nothing before the first."""
        found = list(self._read([self._client.document(_SWEEP)], "read what the last sweep noted"))
        return _fields(found[0]) if found else {}

    def note(self, fields: Mapping[str, Any]) -> None:
        """Keep ``fields`` for the next round, in place of what was noted before."""
        with translated("note how far a sweep came"):
            self._client.document(_SWEEP).set(dict(fields), retry=None, timeout=_COMMIT)

    def _change_run(
        self, run: str, doing: str, change: Callable[[Run], Run], also: Mapping[str, Any] | None = None
    ) -> Run | None:
        """The run as it has been changed; None, and nothing is written, if it had ended.

        The fields ``also`` go into its document and into that of its id.
        """
        document, retries = self._run(run), Retries(doing)
        while True:
            found = next((one for one in self._read([document], doing) if not ids.is_id(_fields(one))), None)
            if found is None:
                raise StoreError(f"no run has the key '{run}'")
            stored = _to_run(found)
            if stored.status is not RunStatus.RUNNING:
                return None
            changed, batch = change(stored), self._client.batch()
            batch.update(document, {**documents.of_run(changed), **(also or {})}, ids.unchanged(found))
            if also and (named := self._naming(stored)) is not None:
                batch.update(named.reference, dict(also), ids.unchanged(named))
            try:
                batch.commit(retry=None, timeout=_COMMIT)
            except FOREIGN as error:
                retries.spend(error)
            else:
                return changed

    def _open(self, run: Run, plan: Plan | None, named: DocumentSnapshot | None) -> None:
        """One commit; raises whatever the client raises. ``plan``: if it is new. ``named``: whose run is gone."""
        batch, document, name = self._client.batch(), self._run(run.key), ids.place(self._client, run.id)
        if plan is not None:
            head = self._plan(run.version)
            first, *others = documents.of_plan(plan)
            for number, part in enumerate(others, start=1):
                _part(head, number).set({"plan": part}, retry=None, timeout=_COMMIT)
            batch.set(head, {"schema": SCHEMA, "graph": plan.graph, "parts": 1 + len(others), "plan": first})
        batch.create(document, documents.of_run(run))
        if name != document:
            ids.give(batch, name, run, named)
        batch.commit(retry=None, timeout=_COMMIT)

    def _named(self, found: DocumentSnapshot, run_id: str) -> Run | None:
        """The run that has an id, of which ``found`` tells; None if that run is gone."""
        fields = _fields(found)
        if ids.is_id(fields):
            ids.check(fields.get("id"), run_id)
            return self.get_run(made(_path(found), ids.key_in, fields))
        run = _to_run(found)
        ids.check(run.id, run_id)
        return run

    def _naming(self, run: Run) -> DocumentSnapshot | None:
        """The document that says that ``run`` has its id, if that is not its own."""
        name = ids.place(self._client, run.id)
        found = self._read([name] if name != self._run(run.key) else [], "end a run")
        return next((one for one in found if _fields(one).get("key") == run.key), None)

    def _commit(self, run: str, node: int, seen: _Seen, transition: Transition) -> Commit:
        """One commit; raises whatever the client raises."""
        batch = self._client.batch()
        step, fields = self._steps(run).document(str(node)), documents.of_state(transition.state)
        if seen.updated is None:
            batch.create(step, fields)
        else:
            batch.update(step, fields, option=self._client.write_option(last_update_time=seen.updated))
        adds = {name: Increment(by) for name, by in documents.of_arrival(transition.adds).items()}
        counters = self._counters(run)
        for join in transition.joins:
            batch.set(counters.document(str(join)), adds, merge=True)
        written, *changed = batch.commit(retry=None, timeout=_COMMIT)
        if not transition.state.status.final:
            self._remember(run, node, _Seen(transition.state, written.update_time))
        values = zip(transition.joins, changed, strict=True)
        return Commit(True, transition.state, {join: _counted(result) for join, result in values})

    def _look(self, run: str, node: int) -> _Seen:
        found = list(self._read([self._steps(run).document(str(node))], "read a step"))
        return _seen(found[0]) if found else _NOTHING

    def _read(
        self, wanted: Collection[DocumentReference] | Iterator[DocumentReference], doing: str, only: Any = None
    ) -> Iterator[DocumentSnapshot]:
        """The documents among ``wanted`` that exist."""
        left = iter(wanted)
        while chunk := list(islice(left, _CHUNK)):
            with translated(doing):
                found = list(self._client.get_all(chunk, only, retry=_AGAIN, timeout=_READ))
            yield from (snapshot for snapshot in found if snapshot.exists)

    def _remember(self, run: str, node: int, seen: _Seen) -> None:
        if len(self._recent) >= _REMEMBERED:
            self._recent.clear()
        self._recent[run, node] = seen

    def _run(self, key: str) -> DocumentReference:
        return self._client.collection("runs").document(key)

    def _plan(self, version: str) -> DocumentReference:
        document: DocumentReference = self._client.collection("plans").document(version)
        return document

    def _steps(self, run: str) -> CollectionReference:
        steps: CollectionReference = self._run(run).collection("steps")
        return steps

    def _counters(self, run: str) -> CollectionReference:
        counters: CollectionReference = self._run(run).collection("counters")
        return counters


def _part(head: DocumentReference, number: int) -> DocumentReference:
    part: DocumentReference = head.collection("parts").document(str(number))
    return part


def _fields(snapshot: DocumentSnapshot) -> Mapping[str, Any]:
    return snapshot.to_dict() or {}


def _path(snapshot: DocumentSnapshot) -> str:
    """Where a document lies in its database, as Google's console shows it."""
    return str(snapshot.reference.path)


def _to_run(snapshot: DocumentSnapshot) -> Run:
    return documents.to_run(_path(snapshot), _fields(snapshot))


def _to_runs(found: Iterable[DocumentSnapshot], unreadable: Unreadable) -> list[Run]:
    return list(readable((partial(_to_run, snapshot) for snapshot in found), unreadable))


def _seen(snapshot: DocumentSnapshot) -> _Seen:
    return _Seen(documents.to_state(_path(snapshot), _fields(snapshot)), snapshot.update_time)


def _view(found: Iterable[DocumentSnapshot], steps: str, unreadable: Unreadable, outputs: bool = True) -> View:
    states: dict[int, StepState] = {}
    counters: dict[int, Counter] = {}
    unknown: set[int] = set()

    def put(snapshot: DocumentSnapshot) -> None:
        path, fields = _path(snapshot), _fields(snapshot)
        number = made(path, int, snapshot.id)
        if snapshot.reference.parent.id != steps:
            counters[number] = documents.read_counter(path, fields)
            return
        unknown.add(number)
        state = documents.to_state(path, fields)
        states[number] = state if outputs else state.without_outputs()
        unknown.remove(number)

    for _ in readable((partial(put, snapshot) for snapshot in found), unreadable):
        pass
    return View(states, counters, unknown)


def _counted(result: Any) -> Counter:
    """A counter's new values, which the answer gives in the order of the fields' names."""
    values = (value.integer_value for value in result.transform_results)
    return documents.to_counter(dict(zip(documents.COUNTED, values, strict=True)))
