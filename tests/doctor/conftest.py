"""One fake for all tests of doctor, whole again before each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("googleapiclient")

from orchestrator.client.google_apis import Apis
from orchestrator.deployment.doctor.world import Here
from orchestrator.deployment.lockfile.file import read_lock
from tests.doctor.deployment import ARCHIVE, Patient, bodies, lock_in, serving
from tests.doubles.google.server import FakeGoogle


@pytest.fixture(scope="session")
def service() -> Iterator[tuple[FakeGoogle, Apis]]:
    with serving() as made:
        yield made


@pytest.fixture
def patient(service: tuple[FakeGoogle, Apis], tmp_path: Path) -> Iterator[Patient]:
    """A deployment to which nothing is wrong."""
    fake, apis = service
    fake.bodies = bodies()
    fake.faults.clear()
    yield Patient(fake, apis, Here(read_lock(lock_in(tmp_path / "graphs")), "", ARCHIVE, ""))
    assert fake.misfits == []
