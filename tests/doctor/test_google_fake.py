"""The fake of Google's APIs says no as Google does, and notices bodies that are not Google's."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.fakes.rest import RefusedError
from tests.doctor.deployment import TEMPLATE, D, L, P, bodies
from tests.doubles.google.server import Bodies, FakeGoogle
from tests.fixtures import fixture


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    with FakeGoogle(bodies(eventarc=True)) as made:
        yield made


def call(fake: FakeGoogle, path: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{fake.url}{path}", data), timeout=180) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            said = json.load(error)["error"]
            return error.code, f"{said['status']}: {said['message']}"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/bigquery/v2/projects", 404, "NOT_FOUND: Method not found."),
        ("/run/v2/nothing", 404, "NOT_FOUND: Method not found."),
        (f"/pubsub/v1/{P}/topics", 501, "UNIMPLEMENTED: The fake has no pubsub.projects.topics.list."),
        (f"/pubsub/v1/{P}/topics/none", 404, f"NOT_FOUND: Resource '{P}/topics/none' was not found"),
        (f"/pubsub/v1/{P}/topics/none:getIamPolicy", 404, f"NOT_FOUND: Resource '{P}/topics/none' was not found"),
        (f"/run/v2/{L}/services/x?nothing=1", 400, "INVALID_ARGUMENT: Invalid JSON payload received. Unknown name"),
        ("/dataflow/v1b3/projects/demo-1/jobs:aggregated?filter=X", 400, "INVALID_ARGUMENT: Invalid value at 'filter'"),
        (
            "/pubsub/v1/projects/other/topics/t",
            403,
            "PERMISSION_DENIED: Permission denied on resource 'projects/other' (or it may not exist).",
        ),
    ],
)
def test_what_is_not_there_is_refused(fake: FakeGoogle, path: str, status: int, said: str):
    code, text = call(fake, path)
    assert (code, text[: len(said)]) == (status, said)


def test_a_body_that_is_not_as_the_document_says_is_refused(fake: FakeGoogle):
    path = "/cloudresourcemanager/v1/projects/demo-1:getIamPolicy"
    assert call(fake, path, {"options": {"version": 3}})[0] == 400
    assert call(fake, path, {"options": {"requestedPolicyVersion": 3}})[0] == 200


def test_grants_on_a_condition_come_under_other_names_unless_they_are_asked_for(fake: FakeGoogle):
    path = "/cloudresourcemanager/v1/projects/demo-1:getIamPolicy"
    _, old = call(fake, path, {})
    _, new = call(fake, path, {"options": {"requestedPolicyVersion": 3}})
    assert "roles/datastore.user" in {binding["role"] for binding in new["bindings"]}
    renamed = [binding for binding in old["bindings"] if "datastore" in binding["role"]]
    assert [name.partition("_")[0] for name in sorted(binding["role"] for binding in renamed)] == [
        "roles/datastore.user",
        "roles/datastore.viewer",
    ]
    assert all("_withcond_" in binding["role"] and set(binding) == {"role", "members"} for binding in renamed)


def test_what_has_no_policy_has_an_empty_one(fake: FakeGoogle):
    path = f"/iam/v1/{P}/serviceAccounts/{D.account('builder')}:getIamPolicy?options.requestedPolicyVersion=3"
    assert call(fake, path, {}) == (200, {"etag": "ACAB"})


def test_an_api_that_is_off_answers_as_was_recorded(fake: FakeGoogle):
    fake.bodies.resources[f"{P}/services/dataflow.googleapis.com"]["state"] = "DISABLED"
    status, text = call(fake, "/dataflow/v1b3/projects/demo-1/jobs:aggregated")
    recorded = fixture("dataflow/api-disabled")["body"]["error"]
    assert (status, text.partition(":")[0]) == (recorded["code"], recorded["status"])
    assert (
        text.partition("has not been used")[2].replace("123456789012", "246813579246")
        == (recorded["message"].partition("has not been used")[2])
    )


def test_services_are_told_by_the_projects_number_and_those_nobody_knows_are_off(fake: FakeGoogle):
    names = "&".join(f"names={P}/services/{api}.googleapis.com" for api in ("run", "bigquery"))
    assert call(fake, f"/serviceusage/v1/{P}/services:batchGet?{names}") == (
        200,
        {
            "services": [
                {
                    "state": state,
                    "name": f"projects/123456789012/services/{api}.googleapis.com",
                    "parent": "projects/123456789012",
                }
                for api, state in (("run", "ENABLED"), ("bigquery", "DISABLED"))
            ]
        },
    )


def test_triggers_are_listed_in_one_region_or_in_all(fake: FakeGoogle):
    def names(region: str) -> list[str]:
        found = call(fake, f"/eventarc/v1/{P}/locations/{region}/triggers")[1]
        return [trigger["name"].split("/")[3] for trigger in found.get("triggers", [])]

    assert (names("-"), names("europe-west4"), names("us-east1")) == (
        ["europe-west1", "europe-west4"],
        ["europe-west4"],
        [],
    )


def test_an_object_is_told_or_its_content(fake: FakeGoogle):
    path = "/storage/storage/v1/b/demo-templates/o/sales%2Forders.json"
    assert call(fake, path)[1] == {"bucket": "demo-templates", "name": "sales/orders.json", "size": "40"}
    assert call(fake, f"{path}?alt=media")[1] == json.loads(fake.bodies.contents[TEMPLATE])


def test_a_fault_is_of_one_resource_and_of_one_method_if_it_is_said(fake: FakeGoogle):
    name = f"{P}/topics/{D.topic}"
    fake.fail(name, RefusedError(503, "UNAVAILABLE", "Later."), "getIamPolicy")
    assert call(fake, f"/pubsub/v1/{name}") == (200, {"name": name})
    assert call(fake, f"/pubsub/v1/{name}:getIamPolicy") == (503, "UNAVAILABLE: Later.")
    assert call(fake, f"/pubsub/v1/{P}/topics/{D.dead_letters}:getIamPolicy")[0] == 200


def test_bodies_that_are_not_googles_are_noticed():
    made = Bodies({P: {"projectId": "demo-1", "number": 1}, f"{P}/services/run.googleapis.com": {"state": "ENABLED"}})
    made.resources[f"{P}/services/cloudresourcemanager.googleapis.com"] = {"state": "ENABLED"}
    with FakeGoogle(made) as fake:
        assert call(fake, "/cloudresourcemanager/v1/projects/demo-1")[0] == 200
        assert fake.misfits == [f"Invalid JSON payload received. Unknown name \"number\" at '{P}': Cannot find field."]


def test_a_role_that_nobody_has_cannot_be_taken():
    made = bodies()
    made.revoke(P, "roles/dataflow.worker", f"serviceAccount:{D.account('worker')}")
    with pytest.raises(LookupError, match=r"has no roles/dataflow\.worker on projects/demo-1"):
        made.revoke(P, "roles/dataflow.worker", f"serviceAccount:{D.account('worker')}")
