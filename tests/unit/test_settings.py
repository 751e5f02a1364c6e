"""The environment, and what is said of a wrong one."""

import inspect
import re
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.settings import CloudSettings, Settings, SettingsError, read_cloud_settings, read_settings

DEPLOYED = {
    "ORCHESTRATOR_PROJECT": "demo",
    "ORCHESTRATOR_REGION": "europe-west4",
    "ORCHESTRATOR_LAUNCHES_QUEUE": "launches",
    "ORCHESTRATOR_CHECKS_QUEUE": "checks",
    "ORCHESTRATOR_TASK_URL": "https://on-task.example",
    "ORCHESTRATOR_TASK_ACCOUNT": "tasks@demo.iam.gserviceaccount.com",
}


def test_the_embedded_world_needs_no_setting():
    assert read_settings({"ORCHESTRATOR_PARALLEL": "3"}) == Settings(None, 3)
    assert read_settings({"ORCHESTRATOR_HOME": "/tmp/h", "ORCHESTRATOR_PARALLEL": "1"}) == Settings(Path("/tmp/h"), 1)


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_number_of_jobs_that_cannot_be_meant_is_refused(value: str):
    with pytest.raises(UsageError, match="ORCHESTRATOR_PARALLEL: expected a whole number from 1, came"):
        read_settings({"ORCHESTRATOR_PARALLEL": value})


def test_a_deployed_function_has_sensible_defaults():
    assert read_cloud_settings(DEPLOYED) == CloudSettings(
        project="demo",
        region="europe-west4",
        database="(default)",
        launches="launches",
        checks="checks",
        task_url="https://on-task.example",
        task_account="tasks@demo.iam.gserviceaccount.com",
        task_audience="https://on-task.example",
        folder=Path(),
        signal_delay=30.0,
        launch_lease=90.0,
        verify_audience=None,
        verify_accounts=(),
        tasks_endpoint=None,
        dataflow_endpoint=None,
        job_prefix="",
    )


def test_everything_that_is_missing_or_wrong_is_said_at_once():
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_REGION": "", "ORCHESTRATOR_SIGNAL_DELAY": "soon"})
    assert str(wrong.value).splitlines() == [
        "ORCHESTRATOR_REGION: expected a value, came nothing",
        "ORCHESTRATOR_SIGNAL_DELAY: expected a number of seconds, came 'soon'",
    ]


@pytest.mark.parametrize("prefix", ["orc", "orc-dev", "o", "orc-2", "a" * 20])
def test_a_prefix_of_job_names_is_taken_as_it_is(prefix: str):
    assert read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_JOB_PREFIX": prefix}).job_prefix == prefix


@pytest.mark.parametrize("prefix", ["Orc", "orc--dev", "-orc", "orc-", "2orc", "orc_dev", "orc\n", "a" * 21])
def test_a_prefix_that_would_make_names_ambiguous_is_refused(prefix: str):
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_JOB_PREFIX": prefix, "ORCHESTRATOR_REGION": ""})
    assert str(wrong.value).splitlines() == [
        "ORCHESTRATOR_REGION: expected a value, came nothing",
        "ORCHESTRATOR_JOB_PREFIX: expected at most 20 lower-case letters and digits in words joined by '-', "
        f"a letter first, such as orc-dev, came {prefix!r}",
    ]


def test_a_check_of_tokens_must_say_whose():
    asked = {**DEPLOYED, "ORCHESTRATOR_VERIFY_AUDIENCE": "https://on-task.example"}
    with pytest.raises(SettingsError, match="ORCHESTRATOR_VERIFY_ACCOUNT: expected a value"):
        read_cloud_settings(asked)
    settings = read_cloud_settings({**asked, "ORCHESTRATOR_VERIFY_ACCOUNT": "a@demo,b@demo"})
    assert (settings.verify_audience, settings.verify_accounts) == ("https://on-task.example", ("a@demo", "b@demo"))


def test_every_variable_is_in_the_table_of_the_functions_and_no_other():
    named = set(re.findall(r'"([A-Z_]+)"', inspect.getsource(read_cloud_settings)))
    text = (Path(__file__).resolve().parents[2] / "functions/README.md").read_text()
    assert set(re.findall(r"^\| `([A-Z_]+)`", text, re.MULTILINE)) == named | {"FIRESTORE_EMULATOR_HOST"}
