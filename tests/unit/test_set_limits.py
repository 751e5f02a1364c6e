"""Limits of maps and runs that are set while these run, in a world where nothing happens by itself."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestrator.core.control import Act, Control, Limits
from orchestrator.core.events import JobEnded, LimitsSet
from orchestrator.core.graph import Graph
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.limits import limits_at
from orchestrator.core.machine import evolve
from orchestrator.core.messages import Check, Launch
from orchestrator.core.model import PENDING, RunStatus, Status, StepState, Stop
from orchestrator.core.overdue import Pace
from orchestrator.core.pools import pool_of_run, usable
from orchestrator.core.steps import Json, OnFailure, Retry, Step
from orchestrator.engine.limits import resize
from orchestrator.errors import ConflictError, UsageError
from orchestrator.jobs.scripted import Script
from orchestrator.operations.control.limit_values import limits_from
from orchestrator.operations.control.set_limits import NoSuchLimitError, set_limits
from orchestrator.operations.requests import Done, Person, SetAsked
from orchestrator.operations.tokens import ChangedError, of_run, of_step
from orchestrator.ports import CHECKS, LAUNCHES
from orchestrator.reporting.explain import explain
from orchestrator.reporting.found import Found
from orchestrator.reporting.report import report
from orchestrator.reporting.story import story
from tests.unit.engine_world import JOB, KEY, World
from tests.unit.test_children import child, settle
from tests.unit.test_engine_pools import LONG, Pooled
from tests.unit.test_mapped import begun
from tests.unit.test_mapped import plan_of as mapped_plan

ANN = Person("ann", 50.0)


def limited(steps: int, scripts: dict[str, Script] | None = None) -> Pooled:
    """A run of so many steps, of which one at a time may be at work."""
    graph = Graph("g", tuple(Step(f"s{number}", JOB) for number in range(steps)), max_parallel=1)
    return Pooled(graph.compile(), scripts or {})


def a_map(items: int = 6, **spec: Json) -> World:
    """A map over long jobs, of which the first failing ones fail at once."""
    return begun(mapped_plan({"over": [*range(items)], **spec}), {f"outer.{n}": LONG for n in range(items)})


def at_work(world: World) -> int:
    return sum(state.status.active for state in world.store.load_all(child(world).key).states.values())


def found(world: World) -> Found:
    run = world.store.get_run(KEY)
    assert run is not None
    return Found(None, run, world.plan, world.store.load_all(KEY))


def ask(world: World, step: str | None = "outer", person: Person = ANN, **values: object) -> Done:
    asked = SetAsked(step, **values)  # type: ignore[arg-type]
    return set_limits(
        asked,
        found(world),
        person,
        lambda of, event, nodes, unchanged: world.engine.control(of.run.key, event, nodes, unchanged),
    )


def end_one(world: World, outcome: Outcome = Outcome.SUCCEEDED) -> None:
    """The job of one item ends now."""
    key = child(world).key
    state = next(one for one in world.store.load_all(key).states.values() if one.status is Status.RUNNING)
    job = world.jobs.jobs[state.job or ""]
    job.script = Script(world.now - job.launched_at, outcome)
    world.engine.signal(state.job_name or "")
    settle(world, world.now + 12.0)


def until(world: World, reached: Callable[[], bool]) -> None:
    """Delivers one task after the other until something is reached."""
    while not reached():
        keys = [*world.store._runs]
        following = world.queue.next_due(keys, [CHECKS, LAUNCHES])
        assert following is not None
        world.now = max(world.now, following)
        (item, *_) = [one for name in (CHECKS, LAUNCHES) for one in world.queue.lease(keys, name, world.now, 1)]
        world.engine.perform(item.effect)
        world.queue.acknowledge([item])


@pytest.mark.parametrize(
    ("size", "taken", "left"),
    [(3, (), 3), (3, (0, 1), 3), (3, (4,), 2), (3, (2, 3), 1), (3, (0, 1, 2, 3, 4), 0), (10, range(5, 15), 0)],
)
def test_of_places_beyond_the_size_each_takes_one_away(size: int, taken: tuple[int, ...], left: int):
    assert usable(size, taken) == left


def test_after_a_raise_as_many_more_items_begin_at_once():
    world = a_map(max_parallel=1)
    settle(world, 30.0)
    assert at_work(world) == 1
    assert ask(world, max_parallel=6).changed
    settle(world, 35.0)
    assert at_work(world) == 6


def test_after_a_lowering_those_at_work_go_on_and_none_begins_before_there_is_room():
    world = a_map(items=8, max_parallel=4)
    settle(world, 30.0)
    assert ask(world, max_parallel=2).said[1:] == ("what is at work goes on; no other begins unless fewer than 2 are",)
    seen = []
    for _ in range(5):
        end_one(world)
        seen.append(at_work(world))
    assert seen == [3, 2, 2, 2, 2]


def test_what_is_set_before_a_map_has_begun_counts_from_its_beginning():
    world = a_map()
    done = ask(world, max_parallel=2, tolerate="50%")
    assert done.said == (
        "run r: outer: set max_parallel=2 and tolerate=50% (before: 0)",
        "it counts as soon as the step begins",
    )
    settle(world, 30.0)
    assert (at_work(world), child(world).max_parallel) == (2, 2)


def test_what_is_set_counts_for_the_next_attempt_of_the_map_too():
    plan = mapped_plan({"over": [0, 1, 2], "max_parallel": 3})
    steps = (replace(plan.steps[0], retry=Retry(2, 5.0)), plan.steps[1])
    world = begun(replace(plan, steps=steps), {f"outer.{n} {n + 1}": Script(5.0) for n in range(3)})
    world.scripts = {f"outer.{n}": Script(20.0, Outcome.FAILED) for n in range(3)}
    settle(world, 10.0)
    ask(world, max_parallel=1)
    settle(world, 100.0)
    assert child(world, attempt=2).max_parallel == 1


def test_tolerate_that_is_set_decides_how_the_map_ends():
    world = begun(mapped_plan({"over": [0, 1, 2]}), {"outer.0": Script(9.0, Outcome.FAILED), "outer.1": Script(20.0)})
    settle(world, 15.0)
    assert ask(world, tolerate=1).said == ("run r: outer: set tolerate=1 (before: 0)",)
    settle(world)
    state = world.store.load_all(KEY).state(0)
    assert (state.status, (state.outputs or {})["failed"]) == (Status.SUCCEEDED, 1)


def test_a_map_fails_that_has_more_failures_than_it_tolerates_now():
    world = begun(
        mapped_plan({"over": [0, 1, 2], "tolerate": 2}),
        {"outer.0": Script(9.0, Outcome.FAILED), "outer.1": Script(20.0)},
    )
    settle(world, 15.0)
    ask(world, tolerate=0)
    settle(world)
    assert world.store.load_all(KEY).state(0).status is Status.FAILED


def test_an_end_that_was_judged_by_limits_that_have_changed_is_judged_again():
    world = begun(mapped_plan({"over": [0, 1]}), {"outer.0": Script(9.0, Outcome.FAILED), "outer.1": Script(9.0)})
    world.engine.perform(Launch(KEY, 0, 1))
    until(world, lambda: child(world).status is not RunStatus.RUNNING)
    assert world.store.load_all(KEY).state(0).status is Status.RUNNING
    backend, original = world.engine.ledger.backends["map"], world.engine.ledger.backends["map"].status

    def slow(job: str):  # type: ignore[no-untyped-def]
        """Somebody sets the limit while the end is on its way."""
        end = original(job)
        if world.store.load_all(KEY).state(0).control is None:
            ask(world, tolerate=1)
        return end

    backend.status = slow  # type: ignore[method-assign]
    with pytest.raises(ConflictError, match="limits of step 'outer' have just been set"):
        world.engine.perform(Check(KEY, 0, 1))
    world.engine.perform(Check(KEY, 0, 1))
    assert world.store.load_all(KEY).state(0).status is Status.SUCCEEDED


def test_of_a_run_the_limit_is_set_at_its_end_and_counts_in_every_process():
    world = limited(5, {f"s{n}": LONG for n in range(5)})
    world.start()
    world.settle()
    assert len(world.jobs.jobs) == 1
    assert ask(world, None, max_parallel=3).said == (
        "run r: set max_parallel=3 (before: 1)",
        "what waits for that begins at once, as long as fewer than 3 are at work",
    )
    world.settle()
    assert len(world.jobs.jobs) == 3
    assert world.state("s0").places != ()
    assert limits_at(world.plan, world.plan.end, world.store.load_all(KEY).state(world.plan.end)) == Limits(1, 3)


def test_the_same_again_changes_nothing_and_what_was_left_half_done_is_completed():
    world = a_map(max_parallel=1)
    settle(world, 30.0)
    event = LimitsSet(50.0, "ann", "", 3)
    world.store.transact(KEY, 0, lambda state: evolve(world.plan, 0, state, event))  # and then it died
    assert world.store.size(pool_of_run(child(world).key)) is None
    said = ask(world, max_parallel=3)
    assert (said.said, said.changed) == (
        ("run r: outer has max_parallel=3 and tolerate=0: there is nothing to change",),
        False,
    )
    settle(world, 35.0)
    assert at_work(world) == 3
    assert len(world.store.load_all(KEY).state(0).control.acts) == 1  # type: ignore[union-attr]


def test_a_sweep_completes_what_was_left_half_done():
    world = a_map(max_parallel=1)
    settle(world, 30.0)
    event = LimitsSet(50.0, "ann", "", 3)
    world.store.transact(KEY, 0, lambda state: evolve(world.plan, 0, state, event))
    run = world.store.get_run(KEY)
    assert run is not None
    world.engine.sweep_overdue(run, Pace())
    settle(world, 35.0)
    assert at_work(world) == 3


def test_of_two_who_set_it_the_later_counts_whoever_tells_the_pool_last():
    world = a_map(max_parallel=1)
    settle(world, 30.0)
    ask(world, max_parallel=3)
    earlier = world.store.load_all(KEY).state(0)
    ask(world, person=Person("bob", 51.0), max_parallel=2)
    resize(world.engine.ledger, world.engine.ledger.known(KEY), 0, earlier)
    assert world.store.size(pool_of_run(child(world).key)) == 2


def test_what_cannot_be_set_is_said_all_at_once():
    world = a_map()
    with pytest.raises(NoSuchLimitError) as wrong:
        ask(world, None, max_parallel=3, tolerate=1)
    assert str(wrong.value).splitlines() == [
        "tolerate: a run has none: name the step with 'map' that tolerates failures of its items",
        "max_parallel: run 'r' began without one, so nobody counts what is at work: hold steps with 'orchestrator "
        "hold', and write max_parallel into the graph for later runs",
    ]
    with pytest.raises(NoSuchLimitError, match="step 'behind' is not a map, so it has neither"):
        ask(world, "behind", max_parallel=3)


def test_a_map_at_work_without_a_limit_can_be_given_none_but_other_failures_tolerated():
    world = a_map()
    settle(world, 30.0)
    assert ask(world, max_parallel=3, tolerate=1).refused == (
        "run r: outer: its limits cannot be set: its items began without max_parallel, so nobody counts those at work: "
        "'orchestrator hold r/outer --why TEXT' keeps items from beginning",
    )
    assert ask(world, tolerate=1).changed


def test_of_what_has_ended_or_is_cancelled_nothing_is_set():
    world = begun(mapped_plan({"over": [0]}), {"outer.0": Script(1.0, Outcome.FAILED)})
    until(world, lambda: world.store.load_all(KEY).state(0).status is Status.FAILED)
    assert ask(world, tolerate=1).refused == ("run r: outer: its limits cannot be set: it has ended (failed)",)
    settle(world)
    assert ask(world, tolerate=1).refused == ("run 'r' has ended (failed): there is nothing left to set",)
    other = a_map(max_parallel=1)
    settle(other, 30.0)
    other.engine.cancel(KEY, Stop(40.0, "bob", "wrong"))
    assert "cannot be set: it was cancelled by bob" in ask(other, max_parallel=2).refused[0]


def test_of_a_map_that_needs_attention_what_is_set_counts_when_it_is_retried():
    plan = mapped_plan({"over": [0]})
    steps = (replace(plan.steps[0], on_failure=OnFailure.HOLD), plan.steps[1])
    world = begun(replace(plan, steps=steps), {"outer.0": Script(1.0, Outcome.FAILED)})
    settle(world)
    assert ask(world, tolerate=1).said == (
        "run r: outer: set tolerate=1 (before: 0)",
        "it counts from the next attempt on: orchestrator retry r outer",
    )


def test_a_token_of_what_has_changed_refuses_it():
    world = a_map(max_parallel=1)
    token = of_step(found(world), 0)
    assert ask(world, max_parallel=2, if_match=token).changed
    with pytest.raises(ChangedError):
        ask(world, max_parallel=3, if_match=token)
    own = limited(2)
    own.start()
    token = of_run(found(own))
    assert ask(own, None, max_parallel=2, if_match=token).changed
    with pytest.raises(ChangedError):
        ask(own, None, max_parallel=3, if_match=token)


def test_story_explain_and_report_say_what_was_set_by_whom_and_why():
    world = a_map(max_parallel=1)
    ask(world, max_parallel=2, why="the quota was raised")
    seen = found(world)
    told = [one for one in story(seen.run, seen.plan, seen.view, seen.steps) if one.step == "outer"]
    assert [(one.what, one.by, one.why) for one in told] == [
        ("set max_parallel=2 (before: 1)", "ann", "the quota was raised")
    ]
    lines = explain(seen.plan, seen.view, 0, 60.0)
    assert [line.partition(" by ann at ")[0] for line in lines if "max_parallel" in line] == [
        "it has max_parallel=2 and tolerate=0, last changed"
    ]
    assert report(seen.run, seen.plan, seen.view.states, "running")["steps"]["outer"]["limits"] == {
        "max_parallel": 2,
        "tolerate": 0,
        "by": "ann",
        "why": "the quota was raised",
        "at": "1970-01-01T00:00:50.000Z",
    }


def test_what_is_set_for_a_run_is_in_its_story_and_report():
    world = limited(2)
    world.start()
    ask(world, None, max_parallel=2, why="it is urgent")
    seen = found(world)
    told = story(seen.run, seen.plan, seen.view, seen.steps)
    assert ("", "set max_parallel=2 (before: 1)", "ann", "it is urgent") in [
        (one.step, one.what, one.by, one.why) for one in told
    ]
    assert report(seen.run, seen.plan, seen.view.states, "running")["limits"]["max_parallel"] == 2


def test_a_state_keeps_the_versions_apart_and_forgets_nothing():
    plan = mapped_plan({"over": [0, 1], "max_parallel": 3})
    first = evolve(plan, 0, PENDING, LimitsSet(1.0, "ann", "", 5))
    assert first is not None
    second = evolve(plan, 0, first.state, LimitsSet(2.0, "bob", "", None, "10%"))
    assert second is not None
    acts = (Act("set max_parallel=5 (before: 3)", 1.0, "ann"), Act("set tolerate=10% (before: 0)", 2.0, "bob"))
    assert second.state == StepState(control=Control(acts=acts, limits=Limits(2, 5, "10%")))
    assert evolve(plan, 0, second.state, LimitsSet(3.0, "cem", "", 5, "10%")) is None
    running = replace(
        second.state, status=Status.RUNNING, attempt=1, job_name="j", job="k", claimed_at=1.0, started_at=2.0
    )
    end = JobEnd(Outcome.FAILED, 9.0, limits=1)
    assert evolve(plan, 0, running, JobEnded(1, end)) is None
    assert evolve(plan, 0, running, JobEnded(1, replace(end, limits=2))) is not None


def test_wrong_names_and_values_are_said_all_at_once():
    assert limits_from(["max_parallel=50", "tolerate=5%"], "per-file", "") == SetAsked("per-file", 50, "5%")
    assert limits_from(["tolerate=0"], None, "why") == SetAsked(None, None, 0, "why")
    with pytest.raises(UsageError) as wrong:
        limits_from(["max_paralel=5", "tolerate=-1", "max_parallel=0", "max_parallel=10001"], None, "")
    assert str(wrong.value).splitlines() == [
        "max_paralel=5: expected max_parallel or tolerate, got 'max_paralel' (did you mean 'max_parallel'?)",
        "tolerate: expected a number of items from 0 to 10,000, or a share such as 5%, got '-1'",
        "max_parallel: expected a whole number from 1 to 10,000, got '0'",
        "max_parallel: expected a whole number from 1 to 10,000, got '10001'",
    ]
    with pytest.raises(UsageError, match="expected what to set"):
        limits_from([], "a", "")
    with pytest.raises(UsageError, match="tolerate=2: tolerate is given twice"):
        limits_from(["tolerate=1", "tolerate=2"], "a", "")
