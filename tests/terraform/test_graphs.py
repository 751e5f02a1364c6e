"""Graphs are data: what graphs.lock lists is deployed, unless it has changed since it was checked."""

import base64
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.app import call
from orchestrator.deployment import FUNCTIONS
from orchestrator.deployment.archive import archive_name
from tests.supply.pins import read_pins
from tests.terraform.imaginary import ROOT, SCHEDULED, Deployed, Google, RefusedError
from tests.terraform.rules import EXAMPLES

Example = Callable[[str], Deployed]

VALID = "name: hello\nsteps:\n  one: {wait: 1s}\n"
WRONG = "name: hello\nsteps:\n  one: {wait: 1s}\n  two: {after: on}\n"


#: The resource whose precondition is that all graphs are as they were when they were checked.
SOURCE = "google_storage_bucket_object.source"


def refused(there: Google, graphs: Path, target: str = SOURCE, **variables: object) -> str:
    """Terraform's message about the graphs in a folder."""
    with pytest.raises(RefusedError) as error:
        there.plan(example="minimal", target=target, graphs_folder=str(graphs), **variables)
    return str(error.value)


def locked(folder: Path) -> Path:
    """A folder with one valid graph, hello.yaml, and its lock."""
    graphs = folder / "graphs"
    graphs.mkdir()
    (graphs / "hello.yaml").write_text(VALID)
    assert call(["lock", str(graphs)]) == 0
    return graphs


def test_the_lock_of_the_graphs_with_schedules_is_up_to_date():
    assert call(["lock", "--check", str(SCHEDULED)]) == 0


def test_a_schedule_becomes_a_job_of_cloud_scheduler(example: Example):
    told, deployed = EXAMPLES["scheduled"], example("scheduled")
    jobs = {values["name"]: values for values in deployed.of("google_cloud_scheduler_job").values()}
    nightly = jobs[told.schedule("nightly")]
    start = deployed.resources['google_cloudfunctions2_function.function["start"]']["service_config"][0]["uri"]
    assert (nightly["schedule"], nightly["time_zone"], nightly["paused"]) == ("0 1 * * 1-5", "Europe/Berlin", False)
    assert nightly["http_target"][0]["uri"] == start
    assert json.loads(base64.b64decode(nightly["http_target"][0]["body"])) == {
        "graph": "nightly",
        "params": {"date": "today", "table": "orders"},
    }
    assert nightly["retry_config"][0]["retry_count"] == 5
    assert jobs[told.schedule("paused")]["paused"] is True
    assert set(jobs) == {told.sweep_schedule, told.schedule("nightly"), told.schedule("paused")}


@pytest.mark.slow
def test_eventarc_has_triggers_in_the_regions_that_graphs_name(untouched: Google):
    deployed = untouched.plan(example="minimal", graphs_folder=str(SCHEDULED), signal_source="eventarc")
    heard: list[Any] = [values["location"] for values in deployed.of("google_eventarc_trigger").values()]
    assert sorted(heard) == ["europe-west4", "us-central1"]


@pytest.mark.slow
def test_a_graph_is_added_by_a_file_its_lock_and_an_apply(imaginary: Google, tmp_path: Path):
    graphs = locked(tmp_path)
    first = imaginary.apply(example="minimal", graphs_folder=str(graphs))
    (graphs / "nightly.yaml").write_text(f'{VALID.replace("hello", "nightly")}schedule: "0 6 * * *"\n')
    assert call(["lock", str(graphs)]) == 0
    second = imaginary.apply(example="minimal", graphs_folder=str(graphs))
    assert set(first.outputs["graphs"]) == {"hello"}
    assert set(second.outputs["graphs"]) == {"hello", "nightly"}
    assert second.resources.keys() - first.resources.keys() == {'google_cloud_scheduler_job.start["nightly"]'}
    assert first.resources[SOURCE]["name"] != second.resources[SOURCE]["name"]


def test_a_graph_that_does_not_validate_stops_the_plan_with_its_own_message(untouched: Google, tmp_path: Path):
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs/hello.yaml").write_text(WRONG)
    assert call(["lock", str(tmp_path / "graphs")]) == 2
    said = refused(untouched, tmp_path / "graphs", target="")
    assert "hello.yaml:4: step 'two': after: no step is called 'on' (did you mean 'one'?)" in said


def test_what_was_not_checked_is_not_deployed(untouched: Google, tmp_path: Path):
    """A new or a changed graph is refused; files that are no graphs are ignored."""
    graphs = locked(tmp_path)
    (graphs / "new.yaml").write_text(VALID)
    (graphs / "new.py").write_text("from orchestrator import Graph\n")
    (graphs / "hello.yaml").write_text(f"{VALID}\n")
    (graphs / "new").mkdir()
    (graphs / ".hidden.yaml").write_text(VALID)
    (graphs / "helpers.py").write_text("# a module, and no definition\n")
    said = refused(untouched, graphs)
    relock = f"run 'orchestrator lock {graphs}', then plan again"
    assert set(re.findall(r"/([\w.]+): (?:this graph has|has changed)", said)) == {"new.yaml", "new.py", "hello.yaml"}
    assert f"new.yaml: this graph has not been checked: {relock}" in said
    assert f"new.py: this graph has not been checked: {relock}" in said
    assert f"hello.yaml: has changed since it was checked: {relock}" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "hello.yaml").unlink(), "hello.yaml: has changed since it was checked: run"),
        (lambda folder: (folder / "graphs.lock").unlink(), "graphs.lock: expected what 'orchestrator lock' writes"),
        (lambda folder: (folder / "graphs.lock").write_text("{}"), "graphs.lock: expected what 'orchestrator lock'"),
        (lambda folder: (folder / "graphs.lock").write_text("<<<<"), "graphs.lock: expected what 'orchestrator lock'"),
    ],
    ids=["a graph is gone", "no lock", "an empty lock", "a lock with conflicts"],
)
def test_missing_files_are_refused(untouched: Google, tmp_path: Path, change: Callable[[Path], object], sentence: str):
    graphs = locked(tmp_path)
    change(graphs)
    said = refused(untouched, graphs)
    assert sentence in said
    assert f"run 'orchestrator lock {graphs}', then plan again" in said


@pytest.mark.slow
def test_values_that_graphs_use_have_to_be_set(untouched: Google, tmp_path: Path):
    graphs = tmp_path / "graphs"
    graphs.mkdir()
    spec = 'dataflow: {template: "gs://{{ run.deployment.bucket }}/t.json", region: europe-west4}'
    (graphs / "hello.yaml").write_text(f"name: hello\nsteps:\n  one:\n    {spec}\n")
    assert call(["lock", str(graphs)]) == 0
    said = refused(untouched, graphs)
    fix = 'set values = { bucket = "..." }'
    assert f"hello.yaml: it uses run.deployment.bucket, which has no value: {fix}" in said
    functions, given = "google_cloudfunctions2_function.function", {"bucket": "b"}
    deployed = untouched.plan(example="minimal", target=functions, graphs_folder=str(graphs), values=given)
    assert json.loads(deployed.environment("on_task")["ORCHESTRATOR_VALUES"]) == {"bucket": "b"}


@pytest.mark.slow
def test_starters_of_one_graph_may_call_start_which_knows_their_graphs(untouched: Google):
    ann, bob, eve = "user:Ann@example.com", "serviceAccount:bob@demo-1.iam.gserviceaccount.com", "group:eve@example.com"
    mine = {"nightly": [ann, bob], "paused": [ann]}
    told = untouched.plan(example="minimal", graphs_folder=str(SCHEDULED), starters=[eve, bob], graph_starters=mine)
    starters = told.of("google_cloud_run_v2_service_iam_member").items()
    assert {values["member"] for name, values in starters if ".starter[" in name} == {ann, bob, eve}
    given = told.environment("start")
    assert json.loads(given["ORCHESTRATOR_STARTERS"]) == {"ann@example.com": ["nightly", "paused"]}
    said = refused(untouched, SCHEDULED, graph_starters={"sales": [ann]})
    assert "graph_starters: sales: no deployed graph has that name" in said


def test_the_demos_are_not_deployed_by_default(example: Example):
    assert example("minimal").outputs["graphs"] == {}


@pytest.mark.slow
def test_the_functions_get_the_requirements_variables_and_secrets_of_graphs(imaginary: Google, tmp_path: Path):
    graphs = tmp_path / "graphs"
    for name, secret in (("nightly", "TOKEN=warehouse-token"), ("weekly", "OLD=projects/elsewhere/secrets/old:3")):
        shutil.copytree(SCHEDULED / "nightly", graphs / name)
        file = graphs / name / "graph.yaml"
        file.write_text(file.read_text().replace("name: nightly", f"name: {name}"))
        (file.parent / "requirements.txt").write_text(f"Unidecode-{name}>=1.3\n")
        (file.parent / "env").write_text(f"{name.upper()}_BUCKET=raw\n")
        (file.parent / "secrets").write_text(f"{secret}\n")
    assert call(["lock", str(graphs)]) == 0
    shutil.copy(ROOT / "requirements.lock", imaginary.clone())
    env = {"WEEKLY_BUCKET": "common", "TOKEN": "common", "SEASON": "winter"}  # those of graphs take precedence
    deployed = imaginary.apply(example="minimal", graphs_folder=str(graphs), env=env)
    both = ["NIGHTLY_BUCKET", "SEASON", "WEEKLY_BUCKET"]
    given = {target: deployed.environment(target) for target in FUNCTIONS}
    assert {target: sorted(set(both) & variables.keys()) for target, variables in given.items()} == {
        "on_signal": [],
        "on_task": both,
        "start": both,
        "sweep": [],
        "console": both,
        "console_view": [],
    }
    assert (given["on_task"]["WEEKLY_BUCKET"], given["on_task"].get("TOKEN")) == ("raw", None)
    project = given["on_task"]["ORCHESTRATOR_PROJECT"]
    configs = [values["service_config"][0] for values in deployed.of("google_cloudfunctions2_function").values()]
    assert [config["secret_environment_variables"] for config in configs if config["secret_environment_variables"]] == [
        [
            {"key": "OLD", "project_id": "elsewhere", "secret": "old", "version": "3"},
            {"key": "TOKEN", "project_id": project, "secret": "warehouse-token", "version": "latest"},
        ]
    ]
    grants = deployed.of("google_secret_manager_secret_iam_member").values()
    assert {(grant["secret_id"], grant["role"], grant["member"].partition("@")[0]) for grant in grants} == {
        (f"projects/{at}", "roles/secretmanager.secretAccessor", "serviceAccount:orchestrator-prod-tasks")
        for at in (f"{project}/secrets/warehouse-token", "elsewhere/secrets/old")
    }
    assert 'google_project_service.api["secretmanager"]' in deployed.resources
    (archive,) = (imaginary.clone() / "terraform/.build").glob("*.zip")
    assert archive.name == archive_name(imaginary.clone(), graphs)
    ours, *theirs = zipfile.ZipFile(archive).read("requirements.txt").decode().split("\n# graphs/")
    assert theirs == [f"{name}/requirements.txt\nUnidecode-{name}>=1.3\n" for name in ("nightly", "weekly")]
    pins = {pin.text: pin.hashes for pin in read_pins(ours)}
    assert pins == {pin.text: () for pin in read_pins((ROOT / "requirements.lock").read_text())}  # pip: of all or none


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["more/graphs", "more/graphs/", "./more/graphs"])
def test_terraform_and_lock_mean_the_same_folder(imaginary: Google, monkeypatch: pytest.MonkeyPatch, folder: str):
    root = imaginary.clone()
    monkeypatch.chdir(root)
    (root / "more/graphs").mkdir(parents=True)
    (root / "more/graphs/hello.yaml").write_text(VALID)
    with pytest.raises(RefusedError) as refused:
        imaginary.plan(example="minimal", target=SOURCE, graphs_folder=folder)
    (said,) = re.findall(r"run 'orchestrator (lock [^']+)', then plan again", str(refused.value))
    assert call(said.split()) == 0
    assert imaginary.plan(example="minimal", graphs_folder=folder).outputs["graphs"].keys() == {"hello"}
