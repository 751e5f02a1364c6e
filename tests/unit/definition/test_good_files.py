"""What the keys of a graph file come to in the graph that runs."""

import json
from pathlib import Path

import pytest

from orchestrator import Graph as AuthoredGraph
from orchestrator import load_graph
from orchestrator.core.graph import Graph, Param
from orchestrator.core.rules import TriggerRule
from orchestrator.core.steps import CheckPolicy, Retry, Step, Work
from orchestrator.definition.build import build
from orchestrator.definition.document import document
from orchestrator.definition.load import warnings
from tests.unit.definition.conftest import Load

DAILY_SALES = """
name: daily-sales
description: Orders and customers in parallel, then one report.
params:
  date: {type: date, default: today}
  full: true
defaults:
  retry: {attempts: 3, delay: 60s, backoff: 2, max_delay: 1h}
  timeout: 6h
  check: {delay: 30s, every: 10m}
  parameters: {setup_file: /template/setup.py}
  dataflow: {service_account: df@p.iam.gserviceaccount.com, max_workers: 4}
steps:
  extract-orders:
    dataflow:
      template: gs://bucket/orders.json
      region: europe-west4
      parameters: {input: "gs://raw/{{ params.date }}/orders-*.csv"}
    local: {command: [python, pipelines/orders.py, "--date={{ params.date }}"]}
  extract-customers:
    dataflow: {template: gs://bucket/customers.json, region: europe-west4, max_workers: 8}
    parameters_from: pipelines.params:customers
    job_name: customers
    retry: {attempts: 1}
    local: {python: pipelines.local:customers, args: {rows: 5}}
  report:
    after: [extract-orders, extract-customers]
    trigger: all_success
    when: "{{ params.full }}"
    description: One report
    timeout: 30m
    dataflow: {template: gs://bucket/report.json, region: europe-west4, parameters: {setup_file: /own.py}}
  notify:
    after: report
    trigger: all_done
    command: [notify, 5]
    env: {ROWS: "{{ steps.report.outputs.rows }}"}
    cwd: tools
"""

RETRY = Retry(3, 60.0, 2.0, 3600.0)
CHECK = CheckPolicy(30.0, 600.0)
ACCOUNT = "df@p.iam.gserviceaccount.com"


def test_the_graph_of_the_design_means_this(load: Load) -> None:
    assert load(DAILY_SALES) == Graph(
        "daily-sales",
        (
            Step(
                "extract-orders",
                Work(
                    "dataflow",
                    {
                        "template": "gs://bucket/orders.json",
                        "region": "europe-west4",
                        "parameters": {
                            "setup_file": "/template/setup.py",
                            "input": "gs://raw/{{ params.date }}/orders-*.csv",
                        },
                        "service_account": ACCOUNT,
                        "max_workers": 4,
                    },
                ),
                retry=RETRY,
                timeout=21600.0,
                check=CHECK,
                local=Work("command", {"command": ["python", "pipelines/orders.py", "--date={{ params.date }}"]}),
            ),
            Step(
                "extract-customers",
                Work(
                    "dataflow",
                    {
                        "template": "gs://bucket/customers.json",
                        "region": "europe-west4",
                        "parameters": {},
                        "parameters_from": "pipelines.params:customers",
                        "common_parameters": {"setup_file": "/template/setup.py"},
                        "service_account": ACCOUNT,
                        "max_workers": 8,
                    },
                ),
                retry=Retry(1, 60.0, 2.0, 3600.0),
                timeout=21600.0,
                check=CHECK,
                local=Work("python", {"function": "pipelines.local:customers", "args": {"rows": 5}}),
                job_name="customers",
            ),
            Step(
                "report",
                Work(
                    "dataflow",
                    {
                        "template": "gs://bucket/report.json",
                        "region": "europe-west4",
                        "parameters": {"setup_file": "/own.py"},
                        "service_account": ACCOUNT,
                        "max_workers": 4,
                    },
                ),
                after=("extract-customers", "extract-orders"),
                when="{{ params.full }}",
                retry=RETRY,
                timeout=1800.0,
                check=CHECK,
                description="One report",
            ),
            Step(
                "notify",
                Work(
                    "command",
                    {"command": ["notify", "5"], "env": {"ROWS": "{{ steps.report.outputs.rows }}"}, "cwd": "tools"},
                ),
                after=("report",),
                trigger=TriggerRule.ALL_DONE,
                retry=RETRY,
                timeout=21600.0,
                check=CHECK,
            ),
        ),
        (Param("date", "date", "today"), Param("full", "bool", True)),
        "Orders and customers in parallel, then one report.",
    )


def test_a_graph_can_be_written_down_again(load: Load) -> None:
    graph = load(DAILY_SALES)
    assert build(document(graph)) == (graph, [])


def test_json_means_the_same_as_yaml(load: Load) -> None:
    text = json.dumps(document(load(DAILY_SALES)))
    assert load(text, "g.json").version == load(DAILY_SALES).version


WORKS = {
    "wait: 90m": Work("wait", {"seconds": 5400.0}),
    "wait: 1.5s": Work("wait", {"seconds": 1.5}),
    "command: echo $HOME | wc": Work("command", {"command": "echo $HOME | wc"}),
    "command: [sleep, 5]": Work("command", {"command": ["sleep", "5"]}),
    "python: a.b:c": Work("python", {"function": "a.b:c", "args": {}}),
    "{python: m:f, args: {x: [1, 2.5, null, yes, 2024-01-31, 010]}}": Work(
        "python", {"function": "m:f", "args": {"x": [1, 2.5, None, "yes", "2024-01-31", "010"]}}
    ),
    "dataflow: {template: gs://b/t.json}": Work("dataflow", {"template": "gs://b/t.json", "parameters": {}}),
    'dataflow: {template: gs://b/t, num_workers: "{{ params.n }}", labels: {team: 5}}': Work(
        "dataflow", {"template": "gs://b/t", "num_workers": "{{ params.n }}", "labels": {"team": "5"}, "parameters": {}}
    ),
    "{}": Work(),
    "": Work(),
}


@pytest.mark.parametrize(("text", "work"), WORKS.items())
def test_a_steps_kind_is_the_key_that_names_it(load: Load, text: str, work: Work) -> None:
    keys = text if text.startswith("{") or not text else f"{{{text}}}"
    graph = load(f"name: g\nparams: {{n: 3}}\nsteps:\n  a: {keys}")
    assert graph.steps == (Step("a", work),)


@pytest.mark.parametrize(
    "steps",
    [
        "{a: {next: [b, c]}, b: {next: d}, c: {next: d}, d: }",
        "{a: , b: {after: a}, c: {after: [a]}, d: {after: [c, b]}}",
        "{a: {next: [b, c]}, b: {after: a, next: [d]}, c: {after: [a, a], next: d}, d: {after: b}}",
    ],
)
def test_edges_are_the_union_of_after_and_next(load: Load, steps: str) -> None:
    graph = load(f"name: g\nsteps: {steps}")
    assert [(step.name, step.after) for step in graph.steps] == [
        ("a", ()),
        ("b", ("a",)),
        ("c", ("a",)),
        ("d", ("b", "c")),
    ]


def test_yaml_has_no_surprises_in_names(load: Load) -> None:
    graph = load("name: g\nsteps:\n  no: {after: [on, y]}\n  on: \n  y: \n  null: {after: 'no'}")
    assert [(step.name, step.after) for step in graph.steps] == [
        ("no", ("on", "y")),
        ("on", ()),
        ("y", ()),
        ("null", ("no",)),
    ]


def test_params_in_short_and_in_full(load: Load) -> None:
    graph = load(
        """
name: g
params:
  region: europe-west4
  rows: 5
  share: 0.5
  full: false
  tables: [a, b]
  bucket:
  size: {type: enum, values: [small, large], default: small, description: How much}
  start: {type: datetime}
  day: 2024-01-31
  run_day: today
  run_time: now
steps: {a: }
"""
    )
    assert graph.params == (
        Param("region", "string", "europe-west4"),
        Param("rows", "int", 5),
        Param("share", "float", 0.5),
        Param("full", "bool", False),
        Param("tables", "list", ["a", "b"]),
        Param("bucket", "string", required=True),
        Param("size", "enum", "small", values=("small", "large"), description="How much"),
        Param("start", "datetime", required=True),
        Param("day", "date", "2024-01-31"),
        Param("run_day", "date", "today"),
        Param("run_time", "datetime", "now"),
    )


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("2024-01-31", "date"),
        ('"2024-01-31"', "date"),
        ("2024-01-31T06:00:00Z", "datetime"),
        ("2024-01-31 06:00", "datetime"),
        ("2024-01-31T06:00:00.5+02:00", "datetime"),
        ("2024-01", "string"),
        ("06:00", "string"),
        ("v2024-01-31", "string"),
    ],
)
def test_a_bare_default_that_is_a_date_or_a_time_implies_that(load: Load, written: str, kind: str) -> None:
    """It was text, so that a run could be given any other text."""
    (param,) = load(f"name: g\nparams: {{at: {written}}}\nsteps: {{a: }}").params
    assert (param.type, param.default) == (kind, written.strip('"'))
    (param,) = load(
        f'{{"name": "g", "params": {{"at": "{written.strip(chr(34))}"}}, "steps": {{"a": {{}}}}}}', "g.json"
    ).params
    assert param.type == kind
    (param,) = load(f"name: g\nparams: {{at: {{type: string, default: {written}}}}}\nsteps: {{a: }}").params
    assert param.type == "string"


@pytest.mark.parametrize(
    "written",
    [
        "gs://b/t",
        "gs://{{ run.deployment.bucket }}/t",
        "{{ run.deployment.template }}",
        "gs:/{{ run.deployment.rest }}",
    ],
)
def test_a_template_is_in_cloud_storage_or_an_expression_may_say_so(load: Load, written: str) -> None:
    graph = load(f"name: g\nsteps: {{a: {{dataflow: {{template: '{written}'}}}}}}")
    assert graph.steps[0].work.spec["template"] == written


AMBIGUOUS = """name: g
deploy: false
params:
  full: yes
  off: "no"
  many: 1_000
  mode: 010
  list: [On, "on", 12:30, 2024-01-31]
  loose: {default: NO}
  text: {type: string, default: no}
  none: NULL
steps:
  a:
    python: m:f
    args: {x: no, y: [0x1F, {z: Off}], day: 2024-01-31, s: "no", t: true, n: 1.5, at: 06:30, w: now}
  b: {dataflow: {template: gs://b/t, parameters: {x: no}}, local: {python: m:f, args: {x: yes}}}
"""


def test_words_that_other_readers_of_yaml_take_for_something_else_are_warned_of(load: Load) -> None:
    """They became text silently, and ``no`` is then as true as any text."""
    text = "put it in quotes if text is meant"
    assert warnings("g.yaml", load(AMBIGUOUS)) == (
        f"g.yaml:4: warning: param 'full': 'yes' is text here: write true, or {text}",
        f"g.yaml:6: warning: param 'many': '1_000' is text here: write a number in decimal digits, or {text}",
        f"g.yaml:7: warning: param 'mode': '010' is text here: write a number in decimal digits, or {text}",
        f"g.yaml:8: warning: param 'list': [0]: 'On' is text here: write true, or {text}",
        f"g.yaml:9: warning: param 'loose': default: 'NO' is text here: write false, or {text}",
        f"g.yaml:11: warning: param 'none': 'NULL' is text here: write null, or {text}",
        f"g.yaml:15: warning: step 'a': args.x: 'no' is text here: write false, or {text}",
        f"g.yaml:15: warning: step 'a': args.y[0]: '0x1F' is text here: write a number in decimal digits, or {text}",
        f"g.yaml:15: warning: step 'a': args.y[1].z: 'Off' is text here: write false, or {text}",
        f"g.yaml:16: warning: step 'b': local.args.x: 'yes' is text here: write true, or {text}",
    )


def test_a_default_that_is_called_like_a_type_is_probably_meant_as_one(load: Load) -> None:
    """``date: date`` is a text, and a run was given the text ``date`` for its day."""
    graph = load('name: g\nparams:\n  day: date\n  mode: {default: int}\n  kind: "list"\nsteps: {a: }')
    assert warnings("g.yaml", graph) == (
        "g.yaml:3: warning: param 'day': 'date' is text here: write {type: date} if that is the param's type, "
        "or put it in quotes if text is meant",
    )


def test_a_condition_may_be_a_plain_yes_or_no(load: Load) -> None:
    graph = load("name: g\nsteps: {a: {when: true}, b: {when: false}}")
    assert [step.when for step in graph.steps] == ["{{ true }}", "{{ false }}"]


def test_a_common_time_out_is_not_for_waiting(load: Load) -> None:
    graph = load(
        "name: g\ndefaults: {timeout: 6h}\nsteps: {a: {wait: 2d}, b: {wait: 2d, timeout: 3d}, c: {command: x}}"
    )
    assert [step.timeout for step in graph.steps] == [None, 259200.0, 21600.0]


def test_anchors_and_merges_are_understood(load: Load) -> None:
    graph = load(
        "name: g\nsteps:\n  a: &a {wait: 1s, timeout: 5s}\n  b: {<<: *a, wait: 2s}\n  c: {<<: [*a], timeout: 9s}"
    )
    assert [(s.work.spec["seconds"], s.timeout) for s in graph.steps] == [(1.0, 5.0), (2.0, 5.0), (1.0, 9.0)]


def test_a_byte_order_mark_is_no_text(load: Load) -> None:
    assert load(b"\xef\xbb\xbfname: g\nsteps: {a: }").name == "g"
    assert load(b'\xef\xbb\xbf{"name": "g", "steps": {"a": {}}}', "g.json").name == "g"


def test_the_order_of_keys_changes_no_version(load: Load) -> None:
    first = load("name: g\nsteps: {a: {wait: 1s, timeout: 5s}, b: {after: a}}")
    second = load("steps: {a: {timeout: 5s, wait: 1s, next: b}, b: }\nname: g")
    third = load("name: g\nsteps: {a: {wait: 1s, timeout: 6s}, b: {after: a}}")
    assert first.version == second.version != third.version


def test_a_path_may_be_a_path(load: Load, tmp_path: Path) -> None:
    load("name: g\nsteps: {a: }")
    assert load_graph(tmp_path / "g.yaml").name == "g"


DEFAULTS = """
name: g
deploy: false
defaults:
  parameters: {setup: common, day: common}
  dataflow: {labels: {team: all, env: dev}, region: r}
steps:
  plain: {dataflow: {template: gs://b/t, parameters: {day: own}, labels: {team: sales}}}
  made: {dataflow: {template: gs://b/t, parameters: {day: own}}, parameters_from: m:f, common_parameters: {more: mine}}
  short: {call: m:f}
"""


def test_defaults_are_merged_key_by_key_and_kept_apart_where_a_function_goes_between(
    load: Load,
) -> None:
    graph = load(DEFAULTS)
    options = {"template": "gs://b/t", "region": "r"}
    made = {
        "parameters": {"day": "own"},
        "parameters_from": "m:f",
        "common_parameters": {"setup": "common", "day": "common", "more": "mine"},
        "labels": {"team": "all", "env": "dev"},
    }
    plain = {"parameters": {"setup": "common", "day": "own"}, "labels": {"team": "sales", "env": "dev"}}
    assert [(step.name, step.work) for step in graph.steps] == [
        ("plain", Work("dataflow", {**options, **plain})),
        ("made", Work("dataflow", {**options, **made})),
        ("short", Work("call", {"function": "m:f"})),
    ]
    assert graph.deploy is False
    assert build(document(graph)) == (graph, [])
    assert AuthoredGraph.from_networkx(graph.to_networkx()).model == graph


@pytest.mark.parametrize(
    ("written", "rule", "numbers"),
    [
        ("{at_least: 2}", TriggerRule.AT_LEAST, (2, None)),
        ("{all_done_within: 90m}", TriggerRule.ALL_DONE_WITHIN, (None, 5400.0)),
    ],
)
def test_a_rule_may_have_a_number(load: Load, written: str, rule: TriggerRule, numbers: tuple[int, float]) -> None:
    graph = load(f"name: g\nsteps:\n  a:\n  b:\n  c:\n    after: [a, b]\n    trigger: {written}")
    step = graph.by_name["c"]
    assert (step.trigger, (step.at_least, step.within)) == (rule, numbers)
    again, problems = build(document(graph))
    assert (again, problems) == (graph, [])
