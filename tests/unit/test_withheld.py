"""What a log is told of a step's error."""

import pytest

from orchestrator.cloud.withheld import error_for_log
from orchestrator.core.model import Run, Status, StepState
from orchestrator.core.steps import Json, Step


def logged(error: str | None, params: dict[str, Json], cause: str = "refused") -> str | None:
    run = Run("r1", "k", "g", "v", params, 0.0)
    return error_for_log(run, Step("a"), StepState(Status.FAILED, 1, error=error, cause=cause))


LONG = "a long text, of which an error quotes the beginning and no more"


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [
        ("secret", "got 'secret', not secret", "got '{{ params.p }}', not {{ params.p }}"),
        (["one1", {"key1": "two2"}], "one1, key1 and two2", "{{ params.p }}, {{ params.p }} and {{ params.p }}"),
        (123_456, "no row 123456", "no row {{ params.p }}"),
        ("a\nbcd", "got 'a\\nbcd'", "got '{{ params.p }}'"),
        ('a"bcd', 'in {"x": "a\\"bcd"}', 'in {"x": "{{ params.p }}"}'),
        (LONG, f"got '{LONG[:57]}...'", "got '{{ params.p }}...'"),
        (LONG, f"got '{LONG}'", "got '{{ params.p }}'"),
        ("abc", "abc says nothing", "abc says nothing"),
        (True, "True", "True"),
        (None, "None", "None"),
        ("", "nothing", "nothing"),
    ],
)
def test_a_value_is_told_by_its_params_name(value: Json, error: str, told: str) -> None:
    assert logged(error, {"p": value}) == told


def test_the_longer_value_is_looked_for_first() -> None:
    assert logged("secret-too", {"a": "secret", "b": "secret-too"}) == "{{ params.b }}"


def test_what_an_expression_made_is_left_out_and_where_it_stands_is_said() -> None:
    left = "an expression gave no value that is fit for its place: orchestrator explain r1 a"
    assert logged("{{ params.p | upper }}: SECRET", {"p": "secret"}, "expression") == left
    assert logged(None, {"p": "secret"}) is None
