"""What whoever starts a run may not choose: the code that a job runs, as whom, in what network."""

from dataclasses import replace

import pytest

from orchestrator.core.graph import Graph, Param
from orchestrator.core.steps import Step, Work
from orchestrator.definition.authoring import Graph as Written
from orchestrator.definition.build import build
from orchestrator.definition.document import document
from orchestrator.definition.untrusted import GUARDED, check, deployment_values
from tests.unit.definition.conftest import Load, Refusal

PARAMS = {
    "free": Param("free"),
    "list": Param("list", "list"),
    "enum": Param("enum", "enum", values=("a", "b")),
    "patterned": Param("patterned", pattern="[a-z]+"),
    "items": Param("items", "list", pattern="[a-z]+"),
    **{kind: Param(kind, kind) for kind in ("int", "float", "bool", "date", "datetime")},
}

EXPOSING = [
    "{{ params.free }}",
    "gs://{{ params.free }}/t.json",
    "{{ params.free | lower }}",
    "{{ params['free'] }}",
    "{{ params.enum if params.int else params.free }}",
    "{{ params.list[0] }}",
    "{{ params | string }}",
    "{{ 'x' ~ params.list | join('/') }}",
]


def graph(spec: dict[str, object], unsafe: tuple[str, ...] = ()) -> Graph:
    work = Work("dataflow", {"template": "t", **spec})  # type: ignore[dict-item]
    return Graph("g", (Step("a", work),), tuple(PARAMS.values()), unsafe_params=unsafe)


@pytest.mark.parametrize("option", GUARDED)
@pytest.mark.parametrize("text", EXPOSING)
def test_text_that_anybody_may_fill_in_does_not_reach_what_says_which_code_runs(option: str, text: str) -> None:
    value = [text] if option == "additional_experiments" else text
    problems = check(graph({option: value}))
    assert [problem.path for problem in problems] == [("steps", "a", "dataflow", option)]
    assert check(graph({option: value}, ("free", "list"))) == []


@pytest.mark.parametrize("option", GUARDED)
def test_in_a_graph_that_is_not_deployed_whoever_runs_it_may_choose(option: str) -> None:
    assert check(replace(graph({option: "{{ params.free }}"}), deploy=False)) == []


@pytest.mark.parametrize("option", [*GUARDED, "region", "machine_type"])
@pytest.mark.parametrize("name", ["enum", "patterned", "items", "int", "float", "bool", "date", "datetime"])
def test_what_is_bounded_does(option: str, name: str) -> None:
    assert check(graph({option: f"x-{{{{ params.{name} }}}}"})) == []


@pytest.mark.parametrize(
    "spec",
    [
        {"region": "{{ params.free }}", "machine_type": "{{ params.free }}", "max_workers": "{{ params.free }}"},
        {"labels": {"team": "{{ params.free }}"}},
        {"parameters": {"input": "{{ params.free }}", "query": "{{ params | string }}"}},
        {"parameters": {"output": "gs://b/{{ run.id }}"}, "labels": {"run": "{{ run.id }}"}},
        {"template": "gs://b/{{ run.started_at_epoch }}/{{ run.deployment.version }}/{{ steps.b.outputs.free }}"},
        {"template": "{{ 'params.free' }}"},
    ],
)
def test_data_is_everybodys(spec: dict[str, object]) -> None:
    assert check(graph(spec)) == []


@pytest.mark.parametrize("option", GUARDED)
@pytest.mark.parametrize("text", ["{{ run.id }}", "gs://b/{{ run['id'] | lower }}/t.json", "{{ 'a' ~ (run.id or 1) }}"])
def test_the_runs_id_does_not_either_and_no_graph_can_say_that_it_may(option: str, text: str) -> None:
    value = [text] if option == "additional_experiments" else text
    for alone in (graph({option: value}), Graph("g", graph({option: value}).steps)):
        assert [(problem.path, problem.message) for problem in check(alone)] == [
            (
                ("steps", "a", "dataflow", option),
                "run.id is free text, so whoever starts a run could choose the code, the service account or the "
                "network: use {{ run.started_at_epoch }}, {{ run.deployment.NAME }}, "
                "or a param that is an enum or has a pattern",
            )
        ]
    assert [problem.path for problem in check(graph({option: value}, ("run.id",)))] == [
        ("unsafe_params", 0),
        ("steps", "a", "dataflow", option),
    ]


def test_what_a_param_and_what_the_id_choose_are_two_mistakes() -> None:
    problems = check(graph({"template": "gs://{{ params.free }}/{{ run.id }}"}))
    assert [problem.message.partition(" is ")[0] for problem in problems] == ["param 'free'", "run.id"]


@pytest.mark.parametrize(
    "name",
    """
    dataflow_worker_jar dataflowWorkerJar prebuild_sdk_container_base_image prebuildSdkContainerBaseImage
    docker_registry_push_url beam_services beamServices environment_options environmentOptions requirements_cache
    extra_package extraPackages requirements_file worker_harness_container_image sdk_harness_container_image_overrides
    sdk_location filesToStage files_to_stage file_to_stage profiler_agent pipelineUrl credentialFactoryClass
    maven_repository_url runner project gcpTempLocation
    """.split(),  # noqa: SIM905 - a list of so many words is read as words
)
@pytest.mark.parametrize("text", ["{{ params.free }}", "{{ run.id }}"])
def test_neither_reaches_beams_own_options(name: str, text: str) -> None:
    problems = check(graph({"parameters": {name: text}}))
    assert [problem.path for problem in problems] == [("steps", "a", "dataflow", "parameters", name)]
    assert check(graph({"parameters": {name: "gs://b/{{ params.enum }}"}})) == []


@pytest.mark.parametrize(
    "name",
    ["sdk_container_image", "sdkContainerImage", "setup_file", "service-account", "serviceAccount", "experiments"],
)
@pytest.mark.parametrize("key", ["parameters", "common_parameters"])
def test_a_parameter_that_is_beams_own_option_is_no_data(key: str, name: str) -> None:
    problems = check(graph({key: {name: {"a": ["{{ params.free }}"]}}}))
    assert [problem.path for problem in problems] == [("steps", "a", "dataflow", key, name)]


TEXT = """\
name: g
params: {bucket: string, image: string}
defaults:
  dataflow: {temp_location: "gs://{{ params.bucket }}/temp"}
  parameters: {sdk_container_image: "{{ params.image }}"}
steps:
  a: {dataflow: {template: "gs://{{ params.bucket }}/{{ params.image }}"}}
  b: {dataflow: {template: gs://b/t}, local: {command: "echo {{ params.bucket }}"}}
"""


def test_it_is_said_once_where_it_was_written_with_the_ways_out(refusal: Refusal) -> None:
    def said(name: str) -> str:
        why = "is free text, so whoever starts a run could choose the code, the service account or the network"
        fix = f"give it a pattern, take {{{{ run.deployment.{name} }}}}, or say unsafe_params: [{name}]"
        return f"param '{name}' {why}: make it an enum, {fix}"

    both = said("bucket").replace("param 'bucket' is", "params 'bucket' and 'image' are")
    assert refusal(TEXT) == [
        f"g.yaml:4: defaults: dataflow.temp_location: {said('bucket')}",
        f"g.yaml:5: defaults: parameters.sdk_container_image: {said('image')}",
        f"g.yaml:7: step 'a': dataflow.template: {both}",
    ]


def test_a_graph_may_say_that_its_starters_may(load: Load, refusal: Refusal) -> None:
    assert load(f"unsafe_params: [bucket, image]\n{TEXT}").unsafe_params == ("bucket", "image")
    assert refusal("unsafe_params: [buckets]\nname: g\nparams: {bucket: string}\nsteps: {a: }\n") == [
        "g.yaml:1: unsafe_params[0]: no param is called 'buckets' (did you mean 'bucket'?)"
    ]


def test_a_python_graph_is_held_to_it_and_goes_both_ways(refusal: Refusal) -> None:
    head = "from orchestrator import Graph\ngraph = Graph('g', params={'b': 'x', 'c': {'pattern': '[a-z]+'}}"
    step = "graph.step('a', dataflow={'template': '{{ params.b }}{{ params.c }}'})\n"
    assert [line.partition(": param")[0] for line in refusal(f"{head})\n{step}", "g.py")] == [
        "g.py:3: step 'a': dataflow.template"
    ]
    made = Written("g", params={"b": "x", "c": {"pattern": "[a-z]+"}}, unsafe_params=["b"])
    made.step("a", dataflow={"template": "{{ params.b }}{{ params.c }}"})
    assert build(document(made.model)) == (made.model, [])
    assert Written.from_networkx(made.to_networkx()).model == made.model


def test_a_core_graph_is_held_to_it(refusal: Refusal) -> None:
    text = """\
from orchestrator.core.graph import Graph, Param
from orchestrator.core.steps import Step, Work
graph = Graph("g", (Step("a", Work("dataflow", {"template": "{{ params.b }}", "region": "r"})),), (Param("b"),))
"""
    assert [line.partition(": param")[0] for line in refusal(text, "g.py")] == ["g.py:1: steps.a.dataflow.template"]


def test_a_graph_without_patterns_has_the_version_that_it_had() -> None:
    """Or every graph would have another one after an upgrade, and be another run's."""
    one = Graph("g", (Step("a"),), (Param("p"),))
    assert one.version == Graph("g", (Step("a"),), (Param("p"),), unsafe_params=("p",)).version == "edef7de934fb9f11"
    assert one.version != Graph("g", (Step("a"),), (Param("p", pattern="x"),)).version


def test_what_is_taken_from_the_deployment_is_known_by_its_names() -> None:
    spec = {
        "template": "gs://{{ run.deployment.bucket }}/{{ run.deployment['version'] }}",
        "parameters": {"a": ["{{ run.deployment.x }}"]},
    }
    assert deployment_values(graph(spec).steps) == ["bucket", "version", "x"]


def test_the_deployment_says_nothing_on_one_machine(refusal: Refusal) -> None:
    text = "name: g\nsteps:\n  a: {command: 'echo {{ run.deployment.bucket }}'}\n"
    text += "  b: {dataflow: {template: 'gs://{{ run.deployment.a }}'}, local: {command: 'x {{ run.deployment.b }}'}}\n"
    said = "run.deployment exists only in the cloud, and this part runs on one machine: use a param"
    assert refusal(text) == [f"g.yaml:3: step 'a': command: {said}", f"g.yaml:4: step 'b': local.command: {said}"]
