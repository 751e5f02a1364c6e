"""Launches: once, whatever is lost, claimed twice, refused, or over at once."""

from dataclasses import replace

import pytest

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Check, Launch
from orchestrator.core.model import RunStatus, Status
from orchestrator.core.steps import NO_JOB, Retry, Step, Work
from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError, UnexpectedError
from orchestrator.jobs.scripted import Script
from orchestrator.ports import JobRequest, Launched
from tests.unit.engine_world import JOB, KEY, LossyBackend, World


@pytest.mark.parametrize(("launches", "calls"), [(True, 1), (False, 2)], ids=["it was launched", "it was not"])
def test_a_launch_whose_answer_was_lost_is_looked_for_before_it_is_made_again(world, launches: bool, calls: int):
    single = world(Step("a", JOB))
    single.engine.ledger.backends = {"job": (lossy := LossyBackend(single.jobs, launches))}
    single.start()
    (launch,) = single.due()
    with pytest.raises(AmbiguousLaunchError):
        single.engine.perform(launch)
    assert single.statuses() == {"a": "launching"}
    single.engine.perform(launch)
    assert single.statuses() == {"a": "running"}
    assert lossy.calls == calls
    assert len(single.jobs.jobs) == 1


def test_a_launch_that_nobody_owes_does_not_end_a_step_without_a_job_before_its_join_allows(world):
    single = world(Step("a", JOB), Step("end", Work(NO_JOB), ("a",)))
    single.start()
    single.engine.perform(Launch(KEY, 1, 3))
    assert single.statuses()["end"] == "pending"


@pytest.mark.parametrize("lease", [0.0, 90.0])
def test_a_job_is_looked_for_under_the_name_that_was_claimed_whatever_it_would_be_called_now(world, lease: float):
    single = world(Step("a", JOB), lease=lease)
    single.engine.ledger.backends = {"job": (lossy := LossyBackend(single.jobs, launches=True))}
    single.start()
    (launch,) = single.due()
    with pytest.raises(AmbiguousLaunchError):
        single.engine.perform(launch)
    single.engine.ledger.job_prefix, single.now = "orc-dev", 90.0  # an upgrade in between
    single.engine.perform(launch)
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.job_name) == (Status.RUNNING, f"a--{KEY}-0-1")
    assert list(single.jobs.jobs) == [f"a--{KEY}-0-1"]
    assert lossy.calls == 1


def test_jobs_are_called_with_the_prefix_and_only_signals_of_such_jobs_are_taken(world):
    single = world(Step("a", JOB), a=Script(seconds=5.0))
    single.engine.ledger.job_prefix = "orc-dev"
    single.start()
    for effect in single.due():
        single.engine.perform(effect)
    assert list(single.jobs.jobs) == [f"orc-dev--a--{KEY}-0-1"]
    single.now = 30.0
    assert single.due() == [Check(KEY, 0, 1, due=5.0)]  # the watchdog
    assert not single.engine.signal(f"a--{KEY}-0-1")
    assert not single.engine.signal(f"orc--a--{KEY}-0-1")
    assert single.engine.signal(f"orc-dev--a--{KEY}-0-1")
    single.now = 32.0
    assert single.due() == [Check(KEY, 0, 1, "signal", due=32.0)]


def test_while_a_claim_is_fresh_no_other_delivery_launches(world):
    single = world(Step("a", JOB), lease=90.0)
    single.engine.ledger.backends = {"job": LossyBackend(single.jobs, launches=False)}
    single.start()
    (launch,) = single.due()
    with pytest.raises(AmbiguousLaunchError):
        single.engine.perform(launch)
    single.now = 89.0
    with pytest.raises(BackendError, match="try again later"):
        single.engine.perform(launch)
    single.now = 90.0
    single.engine.perform(launch)
    assert single.statuses() == {"a": "running"}


@pytest.mark.parametrize("call", ["launch", "find"])
def test_a_launch_that_sent_nothing_may_be_made_again_at_once(world, call: str):
    """Its look for the job failed: the next delivery waited for the lease, though there was nothing to protect."""
    single = world(Step("a", JOB), lease=90.0)

    def blind(request: JobRequest) -> Launched:
        raise BackendError("cannot list the jobs")

    lossy = LossyBackend(single.jobs, launches=False)
    single.engine.ledger.backends = {"job": lossy}
    single.start()
    (launch,) = single.due()
    if call == "find":  # which is asked of a claim that ran out
        with pytest.raises(AmbiguousLaunchError):
            single.engine.perform(launch)
        single.now = 90.0
    setattr(lossy, call, blind)
    with pytest.raises(BackendError, match="cannot list the jobs"):
        single.engine.perform(launch)
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.claimed_at, state.due) == (Status.LAUNCHING, single.now, single.now)
    single.engine.ledger.backends = {"job": single.jobs}
    single.engine.perform(launch)
    assert single.statuses() == {"a": "running"}
    assert len(single.jobs.jobs) == 1


def test_a_launch_that_raised_what_nobody_foresaw_may_have_been_sent(world):
    """So its claim stays valid, and the task is delivered again."""
    single = world(Step("a", JOB), lease=90.0)

    class Broken(LossyBackend):
        def launch(self, request: JobRequest) -> Launched:
            self.jobs.launch(request)
            raise ZeroDivisionError("in an adapter")

    single.engine.ledger.backends = {"job": Broken(single.jobs, launches=True)}
    single.start()
    (launch,) = single.due()
    with pytest.raises(UnexpectedError, match="ZeroDivisionError: in an adapter"):
        single.engine.perform(launch)
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.claimed_at, state.due) == (Status.LAUNCHING, 0.0, None)


def test_of_two_who_may_launch_what_was_not_sent_one_does(world):
    single = world(Step("a", JOB), lease=90.0)

    class Blind(LossyBackend):
        def launch(self, request: JobRequest) -> Launched:
            raise BackendError("cannot list the jobs")

    class Meanwhile(LossyBackend):
        def launch(self, request: JobRequest) -> Launched:
            with pytest.raises(BackendError, match="another delivery claimed"):
                single.engine.perform(launch)
            return self.jobs.launch(request)

    single.engine.ledger.backends = {"job": Blind(single.jobs, launches=False)}
    single.start()
    (launch,) = single.due()
    with pytest.raises(BackendError):
        single.engine.perform(launch)
    single.engine.ledger.backends = {"job": Meanwhile(single.jobs, launches=False)}
    single.now = 1.0
    single.engine.perform(launch)
    assert single.statuses() == {"a": "running"}


def test_a_refused_launch_fails_the_step_at_once_whatever_its_retries(world):
    single = world(Step("a", JOB, retry=Retry(attempts=3)))

    class Refusing(LossyBackend):
        def launch(self, request: JobRequest) -> Launched:
            raise LaunchRefusedError("no such template")

    single.engine.ledger.backends = {"job": Refusing(single.jobs, launches=False)}
    single.start()
    assert single.finish() is RunStatus.FAILED
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.attempt, state.error, state.cause) == (Status.FAILED, 1, "no such template", "refused")


def test_no_reason_of_a_failure_acts_on_a_terminal_whoever_gave_it(world):
    pair = world(
        Step("a", JOB), Step("b", Work("other", {})), a=Script(outcome=Outcome.FAILED, error="\x1b[31mboom\x1b[0m")
    )

    class Refusing(LossyBackend):
        def launch(self, request: JobRequest) -> Launched:
            raise LaunchRefusedError("no such \x1b]0;title\x07template")

    pair.engine.ledger.backends = {"job": pair.jobs, "other": Refusing(pair.jobs, launches=False)}
    pair.start()
    assert pair.finish() is RunStatus.FAILED
    view = pair.store.load_all(KEY)
    assert [view.state(node).error for node in (0, 1)] == ["boom", r"no such \x1b]0;title\x07template"]


class Calls:
    """A backend whose jobs have ended when their launch has; each takes a minute."""

    def __init__(self, world: World, *ends: JobEnd) -> None:
        self.world, self.ends = world, list(ends)

    def launch(self, request: JobRequest) -> JobEnd:
        self.world.now += 60.0
        return replace(self.ends.pop(0), at=self.world.now)

    def find(self, request: JobRequest) -> None:
        """None: nothing is left of one."""


def test_what_has_ended_when_it_is_launched_ends_its_attempt_there(world):
    step = Step("a", Work("call"), retry=Retry(2, delay=5.0))
    broken = JobEnd(Outcome.FAILED, 0.0, error="no such day", cause="exception")
    one = world(step, Step("b", JOB, after=("a",)))
    one.engine.ledger.backends = {
        **one.engine.ledger.backends,
        "call": Calls(one, broken, JobEnd(Outcome.SUCCEEDED, 0.0, {"n": 1})),
    }
    one.start()
    (first,) = one.due()
    one.engine.perform(first)
    state = one.store.load_all(KEY).state(0)
    assert (state.status, state.error, state.cause, state.due) == (
        Status.UP_FOR_RETRY,
        "no such day",
        "exception",
        65.0,
    )
    assert one.finish() is RunStatus.SUCCEEDED
    state = one.store.load_all(KEY).state(0)
    assert (state.attempt, state.outputs, state.ended_at, state.job) == (2, {"n": 1}, 125.0, None)


def test_what_takes_longer_than_its_timeout_while_it_is_launched_has_failed(world):
    one = world(Step("a", Work("call"), timeout=20.0))
    one.engine.ledger.backends = {"call": Calls(one, JobEnd(Outcome.SUCCEEDED, 0.0))}
    one.start()
    assert one.finish() is RunStatus.FAILED
    state = one.store.load_all(KEY).state(0)
    assert (state.status, state.error, state.cause) == (
        Status.FAILED,
        "took longer than its timeout of 20 s",
        "timeout",
    )
