"""Parameters that a user's function makes up."""

import json
import sys
from pathlib import Path

import pytest

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.model import Run
from orchestrator.errors import LaunchRefusedError
from orchestrator.jobs.call import CallBackend
from orchestrator.jobs.python.functions import FunctionRaisedError, completed, describe, parameters, resolve
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

def add_common_params(params):
    return {**params, "setup_file": "/template/setup.py"}

def article(**kwargs):
    return {
        "parameters": add_common_params({"day": kwargs["date"], "all": sorted(kwargs)}),
        "job_name": kwargs["job_name"],
        "template_location": kwargs["template_location"],
    }

def moved(template_location):
    return {"parameters": {}, "template_location": f"{template_location}-v2"}

def only_where(job_name, template_location):
    return {"job_name": job_name, "template_location": template_location}

def by_name(date, template_location, *, job_name, zone="Etc/UTC"):
    return {"date": date, "template": template_location, "job": job_name, "zone": zone}

def first(date, /, **kwargs):
    return {"date": date, **kwargs}

def too_much():
    return {"parameters": {}, "region": "r", "labels": {}}

def ill():
    return {"parameters": {}, "template_location": 5}

def of_another(day, datum): ...

def of_one_other(dat, job_name): ...

def nothing(): ...

def done():
    raise SystemExit(0)

def hanging():
    import threading
    threading.Event().wait()

def impatient():
    raise TimeoutError("no answer")

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


COMMON = {"both": "graph", "setup_file": "common", "ours": "graph"}


def test_what_a_function_returns_beats_the_graphs_common_parameters_and_the_steps_own_beat_both(tmp_path: Path):
    asked = request(tmp_path, common_parameters=COMMON, parameters={"ours": "step"}, parameters_from="made_up:plain")
    assert parameters(asked) == {"both": "function", "setup_file": "common", "ours": "step", "input": "a"}


def test_a_function_of_the_article_says_all_that_a_launch_takes(tmp_path: Path):
    asked = request(tmp_path, template="gs://b/one.json", parameters_from="made_up:article")
    given = {"day": "2026-11-23", "all": ["date", "job_name", "template_location"], "setup_file": "/template/setup.py"}
    assert completed(asked).spec == {"template": "gs://b/one.json", "parameters": given}
    assert completed(asked).name == asked.name


def test_a_function_that_is_given_the_template_may_give_another_one_back(tmp_path: Path):
    asked = request(tmp_path, template="gs://b/one.json", parameters_from="made_up:moved")
    assert completed(asked).spec == {"template": "gs://b/one.json-v2", "parameters": {}}
    asked = request(tmp_path, template="gs://b/one.json", parameters_from="made_up:only_where")
    assert completed(asked).spec == {"template": "gs://b/one.json", "parameters": {}}


def test_a_function_takes_what_it_names(tmp_path: Path):
    there = {"date": "2026-11-23", "job": "orders--k-0-1", "template": "gs://b/t", "zone": "Etc/UTC"}
    assert parameters(request(tmp_path, template="gs://b/t", parameters_from="made_up:by_name")) == there
    there = {"date": "2026-11-23", "job_name": "orders--k-0-1", "template_location": "gs://b/t"}
    assert parameters(request(tmp_path, template="gs://b/t", parameters_from="made_up:first")) == there


NAMES = (
    "its arguments can be job_name, template_location and date, by these names, or all of them as **kwargs, or only "
    "the params as 'params'"
)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("wrong", "expected parameters as a mapping with text keys, got int"),
        ("nothing", "expected parameters as a mapping with text keys, got NoneType"),
        ("too_much", "expected parameters, job_name and template_location, got labels, region too"),
        ("ill", "expected template_location as text, got 5"),
        ("plane", "module 'made_up' has no function 'plane' (did you mean 'plain'?)"),
        ("of_another", f"function 'made_up:of_another': it requires 'day' and 'datum', which it does not get: {NAMES}"),
        (
            "of_one_other",
            "function 'made_up:of_one_other': it requires 'dat', which it does not get (did you mean 'date'?): "
            + NAMES,
        ),
    ],
)
def test_a_function_that_is_not_as_it_must_be_refuses_the_launch_in_one_sentence(
    tmp_path: Path, function: str, error: str
):
    with pytest.raises(LaunchRefusedError) as refused:
        parameters(request(tmp_path, parameters_from=f"made_up:{function}"))
    assert str(refused.value) == f"step 'orders': parameters_from: {error}"


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("made_up:broken", "ValueError: no such day (made_up.py:9)"),
        ("made_up:leaving", "SystemExit: 2 (made_up.py:LEAVING)"),
        ("half:f", "ModuleNotFoundError: No module named 'not_here' (half.py:1)"),
    ],
)
def test_a_function_that_raises_may_do_better_the_next_time(tmp_path: Path, function: str, error: str):
    (tmp_path / "half.py").write_text("import not_here\n")
    with pytest.raises(FunctionRaisedError) as raised:
        parameters(request(tmp_path, parameters_from=function))
    line = MODULE.splitlines().index("    raise SystemExit(2)") + 1
    assert str(raised.value) == f"step 'orders': parameters_from: {error.replace('LEAVING', str(line))}"


@pytest.mark.parametrize(
    ("function", "over"),
    [
        ("plain", JobEnd(Outcome.SUCCEEDED, 5.0, {"input": "a", "both": "function"})),
        ("nothing", JobEnd(Outcome.SUCCEEDED, 5.0)),
        ("done", JobEnd(Outcome.SUCCEEDED, 5.0)),
        (
            "wrong",
            JobEnd(
                Outcome.FAILED,
                5.0,
                error="expected outputs as a mapping with text keys, got int",
                cause="outputs",
                permanent=True,
            ),
        ),
        (
            "broken",
            JobEnd(Outcome.FAILED, 5.0, error="ValueError: no such day (made_up.py:9)", cause="exception"),
        ),
        (
            "plane",
            JobEnd(
                Outcome.FAILED,
                5.0,
                error="module 'made_up' has no function 'plane' (did you mean 'plain'?)",
                cause="function",
                permanent=True,
            ),
        ),
    ],
)
def test_a_call_has_ended_when_it_is_launched(tmp_path: Path, function: str, over: JobEnd):
    calls = CallBackend(lambda: 5.0)
    assert calls.launch(request(tmp_path, function=f"made_up:{function}")) == over
    assert calls.find(request(tmp_path)) is None


def test_a_call_that_hangs_has_failed_and_one_that_gives_up_by_itself_says_so(tmp_path: Path):
    too_long = "it took longer than 0.01 s, the most for a function in the cloud"
    hanging = CallBackend(lambda: 5.0, max_seconds=0.01).launch(request(tmp_path, function="made_up:hanging"))
    assert hanging == JobEnd(Outcome.FAILED, 5.0, error=too_long, cause="timeout")
    line = MODULE.splitlines().index('    raise TimeoutError("no answer")') + 1
    impatient = CallBackend(lambda: 5.0).launch(request(tmp_path, function="made_up:impatient"))
    error = f"TimeoutError: no answer (made_up.py:{line})"
    assert impatient == JobEnd(Outcome.FAILED, 5.0, error=error, cause="exception")


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
    del sys.modules[first.__module__]
    assert resolve("renewed:load", str(tmp_path)) is not first


def test_an_error_is_told_with_the_line_of_the_users_own_that_it_came_from() -> None:
    """And not with one of a library's, which tells a user little."""
    try:
        json.loads("{")
    except ValueError as error:
        told = describe(error)
    assert told.endswith(f"(test_functions.py:{sys._getframe().f_lineno - 3})")
