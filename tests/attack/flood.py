"""A fan of 3,000 behind a queue of one launch a second, swept every quarter of an hour; and 20 of its launches lost."""

from pathlib import Path

from benchmarks.flood import JOB, PACE, PERIOD, flooded
from orchestrator.core.overdue import LATE, STILL

WIDTH = 3000


def attack(folder: Path) -> str:
    """Raises AssertionError if sweeps made the queue longer, or lost launches were not put again."""
    whole = flooded(WIDTH)
    assert whole.deliveries == WIDTH + 1, whole
    assert whole.most == 1, whole
    lossy = flooded(WIDTH, lost=range(100, 2100, 100))
    assert lossy.deliveries == WIDTH + 21, lossy
    assert lossy.most == 2, lossy
    alone = flooded(10, lost=[5])
    assert alone.seconds < JOB + LATE + STILL + 2 * PERIOD + JOB + LATE, alone
    return (
        f"{WIDTH} launches at {1 / PACE:g} a second took {whole.seconds:,.0f} s over {whole.sweeps} sweeps, none"
        f" was put twice; with 20 lost {lossy.seconds:,.0f} s; a lone lost one {alone.seconds:,.0f} s"
    )
