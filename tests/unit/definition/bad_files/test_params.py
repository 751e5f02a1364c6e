"""Graph files whose params or defaults are wrong, and the messages that say so."""

import pytest

from tests.unit.definition.conftest import Refusal

STEP = "name: g\nsteps:\n  a:\n    "

BAD = {
    "a param of no type": (
        "name: g\nparams:\n  p: {type: integer}\nsteps: {a: }",
        "g.yaml:3: param 'p': type: expected string, int, float, bool, date, datetime, enum or list, got 'integer'",
    ),
    "a default that is none": (
        "name: g\nparams:\n  p: {type: date, default: tomorow}\nsteps: {a: }",
        "g.yaml:3: param 'p': default: expected a date such as 2025-01-31, today or yesterday, got 'tomorow'",
    ),
    "an enum without values": (
        "name: g\nparams:\n  p: {type: enum}\nsteps: {a: }",
        "g.yaml:3: param 'p': values: an enum needs its values, such as [small, large]",
    ),
    "values of no enum": (
        "name: g\nparams:\n  p: {values: [a]}\nsteps: {a: }",
        "g.yaml:3: param 'p': values: only an enum has values",
    ),
    "a pattern of a number": (
        "name: g\nparams:\n  p: {type: int, pattern: '[0-9]'}\nsteps: {a: }",
        "g.yaml:3: param 'p': pattern: only text and lists have a pattern, and this is a whole number",
    ),
    "a pattern that is none": (
        "name: g\nparams:\n  p: {pattern: '[a-z'}\nsteps: {a: }",
        "g.yaml:3: param 'p': pattern: expected a regular expression, got '[a-z': "
        "unterminated character set at position 0",
    ),
    "a pattern that looks ahead, another with a back-reference, and one that is too large": (
        "name: g\nparams:\n  p: {pattern: '(?!x)[a-z]+'}\n  q: {pattern: '(a)\\1'}\n"
        "  r: {pattern: '((a{999}){999}){9}'}\nsteps: {a: }",
        [
            "g.yaml:3: param 'p': pattern: expected a regular expression that can be matched in one pass, "
            "got '(?!x)[a-z]+': look-around, including look-ahead and look-behind, is not supported: "
            "say what is allowed, not what is not",
            "g.yaml:4: param 'q': pattern: expected a regular expression that can be matched in one pass, "
            "got '(a)\\1': backreferences are not supported: write the repetition out, or use an enum",
            "g.yaml:5: param 'r': pattern: expected a regular expression that can be matched in one pass, "
            "got '((a{999}){999}){9}': Compiled regex exceeds size limit of 10485760 bytes: repeat fewer times",
        ],
    ),
    "a default that its pattern does not match": (
        "name: g\nparams:\n  p: {pattern: '[a-z]+', default: A}\nsteps: {a: }",
        "g.yaml:3: param 'p': default: expected text that matches '[a-z]+', got 'A'",
    ),
    "a schedule's param that its pattern does not match": (
        "name: g\nparams:\n  p: {pattern: '[a-z]+'}\nsteps: {a: }\nschedule:\n  cron: 0 6 * * *\n  params: {p: A}",
        "g.yaml:7: schedule.params.p: expected text that matches '[a-z]+', got 'A'",
    ),
    "a default that is not among the values": (
        "name: g\nparams:\n  p: {type: enum, values: [small, large], default: smal}\nsteps: {a: }",
        "g.yaml:3: param 'p': default: expected small or large, got 'smal' (did you mean 'small'?)",
    ),
    "a param's name with a dash": (
        "name: g\nparams:\n  p-q: 1\nsteps: {a: }",
        "g.yaml:3: param 'p-q': expected a letter, then at most 99 letters, digits or '_', got 'p-q'",
    ),
    "params in a list": (
        "name: g\nparams: [a]\nsteps: {a: }",
        "g.yaml:2: params: expected a mapping of names to values, got a list",
    ),
    "a wrong default for all steps": (
        "name: g\ndefaults:\n  retry:\n    delay: 5\nsteps: {a: , b: }",
        "g.yaml:4: defaults: retry.delay: expected a duration such as 30s, 10m, 6h or 2d, got the number 5: "
        "write 5s if seconds are meant",
    ),
    "a common parameter that names no param, said once": (
        "name: g\ndefaults:\n  parameters: {x: '{{ params.p }}'}\n"
        "steps: {a: {dataflow: {template: gs://b/t}}, b: {dataflow: {template: gs://b/t}}}",
        "g.yaml:3: defaults: parameters.x: no param is called 'p'",
    ),
}


@pytest.mark.parametrize(("text", "lines"), BAD.values(), ids=BAD)
def test_a_yaml_file_is_refused_in_these_words(refusal: Refusal, text: str | bytes, lines: str | list[str]) -> None:
    assert refusal(text) == ([lines] if isinstance(lines, str) else lines)
