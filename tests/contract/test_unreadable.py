"""One record that cannot be read: it says where it lies and why, is never written over, and keeps nothing else."""

import json
import math
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core import codec, machine, plan_codec
from orchestrator.core.compiler import compile_plan
from orchestrator.core.events import JobEnded
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Effect, Launch
from orchestrator.core.model import Counter, Run, Status, StepState, Transition
from orchestrator.core.rules import Tally
from orchestrator.core.steps import Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import UnreadableRecordError
from orchestrator.home.database import Database
from orchestrator.ports import Store, Task
from orchestrator.stores.firestore.documents import COUNTED
from orchestrator.stores.firestore.store import FirestoreStore
from orchestrator.stores.sqlite.store import SqliteStore

JOB = Work("command")
PLAN = compile_plan("g", "v1", (Step("a", JOB), Step("b", JOB), Step("c", JOB), Step("d", JOB, after=("a", "b"))))
GOOD = Run("good", "goodkey", "g", "v1", {}, started_at=100.0)
BAD = Run("bad", "badkey", "g", "v1", {}, started_at=200.0)
DEEP = "[" * 100_000 + "]" * 100_000

RANGE = "expected a number from 0 to 253,370,764,799"

#: What was written where a state should be, and what is said of it.
STATES = {
    "{": "Expecting property name enclosed in double quotes",
    "[]": "expected a StepState as a mapping, got []",
    '{"status": "paused"}': "expected a Status, got 'paused', which this version does not know",
    '{"status": "running", "attempt": "1"}': "StepState.attempt: expected int, got '1'",
    '{"status": "running", "attempt": true}': "StepState.attempt: expected int, got True",
    '{"status": "running", "started_at": NaN}': f"StepState.started_at: {RANGE}, got nan",
    '{"status": "running", "started_at": 1e300}': f"StepState.started_at: {RANGE}, got 1e+300",
    '{"status": "succeeded", "ended_at": Infinity}': f"StepState.ended_at: {RANGE}, got inf",
    '{"status": "up_for_retry", "due": -5}': f"StepState.due: {RANGE}, got -5",
    '{"status": "running", "attempt": 999999999999999999999}': f"StepState.attempt: {RANGE}, got 99999",
    '{"status": "succeeded", "passed": {"failed": -1}}': f"Tally.failed: {RANGE}, got -1",
    '{"stop": {"at": -Infinity}}': f"Stop.at: {RANGE}, got -inf",
    '{"status": "succeeded", "passed": {"succeeded": null}}': "Tally.succeeded: expected int, got None",
    '{"stop": {"by": "me"}}': "a Stop lacks at",
    DEEP: "lists and mappings in it are nested too deep",
}

RUNS = {
    "null": "expected a Run as a mapping, got None",
    '{"id": "bad"}': "a Run lacks key and graph and version and params and started_at",
    json.dumps({**codec.run_to_json(BAD), "status": "paused"}): (
        "expected a RunStatus, got 'paused', which this version does not know"
    ),
    json.dumps({**codec.run_to_json(BAD), "params": [1]}): "Run.params: expected dict, got [1]",
    json.dumps({**codec.run_to_json(BAD), "started_at": 1e300}): f"Run.started_at: {RANGE}, got 1e+300",
    json.dumps({**codec.run_to_json(BAD), "ended_at": math.inf}): f"Run.ended_at: {RANGE}, got inf",
    json.dumps({**codec.run_to_json(BAD), "started_at": -1}): f"Run.started_at: {RANGE}, got -1",
    json.dumps({**codec.run_to_json(BAD), "id": "../../evil"}): "Run.id: expected what a run may be called, got '../..",
    json.dumps({**codec.run_to_json(BAD), "id": "/evil"}): "Run.id: expected what a run may be called, got '/evil'",
    DEEP: "lists and mappings in it are nested too deep",
}


class Damage:
    """A store, and how something is written into it that is not as ours."""

    def __init__(self, store: Store, write: Callable[[str, Any], None]) -> None:
        self.store = store
        self.write = write
        for run in (GOOD, BAD):
            store.open_run(run, PLAN)


@pytest.fixture(params=["sqlite", "firestore"])
def damage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Damage]:
    if request.param == "firestore":
        store: FirestoreStore = request.getfixturevalue("firestore")
        yield Damage(store, lambda path, value: _document(store, path, value))
        return
    database = Database(tmp_path / "store.db")
    yield Damage(SqliteStore(database), lambda path, value: _row(tmp_path / "store.db", path, value))
    database.close()


def _document(store: FirestoreStore, path: str, value: Any) -> None:
    kind, *_ = path.split("/")
    where = path if kind in ("runs", "plans") else "runs/{1}/{0}/{2}".format(*path.split("/"))
    field = {"runs": "run", "states": "state", "plans": "plan"}.get(kind)
    fields = {field: value} if field else value
    store._client.document(where.replace("/states/", "/steps/")).set(fields, merge=field is not None)


def _row(file: Path, path: str, value: Any) -> None:
    kind, run, *number = path.split("/")
    with sqlite3.connect(file) as connection:
        if kind == "runs":
            connection.execute("UPDATE runs SET run = ? WHERE key = ?", (value, run))
        elif kind == "plans":
            connection.execute("UPDATE plans SET plan = ? WHERE version = ?", (value, run))
        elif kind == "states":
            connection.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", (run, *number, value))
        else:
            row = (run, *number, value["arrived"], value.get("succeeded", "many"), 0, 0, 0)
            connection.execute("INSERT OR REPLACE INTO counters VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()


def where(damage: Damage, path: str) -> str:
    """What a path is called in this store."""
    if isinstance(damage.store, SqliteStore) or path.startswith("runs"):
        return path
    kind, run, number = path.split("/")
    return f"runs/{run}/{'steps' if kind == 'states' else kind}/{number}"


def swept(store: Store, run: Run) -> tuple[list[Effect], list[str]]:
    """What a sweep of a run puts onto the queue, and what it cannot read."""
    put: list[Task] = []
    heard: list[UnreadableRecordError] = []
    queue = type("Queue", (), {"put": lambda self, tasks: put.extend(tasks)})()
    Engine(Ledger(store, queue, {}, lambda: 300.0)).sweep(run.key, "1", heard.append)
    return [task.effect for task in put], [str(error) for error in heard]


@pytest.mark.parametrize("text", STATES, ids=lambda text: text[:40])
def test_a_state_that_cannot_be_read_is_left_alone_and_the_rest_of_its_run_goes_on(damage: Damage, text: str):
    damage.write("states/badkey/1", text)
    effects, heard = swept(damage.store, BAD)
    assert effects == [Launch("badkey", 0, 1), Launch("badkey", 2, 1)]
    (said,) = heard
    assert said.startswith(f"{where(damage, 'states/badkey/1')} cannot be read: {STATES[text]}")
    for read in (
        lambda: damage.store.load("badkey", (1,), ()),
        lambda: damage.store.load_all("badkey"),
        lambda: damage.store.transact("badkey", 1, lambda _: Transition(StepState(Status.SUCCEEDED))),
    ):
        with pytest.raises(UnreadableRecordError) as caught:
            read()
        assert (str(caught.value), caught.value.retryable) == (said, False)
    assert swept(damage.store, BAD) == (effects, heard)


def test_a_counter_without_all_its_fields_lets_nothing_through(damage: Damage):
    for node in (0, 1):
        damage.store.transact("badkey", node, lambda _: Transition(StepState(Status.SUCCEEDED, 1)))
    damage.write("counters/badkey/0", {"arrived": 2})
    effects, heard = swept(damage.store, BAD)
    assert effects == [Launch("badkey", 2, 1)]
    assert heard[0].startswith(f"{where(damage, 'counters/badkey/0')} cannot be read: expected whole numbers in")


@pytest.mark.parametrize("text", RUNS, ids=lambda text: text[:40])
def test_a_run_that_cannot_be_read_does_not_hide_the_others(damage: Damage, text: str):
    damage.write("runs/badkey", text)
    for ask in (damage.store.list_runs, damage.store.unfinished):
        heard: list[UnreadableRecordError] = []
        assert list(ask(unreadable=heard.append)) == [GOOD]  # type: ignore[operator]
        assert [str(error)[:27] for error in heard] == ["runs/badkey cannot be read:"]
        assert heard[0].why.startswith(RUNS[text])
        with pytest.raises(UnreadableRecordError):
            ask()  # type: ignore[operator]


def test_a_plan_that_cannot_be_read_says_so(damage: Damage):
    damage.write("plans/v1", b"no plan")
    fresh = SqliteStore(damage.store._database) if isinstance(damage.store, SqliteStore) else damage.store
    with pytest.raises(UnreadableRecordError, match=r"^plans/v1 cannot be read: Error -3"):
        fresh.get_plan("v1")


#: What was changed in a plan, and what is said of it.
PLANS = {
    "steps.0.name": ("../../evil", "Step.name: expected what a step may be called, got '../../evil'"),
    "steps.0.timeout": (-1.0, f"Step.timeout: {RANGE}, got -1.0"),
    "nodes.0.3": (7, "expected a whole number below 2 in a plan, got 7"),
    "nodes.0.4": ([True], "expected a whole number below 2 in a plan, got True"),
    "joins.0.0": ("3", "expected a whole number below 6 in a plan, got '3'"),
    "joins.0.1": ([-1], "expected a whole number below 5 in a plan, got -1"),
    "joins.0.2": (5, "expected a whole number below 5 in a plan, got 5"),
}


@pytest.mark.parametrize("where", PLANS)
def test_a_plan_that_leads_out_of_itself_cannot_be_read(damage: Damage, where: str):
    value, said = PLANS[where]
    plan = json.loads(json.dumps(plan_codec.plan_to_json(PLAN)))
    at, keys = plan, [int(key) if key.isdecimal() else key for key in where.split(".")]
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] = value
    damage.write("plans/v1", zlib.compress(json.dumps(plan).encode()))
    fresh = SqliteStore(damage.store._database) if isinstance(damage.store, SqliteStore) else damage.store
    with pytest.raises(UnreadableRecordError) as caught:
        fresh.get_plan("v1")
    assert caught.value.why == said


def test_a_plan_that_unpacks_to_very_much_is_not_unpacked(damage: Damage):
    packing = zlib.compressobj(9)
    bomb = b"".join(packing.compress(b" " * 2**20) for _ in range(100)) + packing.flush()
    damage.write("plans/v1", bomb)
    fresh = SqliteStore(damage.store._database) if isinstance(damage.store, SqliteStore) else damage.store
    with pytest.raises(UnreadableRecordError, match=r"^plans/v1 cannot be read: it unpacks to more than 67,108,864"):
        fresh.get_plan("v1")


def test_a_counter_below_zero_lets_nothing_through(damage: Damage):
    damage.write("counters/badkey/0", dict.fromkeys(COUNTED, -1))
    with pytest.raises(UnreadableRecordError, match="expected whole numbers in"):
        damage.store.load("badkey", (), (0,))


def test_a_field_that_a_newer_version_added_is_left_aside(damage: Damage):
    newer = {"status": "running", "attempt": 1, "job": "j", "started_at": 1.0, "mood": {"good": [1]}}
    damage.write("states/badkey/1", json.dumps(newer))
    damage.write("runs/badkey", json.dumps({**codec.run_to_json(BAD), "owner": "ann"}))
    running = StepState(Status.RUNNING, 1, job="j", started_at=1.0)
    assert damage.store.load("badkey", (1,), ()).states == {1: running}
    assert damage.store.get_run("badkey") == BAD
    ended = JobEnded(1, JobEnd(Outcome.SUCCEEDED, 2.0))
    commit = damage.store.transact("badkey", 1, lambda state: machine.evolve(PLAN, 1, state, ended))
    assert (commit.applied, commit.counters) == (True, {0: Counter(1, Tally(succeeded=1))})


def test_a_database_of_a_newer_version_is_not_touched(tmp_path: Path):
    database = Database(tmp_path / "store.db")
    SqliteStore(database)
    database.close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (codec.FIRST,)
        connection.execute(f"PRAGMA user_version = {codec.SCHEMA + 1}")
    connection.close()
    database = Database(tmp_path / "store.db")
    with pytest.raises(UnreadableRecordError) as caught:
        SqliteStore(database)
    database.close()
    assert str(caught.value) == (
        f"{tmp_path}/store.db cannot be read: a newer version of orchestrator wrote it, in schema {codec.SCHEMA + 1}, "
        f"and this one reads up to {codec.SCHEMA}: use that version, or a newer one"
    )


@pytest.mark.parametrize("path", ["runs/badkey", "runs/badkey/steps/1", "runs/badkey/counters/0", "plans/v1"])
def test_a_document_of_a_newer_version_waits_for_a_machine_that_can_read_it(firestore: FirestoreStore, path: str):
    firestore.open_run(BAD, PLAN)
    done = StepState(Status.SUCCEEDED, 1)
    firestore.transact("badkey", 1, lambda _: Transition(done, (0,), Tally(succeeded=1)))
    firestore._client.document(path).update({"schema": codec.SCHEMA + 1})

    def read() -> None:
        firestore.get_run("badkey")
        firestore.get_plan("v1")
        firestore.load("badkey", (1,), (0,))

    with pytest.raises(UnreadableRecordError) as caught:
        read()
    assert (caught.value.path, caught.value.retryable) == (path, True)
    newer, own = codec.SCHEMA + 1, codec.SCHEMA
    assert f"wrote it, in schema {newer}, and this one reads up to {own}: use that version" in caught.value.why


def test_all_that_is_written_says_its_schema(firestore: FirestoreStore):
    firestore.open_run(BAD, PLAN)
    firestore.transact("badkey", 1, lambda _: Transition(StepState(Status.SUCCEEDED, 1)))
    for path in ("runs/badkey", "runs/badkey/steps/1", "plans/v1"):
        assert firestore._client.document(path).get().get("schema") == codec.FIRST, path
    firestore.open_run(replace(BAD, id="again", key="again", kept="s.."), PLAN, [(0, StepState(Status.SUCCEEDED, 1))])
    assert firestore._client.document("runs/again").get().get("schema") == 2
    assert firestore._client.document("runs/again/steps/0").get().get("schema") == codec.FIRST


def test_a_database_with_a_rerun_is_left_alone_by_versions_that_know_none(tmp_path: Path):
    database = Database(tmp_path / "store.db")
    store = SqliteStore(database)
    store.open_run(BAD, PLAN)
    store.open_run(replace(BAD, id="again", key="again", kept="s.."), PLAN, [(0, StepState(Status.SUCCEEDED, 1))])
    with database.read() as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert SqliteStore(database).load("again", (0,), ()).state(0) == StepState(Status.SUCCEEDED, 1)
    database.close()


@pytest.mark.parametrize("foreign", ["True", "x", "1.0"])
def test_a_document_of_nobody_s_among_the_steps_is_left_alone(firestore: FirestoreStore, foreign: str):
    firestore.open_run(BAD, PLAN)
    firestore._client.document(f"runs/badkey/steps/{foreign}").set({"hello": "world"})
    effects, heard = swept(firestore, BAD)
    assert effects == [Launch("badkey", node, 1) for node in (0, 1, 2)]
    assert [said.partition(":")[0] for said in heard] == [f"runs/badkey/steps/{foreign} cannot be read"]
