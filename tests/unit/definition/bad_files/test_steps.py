"""Graph files with a step whose values are wrong, and the messages that say so."""

import pytest

from tests.unit.definition.conftest import Refusal

STEP = "name: g\nsteps:\n  a:\n    "

BAD = {
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
    "a template that is on this machine": (
        STEP + "dataflow: {template: ./templates/orders.json}",
        "g.yaml:4: step 'a': dataflow.template: expected a template's path in Cloud Storage, such as "
        "gs://bucket/template.json, got './templates/orders.json'",
    ),
    "a template that is a bucket": (
        STEP + "dataflow: {template: 'gs://bucket'}",
        "g.yaml:4: step 'a': dataflow.template: expected a template's path in Cloud Storage, such as "
        "gs://bucket/template.json, got 'gs://bucket'",
    ),
    "a template of another service, with an expression": (
        STEP + "dataflow: {template: 's3://{{ run.deployment.bucket }}/t.json'}",
        "g.yaml:4: step 'a': dataflow.template: expected a template's path in Cloud Storage, such as "
        "gs://bucket/template.json, got 's3://{{ run.deployment.bucket }}/t.json'",
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
        "g.yaml:4: step 'a': command: expected a list such as [python, job.py] or a shell script, got an empty one",
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
        "none_failed_min_one_success or all_skipped, or {at_least: 3} or {all_done_within: 2h}",
    ),
    "a rule that lacks its number": (
        STEP + "trigger: at_least",
        "g.yaml:4: step 'a': trigger: at_least needs a number: write {at_least: 3}",
    ),
    "a rule that has a number and needs none": (
        STEP + "trigger: {all_done: 3}",
        "g.yaml:4: step 'a': trigger: expected the name of a rule, or {at_least: 3} or {all_done_within: 2h}, "
        "got a mapping",
    ),
    "two rules": (
        STEP + "trigger: {at_least: 3, all_done_within: 2h}",
        "g.yaml:4: step 'a': trigger: expected the name of a rule, or {at_least: 3} or {all_done_within: 2h}, "
        "got a mapping",
    ),
    "no success": (
        STEP + "trigger:\n      at_least: 0",
        "g.yaml:5: step 'a': trigger.at_least: expected a whole number of at least 1, got the number 0",
    ),
    "a number of successes as text": (
        STEP + "trigger: {at_least: two}",
        "g.yaml:4: step 'a': trigger.at_least: expected a whole number of at least 1, got 'two'",
    ),
    "no time": (
        STEP + "trigger: {all_done_within: 0s}",
        "g.yaml:4: step 'a': trigger.all_done_within: expected a duration longer than 0, got '0s'",
    ),
    "a time without a unit": (
        STEP + "trigger: {all_done_within: 90}",
        "g.yaml:4: step 'a': trigger.all_done_within: expected a duration such as 30s, 10m, 6h or 2d, "
        "got the number 90: write 90s if seconds are meant",
    ),
    "more successes than steps": (
        "name: g\nsteps:\n  a:\n  b:\n  c:\n    after: [a, b]\n    trigger: {at_least: 3}",
        "g.yaml:7: step 'c': trigger.at_least: expected at most 2, the number of steps before this one, got 3",
    ),
    "so many of one step": (
        "name: g\nsteps:\n  a:\n  c:\n    after: a\n    trigger: {at_least: 1}",
        "g.yaml:6: step 'c': trigger: at_least is for a step after several others, and this has only one: leave it out",
    ),
    "so long after one step": (
        "name: g\nsteps:\n  a:\n  c:\n    after: a\n    trigger: {all_done_within: 2h}",
        "g.yaml:6: step 'c': trigger: all_done_within is for a step after several others, and this has only one: "
        "write all_done",
    ),
    "so many of no step": (
        STEP + "trigger: {at_least: 1}",
        "g.yaml:4: step 'a': trigger: at_least is for a step after several others, and this has none: leave it out",
    ),
    "so many steps before every step": (
        "name: g\ndefaults:\n  trigger: {at_least: 1}\nsteps: {a: }",
        "g.yaml:3: defaults: trigger: expected the name of a rule: write one with a number at the step that it is "
        "meant for",
    ),
    "a teardown after so many": (
        "name: g\nsteps:\n  a:\n  b:\n  c:\n    after: [a, b]\n    teardown: true\n    trigger: {at_least: 1}",
        "g.yaml:8: step 'c': trigger: a teardown runs when all before it have ended: leave out the trigger at_least",
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
        STEP + "dataflow: {template: gs://b/t, streaming: yes}",
        "g.yaml:4: step 'a': dataflow.streaming: expected true or false, got 'yes': "
        "write true or false, without quotes",
    ),
    "half a worker": (
        STEP + "dataflow: {template: gs://b/t, num_workers: 0}",
        "g.yaml:4: step 'a': dataflow.num_workers: expected a whole number of at least 1, got the number 0",
    ),
    "a word that is not among the words": (
        STEP + "dataflow: {template: gs://b/t, flexrs_goal: cheap}",
        "g.yaml:4: step 'a': dataflow.flexrs_goal: expected FLEXRS_COST_OPTIMIZED or FLEXRS_SPEED_OPTIMIZED, "
        "got 'cheap'",
    ),
    "a step's name with a space, in an expression": (
        "name: g\nsteps:\n  a: {command: 'echo {{ steps.my job.outputs.x }}'}",
        "g.yaml:3: step 'a': command: expected steps.<name>.outputs.<key> or steps.<name>.status, got 'steps.my'",
    ),
    "an expression in a job's name": (
        STEP + "dataflow: {template: gs://b/t}\n    job_name: 'a-{{ run.id }}'",
        "g.yaml:5: step 'a': job_name: expected a name of at most 63 letters, digits, '-', '_' and '.', "
        "with no expression in it, got 'a-{{ run.id }}'",
    ),
}


@pytest.mark.parametrize(("text", "lines"), BAD.values(), ids=BAD)
def test_a_yaml_file_is_refused_in_these_words(refusal: Refusal, text: str | bytes, lines: str | list[str]) -> None:
    assert refusal(text) == ([lines] if isinstance(lines, str) else lines)
