"""What expressions give, and what they are kept from."""

from typing import Any

import pytest

from orchestrator.core.steps import Json
from orchestrator.expressions import ExpressionError, as_text, holds, references, render

CONTEXT: dict[str, Any] = {
    "params": {"date": "2025-01-31", "rows": 5, "full": True, "tables": ["a", "b"], "word": "false", "items": 7},
    "steps": {
        "extract": {
            "outputs": {"rows": 12, "path": "gs://b/x", "items": 3, "by-day": {"mon": 1}},
            "status": "succeeded",
        },
        "extract-orders": {"outputs": {"rows": 4}, "status": "skipped"},
        "us_ca.ingest": {"outputs": {"rows": 9}, "status": "failed"},
        "a-b.c_d-e": {"outputs": {"outputs": 1}, "status": "failed"},
        "a.outputs-x": {"outputs": {"row-count": 1, "a.b": 2}, "status": "succeeded"},
        "skipped": {"outputs": {}, "status": "skipped"},
        "stopped": {"outputs": {}, "status": "cancelled"},
        "quiet": {"outputs": {}, "status": "succeeded"},
    },
    "run": {
        "id": "r1",
        "dir": "/tmp/r1",
        "started_at": "2025-02-01T06:00:00.500+01:00",
        "started_at_epoch": 1738386000.5,
        "time_zone": "Europe/Berlin",
    },
}

GIVES: dict[str, Json] = {
    "plain text": "plain text",
    "{{ params.date }}": "2025-01-31",
    "{{params.date}}": "2025-01-31",
    "gs://raw/{{ params.date }}/{{ run.id }}.csv": "gs://raw/2025-01-31/r1.csv",
    "{{ params.rows }}": 5,
    "{{ params.full }}": True,
    "{{ params.tables }}": ["a", "b"],
    "{{ params['rows'] }}": 5,
    "{{ params.items }}": 7,
    "--full={{ params.full }}": "--full=true",
    "tables {{ params.tables }}": 'tables ["a", "b"]',
    "{{ params.date }}{{ params.rows }}": "2025-01-315",
    " {{ params.rows }}": " 5",
    "{{ params.rows + 1 }}": 6,
    "{{ params.rows * 2 - 1 }}": 9,
    "{{ params.rows-1 }}": 4,
    "{{ 7 % params.rows }}": 2,
    "{{ params.rows > 3 and params.full }}": True,
    "{{ 'big' if params.rows > 3 else 'small' }}": "big",
    "{{ params.date | replace('-', '') }}": "20250131",
    "{{ params.date.split('-') }}": ["2025", "01", "31"],
    "{{ params.date[:4] }}": "2025",
    "{{ params.tables | join('+') }}": "a+b",
    "{{ params.tables | map('upper') }}": ["A", "B"],
    "{{ params.missing | default('x') }}": "x",
    "{{ steps.extract.outputs.rows }}": 12,
    "{{ steps.extract.outputs.items }}": 3,
    "{{ steps.extract.outputs['by-day'].mon }}": 1,
    "{{ steps.extract.outputs }}": CONTEXT["steps"]["extract"]["outputs"],
    "{{ steps.extract.status }}": "succeeded",
    "{{ steps.extract-orders.outputs.rows }}": 4,
    "{{ steps['extract-orders'].outputs.rows }}": 4,
    "{{ steps.extract.outputs.rows - steps.extract-orders.outputs.rows }}": 8,
    "{{ steps.extract.outputs.rows-steps.extract-orders.outputs.rows }}": 8,
    "{{ steps.us_ca.ingest.outputs.rows }}": 9,
    "{{ steps.a-b.c_d-e.outputs.outputs }}": 1,
    "{{ 'steps.extract-orders.outputs.rows' }}": "steps.extract-orders.outputs.rows",
    '{{ "it is \\"steps.a-b.status\\"" }}': 'it is "steps.a-b.status"',
    "{{ {'a': {'b': params.rows}} }}": {"a": {"b": 5}},
    "{{ '}}' }}": "}}",
    "{{ '{{' }}": "{{",
    "docker ps --format {{ '{{' }}.Names}}": "docker ps --format {{.Names}}",
    "{% raw %} {# #} ${#x} }}": "{% raw %} {# #} ${#x} }}",
    "{{ none }}": None,
    "{{ params.rows | raw }}": 5,
    "x{{ params.tables | words }}": 'x["a", "b"]',
    "{{ run.dir }}/{{ run.started_at }}": "/tmp/r1/2025-02-01T06:00:00.500+01:00",
    "{{ run.started_at_epoch }}": 1738386000.5,
    "{{ run.time_zone }}": "Europe/Berlin",
    "{{ run.id.upper() }}": "R1",
    "{{ steps.extract.status.upper() }}": "SUCCEEDED",
    "{{ steps.skipped.outputs.rows | default(0) }}": 0,
    "{{ steps.skipped.outputs.rows is defined }}": False,
    "{{ steps.skipped.outputs }}": {},
    "{{ steps.a.outputs-x.status }}": "succeeded",
    "{{ params.date | add_days(-1) }}": "2025-01-30",
    "{{ params.date | add_days(params.rows) | format('%Y%m%d') }}": "20250205",
    "{{ params.date | format('%Y-%m-01') | add_days(-1) }}": "2024-12-31",
    "{{ '2024-02-28' | add_days(2) }}": "2024-03-01",
    "{{ params.date | format('%d.%m.%y, %a, day %j of %Y, 100 %%Y') }}": "31.01.25, Fri, day 031 of 2025, 100 %Y",
    "{{ '0999-01-02' | format('%Y/%m') }}": "0999/01",
    "{{ run.started_at | format('%Y%m%dT%H%M%S') }}": "20250201T060000",
    "{{ run.started_at | add_days(-1) }}": "2025-01-31T06:00:00.500000+01:00",
    "{{ run.started_at | add_hours(-7) | format('%Y-%m-%d') }}": "2025-01-31",
    "{{ '2025-01-31T06:00:00Z' | add_hours(1) }}": "2025-01-31T07:00:00+00:00",
}


@pytest.mark.parametrize(("text", "value"), GIVES.items())
def test_an_expression_gives(text: str, value: Json) -> None:
    assert render(text, CONTEXT) == value
    assert type(render(text, CONTEXT)) is type(value)


def test_values_are_rendered_all_through() -> None:
    value = {"a": ["{{ params.rows }}", {"b": "x{{ params.rows }}"}, None, 1.5, False], "c": "d"}
    assert render(value, CONTEXT) == {"a": [5, {"b": "x5"}, None, 1.5, False], "c": "d"}


def test_a_value_goes_into_text_as_json_has_it() -> None:
    values: list[Json] = ["é", True, None, 5, [1, "é"]]
    assert [as_text(value) for value in values] == ["é", "true", "null", "5", '[1, "é"]']


def test_the_steps_that_are_spoken_of_are_told() -> None:
    value = {
        "a": ["{{ steps.extract-orders.outputs.rows }} and {{ steps['us_ca.ingest'].status }}"],
        "b": "{{ params.rows }}",
        "c": "steps.no.status",
        "d": "{{ [steps.x.outputs.a, {'k': steps.y.status}] | length if params.full else steps.z.status }}",
    }
    assert references(value) == {"extract-orders", "us_ca.ingest", "x", "y", "z"}
    assert references("nothing") == references(5) == frozenset()


HOLDS = {
    "{{ params.full }}": True,
    "{{ not params.full }}": False,
    "{{ true }}": True,
    " {{ steps.extract.outputs.rows > 0 }} ": True,
    "{{ params.rows - 5 }}": False,
    "{{ params.word }}": False,
    "{{ 'TRUE' }}": True,
    "{{ none }}": False,
}


@pytest.mark.parametrize(("when", "value"), HOLDS.items())
def test_a_condition_holds_or_does_not(when: str, value: bool) -> None:
    assert holds(when, CONTEXT) is value


REFUSED = {
    "{{ params.dat }}": "{{ params.dat }}: there is no 'dat' (did you mean 'date'?)",
    "{{ steps.extract.outputs.row }}": "{{ steps.extract.outputs.row }}: there is no 'row' (did you mean 'rows'?)",
    "{{ steps.extract-orders.outputs.zzz }}": (
        "{{ steps.extract-orders.outputs.zzz }}: there is no 'zzz': there is rows"
    ),
    "{{ [params.nix] }}": ("{{ [params.nix] }}: there is no 'nix': there is date, rows, full, tables, word and items"),
    "{{ steps.other.outputs.x }}": (
        "{{ steps.other.outputs.x }}: there is no 'other': there is extract, extract-orders, us_ca.ingest, "
        "a-b.c_d-e, a.outputs-x, skipped, stopped and quiet"
    ),
    "{{ steps.extract.output.rows }}": (
        "expected steps.<name>.outputs.<key> or steps.<name>.status, got 'steps.extract.output.rows'"
    ),
    "{{ steps }}": "expected steps.<name>.outputs.<key> or steps.<name>.status, got 'steps' without them",
    "{{ steps[params.date].outputs.x }}": (
        "expected steps.<name>.outputs.<key> or steps.<name>.status, got 'steps' without them"
    ),
    "{{ params[params.date] }}": "expected a name after 'params', such as params.date",
    "{{ run.idd }}": (
        "run has id, dir, started_at, started_at_epoch, time_zone and deployment, not 'idd' (did you mean 'id'?)"
    ),
    "{{ run.deployment }}": "expected a name after 'run.deployment', such as run.deployment.bucket",
    "{{ run.deployment[params.date] }}": "expected a name after 'run.deployment', such as run.deployment.bucket",
    "{{ steps.extract.status.rows }}": "the status of a step is text: nothing is in it, got 'rows'",
    "{{ steps.extract.outputs.row-count }}": (
        "a key with '-' in it is written in brackets: steps.extract.outputs['row-count']"
    ),
    "{{ steps['extract'].outputs.by-day.mon + 1 }}": (
        "a key with '-' in it is written in brackets: steps['extract'].outputs['by-day']"
    ),
    "{{ steps.extract-orders.outputs.a.b-c-in }}": (
        "a key with '-' in it is written in brackets: steps.extract-orders.outputs.a['b-c-in']"
    ),
    "{{ steps.a.outputs-x.outputs.row-1 }}": (
        "{{ steps.a.outputs-x.outputs.row-1 }}: there is no 'row': write ['row-count'] if you mean that key"
    ),
    "{{ steps.a.outputs-x.outputs.a.b }}": (
        "{{ steps.a.outputs-x.outputs.a.b }}: there is no 'a': write ['a.b'] if you mean that key"
    ),
    "{{ steps.skipped.outputs.rows }}": (
        "{{ steps.skipped.outputs.rows }}: step 'skipped' was skipped, so it has no outputs: "
        "give a value for this case with | default(…)"
    ),
    "{{ steps.stopped.outputs.rows }}": (
        "{{ steps.stopped.outputs.rows }}: step 'stopped' was cancelled, so it has no outputs: "
        "give a value for this case with | default(…)"
    ),
    "{{ steps.quiet.outputs.rows }}": "{{ steps.quiet.outputs.rows }}: there is no 'rows': it is empty",
    "{{ params.date - 1 }}": "{{ params.date - 1 }}: use a filter to move a date, such as | add_days(-1)",
    "{{ run.started_at + 1 }}": "{{ run.started_at + 1 }}: use a filter to move a date, such as | add_days(-1)",
    "{{ params.date - 1 day }}": (
        "the expression 'params.date - 1 day' cannot be read: expected its end: "
        "use a filter to move a date, such as | add_days(-1)"
    ),
    "{{ params.word | add_days(1) }}": (
        "{{ params.word | add_days(1) }}: expected a date such as 2025-01-31, or a time, got 'false'"
    ),
    "{{ '2025-02-30' | add_days(1) }}": (
        "{{ '2025-02-30' | add_days(1) }}: expected a date such as 2025-01-31, or a time, got '2025-02-30': "
        "there is no such day or time"
    ),
    "{{ '2025-01-31' | add_days('1') }}": (
        "{{ '2025-01-31' | add_days('1') }}: add_days: expected a whole number, got '1'"
    ),
    "{{ params.date | add_hours(1) }}": (
        "{{ params.date | add_hours(1) }}: add_hours: expected a time such as 2025-01-31T06:00:00Z, "
        "got the date 2025-01-31"
    ),
    "{{ params.date | add_days(9999999) }}": "{{ params.date | add_days(9999999) }}: date value out of range",
    "{{ params.date | format('YYYYMMDD') }}": (
        "{{ params.date | format('YYYYMMDD') }}: format: expected a pattern such as '%Y%m%d', got 'YYYYMMDD'"
    ),
    "{{ params.date | format('%s') }}": (
        "{{ params.date | format('%s') }}: format: there is no '%s' in a pattern: there are %Y, %m, %d, %H, %M, %S, "
        "%f, %j, %u, %V, %G, %y, %a, %A, %b, %B, %I, %p, %z, %Z and %%"
    ),
    "{{ run }}": "expected a name after 'run', such as run.id",
    "{{ param.date }}": "nothing is called 'param' (did you mean 'params'?)",
    "{{ range(9) }}": "nothing is called 'range': an expression can use params, steps and run",
    "{{ params.rows + 'a' }}": "{{ params.rows + 'a' }}: unsupported operand type(s) for +: 'int' and 'str'",
    "{{ params.rows / 0 }}": "{{ params.rows / 0 }}: division by zero",
    "{{ params.date * 1000000000 }}": ("{{ params.date * 1000000000 }}: '*' needs two numbers"),
    "{{ 9 ** 9 ** 9 }}": "{{ 9 ** 9 ** 9 }}: '**' is not supported",
    "{{ params.date | uper }}": "no filter is called 'uper' (did you mean 'upper'?)",
    "{{ params.date | raw | upper }}": "'raw' must be the last filter of an expression",
    "{{ [params.date | words] }}": "'words' must be the last filter of an expression",
    "{{ params.date is strng }}": "no test is called 'strng' (did you mean 'string'?)",
    "{{ params.date + }}": "the expression 'params.date +' cannot be read: unexpected 'end of template'",
    "{{ params.date params.rows }}": "the expression 'params.date params.rows' cannot be read: expected its end",
    "{{ }}": "expected an expression between '{{' and '}}', got none",
    "{{ it's }}": "the expression 'it's' cannot be read: unexpected char \"'\" at 2",
    "{{ params.date": ("expected '}}' after '{{' in '{{ params.date', got none: for literal braces, write {{ '{{' }}"),
    "{{ 'a }}": "the expression ''a' cannot be read: unexpected char \"'\" at 0",
    "{{ " + "(" * 900 + ")" * 900 + " }}": (
        f"the expression '{'(' * 57}...' is nested too deeply, or a number in it too long"
    ),
    "{{ " + "9" * 5000 + " }}": (
        f"expected '}}}}' after '{{{{' in '{{{{ {'9' * 54}...', got none: for literal braces, write {{{{ '{{{{' }}}}"
    ),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.items())
def test_what_has_no_value_is_refused_in_these_words(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        render(text, CONTEXT)
    assert str(refused.value) == words


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ params.__class__ }}",
    "{{ params['__init__'] }}",
    "{{ params.date.__class__.__mro__ }}",
    "{{ '{0.__class__}'.format(params.date) }}",
    "{{ '{0.__class__.__mro__}'.format_map({'0': 1}) }}",
    "{{ params.date | attr('__class__') }}",
    "{{ [params] | map(attribute='__class__') | list }}",
    "{{ params.date.split.__globals__ }}",
    "{{ params.tables.append('c') }}",
    "{{ params.update({'x': 1}) }}",
    "{{ lipsum() }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ self }}",
    "{{ config }}",
    "{{ import os }}",
    "{{ params.date.split }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_gets_out_of_the_sandbox(text: str) -> None:
    with pytest.raises(ExpressionError):
        render(text, CONTEXT)
    assert CONTEXT["params"]["tables"] == ["a", "b"]


@pytest.mark.parametrize(
    ("when", "words"),
    {
        "params.full": "expected one expression such as \"{{ params.full }}\" and nothing else, got 'params.full'",
        "{{ true }} x": "expected one expression such as \"{{ params.full }}\" and nothing else, got '{{ true }} x'",
        "": "expected one expression such as \"{{ params.full }}\" and nothing else, got ''",
        "{{ params.date }}": "when: expected true or false from {{ params.date }}, got the text '2025-01-31'",
    }.items(),
)
def test_a_condition_that_is_none_is_refused(when: str, words: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        holds(when, CONTEXT)
    assert str(refused.value) == words


def test_what_json_cannot_hold_is_not_rendered() -> None:
    with pytest.raises(ExpressionError, match="expected a value that JSON can hold, got a Python object"):
        render({"a": object()}, CONTEXT)
