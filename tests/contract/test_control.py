"""What people request for steps, in every store: kept as it was, and left alone by versions that know none of it."""

import json
import sqlite3
from pathlib import Path

import pytest

from orchestrator.core import codec
from orchestrator.core.compiler import compile_plan
from orchestrator.core.control import Act, Control, Hold
from orchestrator.core.events import HoldReleased, HoldRequested
from orchestrator.core.machine import evolve
from orchestrator.core.model import Run, Status, StepState, Transition
from orchestrator.core.steps import Step
from orchestrator.home.database import Database
from orchestrator.ports import Store
from orchestrator.stores.firestore.store import FirestoreStore
from orchestrator.stores.sqlite.store import SqliteStore

PLAN = compile_plan("g", "v1", (Step("a"), Step("b", after=("a",))))
RUN = Run("run-1", "key1", "g", "v1", {}, started_at=100.0)
HOLD = Hold(5.0, "ann", "not yet", 100.0)


def test_a_hold_and_its_release_are_kept_with_who_and_when_and_why(store: Store):
    store.open_run(RUN, PLAN)
    held = store.transact("key1", 1, lambda state: evolve(PLAN, 1, state, HoldRequested(HOLD)))
    known = Control(HOLD, acts=(Act("held", 5.0, "ann", "not yet"),))
    assert store.load("key1", [1], ()).states == {1: StepState(control=known)} == {1: held.state}
    assert not store.transact("key1", 1, lambda state: evolve(PLAN, 1, state, HoldRequested(HOLD))).applied
    store.transact("key1", 1, lambda state: evolve(PLAN, 1, state, HoldReleased(9.0, "bob")))
    known = Control(None, 1, 9.0, acts=(Act("held", 5.0, "ann", "not yet"), Act("released", 9.0, "bob")))
    assert store.load_all("key1").states == {1: StepState(control=known)}


def schema_of_file(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return int(schema)


def test_a_file_is_for_newer_versions_alone_once_there_are_control_in_it(tmp_path: Path):
    database = Database(tmp_path / "store.db")
    store = SqliteStore(database)
    store.open_run(RUN, PLAN)
    store.transact("key1", 0, lambda _: Transition(StepState(Status.SUCCEEDED)))
    assert schema_of_file(tmp_path / "store.db") == codec.FIRST
    store.transact("key1", 1, lambda _: Transition(StepState(control=Control(HOLD))))
    assert schema_of_file(tmp_path / "store.db") == codec.SCHEMA
    database.close()


def test_a_step_s_document_is_for_newer_versions_alone_while_control_must_be_obeyed(firestore: FirestoreStore):
    firestore.open_run(RUN, PLAN)

    def schema() -> object:
        return firestore._client.document("runs/key1/steps/1").get().get("schema")

    firestore.transact("key1", 1, lambda _: Transition(StepState(control=Control(HOLD))))
    assert schema() == codec.SCHEMA
    firestore.transact("key1", 1, lambda _: Transition(StepState(Status.SKIPPED, control=Control(None, 1, 9.0))))
    assert schema() == codec.FIRST


@pytest.mark.parametrize(
    "control", ['{"hold": {}}', '{"hold": {"at": -1}}', '{"acts": ["x"]}', '{"acts": [{"what": "held"}]}', "[]"]
)
def test_control_that_are_none_are_not_read(control: str):
    with pytest.raises(ValueError, match=r"expected|lacks"):
        codec.state_from_json({"control": json.loads(control)})
