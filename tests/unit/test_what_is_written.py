"""Whatever number or time a person writes, in whatever way: either it is refused, or it can be read back."""

import json
import math
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.console import checking
from orchestrator.core import codec, plan_codec
from orchestrator.core.compiler import compile_plan
from orchestrator.core.control import Control, Hold
from orchestrator.core.events import HoldRequested
from orchestrator.core.messages import Release
from orchestrator.core.model import Run, StepState, View
from orchestrator.core.steps import Step
from orchestrator.core.task_codec import decode, encode
from orchestrator.definition.load import load_graph
from orchestrator.errors import InvalidGraphError, UsageError
from orchestrator.operations.control.arguments import moment
from orchestrator.operations.control.hold_and_release import hold
from orchestrator.operations.requests import HoldAsked, Person
from orchestrator.ports import Commit
from orchestrator.reporting.found import Found

NOW = 1_795_000_000.0
ANN = Person("ann", NOW)

#: Numbers of all sizes, with the edges of the calendar and of JSON among them.
NUMBERS = st.one_of(
    st.floats(), st.integers(), st.sampled_from([0, -1, 253_370_764_799, 253_370_764_800, 2**63, 10**400, math.inf])
)

#: Years that a time may have, and more.
YEARS = st.integers(0, 10_000)

#: The keys of a step that take a number or a duration.
KEYS = (
    "retry: {attempts: %s}",
    "retry: {delay: %s}",
    "retry: {backoff: %s}",
    "retry: {max_delay: %s}",
    "timeout: %s",
    "check: {delay: %s}",
    "check: {every: %s}",
    "priority: %s",
    "trigger: {at_least: %s}",
    "trigger: {all_done_within: %s}",
)


def held(until: float | None) -> Hold:
    """The hold that is written if somebody asks for one until then. Raises UsageError."""
    found = Found(None, Run("r", "k", "g", "v", {}, NOW), compile_plan("g", "v", [Step("a")]), View())
    written: list[Hold] = []

    def apply(_: Found, event: Any, nodes: Collection[int], __: object) -> Mapping[int, Commit]:
        assert isinstance(event, HoldRequested)
        written.append(event.hold)
        return {}

    hold(HoldAsked("x", until=until), found, ANN, apply)
    return written[0]


def must_be_readable(one: Hold) -> None:
    state = StepState(control=Control(one))
    assert codec.state_from_json(json.loads(json.dumps(codec.state_to_json(state)))) == state
    if one.until is not None:
        release = Release("r", 0, due=one.until, of=one.at)
        assert decode(encode(release)) == release


@given(NUMBERS)
def test_a_hold_until_any_number(until: float) -> None:
    with suppress(UsageError):
        must_be_readable(held(until))


@given(YEARS, st.sampled_from(["%04d-12-31", "%04d-01-01T00:00:00Z", "%04d-06-30T23:59:59+14:00", "%dd", "%d.5h"]))
def test_a_hold_until_any_time_that_is_typed(year: int, form: str) -> None:
    with suppress(UsageError):
        must_be_readable(held(moment(form % year, NOW)))


@given(YEARS, st.sampled_from(["Z", "+23:59", "-23:59"]))
def test_a_hold_until_any_time_that_the_console_is_told(year: int, zone: str) -> None:
    with suppress(UsageError):
        must_be_readable(held(checking.moment("until", f"{year:04d}-12-31T23:59:60{zone}")))


@pytest.mark.parametrize("key", KEYS)
@given(number=NUMBERS, unit=st.sampled_from(["", "s", "d"]))
def test_a_step_with_any_number(tmp_path_factory: pytest.TempPathFactory, key: str, number: float, unit: str) -> None:
    file = tmp_path_factory.getbasetemp() / "g.yaml"
    steps = f"a: {{call: f.f}}\n  b: {{call: f.f}}\n  c: {{after: [a, b], call: f.f, {key % f'{number}{unit}'}}}\n"
    Path(file).write_text(f"name: g\nsteps:\n  {steps}")
    with suppress(InvalidGraphError):
        plan = load_graph(file).compile()
        assert plan_codec.plan_from_json(json.loads(json.dumps(plan_codec.plan_to_json(plan)))) == plan
