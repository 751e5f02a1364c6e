"""The graph: what shapes are right, and what can be asked of one."""

import networkx as nx
import pytest

from orchestrator.core.graph import Graph, Param
from orchestrator.core.steps import Retry, Step, Work
from orchestrator.errors import InvalidGraphError, Problem, UsageError
from orchestrator.text import did_you_mean


def graph(**after: str) -> Graph:
    """``graph(a="", b="a")``: a, then b."""
    return Graph("g", tuple(Step(name, after=tuple(sorted(before.split()))) for name, before in after.items()))


DIAMOND = graph(a="", b="a", c="a", d="b c", e="")


def test_a_right_shape_has_no_problems() -> None:
    assert DIAMOND.problems() == []
    assert DIAMOND.compile().steps == DIAMOND.steps


def test_a_graph_needs_a_step() -> None:
    assert Graph("g", ()).problems() == [Problem(("steps",), "expected at least one step, got none")]


def test_a_name_is_used_once() -> None:
    twice = Graph("g", (Step("a"), Step("b"), Step("a")))
    assert twice.problems() == [Problem(("steps", "a"), "this name is used by two steps")]


def test_a_predecessor_must_be_there() -> None:
    assert graph(orders="", report="order").problems() == [
        Problem(("steps", "report", "after"), "no step is called 'order' (did you mean 'orders'?)")
    ]


def test_a_step_cannot_come_after_itself() -> None:
    assert graph(a="a").problems() == [Problem(("steps", "a", "after"), "a step cannot come after itself")]


def test_a_cycle_is_named_step_by_step_from_its_first_name() -> None:
    assert graph(c="b", a="c", b="a", d="c", e="").problems() == [
        Problem(("steps", "a", "after"), "these steps wait for each other in a cycle: a -> b -> c -> a")
    ]


@pytest.mark.parametrize(
    ("count", "words"),
    {
        12: "these steps wait for each other in a cycle: "
        "s0000 -> s0001 -> s0002 -> s0003 -> s0004 -> s0005 -> s0006 -> s0007 -> s0008 -> s0009 -> s0010 -> s0011 "
        "-> s0000",
        1_200: "these 1,200 steps wait for each other in a cycle: "
        "s0000 -> s0001 -> s0002 -> s0003 -> s0004 -> s0005 -> s0006 -> s0007 -> … 1,190 more … "
        "-> s1198 -> s1199 -> s0000",
    }.items(),
)
def test_a_cycle_is_told_in_a_line_however_long_it_is(count: int, words: str) -> None:
    steps = [Step(f"s{number:04}", after=(f"s{(number - 1) % count:04}",)) for number in range(count)]
    assert Graph("g", tuple(steps)).problems() == [Problem(("steps", "s0000", "after"), words)]


def test_each_knot_has_its_cycle() -> None:
    assert sorted(problem.message for problem in graph(a="b", b="a", c="d b", d="c").problems()) == [
        "these steps wait for each other in a cycle: a -> b -> a",
        "these steps wait for each other in a cycle: c -> d -> c",
    ]


def test_all_problems_are_found_at_once() -> None:
    found = graph(a="b nix", b="a", c="c").problems()
    assert [problem.path for problem in found] == [
        ("steps", "a", "after"),
        ("steps", "c", "after"),
        ("steps", "a", "after"),
    ]


def test_a_wrong_graph_does_not_compile_and_says_why() -> None:
    with pytest.raises(InvalidGraphError) as refused:
        graph(a="a", b="x").compile()
    assert refused.value.lines == (
        "steps.a.after: a step cannot come after itself",
        "steps.b.after: no step is called 'x'",
    )
    assert isinstance(refused.value, UsageError)
    assert refused.value.exit_code == 2


def test_generations_need_only_those_before_them() -> None:
    assert DIAMOND.generations() == [["a", "e"], ["b", "c"], ["d"]]


def test_a_graph_knows_what_comes_before_and_after() -> None:
    assert DIAMOND.ancestors("d") == {"a", "b", "c"}
    assert DIAMOND.ancestors("e") == set()
    assert DIAMOND.descendants("a") == {"b", "c", "d"}
    assert DIAMOND.longest_path() in (["a", "b", "d"], ["a", "c", "d"])


def test_edges_that_longer_paths_imply_are_not_drawn() -> None:
    assert set(graph(a="", b="a", c="a b").drawn_edges()) == {("a", "b"), ("b", "c")}


def test_networkx_gets_a_copy_with_the_steps() -> None:
    digraph = DIAMOND.to_networkx()
    assert isinstance(digraph, nx.DiGraph)
    assert digraph.nodes["d"]["step"] == Step("d", after=("b", "c"))
    digraph.remove_node("d")
    assert "d" in DIAMOND.digraph


def test_the_version_is_a_hash_of_what_a_run_can_tell() -> None:
    one = Graph("g", (Step("a", Work("wait", {"seconds": 1.0})),), (Param("p", "int", 1),), "text")
    same = Graph("g", (Step("a", Work("wait", {"seconds": 1.0}), retry=Retry()),), (Param("p", "int", 1),), "other")
    others = [
        Graph("h", one.steps, one.params),
        Graph("g", (Step("a", Work("wait", {"seconds": 2.0})),), one.params),
        Graph("g", one.steps, (Param("p", "int", 2),)),
        Graph("g", (*one.steps, Step("b")), one.params),
    ]
    assert one.version == same.version
    assert len({one.version, *(other.version for other in others)}) == 5


def test_a_close_name_is_suggested_and_no_other() -> None:
    assert did_you_mean("ordrs", ["orders", "report"]) == " (did you mean 'orders'?)"
    assert did_you_mean("zzz", ["orders", "report"]) == ""
