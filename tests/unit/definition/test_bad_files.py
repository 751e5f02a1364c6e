"""Every way to get a graph file wrong, with the words that come out."""

import json
import os
import re
from pathlib import Path

import pytest

from orchestrator import load_graph
from orchestrator.definition.catalog import find_graph
from orchestrator.errors import InvalidGraphError, NotFoundError, UsageError
from tests.unit.definition.conftest import Load, Refusal

STEP = "name: g\nsteps:\n  a:\n    "

BAD_YAML = {
    "an unknown key of a step": (
        STEP + "comand: echo",
        "g.yaml:4: step 'a': comand: unknown key (did you mean 'command'?)",
    ),
    "an unknown key of the graph": (
        "name: g\nstep: {}\nsteps: {a: }",
        "g.yaml:2: step: unknown key (did you mean 'steps'?)",
    ),
    "another tool's word for after": (
        STEP + "depends_on: b",
        "g.yaml:4: step 'a': depends_on: unknown key (did you mean 'after'?)",
    ),
    "a key of dataflow that stands beside it": (
        STEP + "region: europe-west4",
        "g.yaml:4: step 'a': region: unknown key: it belongs inside 'dataflow'",
    ),
    "a key that is like no other": (
        STEP + "retry: {zzz: 1}",
        "g.yaml:4: step 'a': retry.zzz: unknown key: the keys here are attempts, delay, backoff and max_delay",
    ),
    "an unknown predecessor": (
        "name: g\nsteps:\n  orders: {wait: 1s}\n  report:\n    after:\n      - orders\n      - order",
        "g.yaml:7: step 'report': after: no step is called 'order' (did you mean 'orders'?)",
    ),
    "an unknown successor": (
        STEP + "next: [b, A]",
        [
            "g.yaml:4: step 'a': next: no step is called 'b'",
            "g.yaml:4: step 'a': next: no step is called 'A' (did you mean 'a'?)",
        ],
    ),
    "a step after itself": (STEP + "after: a", "g.yaml:4: step 'a': after: a step cannot come after itself"),
    "a step before itself": (STEP + "next: [a]", "g.yaml:4: step 'a': next: a step cannot come before itself"),
    "a cycle": (
        "name: g\nsteps:\n  b: {after: a}\n  c: {after: b}\n  a: {after: c}",
        "g.yaml:5: step 'a': after: these steps wait for each other in a cycle: a -> b -> c -> a",
    ),
    "two cycles": (
        "name: g\nsteps:\n  a: {next: b}\n  b: {next: a}\n  c: {next: d}\n  d: {next: [c, a]}",
        [
            "g.yaml:3: step 'a': after: these steps wait for each other in a cycle: a -> b -> a",
            "g.yaml:5: step 'c': after: these steps wait for each other in a cycle: c -> d -> c",
        ],
    ),
    "a step twice": (
        "name: g\nsteps:\n  a: {wait: 1s}\n  a: {wait: 2s}",
        "g.yaml:4: the key 'a' is written twice here, first on line 3",
    ),
    "a key twice": (STEP + "wait: 1s\n    wait: 1s", "g.yaml:5: the key 'wait' is written twice here, first on line 4"),
    "a duration without a unit": (
        STEP + "timeout: 90",
        "g.yaml:4: step 'a': timeout: expected a duration such as 30s, 10m, 6h or 2d, got the number 90: "
        "write 90s if seconds are meant",
    ),
    "a duration with another unit": (
        STEP + "timeout: 1w",
        "g.yaml:4: step 'a': timeout: expected a duration such as 30s, 10m, 6h or 2d, got '1w'",
    ),
    "a duration below nothing": (
        STEP + "wait: -1s",
        "g.yaml:4: step 'a': wait: expected a duration such as 30s, 10m, 6h or 2d, got '-1s'",
    ),
    "a duration of ages": (
        STEP + "wait: 99999d",
        "g.yaml:4: step 'a': wait: expected a duration of at most 3650d, got '99999d'",
    ),
    "a time-out of nothing": (
        STEP + "timeout: 0s",
        "g.yaml:4: step 'a': timeout: expected a duration longer than 0, got '0s'",
    ),
    "two kinds": (
        STEP + "wait: 1s\n    command: echo",
        "g.yaml:5: step 'a': command: expected one kind of step, got 'wait' and 'command': keep one of them",
    ),
    "arguments of nothing": (
        STEP + "command: echo\n    args: {a: 1}",
        "g.yaml:5: step 'a': args: this key belongs to a python step, and there is no 'python' here",
    ),
    "a fake for what needs none": (
        STEP + "command: echo\n    local: {command: echo}",
        "g.yaml:5: step 'a': local: only a step that one machine cannot run has a 'local' block, "
        "and there is no 'dataflow' here",
    ),
    "an empty fake": (
        STEP + "dataflow: {template: gs://b/t}\n    local: {}",
        "g.yaml:5: step 'a': local: expected command, python or wait, got none of them",
    ),
    "parameters_from twice": (
        STEP + "dataflow: {template: gs://b/t, parameters_from: m:f}\n    parameters_from: m:f",
        "g.yaml:5: step 'a': parameters_from: this key is inside 'dataflow' too: keep one of the two",
    ),
    "a dataflow step without template": (
        STEP + "dataflow: {region: x}",
        "g.yaml:4: step 'a': dataflow.template: expected a value, got none",
    ),
    "a key left empty": (
        STEP + "command:",
        [
            "g.yaml:4: step 'a': command: expected a value, got nothing: fill it in, or leave the key out",
        ],
    ),
    "an empty command": (
        STEP + "command: []",
        "g.yaml:4: step 'a': command: expected a list such as [python, job.py] or one line for a shell, "
        "got an empty one",
    ),
    "an argument that YAML reads as true": (
        STEP + "command:\n      - echo\n      - true",
        "g.yaml:6: step 'a': command[1]: expected text, got true: write it in quotes",
    ),
    "a variable that YAML reads as a fraction": (
        STEP + "command: echo\n    env:\n      VERSION: 1.10",
        "g.yaml:6: step 'a': env.VERSION: expected text, got the number 1.1: write it in quotes",
    ),
    "a variable with no name": (
        STEP + "command: echo\n    env: {'A=B': x}",
        "g.yaml:5: step 'a': env: expected a name without '=', got 'A=B'",
    ),
    "no function": (
        STEP + "python: pipelines.orders",
        "g.yaml:4: step 'a': python: expected module:function, such as pipelines.orders:extract, "
        "got 'pipelines.orders'",
    ),
    "a function of whatever program runs": (
        STEP + "python: __main__:f",
        "g.yaml:4: step 'a': python: expected module:function, such as pipelines.orders:extract, got '__main__:f': "
        "where the step runs, this is a different program: move the function into a module beside the graph's file",
    ),
    "isolated without a function": (
        STEP + "command: make\n    isolated: true",
        "g.yaml:5: step 'a': isolated: this key belongs to a python step, and there is no 'python' here",
    ),
    "an unknown trigger rule": (
        STEP + "trigger: all_sucess",
        "g.yaml:4: step 'a': trigger: no trigger rule is called 'all_sucess' (did you mean 'all_success'?)",
    ),
    "a trigger rule like none": (
        STEP + "trigger: 5",
        "g.yaml:4: step 'a': trigger: no trigger rule is called the number 5: it is one of all_success, all_failed, "
        "all_done, all_done_min_one_success, one_success, one_failed, one_done, none_failed, none_skipped, always, "
        "none_failed_min_one_success or all_skipped",
    ),
    "no attempt": (
        STEP + "retry: {attempts: 0}",
        "g.yaml:4: step 'a': retry.attempts: expected at least 1, got the number 0",
    ),
    "very many attempts": (
        STEP + "retry: {attempts: 1000}",
        "g.yaml:4: step 'a': retry.attempts: expected at most 100, got the number 1000",
    ),
    "half an attempt": (
        STEP + "retry: {attempts: 1.5}",
        "g.yaml:4: step 'a': retry.attempts: expected a whole number, got the number 1.5",
    ),
    "a retry that is a number": (
        STEP + "retry: 3",
        "g.yaml:4: step 'a': retry: expected a mapping such as {attempts: 3, delay: 60s}, got the number 3",
    ),
    "yes for true": (
        STEP + "dataflow: {template: t, streaming: yes}",
        "g.yaml:4: step 'a': dataflow.streaming: expected true or false, got 'yes': "
        "write true or false, without quotes",
    ),
    "half a worker": (
        STEP + "dataflow: {template: t, num_workers: 0}",
        "g.yaml:4: step 'a': dataflow.num_workers: expected a whole number of at least 1, got the number 0",
    ),
    "a word that is not among the words": (
        STEP + "dataflow: {template: t, flexrs_goal: cheap}",
        "g.yaml:4: step 'a': dataflow.flexrs_goal: expected FLEXRS_COST_OPTIMIZED or FLEXRS_SPEED_OPTIMIZED, "
        "got 'cheap'",
    ),
    "a step's name with a space, in an expression": (
        "name: g\nsteps:\n  a: {command: 'echo {{ steps.my job.outputs.x }}'}",
        "g.yaml:3: step 'a': command: expected steps.<name>.outputs.<key> or steps.<name>.status, got 'steps.my'",
    ),
    "an expression in a job's name": (
        STEP + "dataflow: {template: t}\n    job_name: 'a-{{ run.id }}'",
        "g.yaml:5: step 'a': job_name: expected a name of at most 63 letters, digits, '-', '_' and '.', "
        "with no expression in it, got 'a-{{ run.id }}'",
    ),
    "steps in a list": (
        "name: g\nsteps:\n  - name: a",
        "g.yaml:2: steps: expected a mapping of step names to steps, got a list",
    ),
    "a step that is a text": (
        "name: g\nsteps:\n  a: echo",
        "g.yaml:3: step 'a': expected a mapping of the step's keys, such as command and after, got 'echo'",
    ),
    "a step's name with a space": (
        "name: g\nsteps:\n  a b: {wait: 1s}",
        "g.yaml:3: step 'a b': expected a letter, then at most 99 letters, digits, '_', '.' or '-', got 'a b'",
    ),
    "a step's name with an underscore in front": (
        "name: g\nsteps:\n  _end: {wait: 1s}",
        "g.yaml:3: step '_end': expected a letter, then at most 99 letters, digits, '_', '.' or '-', got '_end'",
    ),
    "a graph's name with capitals": (
        "name: Daily Sales\nsteps: {a: }",
        "g.yaml:1: name: expected at most 63 lower-case letters, digits and '-', with no '-' at an end, "
        "got 'Daily Sales'",
    ),
    "no name": ("steps: {a: }", "g.yaml:1: name: expected the graph's name, such as 'name: daily-sales', got none"),
    "no steps": ("name: g", "g.yaml:1: steps: expected the graph's steps, got none"),
    "empty steps": ("name: g\nsteps: {}", "g.yaml:2: steps: expected at least one step, got none"),
    "steps left empty": ("name: g\nsteps:", "g.yaml:2: steps: expected a mapping of step names to steps, got nothing"),
    "a file that is a list": ("- a\n- b", "g.yaml:1: expected a mapping with the keys name and steps, got a list"),
    "a file that is a text": ("hello", "g.yaml:1: expected a mapping with the keys name and steps, got 'hello'"),
    "an empty file": ("", "g.yaml:1: expected a graph with a name and steps, got an empty file"),
    "a file of blanks": (" \n\n", "g.yaml:1: expected a graph with a name and steps, got an empty file"),
    "a file of comments": ("# nothing", "g.yaml:1: expected a mapping with the keys name and steps, got nothing"),
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
        "steps: {a: {dataflow: {template: t}}, b: {dataflow: {template: t}}}",
        "g.yaml:3: defaults: parameters.x: no param is called 'p'",
    ),
    "an expression without quotes": (
        STEP + "when: {{ params.full }}",
        'g.yaml:4: expected text: if this is an expression, put it in quotes: "{{ … }}"',
    ),
    "an expression without quotes, and text after it": (
        STEP + "command: {{ params.full }}/x",
        'g.yaml:4: expected text: if this is an expression, put it in quotes: "{{ … }}"',
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


@pytest.mark.parametrize(("text", "lines"), BAD_YAML.values(), ids=BAD_YAML)
def test_a_yaml_file_is_refused_in_these_words(refusal: Refusal, text: str | bytes, lines: str | list[str]) -> None:
    assert refusal(text) == ([lines] if isinstance(lines, str) else lines)


BAD_JSON = {
    "no JSON": (
        "{name: 1}",
        "g.json:1: this is not JSON: expecting property name enclosed in double quotes (column 2)",
    ),
    "a comma too many": (
        '{"name": "g",\n "steps": {"a": {"after": ["b",]}}}',
        "g.json:2: this is not JSON: nothing follows the last comma before ']': leave the comma out (column 32)",
    ),
    "a list": ("[]", "g.json:1: expected a mapping with the keys name and steps, got a list"),
    "nothing but null": ("null", "g.json:1: expected a mapping with the keys name and steps, got nothing"),
    "a key twice": (
        '{"name": "g", "steps": {\n"a": {"wait": "1s"},\n"a": {"wait": "1s"}}}',
        "g.json:3: the key 'a' is written twice here, first on line 2",
    ),
    "not a number": (
        '{"name": "g",\n"steps": {"a": {"python": "m:f", "args": {\n"x": NaN, "y": 1e999}}}}',
        [
            "g.json:3: expected a number that JSON can hold, got 'NaN'",
            "g.json:3: expected a number that JSON can hold, got '1e999'",
        ],
    ),
    "a huge number": (
        '{"name": "g", "steps": {"a": {"python": "m:f", "args": {"x":\n' + "9" * 5000 + "}}}}",
        f"g.json:2: expected a number of at most 64 bits, got '{'9' * 57}...': write it in quotes, as text",
    ),
    "a bottomless list": ("[" * 200_000, "g.json:1: expected lists and mappings nested at most 100 deep"),
    "a wrong type, far inside": (
        '{"name": "g",\n"steps": {\n"a": {\n"retry": {\n"attempts": "3"}}}}',
        "g.json:5: step 'a': retry.attempts: expected a whole number, got '3'",
    ),
    "an unknown step": (
        '{"name": "g",\n"steps": {\n"a": {"after": ["b",\n"c"]}, "b": {}}}',
        "g.json:4: step 'a': after: no step is called 'c'",
    ),
    "a key with an escape": (
        '{"name": "g", "steps": {"a\\n": {},\n"\\u00e9": null}}',
        [
            "g.json:1: step 'a\\n': expected a letter, then at most 99 letters, digits, '_', '.' or '-', got 'a\\n'",
            "g.json:2: step 'é': expected a letter, then at most 99 letters, digits, '_', '.' or '-', got 'é'",
        ],
    ),
}


@pytest.mark.parametrize(("text", "lines"), BAD_JSON.values(), ids=BAD_JSON)
def test_a_json_file_is_refused_in_these_words(refusal: Refusal, text: str, lines: str | list[str]) -> None:
    assert refusal(text, "g.json") == ([lines] if isinstance(lines, str) else lines)


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(refusal: Refusal) -> None:
    text = """
name: sales
params:
  date: {type: date, default: tomorow}
defaults:
  retry: {attempts: 3, delay: 60}
steps:
  extract-orders:
    dataflow:
      template: gs://bucket/orders.json
      regoin: europe-west4
      parameters: {input: "gs://raw/{{ params.dat }}/orders.csv"}
    timeout: 6 h
  report:
    after: [extract-order, report]
    when: params.full
    command: ["echo", "{{ steps.extract-orders.output.rows }}", "{{ steps.later.status }}"]
  later: {after: report}
  a: {next: b}
  b: {next: a}
"""
    assert refusal(text) == [
        "g.yaml:4: param 'date': default: expected a date such as 2025-01-31, today or yesterday, got 'tomorow'",
        "g.yaml:6: defaults: retry.delay: expected a duration such as 30s, 10m, 6h or 2d, got the number 60: "
        "write 60s if seconds are meant",
        "g.yaml:11: step 'extract-orders': dataflow.regoin: unknown key (did you mean 'region'?)",
        "g.yaml:12: step 'extract-orders': dataflow.parameters.input: no param is called 'dat' (did you mean 'date'?)",
        "g.yaml:13: step 'extract-orders': timeout: expected a duration such as 30s, 10m, 6h or 2d, got '6 h'",
        "g.yaml:15: step 'report': after: no step is called 'extract-order' (did you mean 'extract-orders'?)",
        "g.yaml:15: step 'report': after: a step cannot come after itself",
        "g.yaml:16: step 'report': when: expected one expression such as \"{{ params.full }}\" and nothing else, "
        "got 'params.full'",
        "g.yaml:17: step 'report': command[1]: a step has outputs and status, not 'output' (did you mean 'outputs'?)",
        "g.yaml:17: step 'report': command[2]: step 'later' does not come before this one: add it to 'after'",
        "g.yaml:19: step 'a': after: these steps wait for each other in a cycle: a -> b -> a",
    ]


def test_a_bomb_of_aliases_is_refused_before_it_goes_off(refusal: Refusal) -> None:
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    assert refusal("\n".join(["a0: &a0 [x, x]", *rows])) == [
        "g.yaml:7: expected at most 1,000,000 values, those that aliases repeat included"
    ]


def test_a_bomb_of_merges_is_refused_before_it_goes_off(refusal: Refusal) -> None:
    keys = "\n".join(f"  k{n}: 1" for n in range(10_000))
    rows = "\n".join(f"b{n}: {{<<: *a}}" for n in range(1_000))
    assert refusal(f"a: &a\n{keys}\n{rows}") == [
        "g.yaml:10051: expected at most 1,000,000 values, those that aliases repeat included"
    ]


def test_thousands_of_wrong_names_are_told_in_no_time(refusal: Refusal) -> None:
    rows = "\n".join(f"  step{n}: {{after: stop{n}}}" for n in range(3_000))
    lines = refusal(f"name: g\nsteps:\n{rows}")
    assert len(lines) == 1_001
    assert lines[0] == "g.yaml:3: step 'step0': after: no step is called 'stop0' (did you mean 'step0'?)"
    assert lines[-2] == "g.yaml:1002: step 'step999': after: no step is called 'stop999'"
    assert lines[-1] == "g.yaml:1003: and 2,000 more problems from here on"


def test_a_graph_has_a_bounded_number_of_steps(refusal: Refusal) -> None:
    text = json.dumps({"name": "g", "steps": {f"s{n}": {} for n in range(50_001)}})
    assert refusal(text, "g.json") == ["g.json:1: steps: expected at most 50,000 steps, got 50,001"]


def test_a_file_that_is_not_there_is_named_with_the_one_that_is(load: Load) -> None:
    load("name: g\nsteps: {a: }", "sales.yaml")
    with pytest.raises(NotFoundError, match=re.escape("sale.yaml: there is no such file (did you mean 'sales.yaml'?)")):
        load_graph("sale.yaml")
    with pytest.raises(NotFoundError, match=re.escape("no/where.yaml: there is no such file")):
        load_graph("no/where.yaml")


def test_a_folder_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").mkdir()
    with pytest.raises(UsageError, match=re.escape("g.yaml: expected a file, got a folder")):
        load_graph(tmp_path / "g.yaml")


def test_a_device_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=re.escape("g.yaml: expected a file, got a device")):
        load_graph(tmp_path / "g.yaml")


def test_a_pipe_is_no_graph_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "g.yaml")
    for load_it in (load_graph, lambda path: find_graph(str(path))):
        with pytest.raises(UsageError, match=r"g\.yaml: expected a file, got a pipe$"):
            load_it(tmp_path / "g.yaml")


def test_a_path_that_cannot_be_used_is_told_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "round.yaml").symlink_to("round.yaml")
    long = f"{'x' * 300}.yaml"
    for load_it in (load_graph, find_graph):
        with pytest.raises(UsageError, match=r"^x{200}…: the path is too long: give a shorter one$"):
            load_it(long)
        with pytest.raises(
            UsageError, match=r"round\.yaml: its symbolic links lead in a circle: correct the links, or"
        ):
            load_it(str(tmp_path / "round.yaml"))


def test_a_file_of_another_sort_is_no_graph() -> None:
    with pytest.raises(UsageError, match=r"^g\.toml: expected a file that ends in \.yaml, \.yml, \.json or \.py$"):
        load_graph("g.toml")


def test_a_file_of_100_megabytes_is_not_read(tmp_path: Path) -> None:
    big = tmp_path / "g.yaml"
    big.touch()
    os.truncate(big, 100 * 2**20)
    with pytest.raises(UsageError, match=r"expected a file of at most 16 MB, got one of 100\.0 MB$"):
        load_graph(big)


def test_a_name_that_no_file_can_have_is_no_traceback() -> None:
    with pytest.raises(UsageError, match="the file cannot be read: no name of a file has the character NUL"):
        load_graph("a\0b.yaml")


def test_the_problems_keep_their_places(load: Load) -> None:
    with pytest.raises(InvalidGraphError) as refused:
        load(STEP + "wait: 5")
    (problem,) = refused.value.problems
    assert problem.path == ("steps", "a", "wait")
