"""The bounds on what is given to programs and told to people: at each and one above. docs/limits.md lists them."""

import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from orchestrator.cli import params
from orchestrator.client import post
from orchestrator.client.google_apis import MAX_PAGES, Apis, AskError, Call
from orchestrator.cloud import start_body
from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, Status, StepState
from orchestrator.core.steps import Step, Work
from orchestrator.definition import load
from orchestrator.deployment.names import MAX_BASE, Deployment
from orchestrator.drawing import boxes, collapse, dot, dot_text, mermaid, mermaid_text
from orchestrator.drawing.compose import MAX_STEPS_WITH_ALL_EDGES, compose
from orchestrator.errors import LaunchRefusedError, UsageError
from orchestrator.jobs.process import environment
from orchestrator.jobs.python import functions
from orchestrator.reporting.overview import MAX_VALUE, param_lines
from orchestrator.system.terminal import _LONGEST, Cleaner

LISTED = Call("run", "v2", "projects.locations.services.list", "parent", "run.services.list")


class Listing(Apis):
    """Google, whose list has so many pages."""

    def __init__(self, pages: int) -> None:
        self.left = pages

    def ask(self, call: Call, name: str, **more: Any) -> Mapping[str, Any]:
        self.left -= 1
        return {"services": [self.left], **({"nextPageToken": "x"} if self.left else {})}


def test_doctor_reads_a_list_up_to_a_bound_and_then_says_that_it_cannot_tell():
    """It took what it had not read for absent."""
    assert len(list(Listing(MAX_PAGES).pages(LISTED, "p"))) == MAX_PAGES
    with pytest.raises(AskError, match="the list has more than 50 pages"):
        list(Listing(MAX_PAGES + 1).pages(LISTED, "p"))


# Files and requests.


def test_a_graph_file_has_up_to_so_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = "name: g\nsteps: {a: }\n"
    (tmp_path / "g.yaml").write_text(text)
    monkeypatch.setattr(load, "LARGEST", len(text))
    assert load.load_graph(tmp_path / "g.yaml").name == "g"
    monkeypatch.setattr(load, "LARGEST", len(text) - 1)
    with pytest.raises(UsageError, match="expected a file of at most"):
        load.load_graph(tmp_path / "g.yaml")


def test_a_file_of_params_has_up_to_so_many_bytes(tmp_path: Path):
    file = tmp_path / "p.json"
    file.write_text('{"a": 1}'.ljust(params._LARGEST))
    assert params.given_params([], file) == {"a": 1}
    file.write_text('{"a": 1}'.ljust(params._LARGEST + 1))
    with pytest.raises(UsageError, match="expected at most 1,048,576 bytes of params"):
        params.given_params([], file)


def test_a_params_value_is_shown_up_to_a_bound():
    values = {"fits": "x" * (MAX_VALUE - 2), "long": "x" * (MAX_VALUE - 1)}  # without their quotes
    shown = [f'fits = "{values["fits"]}"', f'long = "{values["long"]}…']
    assert list(param_lines(Run("r", "k", "g", "v", values, 1.0))) == shown


class Answer:
    """An answer over HTTP."""

    status = 200
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, letters: int) -> None:
        self.body = io.BytesIO(b"x" * letters)

    def read(self, most: int) -> bytes:
        return self.body.read(most)


def test_an_answer_is_read_up_to_a_bound():
    for letters in (post._LARGEST, post._LARGEST + 1):
        assert len(post._read(Answer(letters)).text) == post._LARGEST


def test_so_many_unknown_keys_of_a_request_are_named():
    def told(keys: int) -> list[str]:
        unknown = "".join(f', "k{number:02}": 1' for number in range(keys))
        with pytest.raises(UsageError) as wrong:
            start_body.read_asked(f'{{"graph": "g"{unknown}}}'.encode())
        return str(wrong.value).splitlines()

    assert told(start_body._MAX_UNKNOWN)[-1] == "k09: unknown key"
    assert told(start_body._MAX_UNKNOWN + 1)[-1] == "and 1 more unknown keys"


def test_the_names_of_a_deployment_have_up_to_so_many_letters():
    assert len(Deployment("p", "r", "a" * (MAX_BASE - 4), "dev").base) == MAX_BASE
    with pytest.raises(UsageError, match="expected 4 to 20 characters together"):
        Deployment("p", "r", "a" * (MAX_BASE - 3), "dev")


# Programs.


def test_a_word_that_a_process_is_started_with_has_up_to_so_many_bytes():
    most = "x" * environment.MAX_TEXT
    assert environment.check_size("a word", most) == most
    with pytest.raises(LaunchRefusedError, match="a word: expected at most 131,071 bytes, got 131,072"):
        environment.check_size("a word", most + "x")


def test_a_param_is_a_variable_up_to_a_size():
    for size in (environment.MAX_PARAM, environment.MAX_PARAM + 1):
        found = dict(environment._fitting({"p": "x" * size}))
        assert list(found) == ["ORCHESTRATOR_PARAM_p"] * (size == environment.MAX_PARAM)


def test_params_are_variables_up_to_a_size_together():
    four = dict.fromkeys("abcd", "x" * (environment.MAX_PARAMS // 4))
    assert len(dict(environment._fitting(four))) == 4
    assert len(dict(environment._fitting({**four, "e": "x"}))) == 4


def test_an_error_of_a_function_is_told_up_to_a_bound():
    for letters in (functions._MAX_TEXT, functions._MAX_TEXT + 1):
        assert functions._text(ValueError("x" * letters)) == "x" * functions._MAX_TEXT


def test_an_escape_code_that_was_cut_is_waited_for_up_to_a_bound():
    begun = "\x1b[" + "1" * (_LONGEST - 2)
    waits, does_not = Cleaner(), Cleaner()
    assert (waits(begun), waits("mdone")) == ("", "done")
    assert (does_not(f"{begun}1"), does_not("mdone")) == (f"\\x1b{begun[1:]}1", "mdone")


# Pictures.


def chain(length: int, *more: Step) -> Graph:
    steps = [Step(f"s{n:03}", Work("command"), (f"s{n - 1:03}",) if n else ()) for n in range(length)]
    return Graph("g", (*steps, *more))


def test_up_to_so_many_steps_every_edge_is_drawn():
    def drawn(steps: int) -> int:
        last = Step("z", Work("command"), ("s000", f"s{steps - 2:03}"))
        return len(compose(chain(steps - 1, last), None).sketch.arrows)

    most = MAX_STEPS_WITH_ALL_EDGES
    assert (drawn(most), drawn(most + 1)) == (most, most)  # of 40 and of 41: one is implied by the others


def layers(levels: int) -> Graph:
    """Six steps a level, each of which waits for all of the level before."""
    names = [[f"l{level:02}-{n}" for n in range(6)] for level in range(levels)]
    return Graph(
        "g",
        tuple(
            Step(name, Work("command"), tuple(names[level - 1]) if level else ())
            for level in range(levels)
            for name in names[level]
        ),
    )


def test_a_large_graph_is_drawn_in_up_to_so_many_groups():
    found = [len(compose(layers(levels), None).sketch.boxes) for levels in (60, 61)]
    assert found == [collapse.MAX_GROUPS, 31]


def test_a_picture_of_few_boxes_has_more_room():
    texts = [dot_text(chain(steps)) for steps in (dot.MAX_ROOMY, dot.MAX_ROOMY + 1)]
    assert ['nodesep="0.32"' in text for text in texts] == [True, False]


def bipartite(edges: int) -> Graph:
    firsts = [Step(f"a{n}", Work("command")) for n in range(11)]
    seconds = [Step(f"b{n:02}", Work("command"), tuple(f"a{m}" for m in range(10))) for n in range(edges // 10)]
    rest = [Step("c", Work("command"), ("a10",))] * (edges % 10)
    return Graph("g", (*firsts, *seconds, *rest))


def test_mermaid_draws_up_to_so_many_edges():
    found = [mermaid_text(bipartite(edges)).count("-->") for edges in (mermaid.MAX_EDGES, mermaid.MAX_EDGES + 1)]
    assert found[0] == mermaid.MAX_EDGES
    assert found[1] < 10


def test_mermaid_draws_up_to_so_many_letters(monkeypatch: pytest.MonkeyPatch):
    graph, most = chain(50), len(mermaid_text(chain(50)))
    monkeypatch.setattr(mermaid, "MAX_CHARACTERS", most)
    assert len(mermaid_text(graph)) == most
    monkeypatch.setattr(mermaid, "MAX_CHARACTERS", most - 1)
    assert "too many to draw one by one" in mermaid_text(graph)


def test_a_name_in_a_list_has_up_to_so_many_letters():
    def named(letters: int) -> str:
        return boxes._some(["x" * letters], 1)

    assert named(boxes._LONGEST) == "x" * boxes._LONGEST
    assert (len(named(boxes._LONGEST + 1)), "…" in named(boxes._LONGEST + 1)) == (boxes._LONGEST, True)


def test_an_error_is_shown_with_its_box_up_to_a_bound():
    for letters in (boxes._MAX_ERROR, boxes._MAX_ERROR + 1):
        failed = StepState(Status.FAILED, 1, error="x" * letters)
        assert boxes.step_box(Step("a"), {"a": failed}, None).tip.count("x") == boxes._MAX_ERROR


def test_a_job_has_up_to_so_many_labels():
    requests = pytest.importorskip("orchestrator.jobs.dataflow.requests", reason="Dataflow needs Google's client")
    from orchestrator.core.model import Run
    from orchestrator.ports import JobRequest

    def labels(own: int) -> dict[str, str]:
        spec: Any = {"labels": {f"k{n}": "v" for n in range(own)}}
        run = Run("r", "k" * 10, "g", "v", {}, 1.0)
        found: dict[str, str] = requests._all_labels(JobRequest(run, 0, "a", 1, "a--k-0-1", "dataflow", spec))
        return found

    assert len(labels(60)) == requests._MAX_LABELS
    with pytest.raises(LaunchRefusedError, match="expected at most 64 labels with our own four, got '65'"):
        labels(61)
