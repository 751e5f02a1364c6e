"""What a deployment is called: names that Google would refuse are refused here, as Terraform's variables do."""

import pytest

from orchestrator.deployment import Deployment
from orchestrator.deployment.archive import sources
from orchestrator.errors import UsageError
from tests.archive import imported
from tests.terraform.imaginary import ROOT, SCHEDULED


@pytest.mark.parametrize(
    ("name", "environment", "sentence"),
    [
        ("a", "b", "name and environment: expected 4 to 20 characters together, got 'a-b'"),
        ("orchestrator", "testing1", "name and environment: expected 4 to 20 characters together, got 'orchestrator-"),
        ("google", "prod", "name and environment: expected no name like Google's, got 'google-prod'"),
        ("goog", "prod", "name and environment: expected no name like Google's, got 'goog-prod'"),
        ("etl", "g00gle", "name and environment: expected no name like Google's, got 'etl-g00gle'"),
    ],
)
def test_names_that_google_refuses_are_refused(name: str, environment: str, sentence: str):
    with pytest.raises(UsageError) as refused:
        Deployment("my-project", "europe-west4", name, environment)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(("name", "environment"), [("a", "bc"), ("orchestrator", "staging"), ("etl", "goog")])
def test_others_are_taken(name: str, environment: str):
    assert Deployment("my-project", "europe-west4", name, environment).database == f"{name}-{environment}"


def test_the_bucket_that_functions_are_built_from_is_named_as_google_names_it():
    deployment = Deployment("my-project", "europe-west4")
    assert deployment.build_bucket("123") == "gcf-v2-sources-123-europe-west4"
    assert deployment.build_bucket("123", own_key=True) == "gcf-v2-sources-123-europe-west4-"


def test_what_is_deployed_of_the_package_is_what_the_functions_import():
    """functions/left-out.json lists the rest. tests/terraform holds Terraform's own archive to the same."""
    deployed = {name for name in sources(ROOT, SCHEDULED) if name.startswith("orchestrator/")}
    assert deployed == imported()
