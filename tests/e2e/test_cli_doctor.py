"""``doctor`` on the fake of Google's APIs: what it prints, what it tells programs, and how it ends."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("googleapiclient")

from orchestrator.deployment.archive import archive_name
from orchestrator.fakes.rest import RefusedError
from tests.doctor.deployment import GIVEN, LOCK, D, L, P, lock_in
from tests.doubles.google.deployed import deployed
from tests.doubles.google.server import FakeGoogle, forbidden
from tests.e2e.command_line import Place

HERE = ("doctor", "--project", "demo-1", "--region", "europe-west4")

WELL = """\
orchestrator-prod in demo-1, europe-west4

project
  ok    project        number 123456789012
  ok    APIs           15 are enabled
  ok    graphs.lock    2 graphs
  ok    jobs at once   0 running, at most 4 in a run; the default quota is 25
  ok    variables      template_buckets: demo-templates

functions
  ok    on_signal      is up to date
  ok    on_task        is up to date
  ok    start          is up to date
  ok    sweep          is up to date
  ok    console        is up to date
  ok    console_view   is up to date

queues
  ok    launches       orchestrator-prod-launches
  ok    checks         orchestrator-prod-checks
  ok    signals        orchestrator-prod-signals
  ok    notices        orchestrator-prod-notices

signals
  ok    log sink
  ok    topics
  ok    push
  ok    dead letters
  ok    Eventarc       not used: signals come from the log sink

storage
  ok    database       orchestrator-prod
  ok    retention      runs are deleted 90 days after their end
  ok    buckets
  ok    images
  ok    templates      1 in graphs/graphs.lock

schedules
  ok    sweep
  ok    graphs         of nightly, sales

accounts
  ok    signals        2 grants
  ok    tasks          9 grants
  ok    starter        4 grants
  ok    operator       5 grants
  ok    viewer         2 grants
  ok    caller         1 grant
  ok    checker        1 grant
  ok    events         1 grant
  ok    scheduler      2 grants
  ok    worker         3 grants
  ok    builder        4 grants
  ok    sink's writer  1 grant
  ok    Pub/Sub        2 grants
  ok    starters       only schedules start runs
  ok    operators      nobody may call console
  ok    viewers        nobody but operators may call console_view

no problems found: 43 ok of 43 checks
"""


def repository(folder: Path) -> Path:
    """A repository with one function and one graph."""
    for name, text in {
        "functions/main.py": "",
        "functions/left-out.json": '["orchestrator/cli/"]',
        "requirements.lock": "",
        "orchestrator/engine.py": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return lock_in(folder / "graphs")


@pytest.fixture
def fake(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    """A deployment of what lies in ``place``."""
    graphs = repository(place.folder)
    for name in ("ORCHESTRATOR_PROJECT", "ORCHESTRATOR_REGION"):
        monkeypatch.delenv(name, raising=False)
    with FakeGoogle(deployed(D, LOCK, archive_name(place.folder, graphs), given=GIVEN)) as made:
        monkeypatch.setenv("GOOGLE_APIS_EMULATOR_URL", made.url)
        yield made
        assert made.misfits == []


def test_a_whole_deployment_is_told_a_line_a_check(fake: FakeGoogle, place: Place) -> None:
    said = place.look(*HERE)
    assert (said.code, said.err) == (0, "")
    assert said.out == WELL


def test_what_is_wrong_is_told_below_its_check_with_its_fix(fake: FakeGoogle, place: Place) -> None:
    place.write("orchestrator/engine.py", "changed = True\n")
    fake.bodies.resources[f"{L}/queues/orchestrator-prod-checks"]["state"] = "PAUSED"
    fake.bodies.resources[f"{L}/functions/orchestrator-prod-start"]["serviceConfig"]["minInstanceCount"] = 2
    fake.fail(f"{P}/databases/orchestrator-prod", forbidden())
    said = place.look(*HERE)
    assert (said.code, said.err) == (1, "")
    text = re.sub(r"functions-[0-9a-f]{20}", "functions-HASH", said.out)
    assert (
        text.partition("functions\n")[2].partition("\nsignals\n")[0]
        == """\
  FAIL  on_signal
        it is out of date: it was built from functions-HASH.zip, and this folder would give functions-HASH.zip
        fix: terraform -chdir=terraform apply …
  FAIL  on_task
        it is out of date: it was built from functions-HASH.zip, and this folder would give functions-HASH.zip
        fix: terraform -chdir=terraform apply …
  FAIL  start
        it is out of date: it was built from functions-HASH.zip, and this folder would give functions-HASH.zip
        fix: terraform -chdir=terraform apply …
        it keeps 2 instances running, which costs money all the time
        fix: terraform -chdir=terraform apply …
  FAIL  sweep
        it is out of date: it was built from functions-HASH.zip, and this folder would give functions-HASH.zip
        fix: terraform -chdir=terraform apply …
  FAIL  console
        it is out of date: it was built from functions-HASH.zip, and this folder would give functions-HASH.zip
        fix: terraform -chdir=terraform apply …
  FAIL  console_view
        it is out of date: it was built from functions-HASH.zip, and this folder would give functions-HASH.zip
        fix: terraform -chdir=terraform apply …

queues
  ok    launches       orchestrator-prod-launches
  FAIL  checks
        its state is PAUSED, not RUNNING: its tasks wait, and runs make no progress
        fix: gcloud tasks queues resume orchestrator-prod-checks --location=europe-west4 --project=demo-1
  ok    signals        orchestrator-prod-signals
  ok    notices        orchestrator-prod-notices
"""
    )
    assert (
        """\
  ?     database
        cannot read databases/orchestrator-prod: you need the permission datastore.databases.getMetadata: \
403 The caller does not have permission
        fix: gcloud projects add-iam-policy-binding demo-1 --member=user:YOU --role=roles/viewer
"""
        in said.out
    )
    assert said.out.endswith("\nproblems found: 35 ok, 1 ?, 7 FAIL\n")


def test_warnings_alone_are_no_reason_to_fail(fake: FakeGoogle, place: Place) -> None:
    fake.bodies.resources[f"{L}/queues/orchestrator-prod-checks"]["retryConfig"] = {"maxAttempts": 5}
    said = place.look(*HERE)
    assert (said.code, said.lines[-1]) == (0, "no problems found: 42 ok, 1 warn of 43 checks")


def test_programs_are_told_the_same(fake: FakeGoogle, place: Place) -> None:
    del fake.bodies.resources[f"{P}/sinks/orchestrator-prod-signals"]
    said = place.look(*HERE, "--json")
    report = said.json
    checks = report.pop("checks")
    assert said.code == 1
    assert report == {
        "deployment": "orchestrator-prod",
        "project": "demo-1",
        "region": "europe-west4",
        "healthy": False,
    }
    assert [check for check in checks if check["level"] != "ok"] == [
        {
            "group": "signals",
            "check": "log sink",
            "level": "fail",
            "findings": [
                {
                    "level": "fail",
                    "text": "there is no log sink orchestrator-prod-signals: no signal is sent when a job ends",
                    "fix": "terraform -chdir=terraform apply …",
                }
            ],
        }
    ]
    assert checks[0] == {
        "group": "project",
        "check": "project",
        "level": "ok",
        "findings": [{"level": "ok", "text": "number 123456789012", "fix": ""}],
    }


@pytest.mark.parametrize(
    "fault", [forbidden(), RefusedError(503, "UNAVAILABLE", "The service is currently unavailable.")]
)
def test_where_nothing_can_be_looked_at_it_says_so(fake: FakeGoogle, place: Place, fault: RefusedError) -> None:
    fake.fail("*", fault)
    said = place.look(*HERE)
    assert (said.code, said.err) == (1, "")
    assert said.lines[-1] == ("nothing could be checked (1 ok, 42 ?): does project 'demo-1' exist, and may you see it?")


def test_elsewhere_than_in_the_repository_it_cannot_tell_what_is_up_to_date(
    fake: FakeGoogle, place: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Place(tmp_path_factory.mktemp("elsewhere"))
    said = other.look(*HERE, "--graphs", str(place.folder / "graphs"))
    assert said.code == 0
    assert "on_task        unknown whether it is up to date: the command was not run inside the orch" in said.out
    said = other.look(*HERE)
    assert said.code == 1
    assert (
        """\
  ?     graphs.lock
        cannot check schedules, templates and the source: graphs/graphs.lock: there is no such file: create it \
with 'orchestrator lock graphs'
        fix: orchestrator lock; run this beside the folder graphs, or name another one with --graphs FOLDER
"""
        in said.out
    )


def test_below_the_root_of_the_repository_it_finds_the_graphs_that_lock_finds(fake: FakeGoogle, place: Place) -> None:
    place.write(".git/HEAD", "ref: refs/heads/main\n")
    place.write("terraform/main.tf", "")
    said = Place(place.folder / "terraform").look(*HERE)
    assert said.code == 0
    assert said.out == WELL.replace("graphs/graphs.lock", "../graphs/graphs.lock")


def test_a_project_that_is_not_there_is_wrong_use(fake: FakeGoogle, place: Place) -> None:
    fake.fail(P, RefusedError(404, "NOT_FOUND", "Project not found"))
    said = place.look(*HERE)
    assert (said.code, said.out, said.err) == (2, "", "error: --project: there is no project 'demo-1'\n")
    fake.fail(P, RefusedError(400, "INVALID_ARGUMENT", "field [projectId] has issue"))
    assert place.look(*HERE).err == (
        "error: --project: expected a project's id, got 'demo-1': 400 field [projectId] has issue\n"
    )


def test_project_and_region_may_come_from_the_environment(
    fake: FakeGoogle, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = place.look("doctor")
    assert (said.code, said.err.splitlines()[0]) == (
        2,
        "error: missing option '--project' (env var: 'ORCHESTRATOR_PROJECT')",
    )
    monkeypatch.setenv("ORCHESTRATOR_PROJECT", "demo-1")
    monkeypatch.setenv("ORCHESTRATOR_REGION", "europe-west4")
    assert place.look("doctor").code == 0


def test_names_that_no_deployment_has_are_wrong_use(fake: FakeGoogle, place: Place) -> None:
    assert place.look(*HERE, "--environment", "Prod").err == (
        "error: environment: expected lower-case letters, digits and single '-', got 'Prod'\n"
    )


def test_without_credentials_nothing_is_asked(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_APIS_EMULATOR_URL", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(place.folder / "none.json"))
    said = place.look(*HERE)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"error: found no working Google credentials: File {place.folder}/none.json was not found: "
        "log in with 'gcloud auth application-default login'\n"
    )


def test_in_a_terminal_it_tells_the_same(fake: FakeGoogle, place: Place) -> None:
    said = place.watch(*HERE, GOOGLE_APIS_EMULATOR_URL=fake.url)
    assert (said.code, said.out) == (0, WELL)
    fake.fail(f"{P}/databases/orchestrator-prod", forbidden())
    assert (
        """\
        cannot read databases/orchestrator-prod: you need the permission
        datastore.databases.getMetadata: 403 The caller does not have permission
        fix: gcloud projects add-iam-policy-binding demo-1 --member=user:YOU --role=roles/viewer
"""
        in place.watch(*HERE, GOOGLE_APIS_EMULATOR_URL=fake.url).out
    )
