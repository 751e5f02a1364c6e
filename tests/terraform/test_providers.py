"""The fake providers refuse what the real provider refuses, and what only the service would."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.terraform.imaginary import STUB, Google, RefusedError, needed

sys.path.insert(0, str(STUB))
try:
    from tfstub import schema, wire
finally:
    sys.path.remove(str(STUB))

HEAD = 'provider "google" {\n  project = "demo"\n  region  = "europe-west4"\n}\n'
ACCOUNT = 'resource "google_service_account" "a" {\n  account_id = "worker-1"\n}\n'
SERVICE = 'resource "google_project_service" "iam" {\n  service = "iam.googleapis.com"\n}\n'
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, width=64) | st.text(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
    max_leaves=40,
)


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    needed()
    with ExitStack() as stack:
        yield Google(tmp_path, stack)


def applied(google: Google, text: str) -> str:
    root = google.clone()
    for file in (root / "terraform").rglob("*.tf"):
        file.unlink()
    (root / "terraform" / "main.tf").write_text(HEAD + text)
    return google.run("apply", "-auto-approve", "-input=false")


@given(VALUES)
def test_a_value_comes_back_from_the_wire_as_it_was(value: object) -> None:
    assert wire.unpack(wire.pack(value)) == value


def test_a_value_that_is_not_known_stays_so() -> None:
    assert wire.unpack(wire.pack({"a": [wire.UNKNOWN]}))["a"][0] is wire.UNKNOWN


@pytest.mark.parametrize(
    ("name", "version"), [(name, version) for name, versions in schema.available().items() for version in versions]
)
def test_each_schema_is_what_terraform_asks_for(name: str, version: str) -> None:
    """Every message can be decoded again, and has all types."""
    loaded, _ = schema.load(name, version)
    sent = wire.encode_message("GetSchema.Response", loaded.message({}))
    told = wire.decode_message("GetSchema.Response", sent)
    assert {row["key"] for row in told["resource_schemas"]} == set(loaded.resources)
    assert (loaded.source, loaded.version) == (f"registry.terraform.io/hashicorp/{name}", version)


def test_both_ends_of_the_google_provider_are_there() -> None:
    assert schema.available()["google"] == ["7.46.1", "8.7.0"]


#: Resources with one mistake each, and what is said of it.
REFUSED = {
    ACCOUNT.replace("worker-1", "W"): "invalid value for account_id (6-30 characters",
    'resource "google_pubsub_topic" "t" {\n  name = "goog-t"\n}\n': "invalid value for name (must match",
    'resource "google_cloud_tasks_queue" "q" {\n  name = "q"\n}\n': 'The argument "location" is required',
    'resource "google_pubsub_topic" "u" {\n  name   = "topic"\n  colour = "blue"\n}\n': '"colour" is not expected',
}


def test_what_the_real_provider_refuses_is_refused(google: Google) -> None:
    with pytest.raises(RefusedError) as refused:
        applied(google, "".join(REFUSED))
    assert [said for said in REFUSED.values() if said not in str(refused.value)] == []


def test_an_api_that_was_not_enabled_first_is_missed(google: Google) -> None:
    """A configuration that enables one API has to enable every API it uses."""
    queue = 'resource "google_cloud_tasks_queue" "q" {\n  name     = "q"\n  location = "europe-west4"\n%s}\n'
    waits = "  depends_on = [google_project_service.iam]\n"
    with pytest.raises(RefusedError, match=r"cloudtasks\.googleapis\.com has not been used"):
        applied(google, SERVICE + queue % waits)


def test_what_is_made_has_the_shape_of_the_real_thing(google: Google) -> None:
    waits = ACCOUNT.replace("}\n", "  depends_on = [google_project_service.iam]\n}\n")
    shown = applied(google, SERVICE + waits + 'output "email" {\n  value = google_service_account.a.email\n}\n')
    assert 'email = "worker-1@demo.iam.gserviceaccount.com"' in shown
