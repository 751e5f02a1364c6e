"""Python steps in processes of their own: they change what they like, can be stopped, and fail as others do."""

import os
import signal
from pathlib import Path

import pytest

from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.steps import Json
from orchestrator.jobs.process import attempt
from orchestrator.system import process_group as group
from tests.contract.benches import Bench, isolated, written

MODULE = """
import multiprocessing, os, signal, sys, threading, time

def changes(folder):
    os.environ["OF_A_STEP"] = "1"
    os.chdir(folder)
    os.system("echo a child; pwd")
    os.write(1, b"past everything\\n")
    sys.stdout = sys.stderr = None
    return {"folder": os.getcwd(), "run": os.environ["ORCHESTRATOR_RUN"]}

def where():
    return {"folder": os.getcwd()}

def takes(text):
    return {"size": len(text)}

def leaves(code):
    sys.exit(code)

def raises():
    raise ValueError("\\x1b[31mno such\\x1b[0m day")

def returns():
    return [1]

def vanishes():
    print("no such day", flush=True)
    os._exit(3)

def crashes():
    os.kill(os.getpid(), signal.SIGSEGV)

def goes_on(up):
    open(up, "w").write("up")
    while True:
        time.sleep(0.01)

def leaves_a_thread(path):
    def later():
        time.sleep(0.05)
        open(path, "w").write("written")
    threading.Thread(target=later).start()

def called():
    return {"name": __name__, "known": sys.modules[__name__].called is called}
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "own_steps.py").write_text(MODULE)
    return isolated(tmp_path)


def launched(bench: Bench, function: str, **args: Json) -> str:
    spec: dict[str, Json] = {"function": f"own_steps:{function}", "args": args, "isolated": True}
    launch = bench.backend.launch(bench.request(spec))
    assert not isinstance(launch, JobEnd)
    return launch.job


def log(bench: Bench) -> str:
    return (bench.folder / "home/runs/run-1/steps/000-orders/1/log").read_text()


def test_it_changes_its_own_process_alone_and_all_that_it_prints_is_in_its_log(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    over = bench.over(launched(bench, "changes", folder="/"))
    assert (over.outcome, over.outputs) == (Outcome.SUCCEEDED, {"folder": "/", "run": "run-1"})
    assert log(bench) == "a child\n/\npast everything\n"
    assert "OF_A_STEP" not in os.environ
    assert capfd.readouterr() == ("", "")


def test_it_runs_in_the_folder_that_the_orchestrator_runs_in(bench: Bench) -> None:
    assert bench.over(launched(bench, "where")).outputs == {"folder": os.getcwd()}


def test_its_modules_have_the_names_that_other_programs_know_them_by(bench: Bench) -> None:
    assert bench.over(launched(bench, "called")).outputs == {"name": "own_steps", "known": True}


def test_its_arguments_may_be_large(bench: Bench) -> None:
    assert bench.over(launched(bench, "takes", text="x" * 300_000)).outputs == {"size": 300_000}


@pytest.mark.parametrize(
    ("function", "args", "error", "cause"),
    [
        ("leaves", {"code": 3}, "exit status 3 (own_steps.py:19)", "exit"),
        ("leaves", {"code": "no such day"}, "exit status 1: no such day (own_steps.py:19)", "exit"),
        ("raises", {}, "ValueError: no such day (own_steps.py:22)", "exception"),
        ("returns", {}, "expected outputs as a mapping with text keys, got list", "outputs"),
        ("nowhere", {}, "module 'own_steps' has no function 'nowhere' (did you mean 'where'?)", "function"),
        ("vanishes", {}, "exit status 3: no such day", "exit"),
        ("crashes", {}, "exit status 139", "exit"),
    ],
)
def test_it_fails_as_a_step_in_a_thread_does(
    bench: Bench, function: str, args: dict[str, Json], error: str, cause: str
) -> None:
    over = bench.over(launched(bench, function, **args))
    assert (over.outcome, over.cause, over.permanent) == (Outcome.FAILED, cause, cause in ("outputs", "function"))
    assert (over.error or "").removesuffix(" (core dumped)").removesuffix(": Segmentation fault") == error


def test_it_succeeds_if_it_exits_with_0(bench: Bench) -> None:
    over = bench.over(launched(bench, "leaves", code=0))
    assert (over.outcome, over.outputs, log(bench)) == (Outcome.SUCCEEDED, None, "")


def test_it_is_not_over_before_its_threads_are(bench: Bench) -> None:
    later = bench.folder / "later"
    assert bench.over(launched(bench, "leaves_a_thread", path=str(later))).outcome is Outcome.SUCCEEDED
    assert later.read_text() == "written"


def test_it_can_be_stopped(bench: Bench) -> None:
    job = launched(bench, "goes_on", up=str(bench.folder / "up"))
    written(bench.folder / "up")
    bench.backend.cancel(job)
    assert bench.over(job).outcome is Outcome.CANCELLED
    number = attempt.group_of(bench.folder / "home" / job)
    assert number is not None
    assert not group.alive(number)


def test_it_is_found_by_another_process_and_outlives_the_first(bench: Bench) -> None:
    job = launched(bench, "goes_on", up=str(bench.folder / "up"))
    written(bench.folder / "up")
    other = isolated(bench.folder)
    found = other.backend.find(other.request({"isolated": True, "function": "own_steps:goes_on"}))
    assert found is not None
    assert found.job == job
    number = attempt.group_of(bench.folder / "home" / job)
    assert number is not None
    os.killpg(number, signal.SIGTERM)
    over = other.over(job)
    assert over.outcome is Outcome.FAILED
    assert (over.error or "").startswith("exit status 143")
