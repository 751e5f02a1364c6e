"""The environment, and what is said of a wrong one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cloud.settings import (
    DEPLOYED_VARIABLES,
    CloudSettings,
    Settings,
    SettingsError,
    read_cloud_settings,
    read_settings,
)
from orchestrator.errors import UsageError

DEPLOYED = {
    "ORCHESTRATOR_PROJECT": "demo",
    "ORCHESTRATOR_REGION": "europe-west4",
    "ORCHESTRATOR_LAUNCHES_QUEUE": "launches",
    "ORCHESTRATOR_CHECKS_QUEUE": "checks",
    "ORCHESTRATOR_SIGNALS_QUEUE": "signals",
    "ORCHESTRATOR_NOTICES_QUEUE": "notices",
    "ORCHESTRATOR_TASK_URL": "https://on-task.example",
    "ORCHESTRATOR_TASK_ACCOUNT": "tasks@demo.iam.gserviceaccount.com",
    "ORCHESTRATOR_SIGNALS_ACCOUNT": "checker@demo.iam.gserviceaccount.com",
}


def test_the_embedded_world_needs_no_setting():
    assert read_settings({"ORCHESTRATOR_PARALLEL": "3"}) == Settings(None, 3)
    assert read_settings({"ORCHESTRATOR_HOME": "/tmp/h", "ORCHESTRATOR_PARALLEL": "1"}) == Settings(Path("/tmp/h"), 1)


def test_without_a_queue_for_signals_or_notifications_these_go_where_checks_go():
    told = {name: value for name, value in DEPLOYED.items() if "SIGNALS" not in name and "NOTICES" not in name}
    found = read_cloud_settings(told)
    assert (found.signals, found.notices) == ("checks", "checks")
    assert found.signals_account == "tasks@demo.iam.gserviceaccount.com"


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_number_of_jobs_that_cannot_be_meant_is_refused(value: str):
    with pytest.raises(UsageError, match="ORCHESTRATOR_PARALLEL: expected a whole number from 1, got"):
        read_settings({"ORCHESTRATOR_PARALLEL": value})


def test_a_deployed_function_has_sensible_defaults():
    assert read_cloud_settings(DEPLOYED) == CloudSettings(
        project="demo",
        region="europe-west4",
        database="(default)",
        launches="launches",
        checks="checks",
        signals="signals",
        notices="notices",
        task_url="https://on-task.example",
        task_account="tasks@demo.iam.gserviceaccount.com",
        signals_account="checker@demo.iam.gserviceaccount.com",
        task_audience="https://on-task.example",
        folder=Path(),
        signal_delay=2.0,
        launch_lease=330.0,
        launch_margin=210.0,
        verify_audience=None,
        verify_accounts=(),
        tasks_endpoint=None,
        dataflow_endpoint=None,
        pubsub_endpoint=None,
        job_prefix="",
        job_options={},
        values={},
        pools={},
        notify={},
        schedules={},
        starters={},
        scheduler_account=None,
        retention=None,
        stuck_after=86_400.0,
        sweep_for=240.0,
    )


def test_everything_that_is_missing_or_wrong_is_said_at_once():
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_REGION": "", "ORCHESTRATOR_SIGNAL_DELAY": "soon"})
    assert str(wrong.value).splitlines() == [
        "ORCHESTRATOR_REGION: expected a value, got nothing",
        "ORCHESTRATOR_SIGNAL_DELAY: expected a number of seconds, got 'soon'",
    ]


def test_values_for_expressions_are_texts_by_name():
    assert read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_VALUES": '{"bucket": "b"}'}).values == {"bucket": "b"}
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_VALUES": '{"bucket": 1, "other": ["b"], "right": "r"}'})
    assert str(wrong.value).splitlines() == [
        "ORCHESTRATOR_VALUES: bucket: expected a text, got 1",
        "ORCHESTRATOR_VALUES: other: expected a text, got ['b']",
    ]


def test_pools_are_whole_numbers_of_places():
    assert read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_POOLS": '{"dataflow": 20}'}).pools == {"dataflow": 20}
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_POOLS": '{"a": 0, "b": "many", "c": 1.5, "d": 3}'})
    assert str(wrong.value).splitlines() == [
        "ORCHESTRATOR_POOLS: a: expected a whole number from 1 to 10000, got 0",
        "ORCHESTRATOR_POOLS: b: expected a whole number from 1 to 10000, got 'many'",
        "ORCHESTRATOR_POOLS: c: expected a whole number from 1 to 10000, got 1.5",
    ]


def test_who_may_start_a_few_graphs_only_is_known_by_e_mail():
    given = {"ORCHESTRATOR_STARTERS": '{"Ann@example.com": ["sales"]}', "ORCHESTRATOR_SCHEDULER_ACCOUNT": "S@x.com"}
    settings = read_cloud_settings({**DEPLOYED, **given})
    assert (settings.starters, settings.scheduler_account) == ({"ann@example.com": ("sales",)}, "s@x.com")
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_STARTERS": '{"ann@example.com": "sales"}'})
    assert str(wrong.value) == "ORCHESTRATOR_STARTERS: ann@example.com: expected a list of graphs, got 'sales'"


def test_a_launch_has_time_to_be_sent_before_others_may_make_it():
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_LAUNCH_LEASE": "90"})
    assert str(wrong.value) == (
        "ORCHESTRATOR_LAUNCH_MARGIN: expected less than the 90 s of ORCHESTRATOR_LAUNCH_LEASE, got 210"
    )


@pytest.mark.parametrize("prefix", ["orc", "orc-dev", "o", "orc-2", "a" * 20])
def test_a_prefix_of_job_names_is_taken_as_it_is(prefix: str):
    assert read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_JOB_PREFIX": prefix}).job_prefix == prefix


@pytest.mark.parametrize("prefix", ["Orc", "orc--dev", "-orc", "orc-", "2orc", "orc_dev", "orc\n", "a" * 21])
def test_a_prefix_that_would_make_names_ambiguous_is_refused(prefix: str):
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_JOB_PREFIX": prefix, "ORCHESTRATOR_REGION": ""})
    assert str(wrong.value).splitlines() == [
        "ORCHESTRATOR_REGION: expected a value, got nothing",
        "ORCHESTRATOR_JOB_PREFIX: expected at most 20 lower-case letters and digits in words joined by '-', "
        f"a letter first, such as orc-dev, got {prefix!r}",
    ]


def test_options_for_all_jobs_are_a_json_object_with_the_names_of_graph_files():
    options = {
        "service_account": "jobs@demo.iam.gserviceaccount.com",
        "max_workers": 3,
        "labels": {"env": "dev"},
        "additional_experiments": ["a=b"],
        "enable_streaming_engine": False,
    }
    given = {**DEPLOYED, "ORCHESTRATOR_JOB_OPTIONS": json.dumps({**options, "kms_key": None})}
    assert read_cloud_settings(given).job_options == options


@pytest.mark.parametrize("text", ["{", "[]", "7", "null", '"network"', "[" * 100_000])
def test_options_for_all_jobs_that_are_no_json_object_are_refused(text: str):
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_JOB_OPTIONS": text, "ORCHESTRATOR_REGION": ""})
    assert str(wrong.value).splitlines() == [
        "ORCHESTRATOR_REGION: expected a value, got nothing",
        "ORCHESTRATOR_JOB_OPTIONS: expected a JSON object such as "
        f'{{"subnetwork": "regions/R/subnetworks/S"}}, got {text!r:.60}',
    ]


def test_every_option_for_all_jobs_that_cannot_be_meant_is_named():
    options = {
        "netwrok": "n",
        "region": "europe-west4",
        "classic": True,
        "network": "",
        "num_workers": 0,
        "max_workers": True,
        "disk_size_gb": "30",
        "enable_streaming_engine": "yes",
        "additional_experiments": ["a", 1],
        "labels": {"env": 1},
    }
    with pytest.raises(SettingsError) as wrong:
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_JOB_OPTIONS": json.dumps(options)})
    assert str(wrong.value).splitlines() == [
        f"ORCHESTRATOR_JOB_OPTIONS: {sentence}"
        for sentence in (
            "netwrok: no such option (did you mean 'network'?)",
            "region: no such option: ORCHESTRATOR_REGION sets it",
            "classic: no such option",
            "network: expected a text, got ''",
            "num_workers: expected a whole number of at least 1, got 0",
            "max_workers: expected a whole number of at least 1, got True",
            "disk_size_gb: expected a whole number of at least 1, got '30'",
            "enable_streaming_engine: expected true or false, got 'yes'",
            "additional_experiments: expected a list of texts, got ['a', 1]",
            "labels: expected an object whose values are texts, got {'env': 1}",
        )
    ]


def test_a_retention_is_a_whole_number_of_days_from_1():
    assert read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_RETENTION_DAYS": "90"}).retention == 90 * 86_400.0
    assert read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_RETENTION_DAYS": ""}).retention is None
    for value in ("0", "-1", "1.5", "90d", "1e3", "10000"):
        with pytest.raises(SettingsError) as wrong:
            read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_RETENTION_DAYS": value})
        assert str(wrong.value) == (
            f"ORCHESTRATOR_RETENTION_DAYS: expected a whole number of days from 1 to 9999, or nothing, got {value!r}"
        )


def test_a_check_of_tokens_must_say_whose():
    asked = {**DEPLOYED, "ORCHESTRATOR_VERIFY_AUDIENCE": "https://on-task.example"}
    with pytest.raises(SettingsError, match="ORCHESTRATOR_VERIFY_ACCOUNT: expected a value"):
        read_cloud_settings(asked)
    settings = read_cloud_settings({**asked, "ORCHESTRATOR_VERIFY_ACCOUNT": "a@demo,b@demo"})
    assert (settings.verify_audience, settings.verify_accounts) == ("https://on-task.example", ("a@demo", "b@demo"))


class Read(dict[str, str]):
    """An environment that remembers which of its variables were read."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


FAKES = {"CLOUD_TASKS_EMULATOR_HOST", "DATAFLOW_EMULATOR_URL", "PUBSUB_EMULATOR_HOST"}


def test_the_variables_of_a_deployment_are_those_that_are_read_and_no_others():
    checked = {"ORCHESTRATOR_VERIFY_AUDIENCE": "https://on-task.example", "ORCHESTRATOR_VERIFY_ACCOUNT": "a@demo"}
    environment = Read({**DEPLOYED, **checked})
    read_cloud_settings(environment)
    assert environment.names == {*DEPLOYED_VARIABLES, *FAKES}
    assert len(set(DEPLOYED_VARIABLES)) == len(DEPLOYED_VARIABLES)


def test_every_variable_is_in_the_table_of_the_functions_and_no_other():
    text = (Path(__file__).resolve().parents[2] / "functions/README.md").read_text()
    named = re.findall(r"^\| `([A-Z_]+)`", text, re.MULTILINE)
    assert named == [*DEPLOYED_VARIABLES, *sorted(FAKES), "FIRESTORE_EMULATOR_HOST"]


def test_none_is_as_good_as_nothing():
    """Terraform sets every variable, and a platform may drop one that is empty."""
    unset = ("ORCHESTRATOR_VERIFY_AUDIENCE", "ORCHESTRATOR_VERIFY_ACCOUNT", "ORCHESTRATOR_RETENTION_DAYS")
    assert read_cloud_settings({**DEPLOYED, **dict.fromkeys(unset, "none")}) == read_cloud_settings(DEPLOYED)


def test_schedules_are_read_without_those_that_are_paused():
    written = (
        '{"a": {"cron": "0 6 * * *", "time_zone": "Etc/UTC", "paused": false}, "b": {"cron": "* * * * *", "time_zone"'
    )
    given = {**DEPLOYED, "ORCHESTRATOR_SCHEDULES": written + ': "Etc/UTC", "paused": true}}'}
    assert read_cloud_settings(given).schedules == {"a": ("0 6 * * *", "Etc/UTC")}
    with pytest.raises(SettingsError, match="ORCHESTRATOR_SCHEDULES: a: expected cron, time_zone and paused, got 5"):
        read_cloud_settings({**DEPLOYED, "ORCHESTRATOR_SCHEDULES": '{"a": 5}'})
