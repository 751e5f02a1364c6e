"""Expressions are checked before any run: what they name must be there, and upstream."""

import pytest

from orchestrator.core.graph import Graph, Param
from orchestrator.core.rules import IMPATIENT, TriggerRule
from orchestrator.core.steps import Step, Work
from orchestrator.definition.checks import check, doubts
from orchestrator.errors import Problem

USES = {
    "{{ params.date }}": None,
    "{{ params.dat }}": "no param is called 'dat' (did you mean 'date'?)",
    "{{ steps.first-step.outputs.rows }}": None,
    "{{ steps.first-step.status }}": None,
    "{{ steps.second.outputs.rows }}": None,
    "{{ steps.frist-step.outputs.rows }}": "no step is called 'frist-step' (did you mean 'first-step'?)",
    "{{ steps.aside.outputs.rows }}": ("step 'aside' does not come before this one: add it to 'after'"),
    "{{ steps.last.outputs.rows }}": ("step 'last' does not come before this one: add it to 'after'"),
    "{{ steps.user.outputs.rows }}": "a step cannot use its own outputs or status",
    "{{ steps.first-step.output.rows }}": "a step has outputs and status, not 'output' (did you mean 'outputs'?)",
    "{{ steps['first-step'].output }}": "a step has outputs and status, not 'output' (did you mean 'outputs'?)",
    "{{ steps.first-step }}": (
        "expected steps.first-step.outputs.<key> or steps.first-step.status, got 'steps.first-step'"
    ),
    "{{ steps.seconds.state }}": (
        "expected steps.<name>.outputs.<key> or steps.<name>.status, got 'steps.seconds.state' (did you mean 'second'?)"
    ),
    "{{ steps.dotted.name.outputs.x }}": None,
    "{{ steps.dotted.name.rows }}": "a step has outputs and status, not 'rows'",
    "{{ word }}": "nothing is called 'word': an expression can use params, steps and run",
    "{{ run.id | upcase }}": "no filter is called 'upcase'",
    "{{ run.id": ("expected '}}' after '{{' in '{{ run.id', got none: for literal braces, write {{ '{{' }}"),
}


@pytest.mark.parametrize(("text", "words"), USES.items())
def test_an_expression_is_looked_at(text: str, words: str | None) -> None:
    graph = Graph(
        "g",
        (
            Step("dotted.name"),
            Step("first-step", after=("dotted.name",)),
            Step("second", after=("first-step",)),
            Step("aside"),
            Step("user", Work("command", {"command": ["echo", text]}), after=("second",)),
            Step("last", after=("user",)),
        ),
        (Param("date"),),
    )
    expected = [] if words is None else [Problem(("steps", "user", "command", 1), words)]
    assert check(graph) == expected


def test_every_part_of_a_step_is_looked_at() -> None:
    bad = "{{ params.x }}"
    words = "no param is called 'x'"
    job = Work("dataflow", {"template": bad, "parameters": {"a": {"b": [bad]}}, "labels": {"l": bad}})
    graph = Graph(
        "g",
        (
            Step("a", job, when=bad, local=Work("command", {"command": bad, "env": {"E": bad}, "cwd": bad})),
            Step("b", Work("python", {"function": "m:f", "args": {"k": bad}})),
        ),
    )
    assert check(graph) == [
        Problem(("steps", "a", "when"), words),
        Problem(("steps", "a", "dataflow", "template"), words),
        Problem(("steps", "a", "dataflow", "parameters", "a", "b", 0), words),
        Problem(("steps", "a", "dataflow", "labels", "l"), words),
        Problem(("steps", "a", "local", "command"), words),
        Problem(("steps", "a", "local", "env", "E"), words),
        Problem(("steps", "a", "local", "cwd"), words),
        Problem(("steps", "b", "args", "k"), words),
    ]


def test_the_places_of_expressions_in_shell_lines_are_looked_at() -> None:
    line = "echo {{ params.x }} # {{ params.x }}"
    graph = Graph(
        "g",
        (
            Step("a", Work("command", {"command": line, "env": {"E": line}})),
            Step("b", Work("command", {"command": ["bash", "-ec", line, line]})),
            Step("c", Work("dataflow", {"template": line}), local=Work("command", {"command": line})),
            Step("d", Work("command", {"command": ["ls", "{{ params.x | words }}"]})),
        ),
        (Param("x"),),
    )
    words = (
        "{{ params.x }} in line 1 is in a comment, where no quoting is safe: "
        'use "$ORCHESTRATOR_PARAM_x" there; or, if it is code, write {{ params.x | raw }}'
    )
    assert check(graph) == [
        Problem(("steps", "a", "command"), words),
        Problem(("steps", "b", "command", 2), words),
        Problem(("steps", "c", "local", "command"), words),
        Problem(("steps", "d", "command", 1), "'words' is only for shell scripts, and this is not one"),
    ]


def test_a_value_among_words_that_are_read_as_code_is_a_problem() -> None:
    commands = (["bash", "-c", "--", "ls {{ params.x }}"], ["ssh", "h", "ls", "{{ params.x }}", "{{ params.x | raw }}"])
    steps = tuple(
        Step(name, Work("command", {"command": [*words]})) for name, words in zip("ab", commands, strict=True)
    )
    wrong = (
        "{{ params.x }} is in a script for a shell on another machine, where no quoting is safe: "
        "send the value to the standard input of the program that runs there; "
        "or, if it is code, write {{ params.x | raw }}"
    )
    assert check(Graph("g", steps, (Param("x"),))) == [Problem(("steps", "b", "command", 3), wrong)]


def test_a_cycle_does_not_keep_the_rest_from_being_looked_at() -> None:
    graph = Graph(
        "g",
        (
            Step("a", after=("b",)),
            Step("b", Work("command", {"command": "{{ steps.c.status }}"}), after=("a",)),
            Step("c", Work("command", {"command": "{{ steps.d.status }}"}), after=("nowhere",)),
            Step("d"),
        ),
    )
    assert check(graph) == [
        Problem(
            ("steps", "c", "command"),
            "step 'd' does not come before this one: add it to 'after'",
        )
    ]


def test_a_long_chain_in_which_each_step_uses_the_first_is_looked_at_in_no_time() -> None:
    use = Work("command", {"command": "{{ steps.s0.outputs.x }}"})
    steps = [Step("s0"), *(Step(f"s{n}", use, (f"s{n - 1}",)) for n in range(1, 5_000)), Step("alone", use)]
    words = "step 's0' does not come before this one: add it to 'after'"
    assert check(Graph("g", tuple(steps))) == [Problem(("steps", "alone", "command"), words)]


def test_a_long_chain_in_which_each_step_uses_the_one_before_the_last_is_looked_at_in_no_time() -> None:
    def step(number: int) -> Step:
        use = Work("command", {"command": f"{{{{ steps.s{number - 2}.outputs.x }}}}"})
        return Step(f"s{number}", use if number > 1 else Work(), (f"s{number - 1}",) if number else ())

    assert check(Graph("g", tuple(step(number) for number in range(5_000)))) == []


@pytest.mark.parametrize("trigger", sorted(IMPATIENT))
def test_what_may_still_be_running_cannot_be_used(trigger: TriggerRule) -> None:
    text = "{{ steps.slow.outputs.rows }}"
    graph = Graph(
        "g",
        (
            Step("fast"),
            Step("slow"),
            Step("first", Work("command", {"command": ["echo", text]}), ("fast", "slow"), trigger),
            Step("later", Work("command", {"command": ["echo", text]}), ("first",)),
            Step("sure", Work("command", {"command": ["echo", text]}), ("first", "slow")),
        ),
    )
    words = (
        "step 'slow' may still be running then, because a trigger in between "
        "(all_done_within, always, at_least, one_done, one_failed or one_success) does not wait for all"
    )
    assert check(graph) == [Problem(("steps", name, "command", 1), words) for name in ("first", "later")]


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "a.status": "steps.a.status means the status of step 'a': write 'a-status'",
        "a.b.outputs": "steps.a.b.outputs means the outputs of step 'a.b': write 'a.b-outputs'",
        "a.outputs.status": "steps.a.outputs means the outputs of step 'a': write 'a-outputs.status'",
    }.items(),
)
def test_a_step_is_not_called_as_what_another_one_has(name: str, words: str) -> None:
    problem = Problem(("steps", name), f"a step cannot have this name: {words}")
    assert check(Graph("g", (Step(name),))) == [problem]


def test_a_step_may_have_those_words_elsewhere_in_its_name() -> None:
    names = ("status", "outputs", "status.x", "a.outputs-x", "a-status", "a.statuses")
    steps = [Step(name) for name in names]
    text = " ".join(f"{{{{ steps.{name}.status }}}} {{{{ steps.{name}.outputs.x }}}}" for name in names)
    user = Step("user", Work("command", {"command": ["echo", text]}), after=names)
    assert check(Graph("g", (*steps, user))) == []


def unsure(name: str) -> str:
    return (
        f"step '{name}' may have been skipped or have failed, and then it has no outputs: "
        f"give a default, as in {{{{ steps.{name}.outputs.rows | default(0) }}}}"
    )


DOUBTFUL = {
    "{{ steps.first.outputs.x }}": ["first"],
    "{{ steps.first.outputs.x + steps.second.outputs.y }}": ["first", "second"],
    "{{ steps.first.outputs['x'].y | upper }}": ["first"],
    "{{ steps.first.outputs.x | default(0) }}": [],
    "{{ (steps.first.outputs.x | d(0)) + 1 }}": [],
    "{{ 'a' | default(steps.first.outputs.x) }}": [],
    "{{ steps.first.outputs.x if steps.first.status == 'succeeded' else 0 }}": [],
    "{{ steps.first.outputs.x if steps.first.outputs.x is defined else 0 }}": [],
    "{{ steps.first.outputs.x is defined }}": [],
    "{{ steps.first.outputs }}": [],
    "{{ steps.first.status }}": [],
}


@pytest.mark.parametrize(("text", "names"), DOUBTFUL.items())
def test_outputs_that_may_not_be_there_are_doubted(text: str, names: list[str]) -> None:
    graph = Graph(
        "g",
        (
            Step("first"),
            Step("second", after=("first",)),
            Step("user", Work("command", {"command": ["echo", text]}), ("second",), TriggerRule.ALL_DONE),
        ),
    )
    assert check(graph) == []
    assert doubts(graph) == [Problem(("steps", "user", "command", 1), unsure(name)) for name in names]


@pytest.mark.parametrize("rule", sorted(set(TriggerRule) - IMPATIENT))
def test_only_a_rule_that_wants_success_makes_sure_of_outputs(rule: TriggerRule) -> None:
    use = Work("command", {"command": ["echo", "{{ steps.a.outputs.x }}"]})
    for others in ((), ("b",)):
        graph = Graph("g", (Step("a"), Step("b"), Step("c", use, ("a", *others), rule), Step("d", use, ("c",))))
        wants_all = {TriggerRule.ALL_SUCCESS}
        wants_one = {TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS}
        sure = rule in wants_all or (rule in wants_one and not others)
        assert [problem.path[1] for problem in doubts(graph)] == ([] if sure else ["c", "d"])


def test_the_folder_of_a_run_is_not_for_the_cloud() -> None:
    there, here = "{{ run.dir }}/x", "{{ run.id }}"
    words = (
        "run.dir is a folder that steps share on one machine, and this runs in the cloud: "
        "write a path in a bucket, such as gs://bucket/{{ run.id }}"
    )
    job = Work("dataflow", {"template": here, "parameters": {"a": [there]}, "temp_location": there})
    local = Work("command", {"command": ["ls", there]})
    steps = (Step("a", job, when="{{ run.dir != '' }}", local=local), Step("b", when="{{ run.dir != '' }}"))
    found = [
        Problem(("steps", "a", "when"), words),
        Problem(("steps", "a", "dataflow", "parameters", "a", 0), words),
        Problem(("steps", "a", "dataflow", "temp_location"), words),
    ]
    assert check(Graph("g", steps)) == [*found, Problem(("steps", "b", "when"), words)]
    assert check(Graph("g", (*steps, Step("c", local)))) == found


@pytest.mark.parametrize("trigger", sorted(IMPATIENT))
def test_of_a_single_step_before_it_each_rule_but_always_waits_for_the_end(trigger: TriggerRule) -> None:
    """What mails somebody that a step failed names that step."""
    mail = Work("command", {"command": ["mail", "{{ steps.load.status }}"]})
    graph = Graph("g", (Step("load"), Step("mail", mail, after=("load",), trigger=trigger)))
    assert bool(check(graph)) == (trigger is TriggerRule.ALWAYS)
