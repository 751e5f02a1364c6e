"""The store of the deployed form: a document per step, per counter and per run, and one per version of a plan.

    runs/{key}                  a run
    runs/{key}/steps/{node}     a step's state
    runs/{key}/counters/{join}  a join's counter
    runs/{run_key(id)}          which run has that id (ids.py)
    pools/{name}/…              a pool's places, and who waits for one (pools.py)
    plans/{version}             a plan
    plans/{version}/parts/{n}   the further parts of a very large plan
    sweeps/last                 the note of the last round of sweeps

There are no transactions, because a transaction locks what it reads, and predecessors that all read the same join would
wait for each other. A step is read without a lock and committed on condition that it is unchanged. The same commit
increments the counters without reading them, and its response has their new values.

With a ``retention``, all documents of a run that has ended say in ``expire_at`` when they may be deleted, and a TTL
policy of the database deletes them. Plans are shared by runs, and are kept.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from google.cloud.firestore import Client, Increment

from orchestrator.core.model import Run, RunStatus, Stop, Transition, View
from orchestrator.core.plan import Plan
from orchestrator.core.pools import LAST, NO_MOVES, pool_of_run
from orchestrator.core.run_filter import EVERY, RunFilter
from orchestrator.errors import StoreError
from orchestrator.ports import NONE_FAILED, Commit, Decide, KeptState, Occupant, Pool, Unreadable, check_writes, refuse
from orchestrator.stores.firestore import documents as documents
from orchestrator.stores.firestore import expiry as expiry
from orchestrator.stores.firestore import ids as ids
from orchestrator.stores.firestore import kept as kept_states
from orchestrator.stores.firestore import lists as lists
from orchestrator.stores.firestore import newest as newest
from orchestrator.stores.firestore import plans as plans
from orchestrator.stores.firestore.calls import AGAIN, COMMIT, STREAM, Calls, DocumentSnapshot
from orchestrator.stores.firestore.pools import Pools
from orchestrator.stores.firestore.refusals import CONFLICT, FOREIGN, Retries, meant, translated
from orchestrator.stores.firestore.snapshots import NOTHING, Seen, counted, fields, path, seen, to_run, view
from orchestrator.stores.records import made

#: How many steps are kept in memory as they were last read or written.
_REMEMBERED = 1024


def connect(project: str, database: str, retention: float | None = None) -> "FirestoreStore":
    """The store in a database of a project, with the credentials of the environment."""
    with translated(f"open {project}/{database}"):
        return FirestoreStore(Client(project=project, database=database), retention)


class FirestoreStore:
    """A Store that any number of threads and processes may use. One client serves all threads of a process.

    A step that was just read or written is not read again before it is written, and an unknown step is first assumed to
    be absent. Both are only guesses: the commit's condition refuses it if they are wrong.
    ``retention``: for how many seconds after their end runs are kept; None: for ever.
    """

    def __init__(self, client: Client, retention: float | None = None) -> None:
        self._client, self._calls = client, Calls(client)
        self._retention = retention
        self._recent: dict[tuple[str, int], Seen] = {}
        self._pools = Pools(client, self._calls)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()  # type: ignore[no-untyped-call]

    def open_run(self, run: Run, plan: Plan, kept: Iterable[KeptState] = ()) -> Run:
        """As in the port. Raises UnstorableError if the run, with its params, is too large for a document."""
        documents.check_run(run)
        left = iter(kept)
        name, head, retries = ids.place(self._client, run.id), self._calls.plan(run.version), Retries("open a run")
        while True:
            read = self._calls.read([name, head], "open a run", ["schema", "id", "key", "run", "parts"])
            found = {snapshot.reference: snapshot for snapshot in read}
            if (named := found.get(name)) is not None and (there := self._named(named, run.id)) is not None:
                return there
            kept_states.write(self._client, self._calls.steps(run.key), left)  # none is left the second time
            try:
                self._open(run, plan if head not in found else None, named)
            except CONFLICT as error:
                retries.spend(error)
            except FOREIGN as error:
                raise meant(error, "open a run") from error
            else:
                return run

    def transact(self, run: str, node: int, decide: Decide) -> Commit:
        seen, certain, retries = self._recent.pop((run, node), NOTHING), False, Retries("commit a step")
        while True:
            transition = decide(seen.state)
            if transition is not None:
                check_writes(transition)
                if certain and transition.moves.takes and self._pools.taken(transition.moves):
                    return Commit(False, seen.state, {}, taken=True)
                try:
                    return self._commit(run, node, seen, transition)
                except FOREIGN as error:
                    retries.spend(error)
            elif certain:
                return Commit(False, seen.state, {})
            seen, certain = self._step(run, node), True

    def pool(self, name: str, size: int, most: int) -> Pool:
        return self._pools.look(name, size, most)

    def standing(self, pool: str, rank: str = LAST) -> tuple[int, int]:
        return self._pools.standing(pool, rank)

    def occupants(self, pool: str) -> Sequence[Occupant]:
        return self._pools.occupants(pool)

    def size(self, pool: str) -> int | None:
        return self._pools.size(pool)

    def resize(self, pool: str, size: int, version: int) -> None:
        self._pools.resize(pool, size, version)

    def free(self, occupant: Occupant) -> bool:
        return self._pools.free(occupant)

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        steps, counters = self._calls.steps(run), self._calls.counters(run)
        wanted = chain((steps.document(str(n)) for n in nodes), (counters.document(str(j)) for j in joins))
        found = list(self._calls.read(wanted, "load steps"))
        if len(nodes) == 1:  # most likely to check a job, and its end may have to be written next
            for snapshot in found:
                if snapshot.reference.parent.id == steps.id:
                    self._remember(run, int(snapshot.id), seen(snapshot))
        return view(found, steps.id, refuse)

    def load_all(self, run: str, unreadable: Unreadable = refuse, outputs: bool = True) -> View:
        parts = (self._calls.steps(run), self._calls.counters(run))
        with translated("load a run"):  # one by one: the documents may take much more memory than what is read of them
            found = (snapshot for part in parts for snapshot in part.stream(retry=AGAIN, timeout=STREAM))
            return view(found, "steps", unreadable, outputs)

    def find_run(self, run_id: str) -> Run | None:
        for snapshot in self._calls.read([ids.place(self._client, run_id)], "find a run"):
            return self._named(snapshot, run_id)
        return None

    def get_run(self, run: str) -> Run | None:
        for snapshot in self._calls.read([self._calls.run(run)], "read a run"):
            if not ids.is_id(fields(snapshot)):
                return to_run(snapshot)
        return None

    def get_plan(self, version: str) -> Plan | None:
        return plans.read(self._calls, version)

    def end_run(self, run: str, status: RunStatus, at: float, failed: Mapping[str, str] = NONE_FAILED) -> bool:
        """As in the port. Steps and counters are stamped first; if the process dies in between, this is repeated.

        A run that is a step's job stays as long as the run that somebody started, and is stamped with that.
        """
        when = expiry.stamp_of(at, self._retention)

        def stamp(stored: Run) -> Mapping[str, Any]:
            return when if stored.parent is None else {}

        def ended(stored: Run) -> Run:
            if stored.max_parallel is not None:
                self._pools.forget(pool_of_run(stored.key))
            if stamp(stored):
                with translated("end a run"):
                    wanted = expiry.parts(self._calls.run(run), AGAIN, STREAM)
                    expiry.write(self._client, wanted, when, COMMIT)
                    for child in lists.inside(self._client, stored.id) if stored.nests else ():
                        expiry.write(self._client, [*expiry.parts(child, AGAIN, STREAM), child], when, COMMIT)
            return replace(stored, status=status, ended_at=at, failed=dict(failed))

        return self._change_run(run, "end a run", ended, stamp) is not None

    def stop_run(self, run: str, stop: Stop) -> Stop | None:
        stopped = self._change_run(
            run, "cancel a run", lambda found: found if found.stop else replace(found, stop=stop)
        )
        return stopped.stop if stopped else None

    def list_runs(self, limit: int = 50, unreadable: Unreadable = refuse, wanted: RunFilter = EVERY) -> Sequence[Run]:
        return newest.newest(self._client, limit, unreadable, wanted)

    def run_ids(self, limit: int) -> Sequence[tuple[str, str]]:
        return lists.newest_ids(self._client, limit)

    def unfinished(self, unreadable: Unreadable = refuse) -> Sequence[Run]:
        return lists.unfinished(self._client, unreadable)

    def unfinished_keys(self, after: str, limit: int) -> Sequence[str]:
        """As in the sweep's ``Roster`` (engine/sweep_rounds.py)."""
        return lists.unfinished_keys(self._client, after, limit)

    def recall(self) -> Mapping[str, Any]:
        """The note of the last round of sweeps; empty before the first."""
        return lists.recall(self._client)

    def note(self, fields: Mapping[str, Any]) -> None:
        """Replace that note with ``fields``."""
        lists.note(self._client, fields)

    def _change_run(
        self,
        run: str,
        doing: str,
        change: Callable[[Run], Run],
        add: Callable[[Run], Mapping[str, Any]] = lambda _: {},
    ) -> Run | None:
        """The changed run; None if the run has ended, and then nothing is written.

        The fields that ``add`` returns are written into its document and into that of its id.
        """
        document, retries = self._calls.run(run), Retries(doing)
        while True:
            found = next((one for one in self._calls.read([document], doing) if not ids.is_id(fields(one))), None)
            if found is None:
                raise StoreError(f"no run has the key '{run}'")
            stored = to_run(found)
            if stored.status is not RunStatus.RUNNING:
                return None
            changed, batch, also = change(stored), self._client.batch(), add(stored)
            batch.update(document, {**documents.of_run(changed), **also}, ids.unchanged(found))
            if also and (named := self._naming(stored)) is not None:
                batch.update(named.reference, dict(also), ids.unchanged(named))
            try:
                batch.commit(retry=None, timeout=COMMIT)
            except FOREIGN as error:
                retries.spend(error)
            else:
                return changed

    def _open(self, run: Run, plan: Plan | None, named: DocumentSnapshot | None) -> None:
        """One commit; raises whatever the client raises.

        ``plan``: only if it is new. ``named``: the document of the id, if it names a run that has been deleted.
        """
        batch, document, name = self._client.batch(), self._calls.run(run.key), ids.place(self._client, run.id)
        if plan is not None:
            plans.write(batch, self._calls.plan(run.version), plan)
        batch.create(document, documents.of_run(run))
        if name != document:
            ids.give(batch, name, run, named)
        batch.commit(retry=None, timeout=COMMIT)

    def _named(self, found: DocumentSnapshot, run_id: str) -> Run | None:
        """The run that has this id, according to the document ``found``; None if that run has been deleted."""
        named = fields(found)
        if ids.is_id(named):
            ids.check(named.get("id"), run_id)
            return self.get_run(made(path(found), ids.key_in, named))
        run = to_run(found)
        ids.check(run.id, run_id)
        return run

    def _naming(self, run: Run) -> DocumentSnapshot | None:
        """The document that says that ``run`` has its id, if that is a document of its own."""
        name = ids.place(self._client, run.id)
        found = self._calls.read([name] if name != self._calls.run(run.key) else [], "end a run")
        return next((one for one in found if fields(one).get("key") == run.key), None)

    def _commit(self, run: str, node: int, seen: Seen, transition: Transition) -> Commit:
        """One commit; raises whatever the client raises."""
        batch = self._client.batch()
        step, written_as = self._calls.steps(run).document(str(node)), documents.of_state(transition.state)
        if seen.updated is None:
            batch.create(step, written_as)
        else:
            batch.update(step, written_as, option=self._client.write_option(last_update_time=seen.updated))
        adds = {name: Increment(by) for name, by in documents.of_arrival(transition).items()}
        counters = self._calls.counters(run)
        for join in transition.joins:
            batch.set(counters.document(str(join)), adds, merge=True)
        if transition.moves is not NO_MOVES:
            self._pools.write(batch, run, node, transition.moves)
        written, *changed = batch.commit(retry=None, timeout=COMMIT)
        if transition.moves is not NO_MOVES:
            self._pools.written(transition.moves)
        if not transition.state.status.final:
            self._remember(run, node, Seen(transition.state, written.update_time))
        values = zip(transition.joins, changed[: len(transition.joins)], strict=True)
        return Commit(True, transition.state, {join: counted(result) for join, result in values}, transition.moves)

    def _step(self, run: str, node: int) -> Seen:
        found = list(self._calls.read([self._calls.steps(run).document(str(node))], "read a step"))
        return seen(found[0]) if found else NOTHING

    def _remember(self, run: str, node: int, seen: Seen) -> None:
        if len(self._recent) >= _REMEMBERED:
            self._recent.clear()
        self._recent[run, node] = seen
