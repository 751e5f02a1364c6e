"""Looks at jobs: when, by whom, and what becomes of those that are late, ready, or not to be asked."""

import json

import pytest

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Check
from orchestrator.core.model import RunStatus, Status, StepState
from orchestrator.core.steps import CheckPolicy, Step
from orchestrator.engine.checking import GRACE, ended
from orchestrator.errors import BackendError
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.ports import CHECKS, JobRequest, JobRunning, JobStatus, Launched
from tests.unit.engine_world import JOB, KEY, LossyBackend


def test_a_job_past_its_timeout_is_stopped_and_has_failed(world):
    single = world(Step("a", JOB, timeout=100.0), a=Script(seconds=1e6))
    single.start()
    assert single.finish() is RunStatus.FAILED
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.cause) == (Status.FAILED, "timeout")
    assert state.error == "took longer than its timeout of 100 s"
    assert single.now == 100.0 + GRACE


def test_a_job_that_still_runs_is_checked_again_under_a_new_name(world):
    single = world(Step("a", JOB, check=CheckPolicy(every=600.0)), a=Script(seconds=1e9))
    single.start()
    for effect in single.due():
        single.engine.perform(effect)
    single.now = 600.0
    (check,) = single.due()
    single.engine.perform(check)
    assert single.queue.next_due([KEY], [CHECKS]) == 1200.0


class Streaming(ScriptedBackend):
    """A service whose jobs are ready after the seconds of their script, and go on until they are cancelled."""

    def status(self, job: str) -> JobStatus:
        found = self.jobs[job]
        if found.cancelled_at is not None:
            return JobEnd(Outcome.SUCCEEDED, self._clock())
        ready = found.launched_at + found.script.seconds
        now = self._clock()
        return JobRunning(due=now + 20.0) if now < ready else JobEnd(Outcome.SUCCEEDED, ready, live=True)

    def launch(self, request: JobRequest) -> Launched:
        super().launch(request)
        return Launched(request.name, due=self._clock() + 20.0)

    def cancel(self, job: str) -> None:
        self.jobs[job].cancelled_at = self._clock()


def test_a_job_is_checked_when_it_says_that_a_check_will_pay(world):
    """A streaming job was ready, and its step heard of it from the watchdog, ten minutes after."""
    pair = world(Step("a", JOB, check=CheckPolicy(every=600.0)), Step("b", JOB, after=("a",)))
    pair.jobs = Streaming(lambda request: Script(seconds=70.0 if request.step == "a" else 0.0), lambda: pair.now)
    pair.engine.ledger.backends = {"job": pair.jobs}
    pair.start()
    assert pair.finish() is RunStatus.SUCCEEDED
    assert [job.launched_at for job in pair.jobs.jobs.values()] == [0.0, 80.0]
    assert pair.store.load_all(KEY).state(0).live


def test_a_job_that_is_ready_too_late_is_stopped_before_its_step_has_failed(world):
    single = world(Step("a", JOB, timeout=100.0, check=CheckPolicy(every=600.0)))
    single.jobs = Streaming(lambda _: Script(seconds=170.0), lambda: single.now)
    single.engine.ledger.backends = {"job": single.jobs}
    single.start()
    for effect in single.due():
        single.engine.perform(effect)
    single.now = 180.0
    (late,) = single.due()
    single.engine.perform(late)
    assert single.statuses() == {"a": "running"}
    assert single.finish() is RunStatus.FAILED
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.cause, state.live) == (Status.FAILED, "timeout", False)
    assert [job.cancelled_at for job in single.jobs.jobs.values()] == [180.0]


def test_outputs_that_nothing_can_hold_fail_the_step_for_good():
    deep = json.loads("[" * 60 + "]" * 60)
    state, end = StepState(Status.RUNNING, 1, started_at=1.0), JobEnd(Outcome.SUCCEEDED, 9.0, {"deep": deep})
    told = ended(Step("a", JOB), state, end, 0.0).end
    assert (told.outcome, told.cause, told.permanent, told.outputs) == (Outcome.FAILED, "outputs", True, None)


def test_a_job_service_that_cannot_tell_does_not_fail_the_step(world):
    single = world(Step("a", JOB), a=Script(seconds=5.0))
    single.start()
    for effect in single.due():
        single.engine.perform(effect)

    class Silent(LossyBackend):
        def __init__(self, jobs: ScriptedBackend) -> None:
            super().__init__(jobs, launches=False)
            self.status = self.silent

        def silent(self, job: str):
            raise BackendError(f"503 for {job}")

    single.engine.ledger.backends = {"job": Silent(single.jobs)}
    with pytest.raises(BackendError):
        single.engine.perform(Check(KEY, 0, 1))
    assert single.statuses() == {"a": "running"}


def test_a_signal_schedules_one_check_and_touches_nothing_else(world):
    single = world(Step("a", JOB), a=Script(seconds=5.0))
    single.start()
    for effect in single.due():
        single.engine.perform(effect)
    (name,) = single.jobs.jobs
    before = single.store.load_all(KEY)
    assert single.engine.signal(name)
    assert single.engine.signal(name)
    assert single.store.load_all(KEY) == before
    single.now = 2.0
    assert single.due() == [Check(KEY, 0, 1, "signal", due=2.0)]
    assert not single.engine.signal("somebody-elses-job")
