"""Fixtures of the Dataflow backend's tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.fakes.dataflow.server import FakeDataflow
from orchestrator.jobs.dataflow.backend import DataflowBackend
from tests.contract.dataflow.bench import Bench, Make, script


@pytest.fixture
def make() -> Iterator[Make]:
    benches: list[Bench] = []

    def build(backend: dict[str, Any] | None = None, **options: Any) -> Bench:
        fake = FakeDataflow(script, **options)
        fake.start()
        bench = Bench(fake, DataflowBackend("p", "europe-west4", api_endpoint=fake.url, **(backend or {})))
        benches.append(bench)
        return bench

    yield build
    for bench in benches:
        bench.backend.close()
        bench.fake.stop()
        assert bench.fake.misfits == []


@pytest.fixture
def bench(make: Make) -> Bench:
    return make()
