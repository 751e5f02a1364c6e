"""What a run tells of itself in expressions."""

from orchestrator.core.model import Run
from orchestrator.engine.rendering import facts_of


def test_a_run_tells_its_start_by_its_own_clock_and_in_seconds() -> None:
    run = Run("r1", "k", "g", "v", {}, 1_700_000_000.25, time_zone="Europe/Berlin")
    assert facts_of(run) == {
        "id": "r1",
        "started_at": "2023-11-14T23:13:20.250+01:00",
        "started_at_epoch": 1_700_000_000.25,
        "time_zone": "Europe/Berlin",
    }


def test_a_run_without_a_clock_of_its_own_goes_by_utc() -> None:
    assert facts_of(Run("r1", "k", "g", "v", {}, 0.0))["started_at"] == "1970-01-01T00:00:00.000+00:00"
