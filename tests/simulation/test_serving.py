"""``serve`` on a machine on which servers, runs and the machine itself are killed: each slot is done exactly once."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.simulation.serving import Machine, unfinished

FAULTS = {
    "server: killed",
    "server: killed before a start",
    "server: killed after a start",
    "machine: slept",
    "machine: went down",
    "run: killed",
    "run: killed before it was recorded",
}


@pytest.mark.parametrize("chunk", [range(3), pytest.param(range(3, 60), marks=pytest.mark.slow)])
def test_no_slot_is_lost_or_done_twice_whatever_is_killed(chunk: range, tmp_path: Path) -> None:
    faults, failures = Counter[str](), {}
    for seed in chunk:
        (tmp_path / str(seed)).mkdir()
        machine = Machine(tmp_path / str(seed), Random(seed))
        if found := [*machine.play(), *unfinished(machine)]:
            failures[seed] = found
        faults += machine.faults
    assert failures == {}
    if len(chunk) > 10:
        assert {fault for fault, number in faults.items() if number} == FAULTS
