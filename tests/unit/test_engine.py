"""The engine's promises one by one, on the memory store and scripted jobs. The simulation mixes them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from orchestrator.core.messages import Check, Effect, Finish, Launch, Skip
from orchestrator.core.model import Outcome, Run, RunStatus, Status, Stop, View
from orchestrator.core.names import run_key
from orchestrator.core.plan import FailsOn, Plan, compile_plan
from orchestrator.core.rules import CARRYING, TriggerRule
from orchestrator.core.steps import CheckPolicy, Retry, Step, Work
from orchestrator.engine import Engine
from orchestrator.engine.checking import GRACE
from orchestrator.errors import AmbiguousLaunchError, BackendError, LaunchRefusedError, QueueError, UsageError
from orchestrator.jobs.scripted import Script, ScriptedBackend
from orchestrator.jobs.wait import WaitBackend
from orchestrator.ports import CHECKS, LAUNCHES, JobOver, JobRequest, JobRunning, JobStatus, Launched, Task
from orchestrator.queues.local import LocalQueue
from orchestrator.sqlite import Database
from orchestrator.stores.memory import MemoryStore

JOB = Work("job", {})
STOP = Stop(5.0, "ann", "wrong input")
KEY = run_key("r")


@dataclass
class World:
    """One run in a world where nothing happens by itself: ``deliver`` is the only thing that moves it."""

    plan: Plan
    scripts: dict[str, Script] = field(default_factory=dict)
    now: float = 0.0
    lease: float = 0.0

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        self.database = Database(":memory:")
        self.queue = LocalQueue(self.database)
        self.jobs = ScriptedBackend(self.script, lambda: self.now)
        self.waits = WaitBackend(lambda: self.now)
        backends = {"job": self.jobs, "wait": self.waits}
        self.engine = Engine(self.store, self.queue, backends, lambda: self.now, launch_lease=self.lease)
        self.run = Run("r", KEY, self.plan.graph, self.plan.version, {"full": False, "date": "2026-11-23"}, self.now)

    def script(self, request: JobRequest) -> Script:
        return self.scripts.get(f"{request.step} {request.attempt}", self.scripts.get(request.step, Script()))

    def start(self) -> bool:
        return self.engine.start(self.run, self.plan)

    def due(self) -> list[Effect]:
        """Takes what is due off the queue."""
        found = [item for lane in (CHECKS, LAUNCHES) for item in self.queue.lease([KEY], lane, self.now, 100)]
        self.queue.acknowledge(found)
        return [item.effect for item in found]

    def finish(self) -> RunStatus:
        """Delivers everything, moving the clock to the next task, until the run has ended."""
        while (stored := self.store.get_run(KEY)) and stored.status is RunStatus.RUNNING:
            for effect in self.due():
                self.engine.perform(effect)
            following = self.queue.next_due([KEY], [CHECKS, LAUNCHES])
            self.now = max(self.now, following or 0.0)
        assert stored is not None
        return stored.status

    def statuses(self) -> dict[str, str]:
        view = self.store.load_all(KEY)
        return {step.name: str(view.state(number).status) for number, step in enumerate(self.plan.steps)}


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    made: list[World] = []
    yield made
    for world in made:
        world.database.close()


@pytest.fixture
def world(worlds):
    def make(*steps: Step, lease: float = 0.0, fails_on: FailsOn = FailsOn.ANY, **scripts: Script) -> World:
        worlds.append(World(compile_plan("g", "v1", steps, fails_on), scripts, lease=lease))
        return worlds[-1]

    return make


def fails_once(call):
    """A call of a service that does not get through the first time."""
    calls = iter([BackendError("down")])

    def shaky(request: JobRequest) -> Launched:
        for error in calls:
            raise error
        return call(request)

    return shaky


DIAMOND = (
    Step("a", JOB),
    Step("b", JOB, after=("a",)),
    Step("c", JOB, after=("a",)),
    Step("d", JOB, after=("b", "c")),
)


def test_a_diamond_runs_to_its_end_with_one_job_a_step(world):
    diamond = world(*DIAMOND)
    assert diamond.start()
    assert diamond.finish() is RunStatus.SUCCEEDED
    assert diamond.statuses() == dict.fromkeys("abcd", "succeeded")
    assert len(diamond.jobs.jobs) == 4


def test_starting_again_starts_nothing(world):
    diamond = world(*DIAMOND)
    diamond.start()
    assert diamond.due() == [Launch(KEY, 0, 1)]
    assert not diamond.start()
    assert diamond.due() == []


def test_a_start_that_died_before_it_paid_is_continued_by_the_next(world):
    diamond = world(*DIAMOND)
    diamond.store.open_run(diamond.run, diamond.plan)
    assert not diamond.start()
    assert diamond.due() == [Launch(KEY, 0, 1)]


def test_a_run_keeps_the_version_it_started_with(world):
    diamond = world(*DIAMOND)
    diamond.start()
    diamond.engine.start(diamond.run, compile_plan("g", "v2", (Step("other", JOB),)))
    assert diamond.finish() is RunStatus.SUCCEEDED
    assert diamond.statuses() == dict.fromkeys("abcd", "succeeded")


def test_two_ids_with_one_key_are_told_apart(world):
    diamond = world(*DIAMOND)
    diamond.start()
    twin = Run("other", KEY, "g", "v1", {}, 0.0)
    with pytest.raises(UsageError, match="the run id 'other' has the same key as the run 'r'"):
        diamond.engine.start(twin, diamond.plan)


def test_every_task_may_be_delivered_twice(world):
    diamond = world(*DIAMOND)
    diamond.start()
    done: list[Effect] = []
    while diamond.store.get_run(KEY).status is RunStatus.RUNNING:
        for effect in diamond.due():
            diamond.engine.perform(effect)
            done.append(effect)
        for effect in done:
            diamond.engine.perform(effect)
        diamond.now += 600.0
    assert diamond.statuses() == dict.fromkeys("abcd", "succeeded")
    assert len(diamond.jobs.jobs) == 4


class BrokenQueue:
    """A queue that is out of order for a while."""

    def __init__(self, queue: LocalQueue) -> None:
        self.queue = queue
        self.broken = False

    def put(self, tasks: Sequence[Task]) -> None:
        if self.broken:
            raise QueueError("out of order")
        self.queue.put(tasks)


def test_a_commit_whose_payment_was_lost_is_paid_by_the_next_delivery(world):
    diamond = world(*DIAMOND)
    diamond.engine.queue = queue = BrokenQueue(diamond.queue)
    diamond.start()
    for effect in diamond.due():
        diamond.engine.perform(effect)
    (look,) = (Check(KEY, 0, 1),)
    queue.broken = True
    with pytest.raises(QueueError):
        diamond.engine.perform(look)
    assert diamond.statuses()["a"] == "succeeded"
    queue.broken = False
    diamond.engine.perform(look)
    assert set(diamond.due()) >= {Launch(KEY, 1, 1), Launch(KEY, 2, 1)}


class CountingStore(MemoryStore):
    """Remembers what was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[tuple[list[int], list[int]]] = []

    def load(self, run: str, nodes: Collection[int], joins: Collection[int]) -> View:
        self.loads.append((sorted(nodes), sorted(joins)))
        return super().load(run, nodes, joins)


@pytest.mark.parametrize("looks", [("watchdog", "signal"), ("signal", "watchdog")])
def test_a_look_at_a_step_that_another_look_ended_reads_that_step_alone_and_leaves_the_paying_to_the_other(
    world, looks: tuple[str, str]
):
    """It answers for the payment until its own task is acknowledged. Its own look, brought again, pays again."""
    diamond = world(*DIAMOND)
    diamond.store = diamond.engine.store = store = CountingStore()
    diamond.engine.queue = queue = BrokenQueue(diamond.queue)
    diamond.start()
    for effect in diamond.due():
        diamond.engine.perform(effect)
    own, other = (Check(KEY, 0, 1, chain) for chain in looks)
    queue.broken = True
    with pytest.raises(QueueError):
        diamond.engine.perform(own)
    store.loads.clear()
    diamond.engine.perform(other)
    assert store.loads == [([0], [])]
    queue.broken = False
    diamond.engine.perform(own)
    assert set(diamond.due()) >= {Launch(KEY, 1, 1), Launch(KEY, 2, 1)}


class LossyBackend:
    """A job service whose first answer to a launch is lost, after or before it did what was asked."""

    def __init__(self, jobs: ScriptedBackend, launches: bool) -> None:
        self.jobs, self.launches, self.calls = jobs, launches, 0
        self.find, self.status, self.cancel = jobs.find, jobs.status, jobs.cancel

    def launch(self, request: JobRequest) -> Launched:
        self.calls += 1
        if self.calls > 1:
            return self.jobs.launch(request)
        if self.launches:
            self.jobs.launch(request)
        raise AmbiguousLaunchError("the connection was closed")


@pytest.mark.parametrize(("launches", "calls"), [(True, 1), (False, 2)], ids=["it was launched", "it was not"])
def test_a_launch_whose_answer_was_lost_is_looked_for_before_it_is_made_again(world, launches: bool, calls: int):
    single = world(Step("a", JOB))
    single.engine.backends = {"job": (lossy := LossyBackend(single.jobs, launches))}
    single.start()
    (launch,) = single.due()
    with pytest.raises(AmbiguousLaunchError):
        single.engine.perform(launch)
    assert single.statuses() == {"a": "launching"}
    single.engine.perform(launch)
    assert single.statuses() == {"a": "running"}
    assert lossy.calls == calls
    assert len(single.jobs.jobs) == 1


@pytest.mark.parametrize("lease", [0.0, 90.0])
def test_a_job_is_looked_for_under_the_name_that_was_claimed_whatever_it_would_be_called_now(world, lease: float):
    single = world(Step("a", JOB), lease=lease)
    single.engine.backends = {"job": (lossy := LossyBackend(single.jobs, launches=True))}
    single.start()
    (launch,) = single.due()
    with pytest.raises(AmbiguousLaunchError):
        single.engine.perform(launch)
    single.engine.job_prefix, single.now = "orc-dev", 90.0  # an upgrade in between
    single.engine.perform(launch)
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.job_name) == (Status.RUNNING, f"a--{KEY}-0-1")
    assert list(single.jobs.jobs) == [f"a--{KEY}-0-1"]
    assert lossy.calls == 1


def test_jobs_are_called_with_the_prefix_and_only_signals_of_such_jobs_are_taken(world):
    single = world(Step("a", JOB), a=Script(seconds=5.0))
    single.engine.job_prefix = "orc-dev"
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
    single.engine.backends = {"job": LossyBackend(single.jobs, launches=False)}
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
    """Its look beforehand failed: the next delivery waited for the lease, though there was nothing to protect."""
    single = world(Step("a", JOB), lease=90.0)

    def blind(request: JobRequest) -> Launched:
        raise BackendError("cannot list the jobs")

    lossy = LossyBackend(single.jobs, launches=False)
    single.engine.backends = {"job": lossy}
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
    single.engine.backends = {"job": single.jobs}
    single.engine.perform(launch)
    assert single.statuses() == {"a": "running"}
    assert len(single.jobs.jobs) == 1


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

    single.engine.backends = {"job": Blind(single.jobs, launches=False)}
    single.start()
    (launch,) = single.due()
    with pytest.raises(BackendError):
        single.engine.perform(launch)
    single.engine.backends = {"job": Meanwhile(single.jobs, launches=False)}
    single.now = 1.0
    single.engine.perform(launch)
    assert single.statuses() == {"a": "running"}


def test_a_refused_launch_fails_the_step_at_once_whatever_its_retries(world):
    single = world(Step("a", JOB, retry=Retry(attempts=3)))

    class Refusing(LossyBackend):
        def launch(self, request: JobRequest) -> Launched:
            raise LaunchRefusedError("no such template")

    single.engine.backends = {"job": Refusing(single.jobs, launches=False)}
    single.start()
    assert single.finish() is RunStatus.FAILED
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.attempt, state.error, state.cause) == (Status.FAILED, 1, "no such template", "refused")


def test_no_reason_of_a_failure_holds_an_escape_code_whoever_gave_it(world):
    pair = world(
        Step("a", JOB), Step("b", Work("other", {})), a=Script(outcome=Outcome.FAILED, error="\x1b[31mboom\x1b[0m")
    )

    class Refusing(LossyBackend):
        def launch(self, request: JobRequest) -> Launched:
            raise LaunchRefusedError("no such \x1b]0;title\x07template")

    pair.engine.backends = {"job": pair.jobs, "other": Refusing(pair.jobs, launches=False)}
    pair.start()
    assert pair.finish() is RunStatus.FAILED
    view = pair.store.load_all(KEY)
    assert [view.state(node).error for node in (0, 1)] == ["boom", "no such template"]


def test_a_failed_attempt_is_made_again_after_its_delay_and_not_before(world):
    single = world(Step("a", JOB, retry=Retry(attempts=3, delay=60.0, backoff=2.0)))
    single.scripts = {"a": Script(outcome=Outcome.FAILED), "a 3": Script()}
    single.start()
    assert single.finish() is RunStatus.SUCCEEDED
    launched = [job.launched_at for job in single.jobs.jobs.values()]
    assert launched == [0.0, 60.0, 180.0]


def test_a_job_past_its_timeout_is_stopped_and_has_failed(world):
    single = world(Step("a", JOB, timeout=100.0), a=Script(seconds=1e6))
    single.start()
    assert single.finish() is RunStatus.FAILED
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.cause) == (Status.FAILED, "timeout")
    assert state.error == "took longer than its timeout of 100 s"
    assert single.now == 100.0 + GRACE


def test_a_job_that_still_runs_is_looked_at_again_under_a_new_name(world):
    single = world(Step("a", JOB, check=CheckPolicy(every=600.0)), a=Script(seconds=1e9))
    single.start()
    for effect in single.due():
        single.engine.perform(effect)
    single.now = 600.0
    (look,) = single.due()
    single.engine.perform(look)
    assert single.queue.next_due([KEY], [CHECKS]) == 1200.0


class Streaming(ScriptedBackend):
    """A service whose jobs are ready after the seconds of their script, and go on until they are cancelled."""

    def status(self, job: str) -> JobStatus:
        found = self.jobs[job]
        if found.cancelled_at is not None:
            return JobOver(Outcome.SUCCEEDED, self._clock())
        ready = found.launched_at + found.script.seconds
        now = self._clock()
        return JobRunning(due=now + 20.0) if now < ready else JobOver(Outcome.SUCCEEDED, ready, live=True)

    def launch(self, request: JobRequest) -> Launched:
        super().launch(request)
        return Launched(request.name, due=self._clock() + 20.0)

    def cancel(self, job: str) -> None:
        self.jobs[job].cancelled_at = self._clock()


def test_a_job_is_looked_at_when_it_says_that_a_look_will_pay(world):
    """A streaming job was ready, and its step heard of it from the watchdog, ten minutes after."""
    pair = world(Step("a", JOB, check=CheckPolicy(every=600.0)), Step("b", JOB, after=("a",)))
    pair.jobs = Streaming(lambda request: Script(seconds=70.0 if request.step == "a" else 0.0), lambda: pair.now)
    pair.engine.backends = {"job": pair.jobs}
    pair.start()
    assert pair.finish() is RunStatus.SUCCEEDED
    assert [job.launched_at for job in pair.jobs.jobs.values()] == [0.0, 80.0]
    assert pair.store.load_all(KEY).state(0).live


def test_a_job_that_is_ready_too_late_is_stopped_before_its_step_has_failed(world):
    single = world(Step("a", JOB, timeout=100.0, check=CheckPolicy(every=600.0)))
    single.jobs = Streaming(lambda _: Script(seconds=140.0), lambda: single.now)
    single.engine.backends = {"job": single.jobs}
    single.start()
    for effect in single.due():
        single.engine.perform(effect)
    single.now = 150.0
    (late,) = single.due()
    single.engine.perform(late)
    assert single.statuses() == {"a": "running"}
    assert single.finish() is RunStatus.FAILED
    state = single.store.load_all(KEY).state(0)
    assert (state.status, state.cause, state.live) == (Status.FAILED, "timeout", False)
    assert [job.cancelled_at for job in single.jobs.jobs.values()] == [150.0]


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

    single.engine.backends = {"job": Silent(single.jobs)}
    with pytest.raises(BackendError):
        single.engine.perform(Check(KEY, 0, 1))
    assert single.statuses() == {"a": "running"}


def test_a_signal_schedules_one_look_and_touches_nothing_else(world):
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


def test_a_sweep_pays_again_what_was_given_up_under_a_name_of_its_own(world):
    single = world(Step("a", JOB))
    single.start()
    assert single.due() == [Launch(KEY, 0, 1)]  # and lost
    assert not single.start()
    assert single.due() == []
    assert single.engine.sweep(KEY, "7") == 1
    assert single.due() == [Launch(KEY, 0, 1)]
    assert single.engine.sweep(KEY, "8") == 1
    assert single.finish() is RunStatus.SUCCEEDED
    assert single.engine.sweep(KEY, "9") == 0


def test_a_when_that_does_not_hold_skips_the_step_and_the_skip_travels(world):
    chain = world(
        Step("a", JOB, when="{{ params.full }}"),
        Step("b", JOB, after=("a",)),
        Step("c", JOB, after=("b",), trigger=TriggerRule.ALL_DONE),
    )
    chain.start()
    assert chain.finish() is RunStatus.SUCCEEDED
    assert chain.statuses() == {"a": "skipped", "b": "skipped", "c": "succeeded"}
    assert [job.request.step for job in chain.jobs.jobs.values()] == ["c"]


def test_outputs_are_rendered_into_the_steps_downstream(world):
    spec = {
        "query": "rows > {{ steps.a.outputs.rows }}",
        "rows": "{{ steps.a.outputs.rows }}",
        "on": "{{ params.date }}",
    }
    pair = world(Step("a", JOB), Step("b", Work("job", spec), after=("a",)), a=Script(outputs={"rows": 3}))
    pair.start()
    assert pair.finish() is RunStatus.SUCCEEDED
    (job,) = (job for job in pair.jobs.jobs.values() if job.request.step == "b")
    assert job.request.spec == {"query": "rows > 3", "rows": 3, "on": "2026-11-23"}


def test_an_expression_without_a_value_fails_the_step_for_good(world):
    spec = {"rows": "{{ steps.a.outputs.rows }}"}
    pair = world(Step("a", JOB), Step("b", Work("job", spec), after=("a",), retry=Retry(attempts=5)))
    pair.start()
    assert pair.finish() is RunStatus.FAILED
    state = pair.store.load_all(KEY).state(1)
    assert (state.status, state.attempt, state.cause) == (Status.FAILED, 1, "expression")


def test_a_wait_takes_its_time_and_no_job(world):
    pair = world(Step("a", Work("wait", {"seconds": 30.0})), Step("b", JOB, after=("a",)))
    pair.start()
    assert pair.finish() is RunStatus.SUCCEEDED
    assert [job.launched_at for job in pair.jobs.jobs.values()] == [30.0]


def test_steps_without_a_job_end_at_once(world):
    pair = world(Step("start"), Step("end", after=("start",)))
    pair.start()
    assert pair.finish() is RunStatus.SUCCEEDED
    assert pair.now == 0.0


def test_an_impatient_step_runs_early_and_the_run_still_waits_for_the_others(world):
    race = world(
        Step("fast", JOB),
        Step("slow", JOB),
        Step("first", JOB, after=("fast", "slow"), trigger=TriggerRule.ONE_SUCCESS),
        slow=Script(seconds=50.0),
    )
    race.start()
    assert race.finish() is RunStatus.SUCCEEDED
    launched = {job.request.step: job.launched_at for job in race.jobs.jobs.values()}
    assert launched == {"fast": 0.0, "slow": 0.0, "first": 0.0}
    assert race.statuses()["slow"] == "succeeded"
    assert race.now == 50.0


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


def test_a_thousand_predecessors_of_one_step_are_counted_in_small_joins(world):
    names = tuple(f"p{number:04}" for number in range(1000))
    wide = world(*(Step(name, JOB) for name in names), Step("join", JOB, after=names))
    wide.start()
    assert wide.finish() is RunStatus.SUCCEEDED
    assert max(counter.arrived for counter in wide.store.load_all(KEY).counters.values()) == 32


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
    lone.engine.alone = True
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


def test_a_success_after_the_timeout_is_a_failure_once_the_clocks_leave_no_doubt(world):
    pair = world(Step("a", JOB, timeout=100.0), Step("b", JOB, timeout=100.0))
    pair.scripts = {"a": Script(seconds=120.0), "b": Script(seconds=131.0)}
    pair.start()
    for effect in pair.due():
        pair.engine.perform(effect)
    pair.now = 200.0
    assert pair.finish() is RunStatus.FAILED
    assert pair.statuses() == {"a": "succeeded", "b": "failed"}


def test_a_skip_that_comes_too_early_does_nothing(world):
    diamond = world(*DIAMOND)
    diamond.start()
    diamond.engine.perform(Skip(KEY, 3))
    assert diamond.statuses()["d"] == "pending"


DAY = 86_400.0


@pytest.mark.parametrize("gone", ["its steps and counters", "all of it"])
def test_a_task_that_outlives_its_run_launches_nothing_again(world, gone: str):
    """A watchdog every two days, and a run that is kept for one: by then the store has begun to delete it."""
    chain = world(Step("a", JOB, check=CheckPolicy(every=2 * DAY)), Step("b", JOB, after=("a",)))
    chain.engine.retention = DAY
    chain.start()
    assert chain.finish() is RunStatus.SUCCEEDED
    chain.store._states[KEY].clear()
    chain.store._counters[KEY].clear()
    if gone == "all of it":
        del chain.store._runs[KEY]
    chain.now = 2 * DAY
    before = set(chain.jobs.jobs)
    for effect in (*chain.due(), Check(KEY, 0, 1), Launch(KEY, 0, 1), Launch(KEY, 0, 2), Skip(KEY, 1), Finish(KEY)):
        chain.engine.perform(effect)
    assert chain.due() == []
    assert set(chain.jobs.jobs) == before
    assert chain.store._states[KEY] == {}


def test_a_run_that_takes_longer_than_runs_are_kept_goes_on(world):
    chain = world(Step("a", JOB), Step("b", JOB, after=("a",)), a=Script(seconds=3 * DAY))
    chain.engine.retention = DAY
    chain.start()
    assert chain.finish() is RunStatus.SUCCEEDED
    assert chain.statuses() == {"a": "succeeded", "b": "succeeded"}


class Calls:
    """A backend whose jobs have ended when their launch has; each takes a minute."""

    def __init__(self, world: World, *ends: JobOver) -> None:
        self.world, self.ends = world, list(ends)

    def launch(self, request: JobRequest) -> JobOver:
        self.world.now += 60.0
        return replace(self.ends.pop(0), at=self.world.now)

    def find(self, request: JobRequest) -> None:
        """None: nothing is left of one."""


def test_what_has_ended_when_it_is_launched_ends_its_attempt_there(world):
    step = Step("a", Work("call"), retry=Retry(2, delay=5.0))
    broken = JobOver(Outcome.FAILED, 0.0, error="no such day", cause="exception")
    one = world(step, Step("b", JOB, after=("a",)))
    one.engine.backends = {**one.engine.backends, "call": Calls(one, broken, JobOver(Outcome.SUCCEEDED, 0.0, {"n": 1}))}
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
    one.engine.backends = {"call": Calls(one, JobOver(Outcome.SUCCEEDED, 0.0))}
    one.start()
    assert one.finish() is RunStatus.FAILED
    state = one.store.load_all(KEY).state(0)
    assert (state.status, state.error, state.cause) == (
        Status.FAILED,
        "took longer than its timeout of 20 s",
        "timeout",
    )
