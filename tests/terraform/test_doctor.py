"""Doctor examines what Terraform created, through the answers that Google's APIs would give."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from orchestrator.client.google_apis import Apis
from orchestrator.deployment.archive import archive_name
from orchestrator.deployment.doctor.checks import examine
from orchestrator.deployment.doctor.findings import Level
from orchestrator.deployment.doctor.world import Here, World
from orchestrator.deployment.lockfile.file import read_lock
from tests.doubles.google.server import Bodies, FakeGoogle
from tests.terraform.imaginary import BUCKETS, SCHEDULED, TOPIC, Deployed, copy_repository
from tests.terraform.live import bodies
from tests.terraform.rules import EXAMPLES

TEMPLATE = "projects/_/buckets/your-templates/objects/load.json"

pytestmark = pytest.mark.slow

Example = Callable[[str], Deployed]


def live(name: str, deployed: Deployed) -> Bodies:
    """What Google's APIs would answer. What the example names, and the graphs' template, exist already."""
    (number,) = re.findall(r"-(\d+)\.", deployed.environment("on_task")["ORCHESTRATOR_TASK_URL"])
    found = bodies(EXAMPLES[name], deployed, number)
    for bucket in BUCKETS:
        found.resources[f"projects/_/buckets/{bucket}"] = {"name": bucket}
    found.resources[TOPIC] = {"name": TOPIC}
    found.resources[_here("repositories/templates")] = {"name": _here("repositories/templates")}
    found.resources[TEMPLATE] = {"bucket": "your-templates", "name": "load.json", "size": "40"}
    found.contents[TEMPLATE] = b'{"image": "europe-docker.pkg.dev/p/r/i"}'
    return found


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of the archive that the examples deploy."""
    root = tmp_path_factory.mktemp("clone") / "clone"
    copy_repository(root)
    return archive_name(root, SCHEDULED)


@contextmanager
def examined(name: str, said: Bodies, archive: str) -> Iterator[list[tuple[str, str, str]]]:
    """Check, level and text of every finding that is not OK."""
    here = Here(read_lock(SCHEDULED), "", archive, "")
    with FakeGoogle(said) as fake:
        apis = Apis(EXAMPLES[name].project, fake.url)
        try:
            yield [
                (result.check, finding.level, finding.text)
                for result in examine(World(apis, EXAMPLES[name], here))
                for finding in result.findings
                if finding.level is not Level.OK
            ]
            assert fake.misfits == []
        finally:
            apis.close()


@pytest.mark.parametrize("name", ["prod", "eventarc", "private"])
def test_what_terraform_created_is_healthy(with_graphs: Example, archive: str, name: str):
    """With both kinds of signals, with events only, and with a KMS key."""
    with examined(name, live(name, with_graphs(name)), archive) as complaints:
        assert complaints == []


def _here(name: str) -> str:
    return f"projects/your-project/locations/europe-west4/{name}"


def _built(said: Bodies, target: str) -> dict[str, Any]:
    """What a function was built from."""
    function = said.resources[_here(f"functions/orchestrator-prod-{target}")]
    found: dict[str, Any] = function["buildConfig"]["source"]["storageSource"]
    return found


def _elsewhere(said: Bodies) -> None:
    """The starter's grant on the database is for another one; the other accounts keep theirs."""
    bindings = said.policies["projects/your-project"]["bindings"]
    for binding in list(bindings):
        starters = [member for member in binding["members"] if "-starter@" in member]
        if "condition" in binding and starters:
            binding["members"] = [member for member in binding["members"] if member not in starters]
            condition = {"expression": 'resource.name == "projects/your-project/databases/another"'}
            bindings.append({**binding, "members": starters, "condition": {**binding["condition"], **condition}})


BREAKS: dict[str, tuple[str, Callable[[Bodies], object]]] = {
    "a grant of the log sink": (
        "sink's writer",
        lambda b: b.policies.pop("projects/your-project/topics/orchestrator-prod-signals"),
    ),
    "a condition that names another database": ("starter", _elsewhere),
    "a queue that is paused": (
        "launches",
        lambda b: b.resources[_here("queues/orchestrator-prod-launches")].update(state="PAUSED"),
    ),
    "a function that was built from another commit": (
        "start",
        lambda b: _built(b, "start").update(object="functions-00000000000000000000.zip"),
    ),
    "a schedule that was deleted": (
        "graphs",
        lambda b: b.resources.pop(_here("jobs/orchestrator-prod-start-nightly")),
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_breaks_afterwards_is_found(with_graphs: Example, archive: str, what: str):
    check, spoil = BREAKS[what]
    said = live("prod", with_graphs("prod"))
    spoil(said)
    with examined("prod", said, archive) as complaints:
        assert {name for name, _, _ in complaints} >= {check}, complaints
        assert len(complaints) <= 2, complaints
