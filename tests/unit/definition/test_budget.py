"""What expressions may make: a few letters of them must not fill a machine."""

import pytest
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_TESTS

from orchestrator.expressions import ExpressionError, render
from orchestrator.expressions.budget import METHODS
from orchestrator.expressions.costs import COSTS
from orchestrator.expressions.sandbox import ENVIRONMENT

LONG = "x" * 500_000
CONTEXT = {"params": {"t": LONG, "l": list(LONG[:200_000]), "n": 7, "day": "2026-01-31"}, "steps": {}, "run": {}}

BOMBS = [
    "1|round(99999999,'ceil')",
    "[1]|batch(9999,[1]|batch(9999,1)|list)|list",
    "[1]|batch(9999,[1]|batch(9999,1)|list)|list|string|length",
    "[1]|batch(9999,params.t)|join|length",
    "[1]|batch(9999,params.t)|map('upper')|list|length",
    pytest.param("[params.l]|batch(9999,params.l)|sum(start=[])|length", marks=pytest.mark.slow),
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


@pytest.mark.slow
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


#: What takes minutes or hours, on params that a request of a megabyte can hold.
SLOW_PARAMS = {
    "ones": [1] * 249_000,
    "twos": [2] * 249_000,
    "x": "a" * 600_000,
    "y": "ab" + "a" * 300_000,
    "comments": "<!---->" * 130_000,
    "lines": "\n" * 900_000,
    "rows": [{"a": number} for number in range(40_000)],
    "path": "a." * 100_000 + "a",
    "hex": "f" * 900_000,
}
SLOW = [
    "params.ones | reject('in', params.twos) | list | length",
    "params.ones | select('in', params.twos) | list | length",
    "params.rows | selectattr('a', 'in', params.twos) | list | length",
    "params.rows | rejectattr('a', 'in', params.twos) | list | length",
    "params.rows | map('join', params.twos) | list | length",
    "params.ones | map('default', params.twos) | map('length') | list | length",
    "params.x.rpartition(params.y)",
    "params.x.rfind(params.y)",
    "params.x.rindex(params.y)",
    "params.x.rsplit(params.y) | length",
    "params.x.strip(params.y)",
    "params.x.lstrip(params.y)",
    "params.x.rstrip(params.y)",
    "params.x | trim(params.y)",
    "params.x | wordwrap(1) | length",
    "params.lines | wordwrap(9) | length",
    "params.comments | striptags | length",
    "params.rows | sort(attribute=params.path) | length",
    "params.rows | groupby(params.path) | length",
    "params.rows | map(attribute=params.path, default={}) | list | length",
    "params.rows | sum(attribute=params.path)",
    "params.rows | join(',', attribute=params.path)",
    "params.rows | unique(attribute=params.path) | list",
    "params.rows | max(attribute=params.path)",
    "params.ones | map('string') | map('int') | map('string') | list | length",
    "(params.hex | int(base=16)) * (params.hex | int(base=16)) % 7",
    "params.ones | tojson(indent=99999)",
]


@pytest.mark.slow
@pytest.mark.parametrize("slow", SLOW)
def test_no_expression_takes_more_than_seconds(slow: str):
    with pytest.raises(ExpressionError) as raised:
        render(f"{{{{ {slow} }}}}", {"params": SLOW_PARAMS, "steps": {}, "run": {}})
    assert str(raised.value).startswith(f"{{{{ {slow} }}}}: ")
    assert any(word in str(raised.value) for word in ("does more than", "produces a number", "at most")), raised.value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("params.y in params.x", False),
        ("params.x.count(params.y)", 0),
        ("params.x.replace(params.y, '') | length", 600_000),
        ("params.ones == params.twos", False),
        ("params.ones | unique | list", [1]),
        ("params.ones | min", 1),
        ("params.rows | sort(attribute='a', reverse=true) | first", {"a": 39_999}),
        ("params.rows | map(attribute='b', default=1) | list | length", 40_000),
        ("params.rows | map(attribute='a') | select('in', [1, 2]) | list", [1, 2]),
        ("[1 < 2 < 3, 1 < 3 < 2, 2 not in [1], 2 >= 1 != 3]", [True, False, True, True]),
        ("[[1, 2, 3][1:], 'abc'[::-1], [3][:1]]", [[2, 3], "cba", [3]]),
        ("params.x[:3]", "aaa"),
    ],
)
def test_what_is_large_and_quick_is_done(expression: str, value: object):
    assert render(f"{{{{ {expression} }}}}", {"params": SLOW_PARAMS, "steps": {}, "run": {}}) == value


def test_what_has_no_cost_is_not_to_be_had():
    """A new version of Jinja2 may bring more of them: each gets its cost first, or is left out."""
    there = {*ENVIRONMENT.filters, *ENVIRONMENT.tests, *METHODS}
    assert there <= COSTS.keys()
    assert set(DEFAULT_FILTERS) - there == {"attr", "random", "pprint", "xmlattr", "urlize"}
    assert set(DEFAULT_TESTS) - there == set()


def test_each_expression_has_a_budget_of_its_own():
    half = "{{ params.t|upper|lower|upper|lower|length }}"
    assert render([half] * 10, CONTEXT) == [500_000] * 10
