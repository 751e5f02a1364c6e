"""Params of a run: what is given, as text or JSON, becomes typed values, or is refused in one sentence each."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from orchestrator.core.graph import Param
from orchestrator.core.steps import Json
from orchestrator.definition.params import ParamsError, misfits, resolve, wrong_pattern
from orchestrator.errors import UsageError

NOW = datetime(2025, 2, 1, 6, 30, tzinfo=UTC)

TAKEN: list[tuple[str, object, Json]] = [
    ("string", "x", "x"),
    ("string", "", ""),
    ("string", "5", "5"),
    ("int", "5", 5),
    ("int", "-5", -5),
    ("int", 5, 5),
    ("float", "1.5", 1.5),
    ("float", "1e3", 1000.0),
    ("float", 2, 2.0),
    ("bool", "true", True),
    ("bool", "False", False),
    ("bool", True, True),
    ("date", "2025-01-31", "2025-01-31"),
    ("date", "today", "2025-02-01"),
    ("date", "yesterday", "2025-01-31"),
    ("date", date(2025, 1, 31), "2025-01-31"),
    ("datetime", "2025-01-31T06:00:00Z", "2025-01-31T06:00:00+00:00"),
    ("datetime", "2025-01-31T06:00:00+02:00", "2025-01-31T06:00:00+02:00"),
    ("datetime", "2025-01-31 06:00", "2025-01-31T06:00:00+00:00"),
    ("datetime", "2025-01-31", "2025-01-31T00:00:00+00:00"),
    ("datetime", "now", "2025-02-01T06:30:00+00:00"),
    ("list", "a, b,c", ["a", "b", "c"]),
    ("list", "", []),
    ("list", '["a", 1]', ["a", 1]),
    ("list", ["a", 1], ["a", 1]),
    ("enum", "small", "small"),
]


def _param(kind: str) -> Param:
    return Param("p", kind, required=True, values=("small", "large") if kind == "enum" else ())


@pytest.mark.parametrize(("kind", "given", "value"), TAKEN)
def test_a_value_is_taken(kind: str, given: object, value: Json) -> None:
    result = resolve([_param(kind)], {"p": given}, NOW)
    assert result == {"p": value}
    assert type(result["p"]) is type(value)


REFUSED = [
    ("string", 5, "expected text, got the number 5"),
    ("int", "five", "expected a whole number, got 'five'"),
    ("int", "1.5", "expected a whole number, got '1.5'"),
    ("int", True, "expected a whole number, got true"),
    ("int", "9" * 30, f"expected a whole number, got '{'9' * 30}'"),
    ("float", "nan", "expected a number, got 'nan'"),
    ("float", [], "expected a number, got a list"),
    ("float", False, "expected a number, got false"),
    ("bool", "yes", "expected true or false, got 'yes'"),
    ("bool", 1, "expected true or false, got the number 1"),
    ("date", "31.1.2025", "expected a date such as 2025-01-31, today or yesterday, got '31.1.2025'"),
    ("date", 20250131, "expected a date such as 2025-01-31, today or yesterday, got the number 20250131"),
    ("date", NOW, "expected a date such as 2025-01-31, today or yesterday, got a Python datetime"),
    ("datetime", "soon", "expected a time such as 2025-01-31T06:00:00Z, or now, got 'soon'"),
    ("datetime", 5, "expected a time such as 2025-01-31T06:00:00Z, or now, got the number 5"),
    ("list", 5, 'expected a list such as a,b,c or ["a", "b"], got the number 5'),
    ("list", "[1,", 'expected a list such as a,b,c or ["a", "b"], got \'[1,\''),
    (
        "list",
        [float("nan")],
        'expected a list such as a,b,c or ["a", "b"], got a list: nan is no number that JSON can hold',
    ),
    (
        "list",
        [NOW],
        'expected a list such as a,b,c or ["a", "b"], got a list: a Python datetime cannot be stored as JSON',
    ),
    (
        "string",
        "a\ud800",
        "expected text, got 'a\\ud800': "
        "the text contains half of a character (a lone surrogate such as \\ud800), which UTF-8 cannot store",
    ),
    ("enum", "smal", "expected small or large, got 'smal' (did you mean 'small'?)"),
    ("enum", None, "expected small or large, got nothing"),
]


@pytest.mark.parametrize(("kind", "given", "words"), REFUSED)
def test_a_value_is_refused(kind: str, given: object, words: str) -> None:
    with pytest.raises(ParamsError) as refused:
        resolve([_param(kind)], {"p": given}, NOW)
    assert refused.value.lines == (f"param 'p': {words}",)


def test_defaults_are_taken_where_nothing_is_given_and_only_then() -> None:
    params = [
        Param("day", "date", "today"),
        Param("at", "datetime", "now"),
        Param("rows", "int", 5),
        Param("tables", "list", ["a"]),
        Param("name", required=True),
    ]
    assert resolve(params, {"name": "n"}, NOW) == {
        "day": "2025-02-01",
        "at": "2025-02-01T06:30:00+00:00",
        "rows": 5,
        "tables": ["a"],
        "name": "n",
    }
    assert resolve(params, {"name": "n", "rows": "6", "day": "2020-02-29"}, NOW)["rows"] == 6


def test_today_is_the_callers_day() -> None:
    late = datetime(2025, 2, 1, 23, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert resolve([Param("d", "date", "today")], {}, late) == {"d": "2025-02-01"}
    assert resolve([Param("t", "datetime", "2025-01-31T06:00")], {}, late) == {"t": "2025-01-31T06:00:00-08:00"}


def test_all_that_is_wrong_is_said_at_once() -> None:
    params = [Param("date", "date", required=True), Param("rows", "int", 5), Param("region", required=True)]
    with pytest.raises(ParamsError) as refused:
        resolve(params, {"dat": "x", "rows": "many", "zzz": 1}, NOW)
    assert refused.value.lines == (
        "param 'dat': this graph has no such param (did you mean 'date'?)",
        "param 'zzz': this graph has no such param: it has date, rows and region",
        "param 'date': expected a date such as 2025-01-31, today or yesterday, got none, and it has no default",
        "param 'rows': expected a whole number, got 'many'",
        "param 'region': expected text, got none, and it has no default",
    )
    assert str(refused.value) == "\n".join(refused.value.lines)
    assert isinstance(refused.value, UsageError)
    assert refused.value.exit_code == 2


def test_a_graph_without_params_takes_none() -> None:
    assert resolve([], {}, NOW) == {}
    with pytest.raises(ParamsError, match="param 'a': this graph has no such param: it has none"):
        resolve([], {"a": "1"}, NOW)


def test_of_very_many_params_not_all_are_listed() -> None:
    params = [Param(f"p{number:03}", "int", 1) for number in range(500)]
    with pytest.raises(ParamsError) as refused:
        resolve(params, {"other": 1}, NOW)
    names = ", ".join(f"p{number:03}" for number in range(40))
    assert str(refused.value) == f"param 'other': this graph has no such param: it has {names} and 460 more"


def _patterned(kind: str = "string", pattern: str = "[a-z]+") -> list[Param]:
    return [Param("p", kind, required=True, pattern=pattern)]


def test_a_pattern_has_to_match_the_whole_text_and_each_item_of_a_list() -> None:
    assert resolve(_patterned(), {"p": "abc"}, NOW) == {"p": "abc"}
    assert resolve(_patterned("list"), {"p": "a,b"}, NOW) == {"p": ["a", "b"]}
    assert resolve(_patterned("list"), {"p": []}, NOW) == {"p": []}
    for given in ("abc/../d", "abc\n", "", "ABC", "a" * 100 + "1"):
        with pytest.raises(ParamsError, match=r"^param 'p': expected text that matches '\[a-z\]\+', got "):
            resolve(_patterned(), {"p": given}, NOW)
    for item in ("x/y", 1, None, ["a"]):
        with pytest.raises(ParamsError, match="expected text that matches"):
            resolve(_patterned("list"), {"p": ["a", item]}, NOW)
    with pytest.raises(ParamsError, match="expected text, got the number 5"):
        resolve(_patterned(), {"p": 5}, NOW)


@pytest.mark.parametrize(
    "pattern",
    ["([a-z0-9]+-?)+", "(a|a)+", "(a|ab)*", "(a*)*b", "(.*)*=", ".*.*.*=", "(a?){50}a{50}", "(x+x+)+y", r"(\w*\s?)*:"],
)
@pytest.mark.parametrize("hostile", ["a" * 100_000, "a" * 99_999 + "!", "a-" * 49_999 + "?", "x" * 99_999 + " "])
def test_no_text_keeps_a_pattern_busy(pattern: str, hostile: str) -> None:
    """Python's engine would go on for longer than there have been stars."""
    assert wrong_pattern(_patterned(pattern=pattern)[0]) is None
    try:
        assert resolve(_patterned(pattern=pattern), {"p": hostile}, NOW) == {"p": hostile}
    except ParamsError as refused:
        assert refused.lines[0].startswith("param 'p': expected text that matches ")  # noqa: PT017


@pytest.mark.parametrize(
    ("pattern", "matched", "others"),
    [
        ("a|bc", ["a", "bc"], ["ac", "abc", ""]),
        ("a$", ["a"], ["a\n"]),
        (".+", ["é😀"], ["a\nb"]),
        (r"\d{2}", ["12"], ["1", "123"]),
        ("(?i)[a-f]+", ["aBc"], ["g"]),
        ("(?P<year>[0-9]{4})-(?:0[1-9]|1[0-2])", ["2025-01"], ["2025-13"]),
        (
            r"gs://[a-z0-9][a-z0-9._-]{1,61}/(?:[^/\x00-\x1f]+/)*",
            ["gs://abc/", "gs://abc/x y/"],
            ["gs://abc", "gs://abc//"],
        ),
        (r"[]a\[^\]]+", ["]a[^"], ["b"]),
        (r"a\+\+", ["a++"], ["aa"]),
    ],
)
def test_a_pattern_means_what_it_means_to_python(pattern: str, matched: list[str], others: list[str]) -> None:
    assert wrong_pattern(_patterned(pattern=pattern)[0]) is None
    for text in (*matched, *others):
        assert (misfits(_patterned(pattern=pattern), {"p": text}) == []) is (text in matched), text
        assert bool(re.fullmatch(pattern, text)) is (text in matched), text


@pytest.mark.parametrize(
    ("pattern", "odd"),
    [
        *[("a++a", "++"), ("a*+", "*+"), ("a{2}+", "}+"), ("(?x)a b", "(?x"), ("(?ix:a b)", "(?ix")],
        *[("[[:alpha:]]", "["), ("[a[b]", "["), ("[a-z&&b]", "&&"), ("[a--b]", "--"), ("[a||b]", "||")],
    ],
)
def test_what_another_engine_reads_differently_is_no_pattern(pattern: str, odd: str) -> None:
    wrong = wrong_pattern(_patterned(pattern=pattern)[0])
    assert wrong is not None
    assert wrong.startswith(f"expected a regular expression without '{odd}', which not all engines read alike, got '")
    assert wrong.endswith(": put a backslash before it, or write it differently")
