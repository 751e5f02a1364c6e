"""A state holds one orchestrator: with the variables of another, nothing is planned in it, and it says what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terraform.imaginary import Google, RefusedError, google

#: All of them use one state, which one worker makes.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("terraform-state")]

HELD = (
    "This state holds orchestrator-prod in your-project, europe-west4, and the variables say {}: to make that here "
    "would destroy what there is. Give each a state of its own, with 'terraform -chdir=terraform workspace new {}' "
    "('workspace select', if there is one already) or another prefix of the backend. To change what this state holds, "
    "pass the variables that it was made with."
)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Google]:
    """A state that holds production."""
    with google(tmp_path_factory.mktemp("held")) as there:
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
def test_another_orchestrator_is_neither_planned_nor_destroyed_in_a_state_that_holds_one(
    held: Google, what: str, example: str, variables: dict[str, object], other: str, environment: str
):
    before = held.cloud.read_text()
    with pytest.raises(RefusedError) as refused:
        held.run(*what.split(), "-input=false", *held.given("clone", {"example": example, **variables}))
    assert HELD.format(other, environment) in str(refused.value)
    assert held.cloud.read_text() == before


def test_with_its_own_variables_a_state_may_be_changed(held: Google):
    assert held.plan(example="minimal", labels={"team": "data"}).resources


def test_a_workspace_for_each_environment_keeps_them_apart_in_one_folder(tmp_path: Path):
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
