"""Every text is cut and every value refused by one rule, whatever they are."""

from typing import Any

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.events import JobLaunched, LaunchClaimed
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Check, Launch
from orchestrator.core.model import Run, Status, StepState
from orchestrator.core.steps import Step, Work
from orchestrator.core.values import DEPTH, MAX_VALUES, misfit
from orchestrator.engine import Engine
from orchestrator.engine.ledger import Ledger
from orchestrator.errors import UnexpectedError
from orchestrator.expressions import ExpressionError
from orchestrator.expressions.meaning import understood
from orchestrator.expressions.sandbox import evaluate
from orchestrator.jobs.python.deadline import RaisedError, within
from orchestrator.ports import JobRequest
from orchestrator.text import cut, said, told
from tests.doubles.memory_store import MemoryStore


class MuteError(Exception):
    def __str__(self) -> str:
        raise KeyboardInterrupt


class Loud(str):
    def __str__(self) -> str:
        raise RuntimeError


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


CIRCLE: dict[str, Any] = {}
CIRCLE["self"] = CIRCLE
MANY: list[Any] = [1]
for _ in range(25):
    MANY = [MANY, MANY]


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (nested(DEPTH), None),
        (nested(DEPTH + 1), "lists and mappings are nested more than 50 deep"),
        (CIRCLE, "lists and mappings are nested more than 50 deep"),
        (MANY, "there are more than 1,000,000 values in it"),
        ([0] * (MAX_VALUES - 1), None),
        ([0] * MAX_VALUES, "there are more than 1,000,000 values in it"),
        ({"a": [None, True, "ä", 2**63 - 1, -0.5, (1, 2)]}, None),
        ({"a": 2**63}, "a number has more than 64 bits: give it as text"),
        ([float("inf")], "inf is no number that JSON can hold"),
        (
            ["\ud800"],
            "the text contains half of a character (a lone surrogate such as \\ud800), which UTF-8 cannot store",
        ),
        (
            {"\ud800": 1},
            "the text contains half of a character (a lone surrogate such as \\ud800), which UTF-8 cannot store",
        ),
        ({1: 2}, "a mapping key is a Python int, not text"),
        ({"a": {1, 2}}, "a Python set cannot be stored as JSON"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "value",
)
def test_a_value_is_refused_with_the_reason(value: object, wrong: str | None):
    assert misfit(value) == wrong


def test_a_text_is_cut_and_whole():
    assert cut("x" * 10) == "x" * 10
    assert cut("x" * 11, 10) == "x" * 10 + "…"
    assert cut("half \ud800 and ä") == "half \ufffd and ä"


def test_what_an_error_says_is_told_even_if_it_cannot_be():
    assert said(ValueError("no such day")) == "no such day"
    assert said(MuteError()) == "its text cannot be shown: KeyboardInterrupt"
    assert said(ValueError(Loud("x"))) == "its text cannot be shown: RuntimeError"
    assert told(ValueError("x" * 20), 10) == "ValueError: " + "x" * 10 + "…"
    assert told(ValueError()) == "ValueError"


@pytest.mark.parametrize(
    "source",
    [
        "params.s | truncate(2)",
        "9e307 * 100",
        "9223372036854775807 * 10",
        "'\\ud800'",
        "params.s | center(2000000000)",
        "[1] | batch(999999999, 'x') | list",
        "params.s | indent(1000000000)",
        "[1, 2] | slice(1000000000) | list",
        "'x' | wordwrap(0)",
        "[[[]]] | sum",
    ],
)
def test_whatever_an_expression_raises_is_an_expression_error(source: str):
    with pytest.raises(ExpressionError, match=r"^{{ .* }}: ."):
        evaluate(source, {"params": {"s": "some text"}})


@pytest.mark.parametrize("source", ["not " * 250 + "true", "(" * 150 + "1" + ")" * 150, "-" * 400 + "1"])
def test_an_expression_that_is_too_much_for_python_is_refused_before_it_runs(source: str):
    with pytest.raises(ExpressionError, match="nested too deeply"):
        understood(source)


def test_what_a_function_raises_that_is_no_exception_does_not_end_its_caller():
    def interrupted() -> None:
        raise KeyboardInterrupt("mine")

    with pytest.raises(RaisedError, match=r"^KeyboardInterrupt: mine$"):
        within(5.0, interrupted)


class Foreign:
    """A backend whose code raises what no port promises, and whose jobs leave what nothing can hold."""

    def __init__(self, outputs: Any = None) -> None:
        self.outputs = outputs

    def launch(self, request: JobRequest) -> Any:
        raise ZeroDivisionError("in launch")

    def find(self, request: JobRequest) -> Any:
        raise ZeroDivisionError("in find")

    def status(self, job: str) -> Any:
        if self.outputs is None:
            raise ZeroDivisionError("in status")
        return JobEnd(Outcome.SUCCEEDED, 9.0, self.outputs)

    def cancel(self, job: str) -> None:
        pass


RUN = Run("r", "key", "g", "v", {"s": "some text"}, 1.0)


def engine_of(step: Step, backend: Foreign) -> Engine:
    queue = type("Queue", (), {"put": lambda self, tasks: None})()
    engine = Engine(Ledger(MemoryStore(), queue, {"job": backend}, lambda: 5.0))
    engine.start(RUN, compile_plan("g", "v", (step,)))
    return engine


def state_of(engine: Engine) -> StepState:
    return engine.ledger.store.load("key", (0,), ()).state(0)


def test_what_nobody_foresaw_of_a_backend_is_asked_again_and_says_nothing_of_the_job():
    engine = engine_of(Step("a", Work("job")), Foreign())
    with pytest.raises(UnexpectedError, match=r"^unexpected: ZeroDivisionError: in launch$"):
        engine.perform(Launch("key", 0, 1))
    with pytest.raises(UnexpectedError, match=r"^unexpected: ZeroDivisionError: in find$"):
        engine.perform(Launch("key", 0, 1))
    engine.ledger.handle(engine.ledger.known("key"), 0, JobLaunched(1, "j", 5.0))
    with pytest.raises(UnexpectedError, match=r"^unexpected: ZeroDivisionError: in status$"):
        engine.perform(Check("key", 0, 1))
    assert state_of(engine).status is Status.RUNNING


UNKEPT = {"deep": nested(DEPTH), "half": "\ud800", "nan": float("nan"), "python": object()}


@pytest.mark.parametrize("what", UNKEPT)
def test_outputs_that_cannot_be_kept_fail_their_step_whatever_ran_it(what: str):
    engine = engine_of(Step("a", Work("job")), Foreign({"a": UNKEPT[what]}))
    execution = engine.ledger.known("key")
    engine.ledger.handle(execution, 0, LaunchClaimed(1, "a--key-0-1", 5.0))
    engine.ledger.handle(execution, 0, JobLaunched(1, "j", 5.0))
    engine.perform(Check("key", 0, 1))
    state = state_of(engine)
    assert (state.status, state.cause) == (Status.FAILED, "outputs")
    assert str(state.error).startswith("its outputs cannot be kept: ")


@pytest.mark.parametrize("when", ["{{ params.s | truncate(2) }}", "{{ (9e307 * 100) | int > 1 }}", "{{ true }}"])
def test_a_condition_that_raises_fails_its_step_and_no_handler(when: str, monkeypatch: pytest.MonkeyPatch):
    def out_of_stack(*_: object) -> None:
        raise RecursionError("maximum recursion depth exceeded")

    if when == "{{ true }}":  # what nobody can foresee
        monkeypatch.setattr("orchestrator.expressions.holds", out_of_stack)
    engine = engine_of(Step("a", Work("job"), when=when), Foreign())
    engine.perform(Launch("key", 0, 1))
    state = state_of(engine)
    assert (state.status, state.cause) == (Status.FAILED, "expression")
    assert state.error
