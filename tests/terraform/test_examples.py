"""Every rule holds for every example after an apply."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.terraform.imaginary import ROOT, Deployed, Google, RefusedError, google
from tests.terraform.rules import EACH, EXAMPLES, RULES, floor

Example = Callable[[str], Deployed]
Rule = Callable[[str, Deployed], Iterator[str]]


def test_every_example_is_tried():
    assert {path.stem for path in (ROOT / "terraform/examples").glob("*.tfvars")} == set(EXAMPLES) - {"scheduled"}


def test_it_is_formatted_and_valid(untouched: Google):
    untouched.run("fmt", "-check", "-recursive")
    untouched.run("validate")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", EACH)
def test_the_rule_holds(example: Example, name: str, rule: Rule):
    assert list(rule(name, example(name))) == []


def test_an_idle_orchestrator_costs_what_its_schedules_cost(example: Example):
    """One sweep, no graph with a schedule, no alerts: ten cents, or nothing within the free quota of three jobs."""
    assert floor(example("minimal")) == 0.10
    assert floor(example("prod")) == 0.10 + 5 * 1.50


@pytest.mark.parametrize("name", EACH)
def test_terraform_says_what_it_costs(example: Example, name: str):
    assert example(name).outputs["monthly_floor"]["total"] == f"{floor(example(name)):.2f}"


@pytest.mark.slow
def test_a_second_apply_changes_nothing_and_destroy_deletes_everything(tmp_path: Path):
    with google(tmp_path) as there:
        before = there.cloud.read_text()
        there.apply(example="dev")
        assert "No changes." in there.run("plan", "-var-file=examples/dev.tfvars")
        there.destroy(example="dev")
        left = {name: made for name, made in json.loads(there.cloud.read_text()).items() if name not in before}
        assert left == {}


@pytest.mark.slow
def test_destroy_does_not_delete_the_runs_by_default(tmp_path: Path):
    with google(tmp_path) as there:
        there.apply(example="minimal")
        with pytest.raises(RefusedError, match="cannot destroy projects/your-project/databases/orchestrator-prod"):
            there.destroy(example="minimal")


@pytest.mark.slow
def test_two_environments_live_in_one_project(tmp_path: Path):
    """The imaginary Google refuses to create what exists already. The two share only the APIs."""
    with google(tmp_path) as there:
        prod, dev = there.apply("prod", example="prod"), there.apply("dev", example="dev")
    shared = {values["id"] for values in prod.resources.values()} & {values["id"] for values in dev.resources.values()}
    assert {name for name in shared if not re.fullmatch(r"your-project/[a-z]+\.googleapis\.com", name)} == set()


def test_everything_that_can_have_labels_has_them(example: Example):
    deployed = example("prod")
    bare = []
    for address, values in deployed.resources.items():
        for key in ("labels", "user_labels"):
            kept = "google_monitoring_notification_channel" not in address or key == "user_labels"
            if key in values and kept and not {"team", "orchestrator"} <= (values[key] or {}).keys():
                bare.append(address)
    assert bare == []


@pytest.mark.slow
def test_one_key_encrypts_everything_that_can_have_one(example: Example):
    deployed = example("private")
    key = "projects/your-project/locations/europe-west4/keyRings/data/cryptoKeys/orchestrator"
    bare = [
        address
        for address, values in deployed.resources.items()
        if ("kms_key_name" in values or "encryption" in values or "cmek_config" in values) and key not in str(values)
    ]
    assert [address for address in bare if not address.startswith("google_storage_bucket_object")] == []
    assert json.loads(deployed.environment("on_task")["ORCHESTRATOR_JOB_OPTIONS"]) == {
        "ip_configuration": "WORKER_IP_PRIVATE",
        "kms_key": key,
        "labels": {"environment": "private", "orchestrator": "orchestrator-private"},
        "service_account": "orchestrator-private-worker@your-project.iam.gserviceaccount.com",
        "subnetwork": "https://www.googleapis.com/compute/v1/projects/your-network/regions/europe-west4/subnetworks/jobs",
        "temp_location": "gs://your-project-orchestrator-private-jobs/temp",
    }


@pytest.mark.slow
def test_other_settings_follow_the_sizes_of_functions(imaginary: Google):
    """A longer launch gets a longer lease, a longer signal a later deadline, a smaller on_task fewer tasks."""
    sizes = {"on_task": {"timeout": 300, "max_instances": 3}, "on_signal": {"timeout": 90}}
    deployed = imaginary.apply(example="minimal", functions=sizes)
    assert deployed.environment("on_task")["ORCHESTRATOR_LAUNCH_LEASE"] == "510"
    assert deployed.resources['google_pubsub_subscription.signals["signals"]']["ack_deadline_seconds"] == 100
    queues = [deployed.resources[f'google_cloud_tasks_queue.lane["{queue}"]'] for queue in ("checks", "signals")]
    assert [queue["rate_limits"][0]["max_concurrent_dispatches"] for queue in queues] == [1, 3 * 4 - 10 - 1]
    assert [said for rule in RULES for said in rule("minimal", deployed)] == []


#: Variables, each with a value and what is said of it. One plan refuses all that are wrong, but it says nothing of a
#: variable whose validation reads another wrong one, and a variable has one value: hence a few plans.
REFUSED: tuple[dict[str, tuple[object, str]], ...] = (
    {
        "project": ("My Project", "project: expected a project's id (6 to 30 lower-case letters, digits and '-')"),
        "region": ("europe-west4-a", "region: expected a region such as europe-west4, not a zone"),
        "environment": ("integration-tests", "name and environment: expected at most 19 characters together"),
        "start_ingress": ("none", "start_ingress: expected all, internal or load-balancer."),
        "notify": ({"ops": {"url": "http://hooks.example.com"}}, "notify: expected urls such as https://"),
        "signal_source": ("pubsub", "signal_source: expected logs, eventarc or both."),
        "starters": (["allUsers"], "allUsers would let anyone start runs"),
        "operators": (["allAuthenticatedUsers"], "allUsers would let anyone cancel runs"),
        "viewers": (["allUsers"], "allUsers would let anyone read runs"),
        "graph_starters": ({"sales": ["group:data@example.com"]}, "a token does not name groups or domains"),
        "values": ({"a-b": "x"}, "values: expected names of letters, digits and '_'"),
        "env": ({"PORT": "80"}, "env: expected no name that the platform or the orchestrator reserves"),
        "labels": ({"goog-team": "data"}, "labels: expected keys that do not begin with 'goog-'"),
        "database": ({"existing": True}, "database: an existing database needs its name"),
        "data_buckets": ({"raw": "own"}, 'data_buckets: expected names of buckets without gs://, each with "read" or'),
        "kms_key": ("my-key", "kms_key: expected projects/P/locations/L/keyRings/R/cryptoKeys/K."),
    },
    {
        "environment": ("google", "environment: expected a name that does not contain 'google' (or g00gle)"),
        "env": ({"a-b": "x"}, "env: expected names of letters, digits and '_'"),
        "database": ({"name": "abc"}, "database.name: expected (default), or 4 to 63 lower-case letters"),
        "labels": ({"Team": "data"}, "labels: expected keys and values of at most 63 lower-case letters"),
    },
    {
        "name": ("etl-g00gle", "name: expected a name that does not begin with 'goog' or contain 'google'"),
        "database": (
            {"name": "abcdef01-2345-6789-abcd-ef0123456789"},
            "database.name: expected a name that does not look like a UUID",
        ),
    },
    {"name": ("goog", "name: expected a name that does not begin with 'goog' or contain 'google'")},
)


@pytest.mark.parametrize("given", [pytest.param(given, id=next(iter(given))) for given in REFUSED])
def test_invalid_values_are_refused_by_the_variables_own_validation(
    untouched: Google, given: dict[str, tuple[object, str]]
):
    with pytest.raises(RefusedError) as refused:
        untouched.plan(example="minimal", **{variable: value for variable, (value, _) in given.items()})
    said = str(refused.value)
    assert [sentence for _, sentence in given.values() if sentence not in said] == []
    assert said.count("Error: ") == said.count("Error: Invalid value for variable") == len(given)


def test_a_name_too_short_for_a_database_is_refused(untouched: Google):
    with pytest.raises(RefusedError) as refused:
        untouched.plan(example="minimal", name="a", environment="b")
    assert "name and environment: expected at least 3 characters together" in str(refused.value)


@pytest.mark.slow
def test_the_shortest_name_is_accepted(untouched: Google):
    assert untouched.plan(example="minimal", name="a", environment="bc").resources


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "ingress"), [("load-balancer", "ALLOW_INTERNAL_AND_GCLB"), ("internal", "ALLOW_INTERNAL_ONLY")]
)
def test_start_ingress_says_where_start_can_be_called_from(untouched: Google, said: str, ingress: str):
    start = 'google_cloudfunctions2_function.function["start"]'
    deployed = untouched.plan(example="minimal", target=start, start_ingress=said)
    assert deployed.resources[start]["service_config"][0]["ingress_settings"] == ingress
