"""``graphs.lock`` says of every graph what Terraform must know, and of every file that is deployed how it was."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from orchestrator.core.graph import Graph
from orchestrator.core.steps import Step, Work
from orchestrator.definition.catalog import find_graph, graph_files, graphs
from orchestrator.deployment.lockfile import Lock, lock
from orchestrator.deployment.lockfile.compare import differences
from orchestrator.deployment.lockfile.entry import Entry, Local, jobs_at_once
from orchestrator.errors import NotFoundError, UsageError

ROOT = Path(__file__).resolve().parents[2]
Make = Callable[[Mapping[str, str | bytes]], Path]

SALES = """\
name: sales
params: {date: {type: date}, where: us-central1}
defaults: {dataflow: {region: europe-west4}}
steps:
  orders: {dataflow: {template: gs://b/orders.json}}
  customers: {dataflow: {template: gs://b/customers.json, region: "{{ params.where }}"}}
  again: {after: [orders, customers], dataflow: {template: gs://b/orders.json, region: us-east1}}
  other: {after: again, dataflow: {template: "gs://b/{{ params.date }}.json"}}
  pause: {after: other, wait: 1m}
schedule: {cron: "0 6 * * *", time_zone: Europe/Berlin, params: {date: today}}
"""
SCHEDULE = {"cron": "0 6 * * *", "time_zone": "Europe/Berlin", "params": {"date": "today"}, "paused": False}
JOB = "{dataflow: {template: gs://b/t.json}}"
PLAIN = f"name: plain\nsteps: {{a: {JOB}}}\n"
UNSAID = "name: here\nsteps: {a: {command: echo}, b: {wait: 1s}, c: {python: m:f}}\n"
LOCAL = f"{UNSAID}deploy: false\n"
PYTHON = """\
import helper
from orchestrator import Graph, step
print("not to be seen")
with Graph("py") as graph:
    step("a", dataflow={"template": helper.TEMPLATE})
"""


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A folder with these files."""

    def make(files: Mapping[str, str | bytes]) -> Path:
        for name, text in files.items():
            path = tmp_path / "graphs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path / "graphs"

    return make


def _problems(made: Lock) -> dict[str, tuple[str, ...]]:
    return {name: entry.problems for name, entry in made.graphs.items()}


def test_the_lock_of_this_repository_is_up_to_date() -> None:
    assert lock(ROOT / "graphs").text() == (ROOT / "graphs" / "graphs.lock").read_text()


def test_a_lock_says_all_of_every_graph(make: Make) -> None:
    folder = make(
        {"sales.yaml": SALES, "here/graph.yaml": LOCAL, "plain/graph.json": '{"name": "p", "steps": {"a": {}}}'}
    )
    version = {name: lock(folder).graphs[name].version for name in ("plain", "sales")}
    expected = {
        "format": 1,
        "graphs": {
            "plain": {
                "file": "plain/graph.json",
                "version": version["plain"],
                "problems": [],
                "regions": [],
                "templates": [],
                "jobs_at_once": 0,
                "schedule": None,
            },
            "sales": {
                "file": "sales.yaml",
                "version": version["sales"],
                "problems": [],
                "regions": ["europe-west4", "us-east1"],
                "templates": ["gs://b/customers.json", "gs://b/orders.json"],
                "jobs_at_once": 2,
                "schedule": SCHEDULE,
            },
        },
        "local": {
            "here": {
                "file": "here/graph.yaml",
                "because": "it says deploy: false",
            }
        },
        "files": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("plain/graph.json", "sales.yaml")
        },
    }
    assert lock(folder).text() == json.dumps(expected, indent=2, sort_keys=True) + "\n"


def test_the_lock_itself_is_no_graph(make: Make) -> None:
    folder = make({"plain.yaml": PLAIN, "graphs.lock": "{}", "graphs.lock.d/x": ""})
    assert graph_files(folder) == [("plain", folder / "plain.yaml")]
    assert graphs(folder.parent) == {"plain": folder / "plain.yaml"}


def test_what_a_name_stands_for_is_what_the_lock_tells_of(make: Make) -> None:
    folder = make(
        {"a/graph.json": "", "a/graph.yaml": "", "b.json": "", "b/graph.yaml": "", "b.yaml": "", ".c.yaml": ""}
    )
    found = dict(graph_files(folder))
    assert found == {"a": folder / "a" / "graph.yaml", "b": folder / "b.yaml"} == graphs(folder.parent)
    assert find_graph("graphs/a", folder.parent) == found["a"]


def test_the_folders_own_name_is_nowhere_in_it(make: Make) -> None:
    folder = make({"bad.yaml": "name: x", "py/graph.py": "import nope", "f.yaml": f"name: f\nsteps: {{a: {JOB}}}"})
    make({"f.yaml": "name: f\nsteps: {a: {dataflow: {template: t}, parameters_from: no.where:f}}"})
    assert _problems(lock(folder)) == {
        "bad": ("bad.yaml:1: steps: expected the graph's steps, got none",),
        "f": ("f.yaml:2: step 'a': parameters_from: there is no module 'no.where' in graphs or installed",),
        "py": ("py/graph.py:1: the file raised ModuleNotFoundError: 'No module named 'nope''",),
    }
    assert str(folder) not in lock(folder).text()


def test_a_graph_with_problems_tells_nothing_else_and_its_file_is_there(make: Make) -> None:
    made = lock(make({"bad.yaml": SALES.replace("after: again", "after: agian")}))
    wrong = "bad.yaml:8: step 'other': after: no step is called 'agian' (did you mean 'again'?)"
    assert made.graphs == {"bad": Entry("bad.yaml", None, (wrong,), (), (), 0, None)}
    assert list(made.files) == ["bad.yaml"]
    assert made.problems == [wrong]


def test_a_graph_that_says_so_is_not_deployed(make: Make) -> None:
    made = lock(make({"here.yaml": LOCAL, "kept.yaml": f"{PLAIN}deploy: false\n"}))
    assert made == Lock(
        local={
            "here": Local("here.yaml", "it says deploy: false"),
            "kept": Local("kept.yaml", "it says deploy: false"),
        }
    )


def test_a_graph_that_has_steps_of_one_machine_must_say_that_it_is_not_deployed(make: Make) -> None:
    """A step that is changed in one graph of many must not take its graph out of production without a word."""
    steps = ", ".join(f"s{number}: {{command: ls}}" for number in range(8))
    made = lock(
        make({"many.yaml": f"name: many\nsteps: {{{steps}}}", "one.yaml": "name: o\nsteps: {a: {python: m:f}}"})
    )
    fix = "use a dataflow step with this as its local block, or write deploy: false at the top of the graph"
    assert made.local == {}
    assert made.problems == [
        "many.yaml:2: step 's0': command: expected a graph that can be deployed, but steps s0, s1, s2, s3, s4 and 3 "
        f"more run on one machine only: {fix}",
        f"one.yaml:2: step 'a': python: expected a graph that can be deployed, but step a runs on one "
        f"machine only: {fix}",
    ]


def test_what_stands_in_on_one_machine_does_not_keep_a_graph_there(make: Make) -> None:
    folder = make({"a.yaml": "name: a\nsteps: {a: {dataflow: {template: t}, local: {command: ls}}, b: {wait: 1s}}"})
    assert list(lock(folder).graphs) == ["a"]


def test_a_graph_of_one_machine_has_no_schedule(make: Make) -> None:
    folder = make({"here.yaml": UNSAID + 'schedule: "0 6 * * *"', "kept.yaml": LOCAL + 'schedule: "0 6 * * *"'})
    assert lock(folder).local == {}
    assert lock(folder).problems == [
        "here.yaml:3: schedule: expected a graph that can be deployed, but steps a and c run on one machine only "
        "(command or python): remove the schedule, or use dataflow steps",
        "kept.yaml:4: schedule: a graph with deploy: false is not deployed, so nothing starts it: "
        "remove one of the two",
    ]


@pytest.mark.parametrize("name", ["My_Graph", "-x", "a" * 64])
def test_a_name_that_no_graph_can_have_is_a_problem(make: Make, name: str) -> None:
    assert lock(make({f"{name}.yaml": PLAIN})).problems == [
        f"{name}.yaml: a deployed graph is named after its file or folder: expected at most 63 lower-case letters, "
        f"digits and '-', with no '-' at an end, got '{name if len(name) < 61 else name[:57] + '...'}'"
    ]


def test_two_files_of_one_name_are_a_problem_and_both_are_there(make: Make) -> None:
    made = lock(make({"sales.yaml": PLAIN, "sales/graph.yaml": PLAIN}))
    wrong = "sales.yaml: expected one graph called 'sales', got sales/graph.yaml and sales.yaml: rename all but one"
    assert made.graphs == {"sales": Entry("sales.yaml", problems=(wrong,))}
    assert set(made.files) == {"sales.yaml", "sales/graph.yaml"}


NOISE = dict.fromkeys(("x.png", ".hidden.py", ".venv/a.py", "__pycache__/a.py", "graphs.lock", "Makefile"), "")
HELPERS = {f"{name}.{name}": "" for name in ("json", "yml", "toml", "txt", "sql", "csv")}
FROM = "name: g\nsteps: {a: {dataflow: {template: t}, parameters_from: lib.params:make}}"
LIB = {"lib/params.py": "def make(): return {}\n", "lib/deep/rows.csv": "a;b\n"}


def test_a_yaml_graph_goes_alone(make: Make) -> None:
    assert list(lock(make({"g/graph.yaml": PLAIN, "g/other.py": "", "g/sub/x.csv": ""})).files) == ["g/graph.yaml"]


def test_with_a_function_goes_all_that_it_may_need_below_the_graphs_folder(make: Make) -> None:
    inside = {"graph.yaml": FROM, **LIB, **HELPERS}
    folder = make({f"g/{name}": text for name, text in {**inside, **NOISE}.items()})
    make({"other.csv": "", "lib/x.py": ""})
    made = lock(folder)
    assert made.problems == []
    assert set(made.files) == {f"g/{name}" for name in inside}


def test_with_a_graph_among_others_goes_what_lies_beside_it_and_belongs_to_none(make: Make) -> None:
    others = {"here.yaml": LOCAL, "plain.yaml": PLAIN, "own/graph.yaml": PLAIN, "own/helper.py": ""}
    folder = make({"g.yaml": FROM, **LIB, **HELPERS, **NOISE, **others})
    assert set(lock(folder).files) == {"g.yaml", "plain.yaml", "own/graph.yaml", *LIB, *HELPERS}


def test_with_a_python_graph_goes_what_it_may_import(
    make: Make, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(sys.path)
    one = {"one/graph.py": PYTHON, "one/helper.py": 'TEMPLATE = "gs://b/one"\n'}
    two = {"two/graph.py": PYTHON.replace('"py"', '"two"'), "two/helper.py": 'TEMPLATE = "gs://b/two"\n'}
    made = lock(make({**one, **two}))
    assert {name: entry.templates for name, entry in made.graphs.items()} == {
        "one": ("gs://b/one",),
        "two": ("gs://b/two",),
    }
    assert set(made.files) == {*one, *two}
    assert capsys.readouterr() == ("", "not to be seen\n" * 2)
    assert sys.path == before


def test_a_function_that_is_not_there_is_a_problem_now(make: Make) -> None:
    keys = ["lib.params:mak", "no:f", "lib.broken:f", "lib.leaving:f", "lib.params:make"]
    steps = "".join(
        f"  s{number}: {{dataflow: {{template: t}}, parameters_from: {key}}}\n" for number, key in enumerate(keys)
    )
    broken = {"lib/broken.py": "\nimport nothing.at.all\n", "lib/leaving.py": "raise SystemExit(3)\n"}
    folder = make(
        {f"g/{name}": text for name, text in {"graph.yaml": f"name: g\nsteps:\n{steps}", **LIB, **broken}.items()}
    )
    assert lock(folder).problems == [
        "g/graph.yaml:3: step 's0': parameters_from: module 'lib.params' has no function 'mak' (did you mean 'make'?)",
        "g/graph.yaml:4: step 's1': parameters_from: there is no module 'no' in g or installed",
        "g/graph.yaml:5: step 's2': parameters_from: ModuleNotFoundError: No module named 'nothing' (broken.py:2)",
        "g/graph.yaml:6: step 's3': parameters_from: SystemExit: 3 (leaving.py:1)",
    ]


def test_all_that_is_wrong_is_told_at_once(make: Make) -> None:
    """What is wrong with the file, what lock itself looks for, and what its folder has."""
    steps = "  a: {after: none, dataflow: {template: t}, parameters_from: no:f}\n  b: {command: ls}\n  c: {cal: x}\n"
    folder = make({"g/graph.yaml": f"name: g\nsteps:\n{steps}", "g/env": "NOTE = no\n", "plain.yaml": PLAIN})
    assert lock(folder).problems == [
        "g/graph.yaml:3: step 'a': after: no step is called 'none'",
        "g/graph.yaml:5: step 'c': cal: unknown key (did you mean 'call'?)",
        "g/graph.yaml:3: step 'a': parameters_from: there is no module 'no' in g or installed",
        "g/graph.yaml:4: step 'b': command: expected a graph that can be deployed, but step b runs on one "
        "machine only: use a dataflow step with this as its local block, or write deploy: false at the top of the "
        "graph",
        "g/env:1: expected NAME=value, got 'NOTE = no'",
    ]


def test_two_graphs_may_call_their_modules_the_same(make: Make) -> None:
    library = {"one/lib/params.py": "def make(): ...\n", "two/lib/params.py": "def other(): ...\n"}
    made = lock(
        make(
            {"one/graph.yaml": FROM, "two/graph.yaml": FROM.replace(":make", ":other").replace(": g", ": h"), **library}
        )
    )
    assert made.problems == []


def test_a_function_of_the_articles_json_is_called_as_it_is_there(make: Make) -> None:
    step = '{"template": "gs://b/t", "function": "make"}'
    folder = make({"a.json": f'{{"start": "A", "steps": {{\n"A":\n{step}}}}}', "a.py": "def make(): ...\n"})
    assert lock(folder).problems == []
    assert set(lock(folder).files) == {"a.json", "a.py"}
    make({"a.py": "import gone\ndef make(): ...\n"})
    wrong = "step 'A': function: ModuleNotFoundError: No module named 'gone' (a.py:1)"
    assert lock(folder).problems == [f"a.json:3: {wrong}"]


def test_a_file_that_is_no_text_is_a_problem_of_the_graph(make: Make) -> None:
    folder = make({"g.yaml": FROM, **LIB, "rows.csv": "a\nb;ü\n".encode("latin-1"), "plain.yaml": PLAIN})
    wrong = "rows.csv:2: expected text in UTF-8, got the byte 0xfc: save the file as UTF-8"
    assert _problems(lock(folder)) == {"g": (wrong,), "plain": ()}


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere: there is no such folder"):
        lock(tmp_path / "nowhere")


def test_as_many_jobs_as_a_generation_has_may_run_at_once() -> None:
    def job(name: str, *after: str) -> Step:
        return Step(name, Work("dataflow", {"template": "t"}), after)

    middle = [job(f"m{number}", "first") for number in range(3)]
    assert jobs_at_once(Graph("g", (job("first"), *middle, Step("w", Work("wait"), ("first",)), job("z", "m0")))) == 3
    assert jobs_at_once(Graph("g", (Step("a"),))) == 0


NEW = PLAIN.replace("plain", "new")
CHANGES: dict[str, tuple[str, str | None, list[str]]] = {
    "a new graph": ("new.yaml", NEW, ["new.yaml: graph 'new' was added since the graphs were locked: FIX"]),
    "a graph that is gone": (
        "plain.yaml",
        None,
        ["plain.yaml: graph 'plain' was removed since the graphs were locked: FIX"],
    ),
    "another step": (
        "plain.yaml",
        PLAIN + "#",
        ["plain.yaml: this file was changed since the graphs were locked: FIX"],
    ),
    "another schedule": (
        "plain.yaml",
        PLAIN + "schedule: 0 6 * * *",
        ["plain.yaml: graph 'plain' was changed since the graphs were locked: FIX"],
    ),
    "another file": (
        "lib/params.py",
        "make = dict",
        ["lib/params.py: this file was changed since the graphs were locked: FIX"],
    ),
    "a new file": ("lib/x.csv", "", ["lib/x.csv: this file was added since the graphs were locked: FIX"]),
    "a file that is gone": (
        "lib/deep/rows.csv",
        None,
        ["lib/deep/rows.csv: this file was removed since the graphs were locked: FIX"],
    ),
    "a graph that is deployed now": (
        "here.yaml",
        NEW,
        ["here.yaml: graph 'here' was changed since the graphs were locked: FIX"],
    ),
    "what is not deployed": ("here.yaml", LOCAL + "#", []),
    "no lock": ("graphs.lock", None, ["graphs.lock: there is no such file: FIX"]),
    "a lock of another format": (
        "graphs.lock",
        '{"format": 2, "graphs": {}, "local": {}, "files": {}}',
        ["graphs.lock: expected a file that 'orchestrator lock' wrote, got something else: FIX"],
    ),
    "half a merge": (
        "graphs.lock",
        "<<<<<<<",
        ["graphs.lock: expected a file that 'orchestrator lock' wrote, got something else: FIX"],
    ),
    "a lock of nothing": (
        "graphs.lock",
        "[]",
        ["graphs.lock: expected a file that 'orchestrator lock' wrote, got something else: FIX"],
    ),
}


@pytest.mark.parametrize(("file", "text", "sentences"), CHANGES.values(), ids=CHANGES)
def test_what_has_changed_since_is_told(make: Make, file: str, text: str | None, sentences: list[str]) -> None:
    folder = make({"g.yaml": FROM, "plain.yaml": PLAIN, "here.yaml": LOCAL, **LIB})
    make({"graphs.lock": lock(folder).text()})
    assert differences(folder / "graphs.lock", lock(folder), "FIX") == []
    if text is None:
        (folder / file).unlink()
    else:
        make({file: text})
    told = differences(folder / "graphs.lock", lock(folder), "FIX")
    assert told == [f"{folder}/{sentence}" for sentence in sentences]


def test_a_lock_that_says_the_same_in_another_way_is_out_of_date(make: Make) -> None:
    folder = make({"plain.yaml": PLAIN})
    make({"graphs.lock": json.dumps(json.loads(lock(folder).text()))})
    told = differences(folder / "graphs.lock", lock(folder), "FIX")
    assert told == [f"{folder}/graphs.lock: it was edited or written by another version of 'orchestrator lock': FIX"]


def test_two_graphs_of_one_name_are_told_of_each_other(make: Make) -> None:
    """Run ids, labels and metrics would mix them up, though ``start`` asks for them by their files' names."""
    article = '{"start": "A", "steps": {"A": {}}}'
    folder = make({"a.yaml": f"# first\n{PLAIN}", "b/graph.yaml": PLAIN, "plain/graph.json": article, "c.yaml": LOCAL})
    make({"here.yaml": PLAIN.replace("plain", "here")})
    fix = "give each graph its own name"
    assert lock(folder).problems == [
        f"a.yaml:2: name: the graph of b/graph.yaml and plain/graph.json is also called 'plain': {fix}",
        f"b/graph.yaml:1: name: the graph of a.yaml and plain/graph.json is also called 'plain': {fix}",
        f"plain/graph.json:1: name: the graph of a.yaml and b/graph.yaml is also called 'plain': {fix}",
    ]


CALL = "name: g\nparams: {date: today}\nsteps:\n  a: {call: lib.params:make}\n"


@pytest.mark.parametrize("takes", ["", "**kwargs", "params", "date, job_name=None", "*, template_location", "date, /"])
def test_a_function_may_take_what_it_is_given(make: Make, takes: str) -> None:
    assert lock(make({"g/graph.yaml": CALL, "g/lib/params.py": f"def make({takes}): ...\n"})).problems == []


def test_a_function_that_takes_anything_else_is_a_problem_now(make: Make) -> None:
    folder = make({"g/graph.yaml": CALL, "g/lib/params.py": "def make(day, *, data): ...\n"})
    assert lock(folder).problems == [
        "g/graph.yaml:4: step 'a': call: function 'lib.params:make': it takes 'day' and 'data', which nobody gives it: "
        "it may take job_name, template_location and date, each by its name, or all of them as **kwargs, or the params "
        "alone as 'params'"
    ]


BESIDE = {
    "g/graph.yaml": FROM,
    "g/lib/params.py": "def make(): ...\n",
    "g/requirements.txt": "# ours\npandas>=2,<3\nUnidecode[all] ; python_version > '3'\n",
    "g/env": "BUCKET=raw\n# a comment\n\nNOTE = no\nTEXT='two words=2'\n",
    "g/secrets": "TOKEN=warehouse-token\nOLD=old:3\nOTHER=projects/p/secrets/s:latest\n",
}


def test_a_graphs_folder_has_requirements_variables_and_secrets_for_its_functions(make: Make) -> None:
    entry = json.loads(lock(make({**BESIDE, "g/env": "BUCKET=raw\nTEXT='two words=2'\n"})).text())["graphs"]["g"]
    assert {key: entry[key] for key in ("problems", "requirements", "env", "secrets")} == {
        "problems": [],
        "requirements": "g/requirements.txt",
        "env": {"BUCKET": "raw", "TEXT": "two words=2"},
        "secrets": {
            "TOKEN": {"secret": "warehouse-token", "version": "latest", "project": None},
            "OLD": {"secret": "old", "version": "3", "project": None},
            "OTHER": {"secret": "s", "version": "latest", "project": "p"},
        },
    }


def test_what_the_functions_cannot_be_given_is_told_with_its_line(make: Make) -> None:
    folder = make(
        {**BESIDE, "g/requirements.txt": "pandas\n-r more.txt\n", "g/secrets": "A=b\nBUCKET=x\nC=d:e\n\nPORT=f"}
    )
    assert lock(folder).problems == [
        "g/env:4: expected NAME=value, got 'NOTE = no'",
        "g/secrets:3: C: expected a secret's name, name:version, or projects/P/secrets/name, got 'd:e'",
        "g/secrets:5: PORT is reserved by the platform or the orchestrator: choose another name",
        "g/secrets: BUCKET is also set in 'env': remove one of them",
        "g/requirements.txt:2: expected a requirement such as 'pandas>=2,<3', got '-r more.txt': the lines "
        "of all graphs are combined into one file, which cannot have options",
    ]


def test_graphs_that_want_one_variable_to_have_two_values_are_told_so(make: Make) -> None:
    other = {
        "h/graph.yaml": FROM.replace(": g", ": h"),
        "h/lib/params.py": "def make(): ...\n",
        "h/env": "BUCKET=b\nA=b\n",
    }
    folder = make({"g/graph.yaml": FROM, "g/lib/params.py": "def make(): ...\n", "g/env": "BUCKET=a\nA=b\n", **other})
    fix = "one process runs the functions of all graphs, so rename it, or use the same value"
    assert lock(folder).problems == [
        f"g: the variable BUCKET has a different value for h/graph.yaml: {fix}",
        f"h: the variable BUCKET has a different value for g/graph.yaml: {fix}",
    ]


IMPORTS = """\
import json, yaml
import pytest, click
from google.cloud import firestore, tasks_v2
from . import beside
from lib.inner import deep
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import rich.console
try:
    import orjson
except ImportError:
    orjson = None
def make():
    from orchestrator import cli
    from google.cloud import nothing_such
    import unknown_module
"""


def test_modules_that_the_functions_do_not_have_are_told_now(make: Make) -> None:
    """Those that functions import, directly or not, be it in their last line; of the other files of the folder none."""
    folder = make(
        {
            "g/graph.yaml": FROM,
            "g/lib/params.py": IMPORTS,
            "g/lib/beside.py": "import rich\n",
            "g/lib/inner/deep.py": "import uv, xdist\n",
            "g/pipelines/job.py": "import apache_beam\n",
            "g/requirements.txt": "rich\nuv\n",
        }
    )
    said, fix = "which the functions do not have: put", "into g/requirements.txt"
    assert sorted(lock(folder).problems) == [
        f"g/lib/inner/deep.py:1: imports 'xdist', {said} pytest-xdist {fix}",
        "g/lib/params.py:14: imports 'orchestrator.cli', which is not deployed: remove the import",
        f"g/lib/params.py:15: imports 'google.cloud.nothing_such', {said} google-cloud-nothing-such {fix}",
        f"g/lib/params.py:16: imports 'unknown_module', {said} unknown-module {fix}",
        f"g/lib/params.py:2: imports 'pytest', {said} pytest {fix}",
    ]


def test_a_file_whose_name_is_no_utf_8_is_told_with_all_others(make: Make) -> None:
    folder = make({"plain.yaml": PLAIN})
    for name in (b"a\xffb.yaml", b"c\xff.yaml"):
        (folder / os.fsdecode(name)).write_text(PLAIN)
    with pytest.raises(UsageError) as raised:
        lock(folder)
    assert str(raised.value) == (
        f"{folder}: expected file names in UTF-8, got 'a\\udcffb.yaml' and 'c\\udcff.yaml': rename them"
    )
