"""Steps with ``map``: what they may say, and what of them is meant for each item."""

from pathlib import Path

import pytest

from orchestrator.core.kinds import KINDS
from orchestrator.core.steps import Retry
from orchestrator.definition.build import build
from orchestrator.definition.document import document
from orchestrator.definition.reads import reads
from orchestrator.text import listed
from tests.unit.definition.conftest import Load, Refusal


def test_what_is_meant_for_each_item_is_in_the_body_and_the_rest_in_the_step(load: Load) -> None:
    graph = load(
        "name: g\nsteps:\n"
        "  first: {command: 'true'}\n"
        "  each: {after: first, map: ['a', 'b'], tolerate: 5%, command: [echo, '{{ item }} {{ index }}'],\n"
        "    retry: {attempts: 3}, timeout: 1h, job_name: one, allow_failure: true, when: '{{ 1 == 1 }}'}\n"
    )
    step = graph.by_name["each"]
    assert (step.work.kind, step.work.spec) == ("map", {"over": ["a", "b"], "tolerate": "5%"})
    assert (step.after, step.allow_failure, step.when, step.retry) == (("first",), True, "{{ 1 == 1 }}", Retry())
    (body,) = graph.inners[step.inner].plan.steps
    assert (body.name, body.work.kind, body.retry.attempts, body.timeout, body.job_name) == (
        "each", "command", 3, 3600.0, "one",
    )  # fmt: skip
    assert (body.after, body.when, body.allow_failure) == ((), None, False)
    assert build(document(graph), Path("g.yaml")) == (graph, [])


WRONG = {
    "{map: 3, command: 'true'}": "map: expected a list, or an expression that gives one, got the number 3",
    "{map: [1]}": f"map: expected what to do for each item: {listed(kind.key for kind in KINDS)}, got none of them",
    "{map: [1], tolerate: 101%, command: 'true'}": (
        "tolerate: expected a number of items such as 3, or a share such as 5%, got '101%'"
    ),
    "{tolerate: 1, command: 'true'}": (
        "tolerate: only a step with 'map' tolerates failures of its items, and there is none"
    ),
    "{max_parallel: 1, command: 'true'}": (
        "max_parallel: only a step with 'map' has a limit of its own, and there is none: write it as a key of the graph"
    ),
    "{map: [1], max_parallel: 0, command: 'true'}": "max_parallel: expected at least 1, got the number 0",
    "{map: [1], max_parallel: many, command: 'true'}": "max_parallel: expected a whole number, got 'many'",
    "{command: 'echo {{ item }}'}": (
        "command: item and index exist only in a step with 'map', in what it does for each item"
    ),
    "{map: [1], when: '{{ item }}', command: 'true'}": (
        "when: item and index exist only in a step with 'map', in what it does for each item"
    ),
    "{map: '{{ params.z }}', command: 'true'}": "map: no param is called 'z'",
    "{map: [1], command: 'echo {{ steps.z.outputs.n }}'}": "command: no step is called 'z'",
    "{graph: nope, pool: p}": (
        "pool: a step that runs a graph is in no pool, as its steps may need the place: give these the pool instead"
    ),
    "{map: [1], graph: nope}": "graph: no graph is called 'nope'",
}


@pytest.mark.parametrize("step", WRONG)
def test_what_cannot_be_mapped_is_refused(refusal: Refusal, step: str) -> None:
    assert WRONG[step] in [line.split(": ", 2)[2] for line in refusal(f"name: g\nsteps:\n  a: {step}\n")]


def test_more_items_than_can_be_are_refused_and_so_is_a_name_that_leaves_no_room(refusal: Refusal) -> None:
    (said,) = refusal(f"name: g\nsteps:\n  a: {{map: {list(range(10_001))}, command: 'true'}}\n")
    assert said.endswith("step 'a': map: expected at most 10,000 items, got 10,001: map over parts of the list")
    (said,) = refusal(f"name: g\nsteps:\n  {'a' * 96}: {{map: [1], command: 'true'}}\n")
    assert said.endswith("the name of a step with 'map' has at most 95 characters: '.9999' follows it")


def test_an_item_of_a_free_list_may_not_choose_the_code_of_a_job(refusal: Refusal) -> None:
    """The list is a param of free text, so its items are."""
    text = (
        "name: g\nparams: {files: [gs://b/a.json]}\nsteps:\n"
        "  a: {map: '{{ params.files }}', dataflow: {template: '{{ item }}'}}\n"
    )
    assert "step 'a': dataflow.template: param 'files' is free text" in refusal(text)[0]


def test_a_graph_can_be_the_body(load: Load, tmp_path: Path) -> None:
    load("name: one\nparams: {n: {type: int}}\nsteps: {x: {command: 'true'}}\n", "one.yaml")
    graph = load("name: g\nsteps: {a: {map: [1, 2], graph: one, params: {n: '{{ item }}'}}}\n")
    assert [step.name for step in graph.all_steps] == ["a", "a/a", "a/a/x"]


def test_what_the_body_reads_the_step_reads(load: Load) -> None:
    graph = load("name: g\nparams: {n: 1, m: 1}\nsteps: {a: {map: [1], python: 'x:y', args: {n: '{{ params.n }}'}}}\n")
    why = reads(stand_ins=True, inners=graph.inners)
    assert (why(graph.steps[0], ["n"]), why(graph.steps[0], [])) == ("reads the changed param n", "")
