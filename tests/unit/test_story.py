"""The story of a run: what happened, in order, and who did what."""

import json
from dataclasses import replace

import pytest

from orchestrator.core.codec import run_from_json, run_to_json
from orchestrator.core.control import Act, Hold
from orchestrator.core.events import HoldRequested, RetryRequested, StopRequested
from orchestrator.core.job_end import Outcome
from orchestrator.core.model import Status, Stop
from orchestrator.core.plan import Role
from orchestrator.core.steps import OnFailure, Retry, Step
from orchestrator.jobs.scripted import Script
from orchestrator.reporting.story import Happening, story, story_json, story_lines
from tests.unit.engine_world import JOB, KEY, STOP, World
from tests.unit.test_control import perform_due, run_dry

FAILS = Script(10.0, Outcome.FAILED, error="boom")


@pytest.fixture
def told(world) -> World:
    """``a`` fails twice, is held, and is marked in the end; ``b`` is held and released; then the run is cancelled."""
    made: World = world(
        Step("a", JOB, retry=Retry(2, 5.0), on_failure=OnFailure.HOLD),
        Step("b", JOB),
        Step("c", JOB, after=("a", "b")),
        a=FAILS, b=Script(1.0), c=Script(1e6),
    )  # fmt: skip
    made.engine.ledger.clock_skew = 0.0
    made.start()
    made.engine.control(KEY, HoldRequested(Hold(0.0, "ann", "not yet", 3.0)), [1])
    run_dry(made)
    made.engine.control(KEY, RetryRequested(2, made.now + 1, "bob", "mended"), [0])
    run_dry(made)
    made.engine.control(KEY, StopRequested(Stop(made.now + 1, "bob", "by hand", Status.SUCCEEDED)), [0])
    perform_due(made)
    made.now += 5
    made.engine.cancel(KEY, Stop(made.now, "ann", "enough"))
    made.finish()
    return made


def test_what_became_of_the_processes_that_drove_a_run_is_told_in_its_place(told: World):
    """A process that is killed notes nothing: its last sign comes after what it recorded at that moment."""
    run = told.store.get_run(KEY)
    assert run is not None
    seen = told.store.load_all(KEY).states[0].ended_at
    assert seen is not None
    acts = (Act("killed", seen), Act("resumed", seen + 0.5, "ann"), Act("interrupted", seen + 0.6, "bob"))
    driven = replace(run, drives=acts)
    assert run_from_json(json.loads(json.dumps(run_to_json(driven)))) == driven
    there = [one for one in story(driven, told.plan, told.store.load_all(KEY), [0]) if seen <= one.at < seen + 1]
    assert [(one.step, one.what, one.by) for one in there] == [
        ("a", "marked succeeded", "bob"),
        ("a", "succeeded", ""),
        ("", "the last that is known of the process that drove the run: it was killed, or crashed", ""),
        ("", "resumed", "ann"),
        ("", "interrupted", "bob"),
    ]


def test_of_a_rerun_the_steps_that_it_keeps_are_counted_and_one_alone_is_told(told: World):
    run, view = told.store.get_run(KEY), told.store.load_all(KEY)
    assert run is not None
    nodes = [replace(node, role=Role.KEPT) if node.name == "a" else node for node in told.plan.nodes]
    plan, rerun = replace(told.plan, nodes=tuple(nodes)), replace(run, rerun_of="r0")
    happenings = story(rerun, plan, view, range(3))
    assert [(one.step, one.what) for one in happenings[:2]] == [("", "run started"), ("", "1 step kept from r0")]
    assert {one.step for one in happenings} == {"", "b", "c"}
    assert happenings[-1].what == "run cancelled"
    assert ("a", "attempt 1 launched") in [(one.step, one.what) for one in story(rerun, plan, view, [0])]


def test_a_story_tells_everything_in_order_with_who_and_why(told: World):
    run = told.store.get_run(KEY)
    assert run is not None
    happenings = story(run, told.plan, told.store.load_all(KEY), range(3))
    assert [one.at for one in happenings] == sorted(one.at for one in happenings)
    said = [(one.step, one.what, one.by, one.why or one.error) for one in happenings]
    assert said[0] == ("", "run started", "", "")
    assert [one for one in said if one[0] == "a"] == [
        ("a", "attempt 1 launched", "", ""),
        ("a", "attempt 1 failed", "", "boom"),
        ("a", "attempt 2 launched", "", ""),
        ("a", "attempt 2 failed", "", "boom"),
        ("a", "retried", "bob", "mended"),
        ("a", "attempt 3 launched", "", ""),
        ("a", "attempt 3 failed", "", "boom"),
        ("a", "attempt 4 launched", "", ""),
        ("a", "marked succeeded", "bob", "by hand"),
        ("a", "succeeded", "", "boom"),
    ]
    assert [one for one in said if one[0] == "b"] == [
        ("b", "held", "ann", "not yet"),
        ("b", "released", "", ""),
        ("b", "attempt 1 launched", "", ""),
        ("b", "succeeded", "", ""),
    ]
    assert [one for one in said if not one[0]][1:] == [
        ("", "cancelled", "ann", "enough"),
        ("", "run cancelled", "", ""),
    ]


def test_a_step_that_is_cancelled_alone_says_by_whom(world):
    pair = world(Step("a", JOB), Step("b", JOB))
    pair.start()
    pair.engine.cancel(KEY, STOP, [0])
    pair.finish()
    run = pair.store.get_run(KEY)
    found = story(run, pair.plan, pair.store.load_all(KEY), [0])
    assert ("cancelled", "ann", "wrong input") in {(one.what, one.by, one.why) for one in found if one.step == "a"}


def test_a_happening_is_told_in_a_line_and_as_data():
    held = Happening(0.0, "report", "held", "ann", "the input\nis late")
    (line,) = story_lines([held])
    assert line.endswith("report  held by ann: the input is late")
    assert story_json(held) == {
        "at": "1970-01-01T00:00:00.000Z", "step": "report", "what": "held", "by": "ann", "why": "the input\nis late",
        "error": None,
    }  # fmt: skip
