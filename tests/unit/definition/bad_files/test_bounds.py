"""Files that would take much memory or time are refused at once."""

import json
import os
from pathlib import Path

import pytest

from orchestrator import load_graph
from orchestrator.errors import UsageError
from tests.unit.definition.conftest import Refusal


def test_a_bomb_of_aliases_is_refused_before_it_goes_off(refusal: Refusal) -> None:
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    assert refusal("\n".join(["a0: &a0 [x, x]", *rows])) == [
        "g.yaml:7: expected at most 1,000,000 values, those that aliases repeat included"
    ]


def test_a_bomb_of_merges_is_refused_before_it_goes_off(refusal: Refusal) -> None:
    keys = "\n".join(f"  k{n}: 1" for n in range(10_000))
    rows = "\n".join(f"b{n}: {{<<: *a}}" for n in range(1_000))
    assert refusal(f"a: &a\n{keys}\n{rows}") == [
        "g.yaml:10051: expected at most 1,000,000 values, those that aliases repeat included"
    ]


def test_thousands_of_wrong_names_are_told_in_no_time(refusal: Refusal) -> None:
    rows = "\n".join(f"  step{n}: {{after: stop{n}}}" for n in range(3_000))
    lines = refusal(f"name: g\nsteps:\n{rows}")
    assert len(lines) == 1_001
    assert lines[0] == "g.yaml:3: step 'step0': after: no step is called 'stop0' (did you mean 'step0'?)"
    assert lines[-2] == "g.yaml:1002: step 'step999': after: no step is called 'stop999'"
    assert lines[-1] == "g.yaml:1003: and 2,000 more problems from here on"


def test_a_graph_has_a_bounded_number_of_steps(refusal: Refusal) -> None:
    text = json.dumps({"name": "g", "steps": {f"s{n}": {} for n in range(50_001)}})
    assert refusal(text, "g.json") == ["g.json:1: steps: expected at most 50,000 steps, got 50,001"]


def test_a_file_of_100_megabytes_is_not_read(tmp_path: Path) -> None:
    big = tmp_path / "g.yaml"
    big.touch()
    os.truncate(big, 100 * 2**20)
    with pytest.raises(UsageError, match=r"expected a file of at most 16 MB, got one of 100\.0 MB$"):
        load_graph(big)
