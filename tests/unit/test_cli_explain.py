"""``explain`` and the notes of the step list: every status, in words."""

from dataclasses import replace

import pytest

from orchestrator.core.control import Hold
from orchestrator.core.events import (
    Event,
    HoldRequested,
    JobEnded,
    JobLaunched,
    LaunchClaimed,
    StepSettled,
    StopRequested,
    TimeUp,
    WaitLimited,
    WaitOver,
)
from orchestrator.core.graph import Graph
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.machine import evolve
from orchestrator.core.model import Counter, Run, Status, Stop, View
from orchestrator.core.plan import Plan
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Retry, Step, Work
from orchestrator.reporting.explain import explain
from orchestrator.reporting.found import Found
from orchestrator.reporting.phrases import CLASSES
from orchestrator.reporting.rows import note, rows
from orchestrator.reporting.summary import abandoned, summary
from orchestrator.reporting.times import clock
from orchestrator.reporting.upstream import at_work_before, by_depth, root_causes

NOW = 1_000.0
COMMAND = Work("command", {"command": "true"})


def step(name: str, *after: str, trigger: str = "all_success", when: str | None = None, attempts: int = 1) -> Step:
    return Step(
        name,
        COMMAND,
        tuple(sorted(after)),
        TriggerRule(trigger),
        when,
        Retry(attempts, delay=60.0),
        timeout=600.0 if name == "timed" else None,
    )


class Story:
    """A run told event by event, by the machine itself, so that states and counters are what a store would hold."""

    def __init__(self, *steps: Step) -> None:
        self.plan: Plan = Graph("story", steps).compile()
        self.view = View({}, {})

    def tell(self, name: str, *events: Event) -> "Story":
        node = self.plan.numbers[name]
        for event in events:
            transition = evolve(self.plan, node, self.view.state(node), event)
            assert transition is not None
            counters = dict(self.view.counters)
            for join in transition.joins:
                old = counters.get(join, Counter())
                counters[join] = Counter(old.arrived + transition.arrived, old.ended + transition.adds)
            self.view = View({**self.view.states, node: transition.state}, counters)
        return self

    def running(self, name: str, since: float, attempt: int = 1) -> "Story":
        return self.tell(name, LaunchClaimed(attempt, "job", since), JobLaunched(attempt, "1", since))

    def ended(
        self,
        name: str,
        outcome: Outcome = Outcome.SUCCEEDED,
        error: str | None = None,
        at: float = NOW,
        cause: str | None = None,
    ) -> "Story":
        attempt = self.view.state(self.plan.numbers[name]).attempt + 1
        end = JobEnded(attempt, JobEnd(outcome, at, error=error, cause=cause))
        return self.running(name, at - 2.0, attempt).tell(name, end)

    def failed(self, name: str, error: str = "exit status 1", cause: str | None = None) -> "Story":
        return self.ended(name, Outcome.FAILED, error, cause=cause)

    def explained(self, name: str) -> list[str]:
        return explain(self.plan, self.view, self.plan.numbers[name], NOW)

    def explained_undriven(self, name: str) -> list[str]:
        """What is told of it while no process drives the run."""
        return explain(self.plan, self.view, self.plan.numbers[name], None)

    def note(self, name: str) -> str:
        return note(self.plan, self.view.states, self.plan.numbers[name], NOW)


def test_a_waiting_step_names_what_it_waits_for_and_how_that_stands() -> None:
    story = Story(step("a"), step("b"), step("c", attempts=3), step("last", "a", "b", "c"))
    story.ended("a").running("b", NOW - 180).ended("c", Outcome.FAILED, "boom", at=NOW - 20)
    assert story.explained("last") == ["pending: waiting for b (running 3 m 00 s) and c (attempt 2 of 3 in 40 s)"]
    assert story.note("last") == "waiting for b and c"
    story = Story(step("c", attempts=2), step("last", "c")).ended("c", Outcome.FAILED, "boom", at=NOW - 90)
    assert story.explained("last") == ["pending: waiting for c (attempt 2 of 2 is about to start)"]


def three(trigger: TriggerRule, **number: float) -> Story:
    """Three steps before one with that rule; one has succeeded, one runs, one is pending."""
    last = replace(step("last", "a", "b", "c"), trigger=trigger, **number)
    return Story(step("a"), step("b"), step("c"), last).ended("a").running("b", NOW - 180)


def test_a_step_that_waits_for_so_many_successes_says_how_many_there_are() -> None:
    story = three(TriggerRule.AT_LEAST, at_least=2)
    assert story.explained("last") == [
        "pending: waiting for b (running 3 m 00 s) and c (pending)",
        "what it is waiting for in the end: b (running 3 m 00 s) and c (pending)",
        "its trigger at_least: 2 requires that at least 2 of the 3 steps before it succeed",
        "1 of 2 successes; 1 running, 1 pending",
    ]
    assert story.note("last") == "1 of 2 successes; 1 running, 1 pending"
    story.failed("c")
    assert story.note("last") == "1 of 2 successes; 1 running"
    story = three(TriggerRule.AT_LEAST, at_least=3).failed("c")
    assert story.explained("last")[0] == (
        "pending: will be upstream failed, since c failed and a succeeded; still waiting for b (running 3 m 00 s)"
    )
    assert three(TriggerRule.AT_LEAST, at_least=1).explained("last") == [
        "pending: it is ready, and starts as soon as a slot is free"
    ]


def test_a_step_that_waits_for_a_limited_time_says_until_when() -> None:
    story = three(TriggerRule.ALL_DONE_WITHIN, within=7200.0)
    rule = (
        "its trigger all_done_within: 2h requires that all steps before it end, or that 2h have passed since the "
        "first of them did"
    )
    assert story.explained("last")[2:] == [rule]
    assert story.note("last") == "waiting for b and c (all_done_within: 2h)"
    story.tell("last", WaitLimited(NOW + 7100))
    runs = f"runs at {clock(NOW + 7100)} at the latest"
    assert story.explained("last")[2:] == [rule, f"it {runs}"]
    assert story.explained_undriven("last")[-1] == f"it {runs}, or once the run is resumed if that is later"
    assert story.note("last") == f"waiting for b and c, {runs}"
    story.tell("last", HoldRequested(Hold(NOW)))
    assert f"it {runs}, if it is released by then" in story.explained("last")


def test_a_step_whose_time_is_up_is_ready_though_not_all_have_ended() -> None:
    story = three(TriggerRule.ALL_DONE_WITHIN, within=60.0).tell("last", WaitLimited(NOW - 1), WaitOver())
    assert story.explained("last") == ["pending: it is ready, and starts as soon as a slot is free"]


def test_a_step_that_did_not_wait_for_all_says_who_had_ended_when_it_began() -> None:
    over = JobEnded(1, JobEnd(Outcome.SUCCEEDED, NOW + 90))
    story = three(TriggerRule.AT_LEAST, at_least=1).running("last", NOW + 60).tell("b", over)
    began = f"it began at {clock(NOW + 60)}, when"
    assert story.explained("last")[-1] == (
        f"{began} that was enough for its trigger at_least: 1: a had succeeded; b and c had not ended"
    )
    story = three(TriggerRule.ONE_FAILED).failed("c").running("last", NOW + 60)
    assert story.explained("last")[-1] == (
        f"{began} that was enough for its trigger one_failed: c had failed and a had succeeded; b had not ended"
    )
    story = three(TriggerRule.ALL_DONE_WITHIN, within=60.0).tell("last", WaitLimited(NOW - 1), WaitOver())
    assert story.running("last", NOW + 60).explained("last")[-1] == (
        f"{began} the time of its trigger all_done_within: 1m was up: a had succeeded; b and c had not ended"
    )
    early = JobEnded(1, JobEnd(Outcome.SUCCEEDED, NOW + 30))
    story = three(TriggerRule.ALL_DONE_WITHIN, within=60.0).tell("b", early).failed("c").running("last", NOW + 60)
    assert (
        story.explained("last")[-1] == f"{began} all steps before it had ended: c had failed and a and b had succeeded"
    )


def test_a_step_far_behind_also_says_what_it_comes_down_to() -> None:
    story = Story(step("a"), step("b"), step("c", "a"), step("d", "c", "b"), step("e", "d", when="{{ params.x }}"))
    story.running("a", NOW - 5).running("b", NOW - 7)
    assert story.explained("e") == [
        "pending: waiting for d (pending)",
        "what it is waiting for in the end: a (running 5.0 s) and b (running 7.0 s)",
        "then its condition decides whether it runs: when: {{ params.x }}",
    ]


def test_a_step_that_will_not_run_says_so_while_the_rest_goes_on() -> None:
    story = Story(step("a"), step("b"), step("c", "a", "b"))
    story.failed("a").running("b", NOW - 3)
    assert story.explained("c") == [
        "pending: will be upstream failed, since a failed; still waiting for b (running 3.0 s)"
    ]


def test_another_trigger_rule_is_told() -> None:
    story = Story(step("a"), step("b"), step("c", "a", "b", trigger="all_done"))
    story.running("a", NOW - 1).ended("b")
    assert story.explained("c") == [
        "pending: waiting for a (running 1.0 s)",
        "its trigger all_done requires that all steps before it end, in whatever way",
    ]
    assert story.note("c") == "waiting for a (all_done)"


def test_a_step_that_nothing_holds_back_is_ready() -> None:
    story = Story(step("a"), step("b", "a")).ended("a")
    assert story.explained("b") == ["pending: it is ready, and starts as soon as a slot is free"]
    assert story.note("b") == "ready"
    assert at_work_before(story.plan, story.view.states, 1) == []


def test_a_step_that_is_about_to_be_settled_says_how() -> None:
    story = Story(step("a"), step("b", "a")).failed("a")
    assert story.explained("b") == ["pending: it is about to be upstream failed, since a failed"]


def test_a_wide_join_whose_gates_are_still_shut() -> None:
    names = [f"s{number:02}" for number in range(40)]
    story = Story(*(step(name) for name in names), step("last", *names))
    for name in names:
        story.ended(name)
    assert story.explained("last") == ["pending: all steps before it have ended, and it is about to start or end"]
    assert story.note("last") == "ready"


def test_a_wide_join_is_told_in_short() -> None:
    names = [f"s{number:02}" for number in range(40)]
    story = Story(*(step(name) for name in names), step("last", *names)).running("s07", NOW - 1)
    assert story.explained("last")[0] == (
        "pending: waiting for s07 (running 1.0 s), s00 (pending), s01 (pending), s02 (pending) and 36 more"
    )
    assert story.note("last") == "waiting for s07, s00 and 38 more"


def test_launching_and_running() -> None:
    story = Story(step("timed", attempts=2)).tell("timed", LaunchClaimed(1, "job", NOW - 1))
    assert story.explained("timed")[0].startswith("launching since ")
    story.tell("timed", JobLaunched(1, "1", NOW - 90, due=NOW + 5))
    first, *further = story.explained("timed")
    assert first.startswith("running since ")
    assert first.endswith(", for 1 m 30 s: attempt 1 of 2")
    assert further == ["it ends in 5.0 s", "its timeout of 10 m 00 s stops it in 8 m 30 s"]
    assert story.note("timed") == "5.0 s left"


def test_a_step_whose_time_is_up_is_being_stopped() -> None:
    """It said that the timeout would stop it in 0.0 s."""
    story = Story(step("timed")).running("timed", NOW - 601).tell("timed", TimeUp(1, NOW - 1))
    assert story.explained("timed")[1:] == ["its timeout of 10 m 00 s has passed, and it is being stopped"]
    story = Story(replace(PYTHON, after=(), timeout=600.0)).running("clean", NOW - 601).tell("clean", TimeUp(1, NOW))
    assert story.explained("clean")[1:] == [
        "its timeout of 10 m 00 s has passed, and it ends when its function returns"
    ]


def test_up_for_retry_and_interrupted() -> None:
    story = Story(step("a", attempts=3)).failed("a", "connection reset")
    assert story.explained("a") == [
        "up for retry: attempt 1 failed: connection reset; attempt 2 of 3 starts in 1 m 00 s"
    ]
    assert story.note("a") == "attempt 2 of 3 in 1 m 00 s: connection reset"
    story = Story(step("a", attempts=3)).ended("a", Outcome.INTERRUPTED)
    assert story.explained("a") == [
        "up for retry: attempt 1 was interrupted, which does not count; attempt 2 of 4 (1 interrupted) starts in 1.0 s"
    ]
    assert story.note("a") == "interrupted, will run again"


def test_a_step_without_retry_has_no_number_of_attempts_to_come_to():
    """It was ``attempt 2 of 2`` after one interruption, then ``3 of 3``."""
    story = Story(step("a")).running("a", NOW - 5)
    assert story.explained("a")[0].endswith(", for 5.0 s: attempt 1")
    story = Story(step("a")).ended("a", Outcome.INTERRUPTED).running("a", NOW - 5, attempt=2)
    assert story.note("a") == "attempt 2 (1 interrupted)"
    story = Story(step("a", attempts=3)).ended("a", Outcome.INTERRUPTED).running("a", NOW - 5, attempt=2)
    assert story.note("a") == "attempt 2 of 4 (1 interrupted)"


def test_in_a_run_that_nobody_drives_nothing_happens_before_it_is_resumed():
    story = Story(step("timed"), step("c", attempts=3), step("d"), step("last", "timed", "c"))
    story.running("timed", NOW - 5_000).failed("c", "boom")
    first, *further = story.explained_undriven("timed")
    assert first.endswith(" when the run was interrupted: attempt 1")
    assert further == ["its timeout of 10 m 00 s stops it once the run is resumed, if it has passed by then"]
    assert story.explained_undriven("c") == [
        "up for retry: attempt 1 failed: boom; attempt 2 of 3 starts once the run is resumed"
    ]
    assert story.explained_undriven("d") == ["pending: it is ready, and starts once the run is resumed"]
    assert story.explained_undriven("last") == [
        "pending: waiting for timed (interrupted) and c (attempt 2 of 3 once the run is resumed)"
    ]
    shown = rows(story.plan, story.view.states, range(3), None)
    assert [(row.elapsed, row.note) for row in shown] == [
        ("", "interrupted"),
        ("", "attempt 2 of 3 once resumed: boom"),
        ("", "ready"),
    ]


def test_a_failure_that_is_not_retried_says_why():
    story = Story(step("a", attempts=3)).running("a", NOW - 2)
    story.tell(
        "a", JobEnded(1, JobEnd(Outcome.FAILED, NOW, error="step 'a': cwd: no folder", cause="refused", permanent=True))
    )
    assert story.explained("a") == ["failed: cwd: no folder", "not retried: another attempt would fail the same way"]
    story = Story(step("a")).failed("a")
    assert story.explained("a") == ["failed: exit status 1"]


PYTHON = Step("clean", Work("python", {"function": "m:f"}), ("a",))
RUN = Run("r", "k", "story", "v", {}, NOW)
STOPPED = Stop(NOW, "ann", "wrong input")


def test_only_of_a_function_that_was_called_is_it_said_that_nothing_stops_it():
    story = Story(step("a"), PYTHON).tell("clean", StopRequested(STOPPED))
    assert story.explained("clean")[1].endswith("and it ends as soon as its trigger has nothing left to wait for")
    assert story.explained_undriven("clean")[1].endswith(": wrong input, and it ends once the run is resumed")
    story = Story(step("a"), PYTHON).ended("a").running("clean", NOW).tell("clean", StopRequested(STOPPED))
    assert "only a function with isolated: true can be stopped" in story.explained("clean")[-1]


@pytest.mark.parametrize("work", [PYTHON.work, Work("call", {"function": "m:f"})])
def test_a_function_that_was_interrupted_is_told_from_a_process_that_was_left(work: Work) -> None:
    """It was 'running', as a process is that goes on without the orchestrator."""
    story = Story(Step("clean", work), step("a"), step("last", "clean")).running("clean", NOW - 5).running("a", NOW - 5)
    first, *further = story.explained_undriven("clean")
    assert first.startswith("interrupted: it ran since ")
    assert first.endswith(" in a thread of the process that drove the run, and ended with it: attempt 1")
    assert further == ["it runs again once the run is resumed"]
    shown = rows(story.plan, story.view.states, range(2), None)
    assert [(row.word, row.note) for row in shown] == [("interrupted", "will run again"), ("running", "interrupted")]
    found = Found(None, RUN, story.plan, story.view, abandoned=True)
    assert next(iter(summary(found, NOW))).text.endswith(": 1 running, 1 interrupted, 1 pending")


def test_of_a_run_that_was_cancelled_it_is_said_how_to_complete_that() -> None:
    """It said to continue it."""
    found = Found(None, replace(RUN, stop=STOPPED), Story(step("a")).plan, View(), flag=" --home h", abandoned=True)
    assert abandoned(found) == (
        "no process drives this run, which was cancelled: complete that with 'orchestrator cancel r --home h'"
    )


def test_a_function_that_is_cancelled_is_waited_for() -> None:
    story = Story(step("a"), PYTHON).ended("a").running("clean", NOW).tell("clean", StopRequested(STOPPED))
    assert story.note("clean").endswith(": wrong input, ends when its function returns")
    isolated = Work("python", {"function": "m:f", "isolated": True})
    for work in (COMMAND, isolated):
        story = Story(Step("a", work)).running("a", NOW).tell("a", StopRequested(STOPPED))
        assert story.note("a").endswith(": wrong input")


def test_below_a_cancelled_step_it_is_told_who_cancelled_it():
    """It was ``clean cancelled: operator``."""
    story = Story(step("a"), PYTHON, step("report", "clean")).tell("clean", StopRequested(STOPPED)).ended("a")
    story.tell("clean", StepSettled(Status.CANCELLED, NOW)).tell("report", StepSettled(Status.UPSTREAM_FAILED, NOW))
    (line,) = (line for line in story.explained("report") if line.startswith("clean "))
    assert line.startswith("clean cancelled by ann at ")
    assert line.endswith(": wrong input; it had not started")


def test_failed_after_all_its_attempts() -> None:
    story = Story(step("a", attempts=2)).failed("a").failed("a", "exit status 2: disk full")
    assert story.explained("a") == ["failed after 2 attempts: exit status 2: disk full"]
    assert story.note("a") == "2 attempts: exit status 2: disk full"


def test_the_class_of_a_failure_is_told_where_it_says_more_than_the_error() -> None:
    story = Story(step("a", attempts=2), step("b", "a"))
    story.failed("a", "no machines", cause="stockout")
    assert story.explained("a") == [
        "up for retry: attempt 1 failed (stockout): no machines; attempt 2 of 2 starts in 1 m 00 s",
        "stockout: the zone or region had no machines left: the next attempt waits at least 10 minutes",
    ]
    assert story.note("a") == "attempt 2 of 2 in 1 m 00 s: stockout: no machines"
    story.failed("a", "403 The caller does not have permission", cause="permission")
    story.tell("b", StepSettled(Status.UPSTREAM_FAILED, NOW, "trigger"))
    assert story.explained("a") == [
        "failed after 2 attempts (permission): 403 The caller does not have permission",
        "permission: another attempt would fail the same way: grant or enable what is missing first",
    ]
    assert story.note("a") == "2 attempts: permission: 403 The caller does not have permission"
    assert story.explained("b")[1:] == ["a failed (permission): 403 The caller does not have permission"]


def test_every_class_of_a_dataflow_failure_is_told_but_for_those_that_say_nothing() -> None:
    causes = pytest.importorskip("orchestrator.jobs.dataflow.causes", reason="Dataflow needs Google's client")
    assert {*CLASSES, "unknown", "cancelled"} == set(causes.Cause)


def test_a_streaming_step_runs_until_its_job_is_ready_and_its_job_goes_on() -> None:
    work = Work("dataflow", {"template": "gs://b/t", "streaming": True})
    story = Story(Step("clicks", work, retry=Retry(1)))
    story.tell("clicks", LaunchClaimed(1, "job", NOW - 9), JobLaunched(1, "r/1", NOW - 9, due=NOW + 5))
    assert story.explained("clicks")[1:] == ["it succeeds as soon as its streaming job is ready"]
    assert story.note("clicks") == "until its job is ready"
    story.tell("clicks", JobEnded(1, JobEnd(Outcome.SUCCEEDED, NOW - 2, live=True)))
    assert story.explained("clicks") == ["succeeded in 7.0 s", "its job is still running: r/1"]
    assert story.note("clicks") == "its job is still running"


def test_cancelled() -> None:
    assert Story(step("a")).ended("a", Outcome.CANCELLED).explained("a") == [
        "cancelled: its job was stopped by someone else, not by orchestrator"
    ]


def test_succeeded_with_outputs_and_without_a_job() -> None:
    story = Story(step("a"), Step("b")).tell(
        "a",
        LaunchClaimed(1, "j", 0.0),
        JobLaunched(1, "1", 0.0),
        JobEnded(1, JobEnd(Outcome.SUCCEEDED, 4.0, {"rows": 3})),
    )
    assert story.explained("a") == ["succeeded in 4.0 s", 'outputs: {"rows": 3}']
    story.tell("b", StepSettled(Status.SUCCEEDED, 0.0))
    assert story.explained("b") == ["succeeded at 1970-01-01T00:00:00.000Z: it has no job"]


def test_skipped_by_its_condition_and_by_its_trigger() -> None:
    story = Story(step("a", when="{{ params.full }}"), step("b"), step("c", "a", "b"))
    story.tell("a", StepSettled(Status.SKIPPED, NOW, "when")).ended("b")
    story.tell("c", StepSettled(Status.SKIPPED, NOW, "trigger"))
    assert story.explained("a") == ["skipped: its condition was false: when: {{ params.full }}"]
    assert story.note("a") == "when {{ params.full }} is false"
    assert story.explained("c") == [
        "skipped: its trigger all_success requires that all steps before it succeed, but a was skipped and b succeeded"
    ]
    assert story.note("c") == "trigger all_success"


def test_upstream_failed_names_the_root_causes() -> None:
    story = Story(step("a"), step("b"), step("c", "a"), step("d", "b", "c"), step("e", "d"))
    story.failed("a", "no such table").failed("b", "exit status 9")
    for name in ("c", "d", "e"):
        story.tell(name, StepSettled(Status.UPSTREAM_FAILED, NOW, "trigger"))
    assert story.explained("e") == [
        "upstream failed: its trigger all_success requires that all steps before it succeed, "
        "but d never ran (upstream failed)",
        "a and b are the causes",
        "a failed: no such table",
        "b failed: exit status 9",
    ]
    assert story.note("e") == "because of d"
    assert story.note("d") == "because of b"  # and not of c, which never ran either
    assert root_causes(story.plan, story.view.states, 2) == [0]


def test_a_run_that_was_simulated_is_resumed_so_too() -> None:
    cloud = Step("a", work=Work("dataflow", {}))
    for only, option in ((cloud, " --fake-dataflow"), (step("a"), "")):
        found = Found(None, Run("r1", "k", "g", "v", {}, NOW), Graph("g", (only,)).compile(), View(), flag=" --home x")
        assert found.resume == f"orchestrator resume r1{option} --home x"


@pytest.mark.parametrize("rule", sorted(set(TriggerRule) - {TriggerRule.AT_LEAST, TriggerRule.ALL_DONE_WITHIN}))
def test_every_rule_can_be_told(rule: TriggerRule) -> None:
    story = Story(step("a"), step("b", "a", trigger=rule)).running("a", NOW)
    assert story.explained("b")


def test_steps_are_shown_in_the_order_in_which_a_run_comes_to_them() -> None:
    plan = Story(step("z", "y"), step("y", "x"), step("b"), step("x")).plan
    assert [plan.steps[node].name for node in by_depth(plan)] == ["b", "x", "y", "z"]
