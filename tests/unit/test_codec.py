"""What is stored comes back as it was."""

import json
from datetime import UTC, datetime

import pytest

from orchestrator.core import codec, plan_codec
from orchestrator.core.codec import state_from_json, state_to_json
from orchestrator.core.compiler import compile_plan
from orchestrator.core.control import Act, Control, Hold
from orchestrator.core.model import Run, RunStatus, Status, StepState
from orchestrator.core.rules import Tally, TriggerRule
from orchestrator.core.steps import CheckPolicy, Retry, Step, Work
from orchestrator.core.times import LATEST
from orchestrator.reporting.held import held_by

STEPS = (
    Step("a"),
    Step(
        "b",
        work=Work("dataflow", {"template": "gs://b/t.json", "parameters": {"n": 1}}),
        after=("a",),
        trigger=TriggerRule.ALL_DONE,
        when="{{ params.full }}",
        retry=Retry(attempts=3, delay=5.0),
        timeout=60.0,
        check=CheckPolicy(delay=1.0),
        local=Work("command", {"command": ["true"]}),
        job_name="bee",
        description="second",
    ),
    Step("c", after=("a", "b"), trigger=TriggerRule.AT_LEAST, at_least=2),
    Step("d", after=("a", "b"), trigger=TriggerRule.ALL_DONE_WITHIN, within=7200.0),
)

STATES = [
    StepState(),
    StepState(Status.LAUNCHING, 1, job_name="n", claimed_at=1.5),
    StepState(Status.SUCCEEDED, 2, 1, "n", "j", 1.0, 2.0, 3.0, outputs={"rows": [1, None, "x"]}),
    StepState(Status.UP_FOR_RETRY, 1, due=9.0, error="boom", cause="exit"),
    StepState(Status.SUCCEEDED, passed=Tally(1, 2, 3, 4)),
    StepState(Status.SUCCEEDED, passed=Tally()),
    StepState(due=7300.0),
    StepState(passed=Tally(3)),
]


def through_json(value):
    return json.loads(json.dumps(value))


def test_a_plan_survives_being_stored():
    plan = compile_plan("g", "v", STEPS)
    assert plan_codec.plan_from_json(through_json(plan_codec.plan_to_json(plan))) == plan


def test_what_a_newer_version_added_to_a_state_is_left_aside():
    state = StepState(Status.RUNNING, 1, job_name="n", job="j", claimed_at=1.0, started_at=1.0)
    assert state_from_json({**state_to_json(state), "added_later": {"n": 1}}) == state


def test_a_plan_with_a_rule_that_older_versions_do_not_know_is_left_to_newer_ones():
    assert [plan_codec.schema_of_plan(compile_plan("g", "v", STEPS[:count])) for count in (2, 3, 4)] == [1, 2, 2]
    assert plan_codec.schema_of_plan(compile_plan("g", "v", (*STEPS[:2], STEPS[3]))) == codec.SCHEMA


@pytest.mark.parametrize(("rule", "name"), [("at_least", "at_least"), ("all_done_within", "within")])
def test_a_step_whose_rule_lacks_its_number_is_not_read(rule: str, name: str):
    with pytest.raises(ValueError, match=f"a Step with the trigger {rule} lacks {name}"):
        plan_codec.step_from_json({"name": "a", "trigger": rule})


def test_a_state_survives_being_stored():
    assert [codec.state_from_json(through_json(codec.state_to_json(state))) for state in STATES] == STATES


def test_a_run_survives_being_stored():
    run = Run(
        "r", "k", "g", "v", {"date": "2026-11-23"}, 1.0, RunStatus.FAILED, 2.0, "/graphs", time_zone="Europe/Berlin"
    )
    assert codec.run_from_json(through_json(codec.run_to_json(run))) == run


def test_what_is_at_its_default_takes_no_room():
    assert plan_codec.step_to_json(Step("a")) == {"name": "a"}
    assert codec.state_to_json(StepState()) == {}


def test_a_hold_that_an_older_version_let_end_in_the_year_9999_is_read_and_ends_a_year_earlier():
    state = StepState(control=Control(Hold(1.0, "ann", "late", 2.0), acts=(Act("held", 1.0, "ann", "late"),)))
    written = json.loads(json.dumps(state_to_json(state)))
    written["control"]["hold"]["until"] = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
    read = state_from_json(written)
    assert read.control is not None
    assert read.control.hold == Hold(1.0, "ann", "late", LATEST)
    assert "until 9998-12-31" in held_by(read.control.hold)
    for wrong in (float("inf"), float("nan"), -1, "9999"):
        written["control"]["hold"]["until"] = wrong
        with pytest.raises(ValueError, match=r"Hold\.until: expected"):
            state_from_json(written)
