"""Python steps that share a process: each has its own log, variables, folder and streams, and its failure is plain."""

import os
import sys
from pathlib import Path

import pytest

from orchestrator.core.job_end import Outcome
from orchestrator.jobs.python import capture, isolation
from orchestrator.usercode import printing_aside
from tests.contract.benches import Bench, python

#: Each function meets the other at the same time: ``MET`` opens when both have come so far.
MODULE = """
import contextlib, io, os, subprocess, sys, threading

os.environ["OF_THE_MODULE_{name}"] = "there"
MET, CHANGED = threading.Barrier(2, timeout=180), threading.Barrier(2, timeout=180)
CHILD = ["sh", "-c", "pwd; echo $OF_A_STEP $ORDINARY $REMOVED"]

def changes(folder):
    MET.wait()
    os.chdir(folder)
    os.environ["OF_A_STEP"] = "1"
    os.environ["ORDINARY"] = "changed"
    del os.environ["REMOVED"]
    caught = io.StringIO()
    with contextlib.redirect_stdout(caught):
        CHANGED.wait()
        MET.wait()
        print("caught")
    assert caught.getvalue() == "caught\\n"
    sys.stdout = sys.stderr = caught
    print("not seen")
    return {**sees(), "child": subprocess.check_output(CHILD).decode()}

def watches():
    MET.wait()
    CHANGED.wait()
    print("of the one that watches")
    seen = {**sees(), "child": subprocess.check_output(CHILD).decode()}
    MET.wait()
    return seen

def sees():
    found = {}
    def look():
        for name in ("OF_A_STEP", "ORDINARY", "REMOVED", "OF_THE_MODULE_{name}"):
            found[name] = os.environ.get(name)
        found["folder"] = os.getcwd()
    thread = threading.Thread(target=look)
    thread.start(); thread.join()
    return found

def leaves(code):
    sys.exit(code)

def moves():
    os.chdir("/")

def forks(fails):
    child = os.fork()
    if child:
        return {"child": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}
    return {"child": "got back"} if not fails else 1 / 0

def ends_at_once(code):
    os._exit(code)

def becomes():
    os.execvp("true", ["true"])
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = python(tmp_path)
    name = f"steps_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE.replace("{name}", name))
    bench.good["function"] = name
    return bench


def launched(bench: Bench, function: str, attempt: int = 1, **args: object) -> str:
    spec = {"function": f"{bench.good['function']}:{function}", "args": args}
    return bench.backend.launch(bench.request(spec, attempt)).job  # type: ignore[arg-type, union-attr]


def log(bench: Bench, attempt: int = 1) -> list[str]:
    path = bench.folder / f"home/runs/run-1/steps/000-orders/{attempt}/log"
    return path.read_text().splitlines() if path.exists() else []


def test_steps_at_the_same_time_do_not_see_what_the_other_changes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ORDINARY", "as ever")
    monkeypatch.setenv("REMOVED", "still there")
    module, here = f"OF_THE_MODULE_{bench.good['function']}", os.getcwd()
    streams = (sys.stdout, sys.stderr)
    jobs = [launched(bench, "changes", 1, folder=str(bench.folder)), launched(bench, "watches", 2)]
    changed, watched = (bench.over(job) for job in jobs)
    assert changed.error is None
    assert changed.outputs == {
        "OF_A_STEP": "1", "ORDINARY": "changed", "REMOVED": None, module: "there", "folder": str(bench.folder),
        "child": f"{bench.folder}\n1 changed\n",
    }  # fmt: skip
    assert watched.error is None
    assert watched.outputs == {
        "OF_A_STEP": None, "ORDINARY": "as ever", "REMOVED": "still there", module: "there", "folder": here,
        "child": f"{here}\nas ever still there\n",
    }  # fmt: skip
    assert (log(bench, 1), log(bench, 2)) == ([], ["of the one that watches"])
    assert (os.environ.get("OF_A_STEP"), os.getcwd(), (sys.stdout, sys.stderr)) == (None, here, streams)
    assert bench.over(launched(bench, "sees", 3)).outputs == {
        "OF_A_STEP": None, "ORDINARY": "as ever", "REMOVED": "still there", module: "there", "folder": here,
    }  # fmt: skip
    assert capfd.readouterr() == ("", "")


def test_where_a_folder_cannot_be_a_threads_own_a_step_is_told_how_to_get_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In many containers unshare(2) is forbidden, and other systems do not have it."""
    monkeypatch.setattr(isolation, "_unshared", lambda: False)
    for name in ("chdir", "fchdir"):
        monkeypatch.setattr(os, name, getattr(os, name))
    over = bench.over(launched(bench, "moves"))
    assert over.error is not None
    assert over.error.startswith(
        "RuntimeError: a python step shares its working folder with others here and cannot change it: open files by "
        "absolute paths, or write 'isolated: true' to give the step its own process ("
    )
    os.chdir(os.getcwd())  # which others still may


@pytest.mark.parametrize("fails", [False, True])
def test_a_child_that_a_step_forks_does_not_come_back_into_what_is_ours(bench: Bench, fails: bool) -> None:
    """It ran the steps that were waiting at that moment, as its parent did, and stayed for ever."""
    assert bench.over(launched(bench, "forks", fails=fails)).outputs == {"child": int(fails)}


def test_a_step_that_ends_its_process_ends_itself_alone(bench: Bench) -> None:
    """The command came to an end as if all was well."""
    over = bench.over(launched(bench, "ends_at_once", code=3))
    assert (over.outcome, over.cause) == (Outcome.FAILED, "exit")
    assert (over.error or "").startswith("exit status 3 (")


def test_a_step_does_not_put_a_program_in_the_place_of_all(bench: Bench) -> None:
    over = bench.over(launched(bench, "becomes"))
    assert (over.error or "").startswith(
        "RuntimeError: a python step shares its process with others and cannot replace"
    )


@pytest.mark.parametrize("code", [None, 0, False])
def test_a_function_that_exits_with_0_has_succeeded(bench: Bench, code: object) -> None:
    over = bench.over(launched(bench, "leaves", code=code))
    assert (over.outcome, over.outputs, over.error) == (Outcome.SUCCEEDED, None, None)
    assert log(bench) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (3, "exit status 3"),
        (True, "exit status 1"),
        (256, "exit status 256"),
        ("no such day", "exit status 1: no such day"),
        ("\x1b[31mred\x1b[0m", "exit status 1: red"),
    ],
)
def test_a_function_that_exits_otherwise_has_failed_and_says_why(bench: Bench, code: object, said: str) -> None:
    over = bench.over(launched(bench, "leaves", code=code))
    line = MODULE.splitlines().index("    sys.exit(code)") + 1
    assert (over.outcome, over.cause) == (Outcome.FAILED, "exit")
    assert over.error == f"{said} ({bench.good['function']}.py:{line})"
    assert "SystemExit" in "".join(log(bench))


RAISING = {
    "coloured": ("raise ValueError('\\x1b[1;31mno such\\x1b[0m day')", "ValueError: no such day"),
    "progress": ("raise ValueError('10 %\\r50 %\\rno such day\\r')", "ValueError: no such day"),
    "empty": ("raise ValueError('')", "ValueError"),
    "blank": ("raise ValueError('\\x1b[0m \\n')", "ValueError"),
    "unprintable": ("raise Unprintable", "Unprintable: its text cannot be shown: ZeroDivisionError"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
}


@pytest.mark.parametrize("name", RAISING)
def test_what_a_function_raises_is_told_as_a_person_reads_it(bench: Bench, name: str) -> None:
    code, said = RAISING[name]
    module = f"raising_{bench.good['function']}"
    text = "class Unprintable(Exception):\n    def __str__(self):\n        return 1 / 0\n\n"
    (bench.folder / f"{module}.py").write_text(f"{text}def f():\n    {code}\n")
    over = bench.over(bench.backend.launch(bench.request({"function": f"{module}:f"})).job)  # type: ignore[union-attr]
    assert over.error == f"{said} ({module}.py:6)"


def test_a_module_that_exits_when_it_is_imported_has_not_succeeded(bench: Bench) -> None:
    module = f"leaving_{bench.good['function']}"
    (bench.folder / f"{module}.py").write_text("raise SystemExit(0)\n")
    over = bench.over(bench.backend.launch(bench.request({"function": f"{module}:f"})).job)  # type: ignore[union-attr]
    assert (over.outcome, over.error) == (Outcome.FAILED, f"exit status 0 ({module}.py:1)")


def test_a_step_whose_log_cannot_be_written_fails_and_does_not_hold_up_the_next(bench: Bench) -> None:
    (bench.folder / "home/runs/run-1/steps").mkdir(parents=True)
    (bench.folder / "home/runs/run-1/steps/000-orders").write_text("in the way")
    over = bench.over(bench.backend.launch(bench.request(bench.bad)).job)  # type: ignore[union-attr]
    assert over.outcome is Outcome.FAILED
    assert "000-orders" in (over.error or "")


def test_a_stream_stays_itself_to_whoever_works_for_no_step_however_often_it_is_read() -> None:
    """Python 3.14 reads a module's dictionary itself where code has run a few times: a stream ended in itself."""
    capture.install()
    for _ in range(100):
        kept = sys.stdout, sys.stderr
        with printing_aside():
            print("aside")
        assert (sys.stdout, sys.stderr) == kept
        assert not isinstance(kept[0], capture._Switch)
    assert "stdout" in dir(sys)
