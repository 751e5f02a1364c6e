"""One fake for all tests of doctor, whole again before each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("googleapiclient")

from orchestrator.client.google_apis import Apis
from tests.doctor.deployment import Nearby, Patient, bodies, here
from tests.doubles.google.server import FakeGoogle


@pytest.fixture(scope="session")
def service() -> Iterator[tuple[FakeGoogle, Apis]]:
    """A fake, and its client, which takes a third of a second to make."""
    with FakeGoogle(bodies()) as fake:
        yield fake, Nearby(fake)


@pytest.fixture
def patient(service: tuple[FakeGoogle, Apis], tmp_path: Path) -> Iterator[Patient]:
    """A deployment to which nothing is wrong."""
    fake, apis = service
    fake.bodies = bodies()
    fake.faults.clear()
    yield Patient(fake, apis, here(tmp_path / "graphs"))
    assert fake.misfits == []
