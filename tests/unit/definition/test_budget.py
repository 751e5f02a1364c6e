"""What expressions may make: a few letters of them must not fill a machine."""

import pytest

from orchestrator.definition.expressions import ExpressionError, render

LONG = "x" * 500_000
CONTEXT = {"params": {"t": LONG, "l": list(LONG[:200_000]), "n": 7, "day": "2026-01-31"}, "steps": {}, "run": {}}

BOMBS = [
    "1|round(99999999,'ceil')",
    "[1]|batch(9999,[1]|batch(9999,1)|list)|list",
    "[1]|batch(9999,[1]|batch(9999,1)|list)|list|string|length",
    "[1]|batch(9999,params.t)|join|length",
    "[1]|batch(9999,params.t)|map('upper')|list|length",
    "[params.l]|batch(9999,params.l)|sum(start=[])|length",
    "'\"'" + "|tojson" * 40,
    "'x'.ljust(2000000000)|length",
    "'x'.center(2000000000)|length",
    "'1'.zfill(2000000000)|length",
    "'{:>2000000000}'.format(1)|length",
    "'{x:>2000000000}'.format_map({'x': 1})|length",
    "'a'.translate({97: params.t})|length",
    "'x\t'.expandtabs(2000000000)|length",
    "7.to_bytes(2000000000)|length",
    "params.t|replace('x', params.t)|length",
    "params.t.replace('x', params.t)|length",
    "params.l|join(params.t)|length",
    "params.t.join(params.l)|length",
    "params.t|replace('x', 'x\n')|indent(params.t)|length",
    "params.t|replace('x','\n')|indent(9999)|length",
    "params.t|wordwrap(1, wrapstring=params.t)|length",
    "'x'|center(9999)|replace(' ', params.t)|length",
    "(" + " ~ ".join(["params.t"] * 150) + ")|length",
    "(" + " + ".join(["params.t"] * 50) + ")|length",
    "params.l|slice(9999, params.t)|list|tojson|length",
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_expression_makes_more_than_a_machine_has_room_for(bomb: str):
    with pytest.raises(ExpressionError) as raised:
        render(f"{{{{ {bomb} }}}}", CONTEXT)
    assert any(word in str(raised.value) for word in ("more than", "at most", "cannot be called here")), raised.value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("params.t|length", 500_000),
        ("params.t|replace('x','yy')|length", 1_000_000),
        ("'-'.join(params.l)|length", 399_999),
        ("params.l|join('-')|length", 399_999),
        ("'7'.zfill(3)", "007"),
        ("params.n|string ~ '-' ~ params.day", "7-2026-01-31"),
        ("'a,b'.split(',')|map('upper')|list", ["A", "B"]),
        ("[1,2,3]|batch(2,0)|list", [[1, 2], [3, 0]]),
        ("1.256|round(2)", 1.26),
        ("[[1],[2]]|sum(start=[])", [1, 2]),
        ("'x'|center(3)", " x "),
        ("'a' ~ 1 ~ none ~ [1]", "a1None[1]"),
    ],
)
def test_what_anybody_can_mean_is_made(expression: str, value: object):
    assert render(f"{{{{ {expression} }}}}", CONTEXT) == value


def test_each_expression_has_a_budget_of_its_own():
    half = "{{ params.t|upper|lower|upper|lower|length }}"
    assert render([half] * 10, CONTEXT) == [500_000] * 10
