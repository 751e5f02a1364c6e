"""Graph files that are not plain YAML, and the messages that say so."""

import pytest

from tests.unit.definition.conftest import Refusal

STEP = "name: g\nsteps:\n  a:\n    "

ALL = 'expected text: if this value contains an expression, put all of it in quotes: "… {{ … }} …"'

BAD = {
    "an expression without quotes": (
        STEP + "when: {{ params.full }}",
        'g.yaml:4: expected text: if this is an expression, put it in quotes: "{{ … }}"',
    ),
    "an expression without quotes, and text after it": (
        STEP + "command: {{ params.full }}/x",
        'g.yaml:4: expected text: if this is an expression, put it in quotes: "{{ … }}"',
    ),
    "an expression without quotes in a mapping in braces": (
        STEP + "command: {a: {{ x }}, b: 1}",
        'g.yaml:4: expected text: if this is an expression, put it in quotes: "{{ … }}"',
    ),
    "an expression without quotes within a text in brackets": (
        STEP + "command: [python, job.py, --day={{ params.day }}]",
        f"g.yaml:4: {ALL}",
    ),
    "an expression without quotes within a text in brackets of several lines": (
        STEP + "command: [python,\n      job.py,\n      --day={{ params.day }}]",
        f"g.yaml:6: {ALL}",
    ),
    "an expression without quotes within a text in braces": (
        STEP + "dataflow: {template: gs://b/{{ params.t }}, region: r}",
        f"g.yaml:4: {ALL}",
    ),
    "an expression after a text in quotes": (STEP + "command: 'echo' {{ params.day }}", f"g.yaml:4: {ALL}"),
    "an expression before a colon": (STEP + "command: echo {{ params.day }}: done", f"g.yaml:4: {ALL}"),
    "an expression in quotes beside what is wrong": (
        STEP + "command: [echo, '{{ params.day }}'",
        "g.yaml:4: this is not YAML: a '[' is opened and not closed, in 'command: [echo, '{{ params.day }}''",
    ),
    "an expression in a quote left open": (
        STEP + "command: '{{ params.day }}",
        "g.yaml:4: this is not YAML: a quote is opened here and not closed, in 'command: '{{ params.day }}'",
    ),
    "a tab": ("name: g\nsteps:\n\ta: {}", "g.yaml:3: this is not YAML: indent with spaces, not with tabs, in 'a: {}'"),
    "a step indented too little": (
        "name: g\nsteps:\n  a:\n    wait: 1s\n   b: {}",
        "g.yaml:5: this is not YAML: the indentation does not fit the lines above, in 'b: {}'",
    ),
    "a colon in a text": (
        STEP + "command: echo a: b",
        "g.yaml:4: this is not YAML: no ':' can stand here: quote the text, or fix the indentation, in "
        "'command: echo a: b'",
    ),
    "a bracket left open": (
        STEP + "after: [b, c\n    wait: 1s",
        "g.yaml:4: this is not YAML: a '[' is opened and not closed, in 'after: [b, c'",
    ),
    "a quote left open": (
        STEP + "wait: '1s",
        "g.yaml:4: this is not YAML: a quote is opened here and not closed, in 'wait: '1s'",
    ),
    "two documents": ("name: g\n---\nname: h", "g.yaml:2: expected one document in the file, got a second one"),
    "a Python object": (
        STEP + "command: !!python/object/apply:os.system [ls]",
        "g.yaml:4: expected plain YAML, got the tag 'tag:yaml.org,2002:python/object/apply:os.system': leave it out",
    ),
    "an alias of nothing": (STEP + "wait: *x", "g.yaml:4: no anchor is called '&x'"),
    "an alias of itself": (STEP + "args: &x [*x]", "g.yaml:4: the alias '*x' is inside what it repeats"),
    "an alias for a key": ("a: &x b\n*x : c", "g.yaml:2: expected a name before the ':', got the alias '*x'"),
    "a merge of a text": (STEP + "<<: text", "g.yaml:4: expected a mapping, or a list of them, after '<<'"),
    "a NUL": ("name: g\nsteps: \0", "g.yaml:2: expected text, got the character U+0000"),
    "an escape": ("name: g\n\nsteps: {a\x1b: }", "g.yaml:3: expected text, got the character U+001B"),
    "not a number": (
        STEP + "retry: {backoff: .nan}",
        [
            "g.yaml:4: expected a number that JSON can hold, got '.nan'",
            "g.yaml:4: step 'a': retry.backoff: expected a number, got '.nan'",
        ],
    ),
    "a huge number": (
        STEP + "python: m:f\n    args: {n: 99999999999999999999}",
        "g.yaml:5: expected a number of at most 64 bits, got '99999999999999999999': write it in quotes, as text",
    ),
    "a bottomless list": ("a: " + "[" * 5000, "g.yaml:1: expected lists and mappings nested at most 100 deep"),
    "arguments nested very deep": (
        STEP + "python: m:f\n    args: {a: " + "[" * 60 + "]" * 60 + "}",
        "g.yaml:5: step 'a': args.a[0][0]: nested more than 50 deep",
    ),
    "bytes that are no UTF-8": (
        b"name: g\nsteps: {a: \xff}",
        "g.yaml:2: expected text in UTF-8, got the byte 0xff: save the file as UTF-8",
    ),
}


@pytest.mark.parametrize(("text", "lines"), BAD.values(), ids=BAD)
def test_a_yaml_file_is_refused_in_these_words(refusal: Refusal, text: str | bytes, lines: str | list[str]) -> None:
    assert refusal(text) == ([lines] if isinstance(lines, str) else lines)
