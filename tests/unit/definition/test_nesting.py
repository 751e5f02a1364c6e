"""Graphs that run graphs: how they are found, checked, and what becomes part of the plan."""

from pathlib import Path

import pytest

from orchestrator.core.inner_graphs import whole
from orchestrator.core.kinds import only_in_cloud, only_on_machine
from orchestrator.core.plan_codec import plan_from_json, plan_to_json
from orchestrator.definition.load import load_graph
from orchestrator.definition.untrusted import deployment_values
from orchestrator.errors import InvalidGraphError

LOAD = """
name: load
params: {table: {type: string}, days: 1}
outputs: {rows: "{{ steps.count.outputs.rows }}"}
steps:
  ingest: {command: "echo {{ params.table }}"}
  count: {after: ingest, command: "true"}
"""


def write(folder: Path, **graphs: str) -> None:
    (folder / "graphs").mkdir(exist_ok=True)
    for name, text in graphs.items():
        (folder / "graphs" / f"{name}.yaml").write_text(text)


def problems(folder: Path, name: str = "night") -> list[str]:
    with pytest.raises(InvalidGraphError) as refused:
        load_graph(folder / "graphs" / f"{name}.yaml")
    return [line.replace(f"{folder}/graphs/", "") for line in refused.value.lines]


def test_the_plan_has_the_graph_inside_once_however_many_steps_run_it(tmp_path: Path):
    steps = "\n".join(f"  s{n}: {{graph: load, params: {{table: t{n}, days: '{{{{ 2 }}}}'}}}}" for n in range(3))
    write(tmp_path, load=LOAD, night=f"name: night\nsteps:\n{steps}\n")
    graph = load_graph(tmp_path / "graphs" / "night.yaml")
    plan = graph.compile()
    (inner,) = plan.inners.values()
    assert [step.name for step in inner.plan.steps] == ["ingest", "count"]
    assert inner.plan.version == load_graph(tmp_path / "graphs" / "load.yaml").version
    assert (inner.outputs, inner.folder, inner.file) == (
        {"rows": "{{ steps.count.outputs.rows }}"}, ".", "load.yaml",
    )  # fmt: skip
    assert plan_from_json(plan_to_json(plan)) == plan
    assert [step.name for step in whole(plan)][:3] == ["s0", "s0/ingest", "s0/count"]


def test_a_change_of_the_graph_inside_changes_the_version(tmp_path: Path):
    night = "name: night\nsteps: {a: {graph: load, params: {table: t}}}\n"
    versions = set()
    for text in (LOAD, LOAD.replace("true", "false"), LOAD.replace("days: 1", "days: 2"), LOAD.replace("rows:", "n:")):
        write(tmp_path, load=text, night=night)
        versions.add(load_graph(tmp_path / "graphs" / "night.yaml").version)
    assert len(versions) == 4


def test_a_graph_is_found_beside_in_a_folder_by_path_and_in_python(tmp_path: Path):
    write(tmp_path, load=LOAD)
    for folder in ("graphs/night", "graphs/other", "far"):
        (tmp_path / folder).mkdir()
    (tmp_path / "graphs/other/graph.yaml").write_text("name: other\nsteps: {a: {command: 'true'}}\n")
    (tmp_path / "far/away.yaml").write_text("name: away\nsteps: {a: {command: 'true'}}\n")
    (tmp_path / "graphs/night/graph.py").write_text(
        "from orchestrator import Graph, step\n"
        'with Graph("night", outputs={"n": "{{ steps.l.outputs.rows }}"}) as graph:\n'
        '    step("l", graph="load", params={"table": "t"}) >> step("o", graph="other")\n'
        '    step("a", graph="../../far/away.yaml")\n'
    )
    graph = load_graph(tmp_path / "graphs/night/graph.py")
    assert [graph.inners[step.inner].plan.graph for step in graph.steps] == ["load", "other", "away"]
    assert [graph.inners[step.inner].folder for step in graph.steps] == ["..", "../other", "../../far"]


def test_a_graph_that_runs_itself_is_refused_with_the_way(tmp_path: Path):
    write(
        tmp_path,
        night="name: night\nsteps: {a: {graph: load}}\n",
        load="name: load\nsteps: {a: {graph: night}}\n",
    )
    (line,) = problems(tmp_path)
    assert line.startswith("night.yaml:2: step 'a': graph: the graph 'load' cannot be used: ")
    assert line.endswith("step 'a': graph: this graph would run inside itself: night -> load -> night")


def test_graphs_are_at_most_three_levels_deep(tmp_path: Path):
    chain = {f"g{n}": f"name: g{n}\nsteps: {{a: {{graph: g{n + 1}}}}}\n" for n in range(4)}
    write(tmp_path, **chain, g4="name: g4\nsteps: {a: {command: 'true'}}\n")
    load_graph(tmp_path / "graphs" / "g1.yaml")
    (line,) = problems(tmp_path, "g0")
    assert line.endswith("graphs run graphs at most 3 levels deep, and this is one more: g0 -> g1 -> g2 -> g3 -> g4")


WRONG = {
    "{graph: lod, params: {table: t}}": "graph: no graph is called 'lod' (did you mean 'load'?)",
    "{graph: '{{ params.x }}'}": (
        "graph: expected the name of a graph, got '{{ params.x }}': no expression can choose the graph"
    ),
    "{graph: load}": "params.table: graph 'load': expected text, got none, and it has no default",
    "{graph: load, params: {table: t, days: many}}": ("params.days: graph 'load': expected a whole number, got 'many'"),
    "{graph: load, params: {table: t, dys: '{{ 1 }}'}}": (
        "params.dys: graph 'load': there is no such param (did you mean 'days'?)"
    ),
    "{params: {table: t}}": "params: this key belongs to a graph step, and there is no 'graph' here",
    "{graph: load, command: 'true', params: {table: t}}": (
        "command: expected one kind of step, got 'graph' and 'command': keep one of them"
    ),
}


@pytest.mark.parametrize("step", WRONG)
def test_what_a_step_gives_to_a_graph_must_fit_it(tmp_path: Path, step: str):
    write(tmp_path, load=LOAD, night=f"name: night\nparams: {{x: load}}\nsteps:\n  a: {step}\n")
    assert WRONG[step] in [line.split(": ", 2)[2] for line in problems(tmp_path)]


def test_an_output_names_steps_that_exist(tmp_path: Path):
    write(tmp_path, night="name: night\noutputs: {n: '{{ steps.b.outputs.n }}'}\nsteps: {a: {command: 'true'}}\n")
    assert problems(tmp_path) == ["night.yaml:2: outputs.n: no step is called 'b'"]


UNSAFE = """
name: job
params: {template: gs://b/t.json}
unsafe_params: [template]
steps:
  a:
    dataflow: {template: "{{ params.template }}", region: "{{ run.deployment.region }}"}
"""


def test_a_free_param_may_not_choose_the_code_of_a_graph_inside(tmp_path: Path):
    night = "name: night\nparams: {x: gs://b/t.json}\nsteps: {a: {graph: job, params: {template: '{{ params.x }}'}}}\n"
    write(tmp_path, job=UNSAFE, night=night)
    (line,) = problems(tmp_path)
    assert line.startswith("night.yaml:3: step 'a': params.template: param 'x' is free text")
    write(tmp_path, night=night + "unsafe_params: [x]\n")
    graph = load_graph(tmp_path / "graphs" / "night.yaml")
    assert [step.name for step in only_in_cloud(graph.all_steps)] == ["a/a"]
    assert deployment_values(graph.all_steps) == ["region"]


def test_what_cannot_be_deployed_is_seen_through_the_step(tmp_path: Path):
    local = "name: local\ndeploy: false\nsteps: {a: {command: 'true'}}\n"
    night = "name: night\nsteps: {a: {graph: local}}\n"
    write(tmp_path, local=local, night=night)
    (line,) = problems(tmp_path)
    assert line == (
        "night.yaml:2: step 'a': graph: graph 'local' says deploy: false, so it runs on one machine only: "
        "say so here too"
    )
    write(tmp_path, night=f"deploy: false\n{night}")
    graph = load_graph(tmp_path / "graphs" / "night.yaml")
    assert [step.name for step in only_on_machine(graph.all_steps)] == ["a/a"]
