"""How runs end: what fails them, and what becomes of them when somebody cancels them or their steps."""

from collections import Counter

import pytest

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Check, Finish
from orchestrator.core.model import RunStatus, Status
from orchestrator.core.plan import FailsOn
from orchestrator.core.rules import CARRYING, TriggerRule
from orchestrator.core.steps import Retry, Step, Work
from orchestrator.engine.checking import GRACE
from orchestrator.errors import BackendError, QueueError
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import JobRequest, JobStatus, Launched
from tests.unit.engine_world import JOB, KEY, STOP, BrokenQueue, fails_once


def test_a_failed_step_that_no_leaf_minds_does_not_fail_the_run(world):
    """Where leaves decide, as in Airflow: here the handler is the leaf."""
    steps = Step("a", JOB), Step("handler", JOB, after=("a",), trigger=TriggerRule.ALL_DONE)
    pair = world(*steps, fails_on=FailsOn.LEAVES, a=Script(outcome=Outcome.FAILED))
    pair.start()
    assert pair.finish() is RunStatus.SUCCEEDED
    assert pair.statuses() == {"a": "failed", "handler": "succeeded"}


@pytest.mark.parametrize("width", [1, 100])
@pytest.mark.parametrize("rule", [rule for rule in TriggerRule if rule not in CARRYING])
def test_a_failure_fails_the_run_whatever_the_step_behind_it_makes_of_it(world, rule: TriggerRule, width: int):
    names = tuple(f"a{number}" for number in range(width))
    steps = (*(Step(name, JOB) for name in names), Step("last", JOB, after=names, trigger=rule))
    night = world(*steps, a0=Script(outcome=Outcome.FAILED, error="boom"))
    night.start()
    assert night.finish() is RunStatus.FAILED
    assert {night.statuses()[name] for name in names[1:]} <= {"succeeded"}


def test_a_step_that_may_fail_and_a_teardown_do_not_fail_the_run(world):
    night = world(
        Step("a", JOB, allow_failure=True),
        Step("b", JOB),
        Step("clean-up", JOB, after=("a", "b"), trigger=TriggerRule.ALL_DONE, teardown=True),
        **{"a": Script(outcome=Outcome.FAILED), "clean-up": Script(outcome=Outcome.FAILED)},
    )
    night.start()
    assert night.finish() is RunStatus.SUCCEEDED
    assert night.statuses() == {"a": "failed", "b": "succeeded", "clean-up": "failed"}


def test_a_cancelled_run_ends_with_its_jobs_and_starts_no_other(world):
    chain = world(
        Step("a", JOB),
        Step("b", JOB, after=("a",)),
        Step("c", JOB, after=("b",), trigger=TriggerRule.ALL_DONE),
        a=Script(seconds=1e6),
    )
    chain.start()
    for effect in chain.due():
        chain.engine.perform(effect)
    assert chain.engine.cancel(KEY, STOP) == (2, 1)
    assert chain.finish() is RunStatus.CANCELLED
    assert chain.statuses() == dict.fromkeys("abc", "cancelled")
    assert [job.request.step for job in chain.jobs.jobs.values()] == ["a"]
    assert chain.store.load_all(KEY).state(0).ended_at == 0.0
    assert chain.engine.cancel(KEY, STOP) == (0, 0)


def test_a_teardown_runs_when_its_run_is_cancelled_and_ends_before_it(world):
    pair = world(
        Step("a", JOB),
        Step("clean-up", JOB, after=("a",), trigger=TriggerRule.ALL_DONE, teardown=True),
        **{"a": Script(seconds=1e6), "clean-up": Script(seconds=30.0)},
    )
    pair.start()
    for effect in pair.due():
        pair.engine.perform(effect)
    assert pair.engine.cancel(KEY, STOP) == (0, 1)
    assert pair.finish() is RunStatus.CANCELLED
    assert pair.statuses() == {"a": "cancelled", "clean-up": "succeeded"}
    assert pair.store.get_run(KEY).ended_at >= 30.0


def test_a_step_that_is_cancelled_fails_what_asked_for_it_and_leaves_the_rest_alone(world):
    steps = Step("a", JOB), Step("b", JOB, after=("a",)), Step("c", JOB)
    three = world(*steps, a=Script(seconds=1e6), c=Script(seconds=60.0))
    three.start()
    for effect in three.due():
        three.engine.perform(effect)
    assert three.engine.cancel(KEY, STOP, {0}) == (0, 1)
    assert three.finish() is RunStatus.FAILED
    assert three.statuses() == {"a": "cancelled", "b": "upstream_failed", "c": "succeeded"}


def test_a_job_that_fails_by_itself_while_its_run_is_cancelled_is_not_launched_again(world):
    """It was, long after the run had ended."""
    pair = world(Step("a", JOB, retry=Retry(3, 1.0)), Step("b", JOB, after=("a",)))
    pair.scripts = {"a": Script(10.0, Outcome.FAILED, error="boom")}
    pair.start()
    for effect in pair.due():
        pair.engine.perform(effect)
    pair.now = 10.0
    pair.engine.cancel(KEY, STOP)
    assert pair.finish() is RunStatus.CANCELLED
    assert pair.statuses() == {"a": "failed", "b": "cancelled"}
    assert len(pair.jobs.jobs) == 1


def test_a_step_that_is_being_launched_while_its_run_is_cancelled_is_stopped_when_it_runs(world):
    """It was overlooked, and its job ran on after the end of the run."""
    lone = world(Step("a", JOB), a=Script(seconds=1e6))
    lone.start()
    launch = lone.jobs.launch

    def cancelled_meanwhile(request: JobRequest) -> Launched:
        lone.engine.cancel(KEY, STOP)
        return launch(request)

    lone.jobs.launch = cancelled_meanwhile
    for effect in lone.due():
        lone.engine.perform(effect)
    assert lone.finish() is RunStatus.CANCELLED
    assert [job.cancelled_at for job in lone.jobs.jobs.values()] == [0.0]


def test_one_job_that_cannot_be_asked_now_does_not_keep_the_others_from_being_asked(world):
    pair = world(Step("a", JOB), Step("b", JOB), a=Script(seconds=1e6), b=Script(seconds=1e6))
    pair.start()
    for effect in pair.due():
        pair.engine.perform(effect)
    cancel, asked = pair.jobs.cancel, []

    def first_is_down(job: str) -> None:
        asked.append(job)
        if len(asked) == 1:
            raise BackendError("503")
        cancel(job)

    pair.jobs.cancel = first_is_down
    pair.engine.cancel(KEY, STOP)
    first, second = (effect for effect in pair.due() if isinstance(effect, Check) and effect.chain == "stop")
    with pytest.raises(BackendError, match="503"):
        pair.engine.perform(first)
    pair.engine.perform(second)
    pair.engine.perform(first)
    assert pair.finish() is RunStatus.CANCELLED
    assert [job.cancelled_at for job in pair.jobs.jobs.values()] == [0.0, 0.0]


def test_a_job_that_does_not_listen_is_asked_again_until_it_ends_and_the_run_ends_after_it(world):
    lone = world(Step("a", JOB), a=Script(seconds=1e6, deaf=3))
    lone.start()
    for effect in lone.due():
        lone.engine.perform(effect)
    lone.engine.cancel(KEY, STOP)
    assert lone.finish() is RunStatus.CANCELLED
    assert lone.store.load_all(KEY).state(0).ended_at == 3 * GRACE


def test_a_wait_that_is_cancelled_is_over_at_once(world):
    lone = world(Step("a", Work("wait", {"seconds": 3600})))
    lone.start()
    for effect in lone.due():
        lone.engine.perform(effect)
    lone.now = 5.0
    lone.engine.cancel(KEY, STOP)
    assert lone.finish() is RunStatus.CANCELLED
    assert lone.store.get_run(KEY).ended_at == 5.0


def test_a_cancelling_that_died_halfway_is_finished_by_a_sweep(world):
    pair = world(Step("a", JOB), Step("b", JOB, after=("a",), trigger=TriggerRule.ALL_DONE), a=Script(seconds=100.0))
    pair.start()
    for effect in pair.due():
        pair.engine.perform(effect)
    pair.store.stop_run(KEY, STOP)
    pair.engine.sweep(KEY, "1")
    assert pair.finish() is RunStatus.CANCELLED
    assert pair.statuses() == {"a": "cancelled", "b": "cancelled"}


def test_a_cancelling_that_is_repeated_reads_the_steps_that_have_ended_together(world, monkeypatch):
    """Each was read and paid by itself: in bad weather no sweep came to the end (seed 303923)."""
    ended = {f"a{number}": Script(seconds=1e6) for number in range(50)}
    wide = world(*(Step(name, JOB) for name in (*ended, "b")), b=Script(seconds=1e6), **ended)
    wide.start()
    for effect in wide.due():
        wide.engine.perform(effect)
    wide.engine.cancel(KEY, STOP, range(50))
    for _ in ("asked", "ended"):
        for effect in wide.due():
            wide.engine.perform(effect)
        wide.now += GRACE
    assert sorted(Counter(wide.statuses().values()).items()) == [("cancelled", 50), ("running", 1)]
    loads, load = [], wide.store.load
    monkeypatch.setattr(wide.store, "load", lambda *asked: loads.append(asked) or load(*asked))
    assert wide.engine.cancel(KEY, STOP) == (0, 1)
    assert len(loads) == 1


@pytest.mark.parametrize("live", [False, True])
def test_a_cancelling_that_died_before_it_asked_a_job_is_paid_by_the_next(world, live: bool):
    """The step knew already that it was cancelled, so nobody asked its job, and the run did not end (seed 1003464)."""
    lone = world(Step("a", JOB), a=Script(5.0 if live else 1e6, live=live))
    lone.start()
    for effect in lone.due():
        lone.engine.perform(effect)
    lone.now = 6.0
    if live:
        lone.engine.perform(Check(KEY, 0, 1))
        lone.due()
    lone.engine.ledger.queue = broken = BrokenQueue(lone.queue)
    broken.broken = True
    with pytest.raises(QueueError):
        lone.engine.cancel(KEY, STOP)
    broken.broken = False
    lone.engine.cancel(KEY, STOP)
    for effect in lone.due():
        lone.engine.perform(effect)
    assert [job.cancelled_at for job in lone.jobs.jobs.values()] == [6.0]


def test_a_run_whose_steps_had_all_ended_was_not_cancelled_by_who_came_too_late(world):
    """So that a failure is not taken for a wish."""
    lone = world(Step("a", JOB), a=Script(1.0, Outcome.FAILED, error="boom"))
    lone.start()
    for effect in lone.due():
        lone.engine.perform(effect)
    lone.now = 1.0
    lone.engine.perform(Check(KEY, 0, 1))
    assert lone.engine.cancel(KEY, STOP) == (0, 0)
    assert lone.finish() is RunStatus.FAILED


def test_a_job_that_goes_on_though_its_step_has_succeeded_is_stopped_with_its_run_which_ends_after_it(world):
    pair = world(Step("stream", JOB), Step("b", JOB, after=("stream",)))
    pair.scripts = {"stream": Script(5.0, live=True, deaf=1), "b": Script(seconds=1e6)}
    pair.start()
    for effect in pair.due():
        pair.engine.perform(effect)
    pair.now = 6.0
    pair.engine.perform(Check(KEY, 0, 1))
    for effect in pair.due():
        pair.engine.perform(effect)
    assert pair.statuses() == {"stream": "succeeded", "b": "running"}
    assert pair.engine.cancel(KEY, STOP) == (0, 2)
    assert pair.finish() is RunStatus.CANCELLED
    assert pair.statuses() == {"stream": "succeeded", "b": "cancelled"}
    stream = pair.store.load_all(KEY).state(0)
    assert (stream.live, stream.ended_at, stream.stop) == (False, 5.0, STOP)
    assert pair.jobs.jobs[stream.job].cancelled_at == 16.0
    assert pair.store.get_run(KEY).ended_at >= 16.0


def test_a_job_that_goes_on_is_not_taken_for_ended_where_its_service_shows_how_it_was_before(world):
    """Dataflow's states go back: what runs is shown as if it had not begun."""
    pair = world(Step("stream", JOB), Step("b", JOB), stream=Script(5.0, live=True), b=Script(seconds=1e6))
    pair.start()
    for effect in pair.due():
        pair.engine.perform(effect)
    for now in (6.0, 4.0):
        pair.now = now
        pair.engine.perform(Check(KEY, 0, 1))
        assert pair.store.load_all(KEY).state(0).live


def test_the_check_that_saw_the_end_of_a_job_that_went_on_pays_for_it_when_it_comes_again(world):
    """Another check had ended the step, and was taken for the one who pays: the run did not end (seed 4016825)."""
    lone = world(Step("stream", JOB), stream=Script(5.0, live=True))
    lone.start()
    for effect in lone.due():
        lone.engine.perform(effect)
    lone.now = 6.0
    lone.engine.perform(Check(KEY, 0, 1, "signal"))
    lone.queue.acknowledge(lone.queue.lease([KEY], "checks", lone.now, 100))
    lone.engine.cancel(KEY, STOP)
    (asks,) = (effect for effect in lone.due() if isinstance(effect, Check))
    lone.engine.perform(asks)
    lone.engine.ledger.queue = broken = BrokenQueue(lone.queue)
    broken.broken = True
    with pytest.raises(QueueError):
        lone.engine.perform(asks.next(16.0))
    broken.broken = False
    lone.engine.perform(asks.next(16.0))
    assert Finish(KEY, after=0) in lone.due()


class Draining(ScriptedBackend):
    """Jobs that stop in good order, and call that a success."""

    def status(self, job: str) -> JobStatus:
        status = super().status(job)
        asked = self.jobs[job].cancelled_at is not None
        return JobEnd(Outcome.SUCCEEDED, status.at, drained=True) if asked and isinstance(status, JobEnd) else status


def test_a_job_that_is_drained_before_its_step_had_what_it_waited_for_is_no_success_of_a_run_that_was_cancelled(world):
    lone = world(Step("stream", JOB), stream=Script(seconds=1e6))
    lone.jobs = Draining(lone.script, lambda: lone.now)
    lone.engine.ledger.backends = {"job": lone.jobs}
    lone.start()
    for effect in lone.due():
        lone.engine.perform(effect)
    lone.engine.cancel(KEY, STOP)
    assert lone.finish() is RunStatus.CANCELLED
    stream = lone.store.load_all(KEY).state(0)
    assert (stream.status, stream.error) == (Status.CANCELLED, "its job was drained")


def test_a_job_that_outlives_its_run_is_stopped_when_the_run_is_cancelled_later(world):
    lone = world(Step("stream", JOB), stream=Script(5.0, live=True))
    lone.start()
    assert lone.finish() is RunStatus.SUCCEEDED
    assert lone.engine.cancel(KEY, STOP) == (0, 1)
    for effect in lone.due():
        lone.engine.perform(effect)
    (job,) = lone.jobs.jobs.values()
    assert job.cancelled_at == lone.now
    assert lone.store.get_run(KEY).status is RunStatus.SUCCEEDED


def test_where_nobody_else_launches_a_step_that_was_cancelled_and_has_no_job_is_not_launched(world):
    lone = world(Step("a", JOB))
    lone.engine.ledger.alone = True
    lone.start()
    lone.jobs.launch = fails_once(lone.jobs.launch)
    (first,) = lone.due()
    with pytest.raises(BackendError):
        lone.engine.perform(first)
    lone.engine.cancel(KEY, STOP)
    lone.engine.perform(first)
    assert lone.finish() is RunStatus.CANCELLED
    assert lone.jobs.jobs == {}


def test_a_step_that_was_cancelled_and_whose_launch_was_lost_is_not_launched_again(world):
    lone = world(Step("a", JOB), lease=90.0, a=Script(seconds=1e6))
    lone.start()
    launch = lone.jobs.launch
    lone.jobs.launch = fails_once(launch)
    (first,) = lone.due()
    with pytest.raises(BackendError):
        lone.engine.perform(first)
    lone.engine.cancel(KEY, STOP)
    lone.now = 100.0
    lone.engine.perform(first)
    assert lone.finish() is RunStatus.CANCELLED
    assert lone.jobs.jobs == {}
