"""``serve`` on a machine on which servers, runs and the machine itself are killed: each slot is done exactly once."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from orchestrator.operations.serve.server import CatchUp
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

TOLD = {
    "receiver: down",
    "receiver: heard, and does not say so",
    "server: killed before it tells",
    "server: killed when it has put what it tells",
    "server: killed when it had told",
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


@pytest.mark.parametrize("chunk", [range(1), pytest.param(range(1, 60), marks=pytest.mark.slow)])
def test_a_start_happens_once_or_its_absence_is_told_once_whatever_is_killed(chunk: range, tmp_path: Path) -> None:
    faults, failures = Counter[str](), {}
    for seed in chunk:
        (tmp_path / str(seed)).mkdir()
        catch_up = (CatchUp.NONE, CatchUp.NEWEST)[seed % 2]
        machine = Machine(tmp_path / str(seed), Random(seed), catch_up=catch_up, telling=Random(f"{seed} telling"))
        if found := [*machine.play(), *unfinished(machine)]:
            failures[seed] = found
        faults += machine.faults
    assert failures == {}
    if len(chunk) > 10:
        assert {fault for fault, number in faults.items() if number} == FAULTS | TOLD
