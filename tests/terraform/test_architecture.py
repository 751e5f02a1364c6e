"""The picture of the architecture shows what Terraform deploys."""

import importlib.util
from collections.abc import Callable
from types import ModuleType

import pytest

from orchestrator.ports import QUEUES
from tests.terraform.imaginary import ROOT, Deployed
from tests.terraform.rules import EACH

Example = Callable[[str], Deployed]


@pytest.fixture(scope="module")
def architecture() -> ModuleType:
    spec = importlib.util.spec_from_file_location("architecture", ROOT / "docs/architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_picture_is_up_to_date(example: Example, architecture: ModuleType):
    """If it is not: run ``make picture`` and check the result."""
    assert architecture.dot(example("scheduled").resources) == (ROOT / "docs/architecture.dot").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_it_shows_every_path_of_signals_and_tasks(example: Example, architecture: ModuleType, name: str):
    found = {(tail, head) for tail, head, _ in architecture.arrows(example(name).resources)}
    function = 'google_cloudfunctions2_function.function["{}"]'.format
    queue = 'google_cloud_tasks_queue.lane["{}"]'.format
    assert {(function("on_signal"), queue("signals")), (function("start"), queue("launches"))} <= found
    assert {(queue(name), function("on_task")) for name in QUEUES} <= found
    assert (function("on_task"), architecture.DATAFLOW) in found
    assert any(head == function("on_signal") for _, head in found)
    assert not any(tail == function("on_signal") and head != queue("signals") for tail, head in found)
