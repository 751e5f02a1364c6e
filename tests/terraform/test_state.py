"""A state belongs to one orchestrator: with the variables of another, Terraform plans nothing and says what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terraform.imaginary import Google, RefusedError, google

#: All these tests use one state, so they run in one worker.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terraform-state")]

HELD = (
    "This state belongs to orchestrator-prod in your-project, europe-west4, but the variables say {}: creating that "
    "here would destroy what exists. Give each its own state, with 'terraform -chdir=terraform workspace new {}' "
    "('workspace select' if it exists already) or another prefix of the backend. To change what is in this state, "
    "pass the variables that it was created with."
)


@pytest.fixture(scope="module")
def existing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    """A state of production."""
    with google(tmp_path_factory.mktemp("existing")) as there:
        there.apply(example="minimal")
        yield there


@pytest.mark.parametrize(
    ("example", "variables", "other", "environment"),
    [
        ("dev", {}, "orchestrator-dev in your-project, europe-west4", "dev"),
        ("minimal", {"name": "etl"}, "etl-prod in your-project, europe-west4", "prod"),
        ("minimal", {"project": "another-project"}, "orchestrator-prod in another-project, europe-west4", "prod"),
        ("minimal", {"region": "us-central1"}, "orchestrator-prod in your-project, us-central1", "prod"),
    ],
)
@pytest.mark.parametrize("what", ["plan", "apply -auto-approve", "destroy -auto-approve"])
def test_a_state_refuses_the_variables_of_another_orchestrator(
    existing: Google, what: str, example: str, variables: dict[str, object], other: str, environment: str
):
    before = existing.cloud.read_text()
    with pytest.raises(RefusedError) as refused:
        existing.run(*what.split(), "-input=false", *existing.given("clone", {"example": example, **variables}))
    assert HELD.format(other, environment) in str(refused.value)
    assert existing.cloud.read_text() == before


def test_a_state_can_be_changed_with_its_own_variables(existing: Google):
    assert existing.plan(example="minimal", labels={"team": "data"}).resources


def test_workspaces_keep_environments_apart_in_one_folder(tmp_path: Path):
    with google(tmp_path) as there:
        prod = there.apply(example="minimal")
        there.run("workspace", "new", "dev")
        dev = there.apply(example="dev")
        assert (prod.outputs["database"], dev.outputs["database"]) == ("orchestrator-prod", "orchestrator-dev")
        there.run("workspace", "select", "default")
        assert "No changes." in there.run("plan", "-var-file=examples/minimal.tfvars")
        there.run("workspace", "select", "dev")
        there.destroy(example="dev")
        assert "orchestrator-dev" not in there.cloud.read_text()
        assert "orchestrator-prod-checks" in there.cloud.read_text()
