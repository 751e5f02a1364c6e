"""What is sent to launch a job: every option of a step, as the discovery document has it."""

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.core.model import Run
from orchestrator.core.names import JobRef, job_name, run_key
from orchestrator.core.steps import Json
from orchestrator.definition.dataflow_keys import DataflowKeys
from orchestrator.errors import LaunchRefusedError
from orchestrator.fakes.dataflow.schema import document, misfits
from orchestrator.jobs.dataflow.options import NOT_CLASSIC, OPTIONS
from orchestrator.jobs.dataflow.requests import body, kept, region, with_defaults
from orchestrator.ports import JobRequest


def request(run_id: str = "run-1", **spec: Json) -> JobRequest:
    run = Run(run_id, run_key(run_id), "daily-sales", "v", {}, 0.0)
    name = job_name("orders", JobRef(run.key, 31, 2))
    return JobRequest(run, 31, "Orders.EU", 2, name, "dataflow", {"template": "gs://bucket/t.json", **spec})


NAME = request().name
LABELS = {
    "orchestrator-graph": "daily-sales",
    "orchestrator-run": "run-1",
    "orchestrator-step": "orders-eu",
    "orchestrator-attempt": "2",
}


def test_every_option_of_a_graph_file_is_sent():
    elsewhere = {"template", "parameters", "parameters_from", "region", "classic", "streaming", "labels"}
    assert set(OPTIONS) == set(DataflowKeys.model_fields) - elsewhere


def test_every_option_is_in_the_discovery_document():
    schemas = document()["schemas"]
    assert set(OPTIONS.values()) <= set(schemas["FlexTemplateRuntimeEnvironment"]["properties"])
    classic = set(schemas["RuntimeEnvironment"]["properties"])
    assert {option for option, field in OPTIONS.items() if field not in classic} == NOT_CLASSIC


def test_a_flex_launch_with_everything():
    made = body(
        request(
            parameters={"input": "gs://raw/2026", "rows": 3, "full": True, "list": [1], "none": None},
            service_account="a@b.iam",
            network="n",
            subnetwork="regions/r/subnetworks/s",
            ip_configuration="WORKER_IP_PRIVATE",
            machine_type="n2-standard-2",
            launcher_machine_type="e2-medium",
            num_workers=1,
            max_workers="5",
            autoscaling_algorithm="AUTOSCALING_ALGORITHM_BASIC",
            disk_size_gb=30,
            worker_region="europe-west4",
            worker_zone="europe-west4-a",
            temp_location="gs://bucket/tmp/",
            staging_location="gs://bucket/staging",
            kms_key="projects/p/k",
            labels={"Team": "Sales & Co", "7": 8, "goog-x": "y"},
            additional_experiments=["a=b"],
            enable_streaming_engine=True,
            flexrs_goal="FLEXRS_COST_OPTIMIZED",
            sdk_container_image="image",
        )
    )
    assert list(misfits("LaunchFlexTemplateRequest", made)) == []
    assert made == {
        "launchParameter": {
            "jobName": NAME,
            "containerSpecGcsPath": "gs://bucket/t.json",
            "parameters": {"input": "gs://raw/2026", "rows": "3", "full": "true", "list": "[1]"},
            "environment": {
                "serviceAccountEmail": "a@b.iam",
                "network": "n",
                "subnetwork": "regions/r/subnetworks/s",
                "ipConfiguration": "WORKER_IP_PRIVATE",
                "machineType": "n2-standard-2",
                "launcherMachineType": "e2-medium",
                "numWorkers": 1,
                "maxWorkers": 5,
                "autoscalingAlgorithm": "AUTOSCALING_ALGORITHM_BASIC",
                "diskSizeGb": 30,
                "workerRegion": "europe-west4",
                "workerZone": "europe-west4-a",
                "tempLocation": f"gs://bucket/tmp/{NAME}",
                "stagingLocation": f"gs://bucket/staging/{NAME}",
                "kmsKeyName": "projects/p/k",
                "additionalExperiments": ["a=b"],
                "enableStreamingEngine": True,
                "flexrsGoal": "FLEXRS_COST_OPTIMIZED",
                "sdkContainerImage": "image",
                "additionalUserLabels": {"team": "sales---co", "x-7": "8", "x-goog-x": "y", **LABELS},
            },
        }
    }


def test_a_classic_launch():
    made = body(request(classic=True, parameters={"a": 1}, temp_location="gs://bucket/tmp"))
    assert list(misfits("LaunchTemplateParameters", made)) == []
    environment = {"tempLocation": f"gs://bucket/tmp/{NAME}", "additionalUserLabels": LABELS}
    assert made == {"jobName": NAME, "parameters": {"a": "1"}, "environment": environment}


DEFAULTS: dict[str, Json] = {
    "service_account": "jobs@p.iam",
    "temp_location": "gs://common/tmp",
    "staging_location": "gs://common/staging",
    "labels": {"env": "dev", "team": "all"},
}


def environment(made: Any) -> dict[str, Any]:
    return made.get("launchParameter", made)["environment"]


def test_a_step_that_says_nothing_has_the_options_of_its_deployment():
    assert environment(body(with_defaults(request(), DEFAULTS))) == {
        "serviceAccountEmail": "jobs@p.iam",
        "tempLocation": f"gs://common/tmp/{NAME}",
        "stagingLocation": f"gs://common/staging/{NAME}",
        "additionalUserLabels": {"env": "dev", "team": "all", **LABELS},
    }


def test_what_a_step_says_goes_before_and_its_labels_are_added():
    own = request(temp_location="gs://own", service_account=None, labels={"team": "sales", "tier": "1"})
    assert environment(body(with_defaults(own, DEFAULTS))) == {
        "serviceAccountEmail": "jobs@p.iam",
        "tempLocation": f"gs://own/{NAME}",
        "stagingLocation": f"gs://common/staging/{NAME}",
        "additionalUserLabels": {"env": "dev", "team": "sales", "tier": "1", **LABELS},
    }


def test_a_classic_template_does_not_get_what_it_cannot_have_unless_its_step_asks_which_is_refused():
    made = body(with_defaults(request(classic=True), DEFAULTS))
    assert list(misfits("LaunchTemplateParameters", made)) == []
    assert environment(made) == {
        "serviceAccountEmail": "jobs@p.iam",
        "tempLocation": f"gs://common/tmp/{NAME}",
        "additionalUserLabels": {"env": "dev", "team": "all", **LABELS},
    }
    with pytest.raises(LaunchRefusedError, match="staging_location: classic templates have no such option"):
        body(with_defaults(request(classic=True, staging_location="gs://own"), DEFAULTS))


@pytest.mark.parametrize(
    ("common", "own"),
    [
        ({"subnetwork": "regions/r/subnetworks/common"}, {"network": "own"}),
        (
            {"network": "common", "subnetwork": "regions/r/subnetworks/common"},
            {"subnetwork": "regions/r/subnetworks/own"},
        ),
        ({"worker_region": "europe-west4"}, {"worker_zone": "us-central1-a"}),
    ],
)
def test_of_options_that_belong_together_a_step_has_all_or_none_of_its_own(
    common: dict[str, Json], own: dict[str, Json]
):
    assert with_defaults(request(**own), common) == request(**own)


@pytest.mark.parametrize(
    ("name", "graph", "own", "kept_name"),
    [
        ("clicks--k3v9x2qaw7-1f-2", "sales", None, "sales-clicks"),
        ("orc-dev--clicks--k3v9x2qaw7-1f-2", "sales", None, "orc-dev--sales-clicks"),
        ("orc-dev--clicks--k3v9x2qaw7-1f-2", "sales", "clicks", "orc-dev--clicks"),
        ("clicks--k3v9x2qaw7-1f-2", "2024", None, "graph-2024-clicks"),
        ("clicks--k3v9x2qaw7-1f-2", "g" * 70, None, "g" * 52 + "-" + run_key("g" * 70 + "-clicks")),
    ],
)
def test_a_kept_job_has_one_name_in_every_run(name: str, graph: str, own: str | None, kept_name: str):
    asked = request()
    asked = replace(asked, run=replace(asked.run, graph=graph), step="clicks", name=name, job_name=own)
    assert kept(asked).name == kept_name


def test_kept_jobs_whose_names_begin_alike_have_names_of_their_own():
    names = {kept(replace(request(), step=f"{'orders-of-customers-' * 3}in-{land}")).name for land in ("fr", "de")}
    assert len(names) == 2
    assert {len(name) <= 63 for name in names} == {True}


def test_labels_are_cut_to_what_dataflow_takes():
    made: Any = body(request("Scheduled/2026-11-23T00:00:00+01:00/" + "x" * 60, labels={"k" * 80: "v" * 80}))
    labels = made["launchParameter"]["environment"]["additionalUserLabels"]
    assert labels["k" * 63] == "v" * 63
    assert labels["orchestrator-run"] == "scheduled-2026-11-23t00-00-00-01-00-" + "x" * 27


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"max_workers": "many"}, "max_workers: expected a whole number of at least 1, got 'many'"),
        ({"num_workers": True}, "num_workers: expected a whole number of at least 1, got True"),
        ({"template": "bucket/t.json"}, "template: expected a path in Cloud Storage (gs://…), got 'bucket/t.json'"),
        ({"classic": True, "flexrs_goal": "x"}, "flexrs_goal: classic templates have no such option"),
        (
            {"labels": {f"k{n}": "v" for n in range(61)}},
            "labels: expected at most 64 labels with our own four, got '65'",
        ),
    ],
)
def test_a_spec_that_cannot_be_sent_is_refused(spec: dict[str, Json], message: str):
    with pytest.raises(LaunchRefusedError) as refusal:
        body(request(**spec))
    assert str(refusal.value) == f"step 'Orders.EU': dataflow.{message}"


def test_the_region_is_the_step_s_or_the_default():
    assert region(request(region="us-central1"), "europe-west4") == "us-central1"
    assert region(request(), "europe-west4") == "europe-west4"
    for wrong in (None, "Europe", "a/b"):
        with pytest.raises(LaunchRefusedError, match="region: expected a region such as europe-west4"):
            region(request(), wrong)
