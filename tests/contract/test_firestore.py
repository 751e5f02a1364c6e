"""The Firestore store over a bad line: the real client and the real emulator, and between them what goes wrong."""

import random
import socket
import string
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.events import JobEnded
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Launch
from orchestrator.core.model import PENDING, Counter, Run, RunStatus, Status, StepState, Stop, Transition, View
from orchestrator.core.names import run_key
from orchestrator.core.pool_moves import with_moves
from orchestrator.core.pools import Place, pool_of_run
from orchestrator.core.rules import Tally
from orchestrator.core.run_filter import RunFilter
from orchestrator.core.steps import Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.execution import Execution
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import ConflictError, StoreError, UsageError
from orchestrator.ports import Commit, Task
from orchestrator.rehearsal import emulators
from orchestrator.stores.firestore import documents, refusals
from orchestrator.stores.firestore import expiry as firestore_expiry
from orchestrator.stores.firestore.store import FirestoreStore, connect
from tests.contract.line import Failure, Line, lose, refuse

PLAN = compile_plan(
    "g",
    "v1",
    tuple(Step(name, Work("command"), after=after) for name, after in (("a", ()), ("b", ()), ("c", ("a", "b")))),
)
RUN = Run("run-1", "key1", "g", "v1", {}, started_at=100.0)
DONE = StepState(Status.SUCCEEDED, attempt=1, job="j")
ARRIVED = {0: Counter(1, Tally(succeeded=1))}


def end(state: StepState) -> Transition | None:
    return None if state.status.final else Transition(DONE, (0,), Tally(succeeded=1))


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def shaky(firestore: FirestoreStore, firestore_host: str, line: Line) -> Iterator[FirestoreStore]:
    """A second store on the database of ``firestore``, over ``line``. The run is open."""
    firestore.open_run(RUN, PLAN)
    store = FirestoreStore(line.client(firestore._client.project, firestore_host))
    yield store
    store.close()


_CODES = grpc.StatusCode
UNSURE = [_CODES.UNAVAILABLE, _CODES.DEADLINE_EXCEEDED, _CODES.INTERNAL, _CODES.UNKNOWN]


@pytest.mark.parametrize("code", UNSURE, ids=str)
def test_a_commit_that_was_applied_and_its_answer_lost_counts_once(
    shaky: FirestoreStore, line: Line, code: grpc.StatusCode
):
    line.faults["Commit"] = iter([lose(code)])
    assert shaky.transact("key1", 0, end) == Commit(False, DONE, {})
    assert shaky.load_all("key1") == View({0: DONE}, ARRIVED)


@pytest.mark.parametrize("code", [*UNSURE, grpc.StatusCode.ABORTED, grpc.StatusCode.RESOURCE_EXHAUSTED], ids=str)
def test_a_commit_that_did_not_arrive_is_made_again(shaky: FirestoreStore, line: Line, code: grpc.StatusCode):
    line.faults["Commit"] = iter([refuse(code)] * 2)
    assert shaky.transact("key1", 0, end) == Commit(True, DONE, ARRIVED)
    assert shaky.load_all("key1") == View({0: DONE}, ARRIVED)


def test_a_commit_that_was_given_up_and_arrives_late_counts_once(shaky: FirestoreStore, line: Line):
    sent: list[Callable[[], Any]] = []

    def slow(send: Callable[[], Any]) -> Any:
        sent.append(send)
        raise Failure(grpc.StatusCode.DEADLINE_EXCEEDED)

    def overtaken(send: Callable[[], Any]) -> Any:
        sent.pop()().result()
        return send()

    line.faults["Commit"] = iter([slow, overtaken])
    assert shaky.transact("key1", 0, end) == Commit(False, DONE, {})
    assert shaky.load_all("key1") == View({0: DONE}, ARRIVED)


def test_if_the_answer_to_the_last_arrival_is_lost_the_successor_is_launched_all_the_same(
    shaky: FirestoreStore, line: Line
):
    put: list[Task] = []
    engine = Engine(Ledger(shaky, type("Queue", (), {"put": lambda self, tasks: put.extend(tasks)})(), {}, lambda: 1.0))
    for node in (0, 1):
        shaky.transact("key1", node, lambda _: Transition(StepState(Status.RUNNING, attempt=1, job="j")))
    ended = JobEnded(1, JobEnd(Outcome.SUCCEEDED, 2.0))
    engine.ledger.handle(Execution(RUN, PLAN), 0, ended)
    line.faults["Commit"] = iter([lose(grpc.StatusCode.UNAVAILABLE)])
    engine.ledger.handle(Execution(RUN, PLAN), 1, ended)
    assert [task.effect for task in put] == [Launch("key1", 2, 1)]


def test_a_commit_that_is_refused_for_ever_is_a_conflict(
    shaky: FirestoreStore, line: Line, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(refusals, "TRIES", 3)
    line.faults["Commit"] = iter([refuse(grpc.StatusCode.ABORTED)] * 3)
    with pytest.raises(ConflictError) as caught:
        shaky.transact("key1", 0, end)
    assert str(caught.value) == (
        "Firestore could not commit a step: refused 3 times, because others change the same document (ABORTED: as told)"
    )
    assert shaky.load_all("key1") == View({}, {})


MEANINGS = {
    grpc.StatusCode.UNAVAILABLE: "it cannot be reached",
    grpc.StatusCode.DEADLINE_EXCEEDED: "no answer in time",
    grpc.StatusCode.RESOURCE_EXHAUSTED: "a quota is used up",
    grpc.StatusCode.PERMISSION_DENIED: "this account has no permission; it needs the role roles/datastore.user",
    grpc.StatusCode.UNAUTHENTICATED: "it does not accept this account's credentials",
    grpc.StatusCode.INVALID_ARGUMENT: "it rejects the request",
    grpc.StatusCode.CANCELLED: "it failed",
}


@pytest.mark.parametrize(("code", "meaning"), MEANINGS.items(), ids=map(str, MEANINGS))
def test_a_commit_that_fails_for_good_is_an_error_of_one_sentence(
    shaky: FirestoreStore, line: Line, code: grpc.StatusCode, meaning: str
):
    line.faults["Commit"] = iter([refuse(code)] * 3)
    with pytest.raises(StoreError) as caught:
        shaky.transact("key1", 0, end)
    assert str(caught.value) == f"Firestore could not commit a step: {meaning} ({code.name}: as told)"
    assert caught.value.retryable is (code is not grpc.StatusCode.INVALID_ARGUMENT)


READS: dict[str, Callable[[FirestoreStore], object]] = {
    "load steps": lambda store: store.load("key1", [0], [0]),
    "load a run": lambda store: store.load_all("key1"),
    "read a run": lambda store: store.get_run("key1"),
    "read a plan": lambda store: store.get_plan("v1"),
    "list runs": lambda store: store.list_runs(),
    "list unfinished runs": lambda store: store.unfinished(),
    "end a run": lambda store: store.end_run("key1", RunStatus.FAILED, 1.0),
    "open a run": lambda store: store.open_run(RUN, PLAN),
    "read a step": lambda store: store.transact("key1", 0, lambda _: None),
}


@pytest.mark.parametrize("verb", READS)
def test_a_read_that_fails_is_an_error_of_one_sentence(shaky: FirestoreStore, line: Line, verb: str):
    line.faults["BatchGetDocuments"] = line.faults["RunQuery"] = iter([refuse(grpc.StatusCode.NOT_FOUND)])
    with pytest.raises(StoreError) as caught:
        READS[verb](shaky)
    meaning = "there is no such database; it must be created first"
    assert str(caught.value) == f"Firestore could not {verb}: {meaning} (NOT_FOUND: as told)"


@pytest.mark.parametrize("verb", READS)
def test_a_read_is_made_again_when_the_line_breaks(
    shaky: FirestoreStore, firestore: FirestoreStore, line: Line, verb: str
):
    line.faults["BatchGetDocuments"] = line.faults["RunQuery"] = iter([refuse(grpc.StatusCode.UNAVAILABLE)])
    again = READS[verb](shaky)
    if verb != "end a run":
        assert again == READS[verb](firestore)


def test_the_start_of_a_run_whose_answer_was_lost_is_an_error_and_then_the_run_is_there(
    shaky: FirestoreStore, line: Line
):
    other = replace(RUN, id="run-2", key="key2", version="v2")
    line.faults["Commit"] = iter([lose(grpc.StatusCode.UNAVAILABLE)])
    with pytest.raises(StoreError, match="could not open a run: it cannot be reached"):
        shaky.open_run(other, replace(PLAN, version="v2"))
    assert shaky.open_run(replace(other, key="key3"), replace(PLAN, version="v2")) == other
    assert (shaky.get_run("key2"), shaky.get_plan("v2")) == (other, replace(PLAN, version="v2"))


def test_of_many_who_open_one_run_one_does(firestore: FirestoreStore):
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda n: firestore.open_run(replace(RUN, params={"n": n}), PLAN), range(8)))
    stored = firestore.get_run("key1")
    assert opened == [stored] * 8


def test_of_many_who_end_one_run_one_does(firestore: FirestoreStore):
    firestore.open_run(RUN, PLAN)
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda n: firestore.end_run("key1", RunStatus.FAILED, float(n)), range(8)))
    assert firestore.get_run("key1") == replace(RUN, status=RunStatus.FAILED, ended_at=float(ended.index(True)))
    assert ended.count(True) == 1


def test_the_end_of_a_run_whose_answer_was_lost_is_not_recorded_twice(shaky: FirestoreStore, line: Line):
    line.faults["Commit"] = iter([lose(grpc.StatusCode.UNAVAILABLE)])
    assert not shaky.end_run("key1", RunStatus.SUCCEEDED, 5.0)
    assert shaky.get_run("key1") == replace(RUN, status=RunStatus.SUCCEEDED, ended_at=5.0)


def claim(attempt: int) -> Callable[[StepState], Transition | None]:
    launching = Transition(StepState(Status.LAUNCHING, attempt))
    return lambda state: launching if state.attempt + 1 == attempt else None


def test_a_step_is_not_read_again_by_who_has_just_written_it_or_looked_at_it(shaky: FirestoreStore, line: Line):
    shaky.transact("key1", 0, claim(1))
    shaky.transact("key1", 0, claim(2))
    assert line.calls == {"Commit": 2}
    shaky.load("key1", [0], [])
    shaky.transact("key1", 0, end)
    assert line.calls == {"Commit": 3, "BatchGetDocuments": 1}


def test_what_another_process_wrote_meanwhile_is_seen_before_anything_is_decided_for_good(
    shaky: FirestoreStore, firestore: FirestoreStore
):
    shaky.transact("key1", 0, claim(1))
    firestore.transact("key1", 0, claim(2))
    assert shaky.transact("key1", 0, claim(2)) == Commit(False, StepState(Status.LAUNCHING, 2), {})
    assert shaky.transact("key1", 0, claim(3)) == Commit(True, StepState(Status.LAUNCHING, 3), {})
    firestore.transact("key1", 0, end)
    assert shaky.transact("key1", 0, end) == Commit(False, DONE, {})
    assert shaky.load("key1", [], [0]).counters == ARRIVED


def test_arrivals_from_many_threads_need_one_call_each_and_no_transaction(shaky: FirestoreStore, line: Line):
    with ThreadPoolExecutor(16) as pool:
        commits = list(pool.map(lambda node: shaky.transact("key1", node, end), range(100)))
    assert sorted(commit.counters[0].arrived for commit in commits) == list(range(1, 101))
    assert line.calls == {"Commit": 100}


def test_runs_that_have_ended_are_not_read_to_find_those_that_have_not(shaky: FirestoreStore, line: Line):
    for number in range(30):
        shaky.open_run(replace(RUN, id=f"ended-{number}", key=f"ended{number}"), PLAN)
        shaky.end_run(f"ended{number}", RunStatus.SUCCEEDED, 200.0)
    line.calls.clear()
    assert shaky.unfinished() == [RUN]
    assert (line.calls, line.found) == ({"RunQuery": 1}, 1)
    shaky.end_run("key1", RunStatus.FAILED, 200.0)
    line.calls.clear()
    assert shaky.unfinished() == []
    assert (line.calls, line.found) == ({"RunQuery": 1}, 1)


def test_a_list_of_some_runs_reads_what_it_must_and_no_more(shaky: FirestoreStore, line: Line):
    """Without an index on two fields: those of a graph and what is shown, or what started in time, page by page."""
    for number in range(120):
        run = replace(RUN, id=f"r{number}", key=f"r{number}", started_at=200.0 + number, graph=f"g{number % 40}")
        shaky.open_run(run, PLAN)
        if number % 10:
            shaky.end_run(run.key, RunStatus.SUCCEEDED, 400.0)

    def read(wanted: RunFilter, limit: int = 2) -> tuple[list[str], int]:
        line.calls.clear()
        line.found = 0
        return [run.id for run in shaky.list_runs(limit, wanted=wanted)], line.found

    assert read(RunFilter()) == (["r119", "r118"], 2)
    assert read(RunFilter(graph="g7")) == (["r87", "r47"], 3)
    assert line.calls == {"RunQuery": 1, "BatchGetDocuments": 1}
    assert read(RunFilter(statuses={RunStatus.RUNNING})) == (["r110", "r100"], 13)
    assert read(RunFilter(statuses={RunStatus.SUCCEEDED})) == (["r119", "r118"], 50)
    assert read(RunFilter(statuses={RunStatus.RUNNING}, since=311.0)) == ([], 9)
    assert read(RunFilter(since=318.0), 20) == (["r119", "r118"], 2)
    assert read(RunFilter(statuses={RunStatus.CANCELLED, RunStatus.SUCCEEDED}, since=250.0), 60)[1] == 70


DAY = 86_400.0

#: All that is left of an expired run; a TTL policy deletes it in any order.
LEFT = (f"runs/{run_key('run-1')}", "runs/key1", "runs/key1/steps/0", "runs/key1/steps/1", "runs/key1/counters/0")


def expiry(store: FirestoreStore) -> dict[str, datetime | None]:
    """When each document may be deleted, plans included."""
    names = (*LEFT, "plans/v1")
    found = store._client.get_all([store._client.document(name) for name in names])
    return {snapshot.reference.path: (snapshot.to_dict() or {}).get("expire_at") for snapshot in found}


def expired_at(seconds: float) -> dict[str, datetime | None]:
    at = datetime.fromtimestamp(seconds, UTC)
    return {
        **dict.fromkeys(LEFT, at),
        "plans/v1": None,
    }


@pytest.fixture
def keeping(shaky: FirestoreStore) -> FirestoreStore:
    """``shaky``, which keeps runs for three days, with two steps that have ended."""
    shaky._retention = 3 * DAY
    for node in (0, 1):
        shaky.transact("key1", node, end)
    return shaky


def test_a_run_says_when_it_may_be_deleted_in_all_its_documents_and_only_once_it_has_ended(keeping: FirestoreStore):
    assert set(expiry(keeping).values()) == {None}
    assert keeping.end_run("key1", RunStatus.SUCCEEDED, 1000.0)
    assert expiry(keeping) == expired_at(1000.0 + 3 * DAY)
    assert keeping.get_run("key1") == replace(RUN, status=RunStatus.SUCCEEDED, ended_at=1000.0)
    assert keeping.load_all("key1") == View({0: DONE, 1: DONE}, {0: Counter(2, Tally(succeeded=2))})


def test_where_runs_are_kept_for_ever_none_of_that_costs_anything(shaky: FirestoreStore, line: Line):
    shaky.transact("key1", 0, end)
    line.calls.clear()
    shaky.end_run("key1", RunStatus.SUCCEEDED, 1000.0)
    assert line.calls == {"BatchGetDocuments": 1, "Commit": 1}
    assert set(expiry(shaky).values()) == {None}


@pytest.mark.parametrize("commits", [0, 1, 2])
def test_an_end_that_died_in_between_is_no_end_and_is_done_again(
    keeping: FirestoreStore, line: Line, commits: int, monkeypatch: pytest.MonkeyPatch
):
    """``commits`` of the three went through: one for two of the parts, one for the third, one for the run itself."""
    monkeypatch.setattr(firestore_expiry, "_BATCH", 2)
    line.faults["Commit"] = iter([*[lambda send: send()] * commits, *[refuse(grpc.StatusCode.PERMISSION_DENIED)]])
    with pytest.raises(StoreError, match="could not end a run"):
        keeping.end_run("key1", RunStatus.SUCCEEDED, 1000.0)
    assert keeping.get_run("key1") == RUN
    assert expiry(keeping)["runs/key1"] is None
    assert keeping.end_run("key1", RunStatus.SUCCEEDED, 2000.0)
    assert expiry(keeping) == expired_at(2000.0 + 3 * DAY)


def test_once_a_run_has_ended_its_end_is_neither_moved_nor_paid_for_again(keeping: FirestoreStore, line: Line):
    keeping.end_run("key1", RunStatus.SUCCEEDED, 1000.0)
    line.calls.clear()
    assert not keeping.end_run("key1", RunStatus.SUCCEEDED, 2000.0)
    assert line.calls == {"BatchGetDocuments": 1}
    assert expiry(keeping) == expired_at(1000.0 + 3 * DAY)


def test_an_arrival_after_the_stamp_does_not_take_it_away(keeping: FirestoreStore):
    keeping.end_run("key1", RunStatus.SUCCEEDED, 1000.0)
    keeping.transact("key1", 2, end)
    assert expiry(keeping) == expired_at(1000.0 + 3 * DAY)


def test_a_run_with_thousands_of_documents_is_stamped_in_commits_of_at_most_500_writes(
    keeping: FirestoreStore, line: Line
):
    for start in range(2, 1202, 400):
        batch = keeping._client.batch()
        for node in range(start, start + 400):
            batch.create(keeping._client.document(f"runs/key1/steps/{node}"), documents.of_state(DONE))
        batch.commit()
    line.calls.clear()
    keeping.end_run("key1", RunStatus.SUCCEEDED, 1000.0)
    assert line.calls == {"BatchGetDocuments": 2, "RunQuery": 2, "Commit": 5}  # 400 + 400 + 400 + 3, and the run
    stamps = [step.to_dict()["expire_at"] for step in keeping._client.collection("runs/key1/steps").stream()]
    assert stamps == [datetime.fromtimestamp(1000.0 + 3 * DAY, UTC)] * 1202


AGAIN = Run("run-1", "key2", "g", "v1", {"n": 2}, started_at=2000.0)


@pytest.mark.parametrize("first", range(len(LEFT)))
def test_an_id_is_free_once_its_run_is_gone_whatever_is_left_of_it(keeping: FirestoreStore, first: int):
    """And the new run takes nothing over from the old one, whatever is deleted when."""
    keeping.end_run("key1", RunStatus.SUCCEEDED, 1000.0)
    ended = replace(RUN, status=RunStatus.SUCCEEDED, ended_at=1000.0)
    free = False
    for document in (*LEFT[first:], *LEFT[:first]):
        assert free or keeping.open_run(AGAIN, PLAN) == keeping.find_run("run-1") == ended
        keeping._client.document(document).delete()
        if document in LEFT[:2] and not free:
            free = True
            assert keeping.open_run(AGAIN, PLAN) == AGAIN
        if free and document != LEFT[0]:
            assert keeping.find_run("run-1") == AGAIN
    assert keeping.get_run("key2") == AGAIN
    assert keeping.load_all("key2") == View({}, {})


def test_what_says_whose_an_id_is_goes_with_its_run_and_stays_with_the_next(keeping: FirestoreStore):
    keeping.end_run("key1", RunStatus.SUCCEEDED, 1000.0)
    keeping._client.document("runs/key1").delete()
    keeping.open_run(AGAIN, PLAN)
    name = keeping._client.document(LEFT[0])
    assert name.get().to_dict() == {"id": "run-1", "key": "key2"}
    keeping.end_run("key2", RunStatus.SUCCEEDED, 3000.0)
    at = datetime.fromtimestamp(3000.0 + 3 * DAY, UTC)
    assert name.get().to_dict() == {"id": "run-1", "key": "key2", "expire_at": at}


def test_the_end_of_a_run_leaves_its_id_to_who_has_it_now(keeping: FirestoreStore):
    """Somebody deleted by hand what said that the run has it."""
    name = keeping._client.document(LEFT[0])
    name.delete()
    keeping.open_run(AGAIN, PLAN)
    assert keeping.end_run("key1", RunStatus.SUCCEEDED, 1000.0)
    assert name.get().to_dict() == {"id": "run-1", "key": "key2"}
    name.delete()
    assert keeping.end_run("key2", RunStatus.SUCCEEDED, 1000.0)
    assert not name.get().exists


def test_what_says_whose_an_id_is_is_no_run(keeping: FirestoreStore):
    name = run_key("run-1")
    assert keeping.get_run(name) is None
    assert keeping.list_runs() == keeping.unfinished() == [RUN]
    for call in (lambda: keeping.end_run(name, RunStatus.FAILED, 1.0), lambda: keeping.stop_run(name, Stop(1.0))):
        with pytest.raises(StoreError, match=f"no run has the key '{name}'"):
            call()


def test_two_ids_with_one_place_are_told_apart(firestore: FirestoreStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestrator.stores.firestore.ids.run_key", lambda _: "place")
    firestore.open_run(RUN, PLAN)
    for call in (lambda: firestore.find_run("other"), lambda: firestore.open_run(replace(AGAIN, id="other"), PLAN)):
        with pytest.raises(
            UsageError, match="the run id 'other' collides with 'run-1' in Firestore: choose another id"
        ):
            call()


@pytest.mark.slow
def test_a_plan_of_13_000_steps_fits_one_document(firestore: FirestoreStore):
    dice = random.Random(5)
    names = ["".join(dice.choices(string.ascii_lowercase, k=12)) for _ in range(13_000)]
    steps = [
        Step(
            name, Work("command", {"command": ["make", name]}), after=tuple(dice.sample(names[:number], min(number, 4)))
        )
        for number, name in enumerate(names)
    ]
    plan = compile_plan("g", "large", steps)
    assert len(documents.of_plan(plan)) == 1
    firestore.open_run(replace(RUN, version="large"), plan)
    assert firestore.get_plan("large") == plan


def test_a_plan_that_does_not_fit_one_document_is_kept_in_parts(
    firestore: FirestoreStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(documents, "_PART", 50)
    firestore.open_run(RUN, PLAN)
    assert firestore.get_plan("v1") == PLAN
    firestore._client.document("plans/v1/parts/1").delete()
    with pytest.raises(StoreError, match=r"^the plan 'v1' is not whole: \d of \d parts are there$"):
        firestore.get_plan("v1")


def test_a_state_too_large_for_a_document_is_an_error_and_changes_nothing(firestore: FirestoreStore):
    firestore.open_run(RUN, PLAN)
    with pytest.raises(StoreError, match="could not commit a step: it rejects the request"):
        firestore.transact("key1", 0, lambda _: Transition(replace(DONE, outputs={"text": "x" * 1_050_000}), (0,)))
    assert firestore.load_all("key1") == View({}, {})


def test_outputs_that_firestore_has_no_type_for_come_back_as_they_were(firestore: FirestoreStore):
    firestore.open_run(RUN, PLAN)
    odd = replace(DONE, outputs={"": [[1], [[2.5]]], "__name__": 2**70, "a.b`c": None, "ünïcode": {"x": [{}]}})
    firestore.transact("key1", 0, lambda _: Transition(odd))
    assert firestore.load("key1", [0], []).state(0) == odd


@pytest.mark.slow
def test_where_nothing_listens_the_error_comes_in_seconds(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv(emulators.FIRESTORE.variable, f"127.0.0.1:{probe.getsockname()[1]}")
        store = connect("nowhere", "(default)")
        with pytest.raises(StoreError, match=r"^Firestore could not read a step: no answer to any of several requests"):
            store.transact("key1", 0, end)
        store.close()


def test_without_credentials_the_error_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in (emulators.FIRESTORE.variable, "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(StoreError, match=r"^Firestore could not open p/d: no usable credentials"):
        connect("p", "d")


def test_all_of_a_run_is_read_document_by_document(firestore: FirestoreStore):
    """They were all held before the first was read, which took twice what is in them."""
    outputs = {"text": "x" * 200_000}
    for node in range(40):
        firestore.transact("key1", node, lambda _: Transition(StepState(Status.RUNNING, 1, outputs=outputs)))
    firestore.load_all("key1")
    tracemalloc.start()
    try:
        view = firestore.load_all("key1")
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(view.states) == 40
    assert most < 1.4 * kept, f"{most / 2**20:.0f} MiB at the most for {kept / 2**20:.0f} MiB"


def test_the_end_of_a_run_deletes_the_places_of_its_own_pool(keeping: FirestoreStore):
    keeping.open_run(replace(RUN, id="run-2", key="key2", max_parallel=2), PLAN)
    pool = pool_of_run("key2")
    taken = replace(PENDING, status=Status.LAUNCHING, attempt=1, places=(Place(pool, 1),))
    assert keeping.transact("key2", 0, lambda state: with_moves(state, Transition(taken))).applied
    ended = replace(taken, status=Status.SUCCEEDED, ended_at=300.0)
    assert keeping.transact("key2", 0, lambda state: with_moves(state, Transition(ended))).applied
    places = keeping._client.collection(f"pools/{pool}/places")
    assert [place.id for place in places.stream()] == ["1"]
    assert keeping.end_run("key2", RunStatus.SUCCEEDED, 300.0)
    assert list(places.stream()) == []
