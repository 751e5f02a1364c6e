"""Graph files whose keys, names or edges are wrong, and the messages that say so."""

import pytest

from tests.unit.definition.conftest import Refusal

STEP = "name: g\nsteps:\n  a:\n    "

BAD = {
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
    "other tools' words for map": (
        STEP + "foreach: [1]\n    for_each: [2]",
        [
            f"g.yaml:{line}: step 'a': {word}: unknown key: write map: with the list, and the step does its work for "
            "each {{ item }} of it"
            for line, word in ((4, "foreach"), (5, "for_each"))
        ],
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
}


@pytest.mark.parametrize(("text", "lines"), BAD.values(), ids=BAD)
def test_a_yaml_file_is_refused_in_these_words(refusal: Refusal, text: str | bytes, lines: str | list[str]) -> None:
    assert refusal(text) == ([lines] if isinstance(lines, str) else lines)
