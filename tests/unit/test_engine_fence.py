"""Launches that stand still: who is sure of its claim sends, what is recorded decides, and all else is stopped."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.machine import MAX_LOST
from orchestrator.core.messages import LATE, Check, Launch
from orchestrator.core.model import Status, StepState
from orchestrator.core.steps import Step
from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError
from orchestrator.ports import CHECKS, JobRequest, Launched
from tests.unit.engine_world import JOB, KEY, STOP, World

LAUNCH = Launch(KEY, 0, 1)
NAME = f"a--{KEY}-0-1"


@dataclass
class Names:
    """A service whose names can be used again. ``before``: what happens before the fence, and after it, once each."""

    world: World
    jobs: list[str] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    listed: bool = True
    before: list[Callable[[], None]] = field(default_factory=list)
    after: list[Callable[[], None]] = field(default_factory=list)

    def launch(self, request: JobRequest) -> Launched:
        if self.before:
            self.before.pop()()
        request.fence()
        if self.after:
            self.after.pop()()
        self.jobs.append(f"{request.name}/{len(self.jobs)}")
        return Launched(self.jobs[-1])

    def find(self, request: JobRequest) -> Launched | None:
        left = [job for job in self.jobs if job not in self.discarded] if self.listed else []
        if request.recorded in left:
            left.sort(key=lambda job: job != request.recorded)
        return Launched(left[0], beside=tuple(left[1:])) if left else None

    def discard(self, job: str) -> None:
        self.discarded.append(job)


@pytest.fixture
def single(world) -> World:
    one: World = world(Step("a", JOB), lease=90.0)
    one.engine.ledger.launch_margin = 30.0
    one.engine.ledger.backends = {"job": Names(one)}
    one.start()
    return one


def names(world: World) -> Names:
    found = world.engine.ledger.backends["job"]
    assert isinstance(found, Names)
    return found


def state(world: World):
    return world.store.load_all(KEY).state(0)


def at(world: World, now: float) -> Callable[[], None]:
    def stands_still() -> None:
        world.now = now

    return stands_still


def other(world: World, now: float) -> Callable[[], None]:
    """Stand still until ``now``, while another delivery is performed."""

    def meanwhile() -> None:
        world.now = now
        world.engine.perform(LAUNCH)

    return meanwhile


def test_a_launch_is_sent_while_its_claim_is_young(single: World):
    names(single).before = [at(single, 59.0)]
    single.engine.perform(LAUNCH)
    assert (state(single).job, state(single).claimed_at) == (f"{NAME}/0", 0.0)


def test_a_claim_in_doubt_is_made_anew_before_the_launch_is_sent(single: World):
    names(single).before = [at(single, 60.0)]
    single.engine.perform(LAUNCH)
    assert (state(single).job, state(single).claimed_at) == (f"{NAME}/0", 60.0)


class ProcessEnded(BaseException):
    """Stands for the end of the process: nothing of ours hears of it."""


def lose(world: World, times: int) -> None:
    """Begin the launch so often, each time when the claim before has run out, in a process that ends with it."""

    def ends() -> None:
        raise ProcessEnded

    for _ in range(times):
        names(world).after = [ends]
        with pytest.raises(ProcessEnded):
            world.engine.perform(LAUNCH)
        world.now += 90.0


def test_a_launch_that_ends_its_process_each_time_fails_its_attempt_at_last(single: World):
    lose(single, MAX_LOST)
    assert state(single).status is Status.LAUNCHING
    single.engine.perform(LAUNCH)
    assert (state(single).status, state(single).cause, names(single).jobs) == (Status.FAILED, "launch", [])
    assert state(single).error == (
        f"its launch was begun {MAX_LOST} times, and each time its process ended, or was not heard of again"
    )


def test_a_launch_that_gets_through_after_some_were_lost_is_as_any_other(single: World):
    lose(single, MAX_LOST - 1)
    single.engine.perform(LAUNCH)
    assert (state(single).status, state(single).job, state(single).lost) == (Status.RUNNING, f"{NAME}/0", 0)


def test_a_job_that_one_of_the_lost_had_launched_is_adopted_however_many_they_were(single: World):
    names(single).listed = False
    lose(single, MAX_LOST)
    names(single).jobs, names(single).listed = [f"{NAME}/0"], True
    single.engine.perform(LAUNCH)
    assert (state(single).status, state(single).job) == (Status.RUNNING, f"{NAME}/0")


@pytest.mark.parametrize("error", [AmbiguousLaunchError("no answer came"), BackendError("down")])
def test_a_service_that_is_down_for_long_loses_nobody(single: World, error: BackendError):
    def fails() -> None:
        raise error

    for _ in range(3 * MAX_LOST):
        names(single).after = [fails]
        with pytest.raises(BackendError, match=str(error)):
            single.engine.perform(LAUNCH)
        single.now += 90.0
    single.engine.perform(LAUNCH)
    assert state(single).status is Status.RUNNING


def test_nothing_is_sent_when_another_took_the_claim_over(single: World):
    names(single).before = [other(single, 90.0)]
    with pytest.raises(BackendError, match="nothing was sent"):
        single.engine.perform(LAUNCH)
    assert names(single).jobs == [f"{NAME}/0"]
    assert state(single).job == f"{NAME}/0"


def test_nothing_is_sent_when_the_step_was_cancelled_meanwhile(single: World):
    def cancelled() -> None:
        single.now = 60.0
        single.engine.cancel(KEY, STOP)

    names(single).before = [cancelled]
    with pytest.raises(BackendError, match="nothing was sent"):
        single.engine.perform(LAUNCH)
    single.engine.perform(LAUNCH)  # at once: the claim was given up
    assert (names(single).jobs, state(single).status) == ([], Status.CANCELLED)


def test_while_a_claim_is_young_others_adopt_its_job_and_launch_none(single: World):
    service = names(single)

    def lost() -> None:
        service.jobs.append(f"{NAME}/0")
        raise AmbiguousLaunchError("no answer came")

    service.after = [lost]
    with pytest.raises(AmbiguousLaunchError):
        single.engine.perform(LAUNCH)
    service.listed = False
    with pytest.raises(BackendError, match="another delivery claimed"):
        single.engine.perform(LAUNCH)
    service.listed = True
    single.engine.perform(LAUNCH)
    assert (service.jobs, state(single).job, single.now) == ([f"{NAME}/0"], f"{NAME}/0", 0.0)


def test_who_launched_a_second_job_cancels_that_one_and_says_so(single: World, caplog: pytest.LogCaptureFixture):
    names(single).after = [other(single, 100.0)]
    with caplog.at_level(logging.WARNING):
        single.engine.perform(LAUNCH)
    assert names(single).jobs == [f"{NAME}/0", f"{NAME}/1"]
    assert names(single).discarded == [f"{NAME}/1"]
    assert state(single).job == f"{NAME}/0"
    assert f"job {NAME}/1, called {NAME}, is one too many: cancelling it; the attempt's job is {NAME}/0" in caplog.text


def test_what_is_recorded_stays_whichever_is_older(single: World):
    """A list had lost the older job, so the younger was recorded; then somebody saw both."""
    single.engine.perform(LAUNCH)
    service = names(single)
    service.jobs.insert(0, f"{NAME}/older")
    single.engine.perform(LAUNCH)
    assert (state(single).job, service.discarded) == (f"{NAME}/0", [f"{NAME}/older"])


def test_a_launch_that_was_refused_and_runs_is_stopped_when_it_is_seen(single: World):
    def refused() -> None:
        names(single).jobs.append(f"{NAME}/0")
        raise LaunchRefusedError("400 wrong parameters")

    names(single).after = [refused]
    single.engine.perform(LAUNCH)
    assert state(single).status is Status.FAILED
    later = Check(KEY, 0, 1, LATE, due=150.0)  # a list's lag, by whatever clock the queue has
    single.now = 150.0
    assert later in single.due()
    single.engine.perform(later)
    assert names(single).discarded == [f"{NAME}/0"]


def test_who_ended_a_refused_launch_and_died_is_stood_in_for_by_the_next_delivery(single: World):
    """It had not said yet that somebody is to look for what it may have begun; and the list loses that now."""

    def refused() -> None:
        raise LaunchRefusedError("400 wrong parameters")

    names(single).after = [refused]
    put, single.queue.put = single.queue.put, lambda tasks: (_ for _ in ()).throw(ProcessEnded())
    with pytest.raises(ProcessEnded):
        single.engine.perform(LAUNCH)
    single.queue.put = put
    assert state(single).status is Status.FAILED
    names(single).listed = False
    single.engine.perform(LAUNCH)
    names(single).listed = True
    names(single).jobs.append(f"{NAME}/0")
    later = Check(KEY, 0, 1, LATE, due=150.0)
    single.now = 150.0
    assert later in single.due()
    single.engine.perform(later)
    assert names(single).discarded == [f"{NAME}/0"]


def test_a_list_that_lost_a_job_is_asked_for_it_once_more(single: World):
    def refused() -> None:
        raise LaunchRefusedError("400 wrong parameters")

    names(single).after = [refused]
    single.engine.perform(LAUNCH)
    single.now = 150.0
    first = Check(KEY, 0, 1, LATE, due=150.0)
    assert first in single.due()
    single.engine.perform(first)
    names(single).jobs.append(f"{NAME}/0")
    single.now = 180.0
    assert single.due() == [first.next(180.0)]
    single.engine.perform(first.next(180.0))
    assert names(single).discarded == [f"{NAME}/0"]
    assert single.queue.next_due([KEY], [CHECKS]) is None


def test_the_job_of_a_step_that_was_cancelled_before_it_was_recorded_is_found_though_a_list_lost_it(single: World):
    def unanswered() -> None:
        names(single).jobs.append(f"{NAME}/0")
        raise AmbiguousLaunchError("no answer came")

    names(single).after = [unanswered]
    with pytest.raises(AmbiguousLaunchError):
        single.engine.perform(LAUNCH)
    single.engine.cancel(KEY, STOP)
    single.now, names(single).listed = 90.0, False
    single.engine.perform(LAUNCH)
    assert state(single).status is Status.CANCELLED
    single.now, names(single).listed = 240.0, True
    for effect in single.due():
        if isinstance(effect, Check) and effect.chain == LATE:
            single.engine.perform(effect)
    assert names(single).discarded == [f"{NAME}/0"]


def test_a_late_check_launches_nothing_where_somebody_deleted_the_document_of_its_step(single: World):
    def refused() -> None:
        raise LaunchRefusedError("400 wrong parameters")

    names(single).after = [refused]
    single.engine.perform(LAUNCH)
    del single.store._states[KEY][0]
    single.due()
    single.now = 150.0
    assert single.due() == [Check(KEY, 0, 1, LATE, due=150.0)]
    single.engine.perform(Check(KEY, 0, 1, LATE, due=150.0))
    assert (single.due(), state(single), names(single).jobs) == ([], StepState(), [])


@pytest.mark.parametrize("ends", ["a refusal", "a call"])
def test_an_end_at_launch_counts_only_while_its_claim_holds(single: World, ends: str):
    service = names(single)

    class Late(Names):
        def launch(self, request: JobRequest):
            if self.before:
                self.before.pop()()
                if ends == "a refusal":
                    raise LaunchRefusedError("400 wrong parameters")
                return JobEnd(Outcome.FAILED, single.now)
            raise AmbiguousLaunchError("no answer came")

    def taken_over() -> None:
        single.now = 90.0
        with pytest.raises(AmbiguousLaunchError):
            single.engine.perform(LAUNCH)

    single.engine.ledger.backends = {"job": Late(single, before=[taken_over])}
    with pytest.raises(BackendError, match="try again later"):
        single.engine.perform(LAUNCH)
    assert (state(single).status, state(single).claimed_at) == (Status.LAUNCHING, 90.0)
    assert service.jobs == []


def test_a_kind_that_nobody_can_run_waits_for_who_claimed_it_and_is_not_forgotten(world):
    """Its task was acknowledged by a delivery without the claim, and the one with it had died: nobody came again."""
    one: World = world(Step("a", JOB), lease=90.0)
    one.start()
    commit, died = one.engine.ledger.commit, [True]

    def dies_once(execution, node, event):
        if type(event).__name__ == "JobEnded" and died.pop():
            raise BackendError("died")
        return commit(execution, node, event)

    one.engine.ledger.backends = {}
    one.engine.ledger.commit = dies_once  # type: ignore[method-assign]
    with pytest.raises(BackendError, match="died"):
        one.engine.perform(LAUNCH)
    one.engine.ledger.commit = commit  # type: ignore[method-assign]
    with pytest.raises(BackendError, match="try again later"):
        one.engine.perform(LAUNCH)
    one.now = 90.0
    one.engine.perform(LAUNCH)
    assert (state(one).status, state(one).cause) == (Status.FAILED, "refused")


def test_a_second_job_that_cannot_be_cancelled_now_is_looked_for_again(single: World):
    class Silent(Names):
        def discard(self, job: str) -> None:
            raise BackendError(f"404 job {job} is too new")

    single.engine.ledger.backends = {"job": (service := Silent(single, after=[other(single, 100.0)]))}
    with pytest.raises(BackendError, match="too new"):
        single.engine.perform(LAUNCH)
    later = Check(KEY, 0, 1, LATE, due=250.0)
    single.now = 250.0
    assert later in single.due()
    single.engine.ledger.backends = {"job": (listening := Names(single, jobs=service.jobs))}
    single.engine.perform(later)
    assert listening.discarded == [f"{NAME}/1"]


def test_a_launch_that_arrives_after_its_sender_adopted_another_s_job_is_stopped(single: World):
    """The sender had stood still, had no answer, and found what another had launched and recorded meanwhile."""

    class Unanswered(Names):
        def launch(self, request: JobRequest) -> Launched:
            if not self.after:
                return super().launch(request)
            request.fence()
            self.after.pop()()
            found = self.find(request)
            assert found is not None
            return found

    single.engine.ledger.backends = {"job": (service := Unanswered(single, after=[other(single, 100.0)]))}
    single.engine.perform(LAUNCH)
    assert service.jobs == [f"{NAME}/0"]
    service.jobs.append(f"{NAME}/1")
    later = Check(KEY, 0, 1, LATE, due=250.0)
    single.now = 250.0
    assert later in single.due()
    single.engine.perform(later)
    assert service.discarded == [f"{NAME}/1"]
