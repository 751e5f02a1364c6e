"""Parameters that a user's function makes up."""

import sys
from pathlib import Path

import pytest

from orchestrator.core.model import Run
from orchestrator.errors import LaunchRefusedError
from orchestrator.jobs.functions import parameters, resolve
from orchestrator.ports import JobRequest

MODULE = """
def plain():
    return {"input": "a", "both": "function"}

def of_params(params):
    return {"input": f"gs://raw/{params['date']}"}

def broken():
    raise ValueError("no such day")

def wrong():
    return 7

def leaving():
    raise SystemExit(2)
"""


def request(folder: Path, **spec) -> JobRequest:
    (folder / "made_up.py").write_text(MODULE)
    run = Run("r", "k", "g", "v", {"date": "2026-11-23"}, 0.0, folder=str(folder))
    return JobRequest(run, 0, "orders", 1, "orders--k-0-1", "dataflow", spec)


def test_without_a_function_the_steps_own_parameters_are_all(tmp_path: Path):
    assert parameters(request(tmp_path, parameters={"n": 1})) == {"n": 1}
    assert parameters(request(tmp_path)) == {}


def test_a_function_adds_its_parameters_and_the_step_has_the_last_word(tmp_path: Path):
    asked = request(tmp_path, parameters={"both": "step"}, parameters_from="made_up:plain")
    assert parameters(asked) == {"input": "a", "both": "step"}


def test_a_function_that_takes_an_argument_gets_the_runs_params(tmp_path: Path):
    assert parameters(request(tmp_path, parameters_from="made_up:of_params")) == {"input": "gs://raw/2026-11-23"}


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("broken", r"step 'orders': parameters_from: ValueError: no such day \(made_up\.py:9\)"),
        ("leaving", r"step 'orders': parameters_from: SystemExit: 2 \(made_up\.py:15\)"),
        ("wrong", r"step 'orders': parameters_from: expected parameters as a mapping with text keys, came int"),
        (
            "plane",
            r"step 'orders': parameters_from: module 'made_up' has no function 'plane' \(did you mean 'plain'",
        ),
    ],
)
def test_a_function_that_cannot_say_refuses_the_launch_in_one_sentence(tmp_path: Path, function: str, error: str):
    with pytest.raises(LaunchRefusedError, match=error):
        parameters(request(tmp_path, parameters_from=f"made_up:{function}"))


def test_two_folders_may_have_modules_of_one_name(tmp_path: Path):
    """A deployed function makes up the parameters of all graphs, and many have a ``params.py`` with a helper."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "params.py").write_text("import helper\ndef load():\n    return {'from': helper.NAME}\n")
        (tmp_path / name / "helper.py").write_text(f"NAME = {name!r}\n")
    found = [resolve("params:load", str(tmp_path / name))() for name in ("a", "b", "a", "b")]
    assert found == [{"from": "a"}, {"from": "b"}, {"from": "a"}, {"from": "b"}]


def test_a_function_that_was_found_is_found_again_without_a_walk_of_all_modules(tmp_path: Path):
    """Every launch of a python step asks. Counted, not timed: a walk takes two calls for each of hundreds."""
    (tmp_path / "asked_often.py").write_text("def load():\n    return 1\n")
    folder = str(tmp_path)
    first = resolve("asked_often:load", folder)
    calls: list[str] = []
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        again = resolve("asked_often:load", folder)
    finally:
        sys.setprofile(None)
    assert again is first
    assert calls == ["resolve", "imported"]


def test_a_module_of_another_folder_is_made_room_for_and_found_again_afterwards(tmp_path: Path):
    """What was found is known by its folder and its name: neither a module nor its helper is mistaken."""
    for name in ("c", "d"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "day.py").write_text("def load():\n    import aid\n    return aid.NAME\n")
        (tmp_path / name / "aid.py").write_text(f"NAME = {name!r}\n")
    asked = [resolve("day:load", str(tmp_path / name))() for name in ("c", "c", "d", "d", "c")]
    assert asked == ["c", "c", "d", "d", "c"]


def test_a_module_that_somebody_unloaded_is_imported_anew(tmp_path: Path):
    (tmp_path / "renewed.py").write_text("def load():\n    return 1\n")
    first = resolve("renewed:load", str(tmp_path))
    del sys.modules["renewed"]
    assert resolve("renewed:load", str(tmp_path)) is not first
