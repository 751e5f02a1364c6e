import dataclasses
import importlib.util
import struct
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, RunStatus, Status, StepState
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import Retry, Step, Work
from orchestrator.drawing import Drawn, dot_text, draw, mermaid_text
from orchestrator.drawing.boxes import group_box, shorten, step_box
from orchestrator.drawing.compose import compose
from orchestrator.drawing.edge_routing import Line, route_edges
from orchestrator.drawing.font_metrics import text_width
from orchestrator.drawing.graphviz import FONTS, render
from orchestrator.drawing.palette import LOOKS, PLAIN, Look
from orchestrator.drawing.picture import Arrow, Box, EdgeState
from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.reporting.times import duration
from orchestrator.system.extras import install

START = 1_700_000_000.0
NOW = START + 100
NEEDS_PYGRAPHVIZ = pytest.mark.skipif(
    importlib.util.find_spec("pygraphviz") is None, reason="pygraphviz is not installed"
)


def command(name: str, *after: str, trigger: TriggerRule = TriggerRule.ALL_SUCCESS, when: str | None = None) -> Step:
    return Step(name, Work("command"), tuple(sorted(after)), trigger, when, Retry(attempts=3))


EVERY_STATUS = Graph(
    "every-status",
    (
        Step("root"),
        Step("succeeded", Work("dataflow"), ("root",)),
        command("failed", "root"),
        command("upstream_failed", "failed"),
        Step("skipped", Work("python"), ("root",), when="{{ params.full }}"),
        command("cancelled", "root"),
        command("running", "root"),
        command("launching", "root"),
        command("up_for_retry", "root"),
        Step("pending", Work("wait"), ("running", "skipped"), TriggerRule.ALL_DONE, "{{ params.full }}"),
    ),
)
STATES = {
    "root": StepState(Status.SUCCEEDED, ended_at=START),
    "succeeded": StepState(Status.SUCCEEDED, 1, started_at=START, ended_at=START + 0.44),
    "failed": StepState(Status.FAILED, 3, started_at=START, ended_at=START + 72, error='exit status 1: "no \\ file"'),
    "upstream_failed": StepState(Status.UPSTREAM_FAILED, ended_at=START + 72),
    "skipped": StepState(Status.SKIPPED, ended_at=START),
    "cancelled": StepState(Status.CANCELLED, 1, started_at=START, ended_at=START + 12),
    "running": StepState(Status.RUNNING, 2, interruptions=1, started_at=START + 40),
    "launching": StepState(Status.LAUNCHING, 1, claimed_at=START),
    "up_for_retry": StepState(Status.UP_FOR_RETRY, 1, started_at=START, ended_at=START + 80, due=START + 140),
}
RUN = Run("2024-05-01", "k3v9x2qaw7", "every-status", "v", {}, START)


def test_the_dot_text_of_a_run_with_every_status() -> None:
    expected = Path(__file__).with_name("drawing_every_status.dot").read_text()
    assert dot_text(EVERY_STATUS, STATES, RUN, NOW) == expected


def test_the_mermaid_text_of_a_run_with_every_status() -> None:
    assert (
        mermaid_text(EVERY_STATUS, STATES, RUN, NOW)
        == """\
---
title: "every-status · run 2024-05-01 · running · 1 m 40 s"
config:
  flowchart:
    wrappingWidth: 400
---
flowchart LR
  n0["root<br/>succeeded · no job"]:::succeeded
  n1["succeeded<br/>succeeded · dataflow · 0.4 s"]:::succeeded
  n2["failed<br/>failed · command · 1 m 12 s · attempt 3 of 3"]:::failed
  n3["upstream_failed<br/>upstream failed · command"]:::upstream_failed
  n4["when ▸ skipped<br/>skipped · python"]:::skipped
  n5["cancelled<br/>cancelled · command · 12 s"]:::cancelled
  n6["running<br/>running · command · 1 m 00 s · attempt 2 of 4 (1 interrupted)"]:::running
  n7["launching<br/>launching · command"]:::launching
  n8["up_for_retry<br/>up for retry · command · again in 40 s · attempt 1 of 3"]:::up_for_retry
  n9["all_done, when ▸ pending<br/>pending · wait"]:::pending
  n0 --> n1
  n0 --> n2
  n2 ==> n3
  n0 -.-> n4
  n0 --> n5
  n0 --> n6
  n0 --> n7
  n0 --> n8
  n6 --> n9
  n4 -.-> n9
  linkStyle 8 stroke:#9AA6B4
  linkStyle 0,1,4,5,6,7 stroke:#5F9F8A
  linkStyle 3,9 stroke:#8D97A5
  linkStyle 2 stroke:#C64A06
  classDef cancelled fill:#F5E3EE,stroke:#B0578E,color:#77305D
  classDef failed fill:#BA3F00,stroke:#8A2E00,color:#FFFFFF
  classDef launching fill:#DDF0FC,stroke:#3D9BD6,color:#0A4C77
  classDef pending fill:#FFFFFF,stroke:#B8C2CE,color:#5A6878
  classDef running fill:#0069A8,stroke:#004F80,color:#FFFFFF
  classDef skipped fill:#F3F4F6,stroke:#8D97A5,color:#5A6878,stroke-dasharray:4 3
  classDef succeeded fill:#E0F4EC,stroke:#2A9D78,color:#0B5C42
  classDef up_for_retry fill:#FFE9B8,stroke:#D18F00,color:#6B4500
  classDef upstream_failed fill:#FCE7DA,stroke:#D55E00,color:#8A3300
"""
    )


def test_a_run_that_nobody_drives_is_interrupted_and_no_clock_ticks_in_its_picture() -> None:
    text = mermaid_text(EVERY_STATUS, STATES, RUN)
    assert 'title: "every-status · run 2024-05-01 · interrupted"' in text
    assert "running · command · interrupted · attempt 2 of 4 (1 interrupted)" in text
    assert "up for retry · command · interrupted · attempt 1 of 3" in text
    assert "launching · command · interrupted" in text


def test_a_rerun_says_so_and_each_of_its_steps_that_is_kept() -> None:
    graph = Graph("g", (command("a"), command("b", "a")))
    states = {"a": StepState(Status.SUCCEEDED, 1), "b": StepState(Status.FAILED, 1)}
    run = Run("r.2", "k", "g", "v", {}, START, RunStatus.FAILED, START + 3, kept="s.", rerun_of="r", failed={"b": ""})
    picture = compose(graph, states, run, NOW)
    assert picture.subtitle == "run r.2 · rerun of r · failed: b · 3.0 s"
    assert [box.words[-1] for box in picture.sketch.boxes] == ["kept", "command"]


def test_the_mermaid_text_of_a_definition_has_kinds_and_rules_and_no_status() -> None:
    graph = Graph("two", (Step("a"), Step("b", Work("dataflow"), ("a",), TriggerRule.ONE_FAILED)))
    assert (
        mermaid_text(graph)
        == """\
---
title: "two"
config:
  flowchart:
    wrappingWidth: 400
---
flowchart LR
  n0["a<br/>no job"]:::step
  n1["one_failed ▸ b<br/>dataflow"]:::step
  n0 --> n1
  linkStyle 0 stroke:#9AA6B4
  classDef step fill:#F3F7FC,stroke:#7A93B2,color:#4A5B70
"""
    )


def test_what_mermaid_takes_for_its_own_is_written_as_an_entity() -> None:
    run = dataclasses.replace(RUN, id='a "b" <c>\x00', ended_at=NOW, status=RunStatus.SUCCEEDED)
    text = mermaid_text(Graph("g", (Step("a", Work("<b>#&")),)), None, run)
    assert text.splitlines()[1] == 'title: "g · run a \\"b\\" <c>\\\\x00 · succeeded · 1 m 40 s"'
    assert '  n0["a<br/>#lt;b#gt;#35;#amp;"]:::step' in text.splitlines()


def test_the_tip_of_a_box_tells_the_error_and_the_condition_and_no_control_characters() -> None:
    step = dataclasses.replace(command("a", when="{{ x }}", trigger=TriggerRule.ALL_DONE), description="Loads it.")
    state = StepState(Status.FAILED, 1, error="\x1b[31mno\n\x1b]0;\u202efile" + "!" * 1000)
    (box,) = compose(Graph("g", (step,)), {"a": state}).sketch.boxes
    error = f"failed: no \\x1b]0;\\u202efile{'!' * 383}"
    assert box == Box(
        title="a",
        status=Status.FAILED,
        words=("command",),
        marks=("all_done", "when"),
        tip=f"a\nLoads it.\n{error}\ntrigger: all_done\nwhen: {{{{ x }}}}",
    )


def test_a_map_that_succeeded_although_items_failed_is_not_drawn_as_if_none_had() -> None:
    steps = [Step("per-file", Work("map")), Step("per-day", Work("map")), Step("all", Work("map"))]
    counts = [{"count": 4, "failed": 1}, {"count": 9, "failed": 2}, {"count": 4, "failed": 0}]
    states = {s.name: StepState(Status.SUCCEEDED, 1, outputs=o) for s, o in zip(steps, counts, strict=True)}
    box, _, sound = (step_box(step, states, NOW) for step in steps)
    assert (box.words, box.tip.splitlines()[-1]) == (("map", "1 of 4 items failed"), "1 of 4 items failed, tolerated")
    assert (sound.words, "failed" in sound.tip) == (("map",), False)
    assert group_box("level 1", steps, states).culprits == "items failed: per-file, per-day"
    states["all"] = StepState(Status.FAILED, 1)
    assert group_box("level 1", steps, states).culprits == "failed: all; items failed: per-file, per-day"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 m 00 s"),
        (3599, "59 m 59 s"),
        (3600, "1 h 00 m"),
        (86399, "23 h 59 m"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_long_name_keeps_its_end() -> None:
    assert shorten("NFCORE_RNASEQ.RNASEQ.MULTIQC_197", 20) == "NFCOR…EQ.MULTIQC_197"
    assert shorten("MULTIQC_197", 11) == "MULTIQC_197"


def test_an_edge_that_a_longer_path_implies_is_left_out_of_a_large_graph_and_said_so() -> None:
    chain = tuple(command(f"s{n}", *([f"s{n - 1}"] if n else [])) for n in range(40))
    graph = Graph("large", (*chain, command("last", "s0", "s39")))
    picture = compose(graph, None)
    assert picture.sketch.arrows == tuple(Arrow(n, n + 1) for n in range(40))
    assert picture.notes == ("1 of 41 edges are not drawn: a longer path implies them.",)


def test_an_edge_into_another_rule_is_drawn_though_a_path_leads_there_too() -> None:
    chain = tuple(command(f"s{n}", *([f"s{n - 1}"] if n else [])) for n in range(40))
    clean_up = command("clean-up", "s0", "s39", trigger=TriggerRule.ALL_DONE)
    picture = compose(Graph("large", (*chain, clean_up)), None)
    assert picture.sketch.arrows[-2:] == (Arrow(0, 40), Arrow(39, 40))
    assert picture.notes == ()


def test_an_edge_is_drawn_if_the_path_beside_it_leads_through_another_rule() -> None:
    chain = tuple(command(f"s{n}", *([f"s{n - 1}"] if n else [])) for n in range(40))
    middle = dataclasses.replace(chain[20], trigger=TriggerRule.ALL_DONE)
    graph = Graph("large", (*chain[:20], middle, *chain[21:], command("last", "s0", "s39")))
    assert compose(graph, None).sketch.arrows[-2:] == (Arrow(0, 40), Arrow(39, 40))


def test_a_small_graph_shows_every_edge() -> None:
    graph = Graph("small", (command("a"), command("b", "a"), command("c", "a", "b")))
    assert compose(graph, None).sketch.arrows == (Arrow(0, 1), Arrow(0, 2), Arrow(1, 2))


def test_arrows_that_pass_a_level_share_a_lane_and_the_failure_among_them_shows() -> None:
    steps = (command("a"), command("b"), command("c", "a"), command("end", "a", "b", "c"))
    states = {"a": StepState(Status.SUCCEEDED), "b": StepState(Status.FAILED), "c": StepState(Status.SUCCEEDED)}
    routes = route_edges(compose(Graph("g", steps), states).sketch)
    assert routes.waypoints == ((), (4,), ())
    assert routes.lines == (
        Line(0, 2, EdgeState.DONE, 1),
        Line(0, 4, EdgeState.DONE, 1),
        Line(4, 3, EdgeState.BROKEN, 2),
        Line(1, 4, EdgeState.BROKEN, 1),
        Line(2, 3, EdgeState.DONE, 1),
    )


def wide(width: int) -> Graph:
    work = tuple(Step(f"work-{n:05}", Work("command"), ("start",)) for n in range(width))
    return Graph("wide", (Step("start"), *work, Step("join", Work("python"), tuple(s.name for s in work))))


def test_three_hundred_steps_are_drawn_one_by_one_and_one_more_is_not() -> None:
    assert [compose(wide(width), None).collapsed for width in (298, 299)] == [False, True]


def test_thirteen_thousand_steps_are_drawn_as_groups_of_steps_that_are_alike() -> None:
    names = [f"work-{n:05}" for n in range(13_000)]
    states = {"start": StepState(Status.SUCCEEDED), "join": StepState(Status.UPSTREAM_FAILED)}
    states |= {name: StepState(Status.FAILED if n % 5_000 == 0 else Status.SUCCEEDED) for n, name in enumerate(names)}
    picture = compose(wide(13_000), states)
    assert picture.sketch.boxes == (
        Box("start", Status.SUCCEEDED, ("no job",), tip="start\nsucceeded"),
        Box(
            title="work-…",
            status=Status.FAILED,
            words=("13,000 steps", "command"),
            tip=", ".join(names[:12]) + " and 12,988 more",
            counts=((Status.SUCCEEDED, 12_997), (Status.FAILED, 3)),
            culprits="failed: work-00000, work-05000 and 1 more",
        ),
        Box("join", Status.UPSTREAM_FAILED, ("python",), tip="join\nupstream failed"),
    )
    assert picture.sketch.arrows == (Arrow(0, 1, EdgeState.DONE), Arrow(1, 2, EdgeState.BROKEN))
    assert picture.sketch.levels == ((0,), (1,), (2,))
    assert picture.legend == ((Status.SUCCEEDED, 12_998), (Status.FAILED, 3), (Status.UPSTREAM_FAILED, 1))
    assert picture.notes == (
        "13,002 steps are too many to draw one by one: a box stands for steps of the same kind and rule that "
        "wait for the same steps.",
    )


def tree(steps: int) -> Graph:
    """A binary tree where left is a command and right a function, so that no two steps of a level are alike."""

    def name(number: int) -> str:
        return f"{'abcdefgh'[number % 8]}{number}"

    kinds = ("python", "command")
    return Graph(
        "tree",
        tuple(Step(name(n), Work(kinds[n % 2]), (name((n - 1) // 2),) if n else ()) for n in range(steps)),
    )


def test_where_too_few_steps_are_alike_a_box_is_a_level() -> None:
    picture = compose(tree(400), None)
    sizes = (2, 4, 8, 16, 32, 64, 128, 145)
    assert [(box.title, box.words) for box in picture.sketch.boxes] == [
        ("a0", ("python",)),
        *((f"level {level}", (f"{size} steps",)) for level, size in enumerate(sizes, 2)),
    ]
    assert picture.sketch.boxes[1].tip == "b1, c2"
    assert picture.sketch.arrows == tuple(Arrow(n, n + 1) for n in range(8))
    assert picture.notes == (
        "400 steps are too many to draw one by one: a box stands for all steps of one level, which is the length "
        "of the longest path to a step.",
    )


def chain(steps: int) -> Graph:
    return Graph(
        "chain", tuple(command(f"{'ab'[n % 2]}{n}", *([f"{'ba'[n % 2]}{n - 1}"] if n else [])) for n in range(steps))
    )


@pytest.mark.slow
def test_where_levels_are_too_many_a_box_is_several_levels() -> None:
    picture = compose(chain(13_000), None)
    assert len(picture.sketch.boxes) == 60
    assert [(box.title, box.words) for box in picture.sketch.boxes[::59]] == [
        ("levels 1 to 217", ("217 steps", "command")),
        ("levels 12,804 to 13,000", ("197 steps", "command")),
    ]
    assert picture.sketch.arrows == tuple(Arrow(n, n + 1) for n in range(59))
    assert picture.notes == (
        "13,000 steps are too many to draw one by one: a box stands for all steps of up to 217 levels; a step's "
        "level is the length of the longest path to it.",
    )


def test_a_graph_of_few_steps_and_too_many_edges_is_drawn_in_groups() -> None:
    first = [command(f"a{n}") for n in range(40)]
    names = [step.name for step in first]
    graph = Graph("cobweb", (*first, *(command(f"b{n}", *names) for n in range(40))))
    picture = compose(graph, None)
    assert [box.words for box in picture.sketch.boxes] == [("40 steps", "command"), ("40 steps", "command")]
    assert picture.notes[0].startswith("1,600 edges are too many to draw one by one: ")


def test_a_graph_with_too_many_edges_that_pass_levels_is_drawn_in_groups() -> None:
    steps = [command("s000")]
    for n in range(1, 200):
        after = {f"s{max(n - back, 0):03}" for back in (1, 70, 140)}
        steps.append(command(f"s{n:03}", *after, trigger=TriggerRule.ALL_DONE))
    assert compose(Graph("net", tuple(steps)), None).collapsed


def test_a_failure_that_stopped_nobody_is_not_shown_between_groups() -> None:
    first = [command(f"a{n}") for n in range(400)]
    states = {"a0": StepState(Status.FAILED)} | {f"a{n}": StepState(Status.SUCCEEDED) for n in range(1, 400)}
    end = command("end", *(step.name for step in first), trigger=TriggerRule.ALL_DONE)
    assert compose(Graph("g", (*first, end)), states).sketch.arrows == (Arrow(0, 1, EdgeState.DONE),)


def test_mermaid_is_collapsed_where_its_readers_would_refuse_it() -> None:
    text = mermaid_text(wide(251))
    assert text.splitlines()[7:10] == [
        '  n0["start<br/>no job"]:::step',
        '  n1["work-…<br/>251 steps · command"]:::step',
        '  n2["join<br/>python"]:::step',
    ]
    long = Graph("long", tuple(command(f"a{n:03}-{'x' * 95}", trigger=TriggerRule.ALL_DONE) for n in range(300)))
    states = {step.name: StepState(Status.UP_FOR_RETRY, 1, due=NOW) for step in long.steps}
    collapsed = '  n0["all_done ▸ level 1<br/>300 steps · command<br/>300 up for retry"]:::up_for_retry'
    assert ['"]:::' in line for line in mermaid_text(long).splitlines()].count(True) == 300
    assert mermaid_text(long, states, None, NOW).splitlines()[7] == collapsed


def test_the_same_graph_gives_the_same_text_whatever_the_order_of_states() -> None:
    turned = dict(reversed(STATES.items()))
    assert dot_text(EVERY_STATUS, turned, RUN, NOW) == dot_text(EVERY_STATUS, STATES, RUN, NOW)


@pytest.mark.parametrize("name", ["plan.pdf", "plan", "plan.png.txt", ".png"])
def test_another_suffix_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / name
    with pytest.raises(UsageError) as caught:
        draw(EVERY_STATUS, path)
    assert str(caught.value) == f"expected a path that ends in .png, .svg or .mmd, got '{path}'"
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_made_and_what_was_drawn_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "plan.MMD"
    assert draw(wide(2), path) == Drawn(path, steps=4, boxes=4, collapsed=False, notes=())
    assert path.read_text() == mermaid_text(wide(2))


def test_a_path_that_cannot_be_written_is_an_error_of_the_caller(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.mmd").mkdir()
    for path, reason in (
        ("file/x.mmd", f"'{tmp_path / 'file'}' is not a folder"),
        ("file/deep/x.mmd", f"'{tmp_path / 'file' / 'deep'}' is not a folder"),
    ):
        with pytest.raises(UsageError) as caught:
            draw(EVERY_STATUS, tmp_path / path)
        assert str(caught.value) == f"cannot write '{tmp_path / path}': {reason}"
    with pytest.raises(UsageError) as caught:
        draw(EVERY_STATUS, tmp_path / "folder.mmd")
    assert str(caught.value) == f"cannot write {tmp_path / 'folder.mmd'}: it is a folder: give the path of a file"


def test_without_pygraphviz_a_png_says_how_to_get_it_and_a_mmd_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(UsageError) as caught:
        draw(EVERY_STATUS, tmp_path / "plan.png")
    assert str(caught.value) == (
        f"a .png needs pygraphviz, which is not installed: {install('drawing')} (a .mmd needs nothing)"
    )
    assert draw(EVERY_STATUS, tmp_path / "plan.mmd").boxes == 10


def png_size(content: bytes) -> tuple[int, int]:
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


@NEEDS_PYGRAPHVIZ
def test_a_png_is_drawn_twice_the_same(tmp_path: Path) -> None:
    pictures = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in pictures:
        assert draw(EVERY_STATUS, path, STATES, RUN, NOW) == Drawn(path, 10, 10, False, ())
    first, second = (path.read_bytes() for path in pictures)
    assert first == second
    width, height = png_size(first)
    assert 1500 < width < 2200
    assert 900 < height < 1400


@pytest.mark.slow
@NEEDS_PYGRAPHVIZ
def test_no_side_of_a_png_is_longer_than_8000_pixels(tmp_path: Path) -> None:
    draw(wide(298), tmp_path / "high.png")
    assert max(png_size((tmp_path / "high.png").read_bytes())) <= 8_000


@NEEDS_PYGRAPHVIZ
def test_an_svg_names_every_step_and_carries_its_letters(tmp_path: Path) -> None:
    path = tmp_path / "plan.svg"
    draw(EVERY_STATUS, path, STATES, RUN, NOW)
    svg = "{http://www.w3.org/2000/svg}"
    tree = ElementTree.fromstring(path.read_bytes())
    texts = {text.text for text in tree.iter(f"{svg}text")}
    assert {"every-status", "run 2024-05-01 · running · 1 m 40 s", *STATES, "all_done"} <= texts
    (style,) = tree.iter(f"{svg}style")
    assert (style.text or "").count("@font-face{font-family:'Orchestrator Sans';") == 2
    tips = [link.get("{http://www.w3.org/1999/xlink}title") for link in tree.iter(f"{svg}a")]
    assert 'failed\nfailed: exit status 1: "no \\ file"' in tips


@NEEDS_PYGRAPHVIZ
def test_what_graphviz_refuses_is_told_in_its_own_words() -> None:
    with pytest.raises(OrchestratorError) as caught:
        render("digraph {", "png")
    assert str(caught.value).startswith("Graphviz could not make the .png, exit code 1: ")


def brightness(colour: str) -> float:
    """Relative luminance as in WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("look", [PLAIN, *LOOKS.values()])
def test_text_stands_out_from_its_box_as_wcag_asks(look: Look) -> None:
    for ink in (look.name, look.text):
        light, dark = sorted((brightness(ink), brightness(look.fill)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize(("file", "bold"), [("regular.ttf", False), ("bold.ttf", True)])
def test_the_widths_of_letters_are_those_of_the_font(file: str, bold: bool) -> None:
    data = (FONTS / file).read_bytes()
    count = struct.unpack(">H", data[4:6])[0]
    records = (struct.unpack(">4sIII", data[12 + 16 * n : 28 + 16 * n]) for n in range(count))
    tables = {tag: data[offset : offset + length] for tag, _, offset, length in records}
    (metrics,) = struct.unpack(">H", tables[b"hhea"][34:36])
    advances = [struct.unpack(">H", tables[b"hmtx"][4 * n : 4 * n + 2])[0] for n in range(metrics)]
    letters = "".join(map(chr, range(32, 127)))
    assert [text_width(letter, 2048, bold) for letter in letters] == advances[1 : len(letters) + 1]
