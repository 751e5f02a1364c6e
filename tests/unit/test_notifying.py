"""What a run owes receivers, and what they are told: the engine on a memory store, and a receiver that keeps all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from orchestrator.core.announcing import happened, unannounced
from orchestrator.core.codec import run_from_json, run_to_json
from orchestrator.core.compiler import compile_plan
from orchestrator.core.events import LaunchClaimed
from orchestrator.core.machine import evolve
from orchestrator.core.messages import Announce, Finish, Notify
from orchestrator.core.model import MARKED, Run, RunStatus, Status, StepState, Stop
from orchestrator.core.occasions import Occasion
from orchestrator.core.past_attempts import Past
from orchestrator.core.steps import OnFailure, Step
from orchestrator.core.task_codec import decode, encode
from orchestrator.engine import Engine, notification_texts
from orchestrator.engine.ledger import Ledger
from orchestrator.engine.notifying import GIVE_UP, judged
from orchestrator.errors import BackendError, NotNotifiedError, QueueError
from orchestrator.ports import NOTICES, Notification, Task
from tests.doubles.memory_store import MemoryStore

ALL = [str(occasion) for occasion in Occasion]
FAILED = StepState(Status.FAILED, 2, error="no", cause="exit", ended_at=50.0)


@dataclass
class Kept:
    """A queue and a receiver that keep everything."""

    notify: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"ops": ALL})
    tasks: list[Task] = field(default_factory=list)
    told: list[tuple[str, Notification]] = field(default_factory=list)

    def put(self, tasks: Sequence[Task]) -> None:
        self.tasks += tasks

    def asked(self, graph: str, own: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        return self.notify

    def notify_(self, to: str, notification: Notification) -> None:
        self.told.append((to, notification))


class Receiving:
    def __init__(self, kept: Kept) -> None:
        self.asked, self.notify = kept.asked, kept.notify_


def world(kept: Kept, *steps: Step, states: Mapping[int, StepState] | None = None) -> Engine:
    store, plan = MemoryStore(), compile_plan("sales", "v", steps or (Step("load"), Step("report", after=("load",))))
    engine = Engine(Ledger(store, kept, {}, lambda: 100.0, receivers=Receiving(kept)))
    engine.start(Run("r1", "key", "sales", "v", {}, 0.0), plan)
    store._states["key"].update(states or {})
    kept.tasks.clear()
    return engine


def test_a_failure_is_announced_once_whoever_asks_again():
    kept = Kept({"ops": ["step_failed"], "desk": ["run_failed"], "hub": ALL})
    engine = world(kept, states={0: FAILED})
    for _ in range(2):
        engine.perform(Announce("key", 0, 2))
    assert [(task.name, task.queue) for task in kept.tasks] == [
        ("key-step-failed-0-2-to-hub", NOTICES),
        ("key-step-failed-0-2-to-ops", NOTICES),
    ]
    assert engine.ledger.store.load("key", [0], ()).state(0) == replace(FAILED, announced=2)


def test_a_notification_says_what_failed_why_and_what_fixes_it():
    kept = Kept()
    engine = world(kept, states={0: FAILED, 1: StepState(Status.UPSTREAM_FAILED, ended_at=51.0)})
    engine.ledger.store.end_run("key", RunStatus.FAILED, 75.0, {"load": "exit"})
    engine.perform(Notify("key", "ops", "run_failed"))
    ((to, told),) = kept.told
    assert (to, told.id, told.at) == ("ops", "key-run-failed", 75.0)
    assert told.text.splitlines() == [
        "run r1 of graph sales failed at 1970-01-01 00:01:15 UTC, after 1 m 15 s",
        "step load (attempt 2, exit): no",
        "",
        "When the cause is fixed, run again what did not succeed: orchestrator rerun r1",
    ]
    assert told.data == {
        "graph": "sales",
        "run": "r1",
        "started_at": "1970-01-01T00:00:00.000Z",
        "status": "failed",
        "ended_at": "1970-01-01T00:01:15.000Z",
        "fix": "orchestrator rerun r1",
        "failed": [{"step": "load", "attempt": 2, "cause": "exit", "error": "no"}],
        "text": told.text,
    }


def test_a_step_that_needs_attention_says_how_to_retry_it():
    kept = Kept()
    step = Step("load", on_failure=OnFailure.HOLD)
    engine = world(kept, step, states={0: replace(FAILED, status=Status.NEEDS_ATTENTION)})
    engine.perform(Notify("key", "ops", "needs_attention", 0, 2))
    ((_, told),) = kept.told
    assert told.data["fix"] == "orchestrator retry r1 load"
    assert "needs attention: it has failed, and the steps after it wait" in told.text


def test_who_cancelled_a_run_and_why_is_told():
    kept = Kept()
    engine = world(kept)
    engine.ledger.store.stop_run("key", Stop(60.0, "ann", "wrong\x1b[31m input"))
    engine.ledger.store.end_run("key", RunStatus.CANCELLED, 75.0)
    engine.perform(Notify("key", "ops", "run_cancelled"))
    first, *rest = kept.told[0][1].text.splitlines()
    assert first.endswith("after 1 m 15 s, by ann: wrong input")
    assert rest == ["", "To run what did not succeed after all: orchestrator rerun r1"]


def test_a_run_that_takes_no_second_is_told_as_it_is_in_its_status():
    kept = Kept()
    engine = world(kept)
    engine.ledger.store.end_run("key", RunStatus.SUCCEEDED, 0.3)
    engine.perform(Notify("key", "ops", "run_succeeded"))
    assert kept.told[0][1].text.endswith("after 0.3 s")


def test_of_a_long_error_the_beginning_and_the_last_lines_are_quoted():
    text = notification_texts._short("first\n" + "x\n" * 2000 + "the cause\n")
    assert text.startswith("first\nx")
    assert text.endswith("x\nthe cause")
    assert "\n…\n" in text
    assert len(text) == notification_texts.HEAD + notification_texts.TAIL + 3


@pytest.mark.parametrize(
    "effect",
    [
        Notify("key", "ops", "run_failed"),
        Notify("key", "nobody", "run_succeeded"),
        Notify("key", "ops", "step_failed", 0, 1),
        Notify("key", "ops", "step_failed", 0, 2),
        Notify("key", "ops", "needs_attention", 0, 1),
    ],
)
def test_what_did_not_happen_is_not_told_whoever_puts_the_task(effect: Notify):
    kept = Kept()
    engine = world(kept, states={0: StepState(Status.SUCCEEDED, 1, ended_at=50.0)})
    engine.ledger.store.end_run("key", RunStatus.SUCCEEDED, 75.0)
    engine.perform(effect)
    assert kept.told == []


def test_before_its_end_a_run_s_end_is_tried_again():
    kept = Kept()
    with pytest.raises(BackendError, match="the run has not ended yet: try again later"):
        world(kept).perform(Notify("key", "ops", "run_failed"))


def test_what_is_tried_for_days_is_given_up():
    told = Notification("i", "run_failed", "sales", "r1", 1000.0, "", {})
    down, gone = NotNotifiedError("down"), NotNotifiedError("gone", final=True)
    assert judged(down, told, 1000.0 + GIVE_UP) is down
    assert judged(gone, told, 1000.0) is gone
    late = judged(down, told, 1001.0 + GIVE_UP)
    assert (str(late), late.retryable) == ("down: given up after 4 days", False)


def test_nothing_is_kept_of_who_is_notified_where_nobody_is():
    """A graph may name receivers that this place does not have."""
    engine, queue = None, Kept()
    engine = Engine(Ledger(MemoryStore(), queue, {}, lambda: 100.0))
    run = Run("r1", "key", "sales", "v", {}, 0.0, notify={"ops": ALL})
    assert engine.start(run, compile_plan("sales", "v", (Step("load"),))).notify == {}


def test_what_a_person_marked_and_what_was_announced_is_no_occasion():
    assert unannounced(FAILED) is Occasion.STEP_FAILED
    assert unannounced(replace(FAILED, announced=1)) is Occasion.STEP_FAILED
    assert unannounced(replace(FAILED, announced=2)) is None
    assert unannounced(replace(FAILED, cause=MARKED)) is None
    assert unannounced(StepState(Status.CANCELLED, 2)) is None


def test_an_attempt_that_was_announced_is_remembered_after_a_retry():
    past = Past(2, 1.0, 2.0, 50.0, "j", "no", "exit")
    state = StepState(Status.RUNNING, 3, announced=2, past=(past,))
    failure = happened(state, "needs_attention", 2)
    assert failure is not None
    assert (failure.at, failure.error, failure.cause) == (50.0, "no", "exit")
    assert happened(replace(state, announced=1), "needs_attention", 2) is None
    assert happened(state, "needs_attention", 3) is None
    plan, waits = compile_plan("g", "v", (Step("load"),)), replace(FAILED, status=Status.UP_FOR_RETRY, announced=2)
    claimed = evolve(plan, 0, waits, LaunchClaimed(3, "load--k-0-3", 60.0))
    assert claimed is not None
    assert claimed.state.announced == 2


def test_the_tasks_and_the_record_keep_what_they_say():
    for effect in (Announce("key", 3, 2), Notify("key", "ops", "needs_attention", 3, 2, 5.0)):
        assert decode(encode(effect)) == effect
    for wrong in ('"to":"Ops"', '"to":"a/b"', '"occasion":"x"', '"step":-2', '"of_attempt":-1'):
        text = encode(Notify("key", "ops", "run_failed"))
        key = wrong.partition(":")[0]
        start = text.index(key)
        end = min(at for at in (text.find(",", start), text.find("}", start)) if at > 0)
        with pytest.raises(ValueError, match="a task's"):
            decode(text[:start] + wrong + text[end:])
    run = Run("r1", "key", "sales", "v", {}, 0.0, notify={"ops": ["run_failed"]})
    assert run_from_json(run_to_json(run)) == run
    with pytest.raises(ValueError, match=r"Run\.notify: expected a list for each receiver"):
        run_from_json({**run_to_json(run), "notify": {"ops": "run_failed"}})


def test_a_failure_is_not_announced_before_its_notifications_are_on_the_queue():
    kept = Kept()
    engine = world(kept, states={0: FAILED})

    def down(_: object) -> None:
        raise QueueError("down")

    engine.ledger.queue.put = down  # type: ignore[method-assign]
    with pytest.raises(QueueError):
        engine.perform(Announce("key", 0, 2))
    assert engine.ledger.store.load("key", [0], ()).state(0) == FAILED


def test_a_run_does_not_end_before_its_notifications_are_on_the_queue():
    kept = Kept()
    engine = world(kept, Step("load"), states={0: StepState(Status.SUCCEEDED, ended_at=50.0)})

    def down(_: object) -> None:
        raise QueueError("down")

    engine.ledger.queue.put = down  # type: ignore[method-assign]
    with pytest.raises(QueueError):
        engine.perform(Finish("key"))
    assert engine.ledger.store.get_run("key").status is RunStatus.RUNNING


def test_a_run_that_ends_announces_what_its_steps_have_not_come_to_announce():
    kept = Kept({"ops": ["step_failed", "run_failed"]})
    world(kept, Step("load"), states={0: FAILED}).perform(Finish("key"))
    assert [task.name for task in kept.tasks] == ["key-step-failed-0-2-to-ops", "key-run-failed-to-ops"]


def test_what_a_person_marks_before_it_is_announced_is_neither_told_nor_recorded_as_told():
    """Seed 1366: it was marked after the announcer had read it, and before it had recorded what it put."""
    kept = Kept()
    marked = replace(FAILED, cause=MARKED)
    engine = world(kept, states={0: FAILED})
    put = engine.ledger.queue.put

    def marking(tasks: Sequence[Task]) -> None:
        put(tasks)
        engine.ledger.store._states["key"][0] = marked

    engine.ledger.queue.put = marking  # type: ignore[method-assign]
    engine.perform(Announce("key", 0, 2))
    assert engine.ledger.store.load("key", [0], ()).state(0) == marked
    engine.perform(kept.tasks[0].effect)
    assert kept.told == []
