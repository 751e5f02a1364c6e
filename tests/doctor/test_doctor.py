"""doctor finds nothing wrong with a whole deployment; and of one in which one thing is broken, that, and its fix."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.deployment.doctor.checks import CHECKS, examine
from orchestrator.deployment.doctor.findings import Level
from orchestrator.deployment.doctor.world import Here, World
from tests.doctor.broken import (
    BROKEN,
    EVENTS,
    LETTERS,
    SIGNALS,
)
from tests.doctor.deployment import APPLY, LOCK, TEMPLATE, D, L, P, Patient, bodies, here, serving
from tests.doubles.google.server import forbidden


def test_a_whole_deployment_is_healthy(patient: Patient):
    results = patient.examine()
    assert [(result.group, result.check) for result in results] == [(check.group, check.name) for check in CHECKS]
    assert {result.level for result in results} == {Level.OK}


def test_it_is_so_over_http_too(tmp_path: Path):
    with serving() as (fake, apis):
        first = Patient(fake, apis, here(tmp_path)).examine()
        again = Patient(fake, apis, here(tmp_path)).examine()
    assert {result.level for result in first} == {Level.OK}
    assert again == first


@pytest.mark.parametrize("case", BROKEN)
def test_one_broken_thing_is_found_with_its_fix(patient: Patient, case: str):
    break_it, complaint = BROKEN[case]
    break_it(patient)
    assert patient.complaints() == [complaint]


def test_every_check_is_broken_at_least_once():
    elsewhere = {
        "graphs.lock",
        "Eventarc",
        "signals",
        "starter",
        "caller",
        "checker",
        "events",
        "scheduler",
        "worker",
        "builder",
        "operator",
        "viewer",
    }
    elsewhere |= {
        "console",
        "console_view",
        "operators",
        "viewers",
        "on_signal",
        "launches",
        "sink's writer",
        "Pub/Sub",
        "starters",
        "variables",
    }  # as those beside them, or below
    assert {check.name for check in CHECKS} == {complaint[0] for _, complaint in BROKEN.values()} | elsewhere


def test_jobs_are_counted_over_all_pages_and_only_while_they_run(patient: Patient):
    states = ["RUNNING", "QUEUED", "DONE"]
    patient[f"{P}/jobs"]["jobs"] = [{"id": str(n), "currentState": f"JOB_STATE_{states[n % 3]}"} for n in range(31)]
    assert patient.complaints() == []  # 21 run: with the 4 of the largest graph that is the quota
    patient[f"{P}/jobs"]["jobs"].append({"id": "31", "currentState": "JOB_STATE_PENDING"})
    assert [text[:2] for _, _, text, _ in patient.complaints()] == ["22"]


def classic(patient: Patient, path: str) -> None:
    """The graph of the deployment launches a classic template."""
    patient.lock({**LOCK, "graphs": {"sales": {**LOCK["graphs"]["sales"], "templates": [path], "classic": [path]}}})


@pytest.mark.parametrize(("size", "content"), [("40", b'{"name": "wordcount", "steps": []}'), ("1048577", b"not read")])
def test_a_classic_template_is_no_flex_template(patient: Patient, size: str, content: bytes):
    """As which it is launched, the graph says."""
    path = "gs://demo-templates/sales/orders.json"
    patient[TEMPLATE]["size"] = size
    patient.bodies.contents[TEMPLATE] = content
    wrong = f"{path} is a classic template, but the graph launches it as a Flex template"
    assert patient.complaints() == [
        (
            "templates",
            "fail",
            wrong,
            "set 'classic: true' in the step's dataflow block, and run orchestrator lock again",
        )
    ]
    classic(patient, path)
    assert patient.complaints() == []


def test_a_flex_template_of_a_mebibyte_is_still_read(patient: Patient):
    patient[TEMPLATE]["size"] = "1048576"
    assert patient.complaints() == []


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        (
            "gs://demo-templates/sales/classic",
            "run the pipeline with --runner=DataflowRunner --template_location=gs://demo-templates/sales/classic",
        ),
        ("gs://dataflow-templates/latest/Wrd_Count", "gcloud storage ls gs://dataflow-templates/latest/"),
    ],
)
def test_a_classic_template_that_is_not_there_is_made_otherwise_than_a_flex_template(
    patient: Patient, path: str, fix: str
):
    patient.bodies.resources["projects/_/buckets/dataflow-templates"] = {"name": "dataflow-templates"}
    classic(patient, path)
    assert patient.complaints() == [("templates", "fail", f"{path} does not exist", fix)]


def test_the_templates_that_google_provides_need_no_grant(patient: Patient):
    path = "gs://dataflow-templates-europe-west4/latest/Word_Count"
    classic(patient, path)
    name = "projects/_/buckets/dataflow-templates-europe-west4/objects/latest/Word_Count"
    patient.bodies.resources[name] = {"size": "9000000"}
    assert patient.complaints() == []


def test_eventarc_may_tell_of_jobs_instead_of_the_log(patient: Patient):
    patient.fake.bodies = bodies(logs=False, eventarc=True)
    assert patient.complaints() == []
    patient.remove(f"{P}/locations/europe-west1/triggers/orchestrator-prod-job-status")
    assert patient.complaints() == [("Eventarc", "fail", "there is no trigger for jobs in europe-west1", APPLY)]


def test_a_trigger_that_cannot_deliver_is_found(patient: Patient):
    patient.fake.bodies = bodies(eventarc=True)
    trigger = patient[f"{L}/triggers/orchestrator-prod-job-status"]
    trigger["serviceAccount"] = "projects/demo-1/serviceAccounts/other@demo-1.iam.gserviceaccount.com"
    trigger["conditions"] = {"function": {"code": "NOT_FOUND", "message": "no such service"}}
    patient.bodies.revoke(P, "roles/eventarc.eventReceiver", f"serviceAccount:{EVENTS}")
    name = "trigger orchestrator-prod-job-status"
    assert patient.complaints() == [
        ("Eventarc", "fail", f"{name} calls as other@demo-1.iam.gserviceaccount.com, not as {EVENTS}", APPLY),
        ("Eventarc", "fail", f"{name}: function: no such service", APPLY),
        (
            "events",
            "fail",
            f"{EVENTS} lacks roles/eventarc.eventReceiver on the project; purpose: Eventarc delivers as this account",
            "gcloud projects add-iam-policy-binding demo-1 --condition=None "
            f"--member=serviceAccount:{EVENTS} --role=roles/eventarc.eventReceiver",
        ),
    ]


def test_without_sink_and_without_triggers_nobody_hears_of_jobs(patient: Patient):
    patient.fake.bodies = bodies(logs=False)
    assert [text for _, _, text, _ in patient.complaints()] == [
        f"there is no log sink {SIGNALS}: no signal is sent when a job ends",
        f"there is no topic {SIGNALS}",
        f"there is no topic {LETTERS}",
        f"there is no subscription {SIGNALS}: signals are lost",
        f"there is no subscription {LETTERS}: undeliverable signals are not kept",
    ]


def test_runs_that_are_kept_for_ever_need_no_ttl(patient: Patient):
    patient.fake.bodies = bodies(retention=None)
    assert patient.complaints() == []


def test_without_a_lock_what_it_says_is_not_known_and_the_rest_is_looked_at(patient: Patient):
    patient.here = Here(None, "graphs/graphs.lock: there is no such file", None, "not in the repository")
    assert patient.complaints() == [
        (
            "graphs.lock",
            "unknown",
            "cannot check schedules, templates and the source: graphs/graphs.lock: there is no such file",
            "orchestrator lock; run this beside the folder graphs, or name another one with --graphs FOLDER",
        )
    ]
    (said,) = [result for result in patient.examine() if result.check == "on_task"]
    assert [finding.text for finding in said.findings] == ["unknown whether it is up to date: not in the repository"]
    (said,) = [result for result in patient.examine() if result.check == "jobs at once"]
    assert [finding.text for finding in said.findings] == [
        "0 running, how many a run needs is unknown without graphs.lock; the default quota is 25"
    ]


def test_graphs_that_cannot_be_deployed_or_have_changed_are_named(patient: Patient):
    wrong = {**LOCK["graphs"]["sales"], "problems": ["sales.yaml:3: no region"], "schedule": None}
    patient.lock({**LOCK, "graphs": {"sales": wrong}, "files": {"sales.yaml": "0" * 64, "gone.yaml": "0" * 64}})
    assert patient.here.lock is not None
    folder = patient.here.lock.folder
    fix = f"orchestrator lock {folder} && {APPLY}"
    assert patient.complaints() == [
        (
            "graphs.lock",
            "fail",
            "graph 'sales' cannot be deployed: sales.yaml:3: no region",
            "fix the graph, and run orchestrator lock again",
        ),
        ("graphs.lock", "warn", "gone.yaml has changed since it was locked", fix),
        ("graphs.lock", "warn", "sales.yaml has changed since it was locked", fix),
    ]


def test_each_thing_is_asked_for_once(patient: Patient):
    patient.fake.calls.clear()
    patient.examine()
    assert patient.fake.calls == {
        "artifactregistry.projects.locations.repositories.get": 1,
        "artifactregistry.projects.locations.repositories.getIamPolicy": 1,
        "cloudfunctions.projects.locations.functions.get": 6,
        "cloudresourcemanager.projects.get": 1,
        "cloudresourcemanager.projects.getIamPolicy": 1,
        "cloudscheduler.projects.locations.jobs.get": 3,
        "cloudtasks.projects.locations.queues.get": 4,
        "cloudtasks.projects.locations.queues.getIamPolicy": 4,
        "dataflow.projects.jobs.aggregated": 1,
        "eventarc.projects.locations.triggers.list": 1,
        "firestore.projects.databases.collectionGroups.fields.get": 3,
        "firestore.projects.databases.get": 1,
        "iam.projects.serviceAccounts.get": 11,
        "iam.projects.serviceAccounts.getIamPolicy": 3,
        "logging.projects.sinks.get": 1,
        "pubsub.projects.subscriptions.get": 2,
        "pubsub.projects.subscriptions.getIamPolicy": 1,
        "pubsub.projects.topics.get": 2,
        "pubsub.projects.topics.getIamPolicy": 2,
        "run.projects.locations.services.get": 2,
        "run.projects.locations.services.getIamPolicy": 6,
        "serviceusage.services.batchGet": 1,
        "storage.buckets.get": 2,
        "storage.buckets.getIamPolicy": 3,
        "storage.objects.get": 3,
    }


MAKE = (
    'name another one with --name and --environment, or create it in its own state, with name = "orchestrator" and '
    f'environment = "dev": {APPLY}'
)


def test_a_deployment_that_is_not_there_at_all_is_one_line(patient: Patient):
    results = list(examine(World(patient.apis, replace(D, environment="dev"), patient.here)))
    assert [(result.group, result.check, result.level) for result in results] == [("project", "deployment", Level.FAIL)]
    ((finding,),) = [result.findings for result in results]
    assert finding.text == (
        "there is no orchestrator-dev in demo-1: it has no function, queue, account, bucket or database"
    )
    assert finding.fix == MAKE


def test_in_an_empty_project_whose_apis_are_off_it_is_one_line_too(patient: Patient):
    project = patient[P]
    patient.bodies.resources = {P: project}
    patient.bodies.resources[f"{P}/services/cloudresourcemanager.googleapis.com"] = {"state": "ENABLED"}
    assert [check for check, *_ in patient.complaints()] == ["deployment"]


@pytest.mark.parametrize(
    "left",
    [
        f"{P}/serviceAccounts/{D.account('builder')}",
        f"{L}/queues/{D.queue('checks')}",
        f"projects/_/buckets/{D.jobs_bucket}",
        f"{P}/databases/{D.database}",
    ],
)
def test_of_a_deployment_of_which_something_is_left_each_thing_is_told(patient: Patient, left: str):
    empty = (f"{P}/services/", f"{P}/jobs")
    resources = patient.bodies.resources.items()
    patient.bodies.resources = {name: body for name, body in resources if name in (left, P) or name.startswith(empty)}
    assert len(patient.complaints()) > 20


def test_what_may_not_be_looked_at_may_be_there(patient: Patient):
    patient.fake.fail("*", forbidden())
    assert {check for check, *_ in patient.complaints()} > {"start", "launches", "database"}
