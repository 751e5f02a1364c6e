"""What every job backend promises: a name is launched once, found again, judged by what happened, and stopped."""

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from orchestrator.core.codec import state_from_json, state_to_json
from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.model import Status, StepState
from orchestrator.core.steps import Json
from orchestrator.errors import BackendError, LaunchRefusedError
from orchestrator.jobs.process import backend as process_jobs
from orchestrator.ports import JobRunning
from tests.contract.benches import BENCHES, STOPPING, Bench, isolated, process, python, scripted, written


@pytest.fixture(params=BENCHES, ids=lambda make: make.__name__)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = request.param(tmp_path)
    yield bench
    bench.release()


def test_a_job_that_succeeds_leaves_its_outputs(bench: Bench):
    launched = bench.backend.launch(bench.request(bench.good))
    over = bench.over(launched.job)
    assert (over.outcome, over.outputs, over.error) == (Outcome.SUCCEEDED, {"rows": 3}, None)


def test_a_job_that_fails_says_why(bench: Bench):
    over = bench.over(bench.backend.launch(bench.request(bench.bad)).job)
    assert over.outcome is Outcome.FAILED
    assert "no such day" in (over.error or "")


def test_a_running_job_is_running_until_it_ends(bench: Bench):
    job = bench.backend.launch(bench.request(bench.slow)).job
    assert bench.backend.status(job) == JobRunning()
    bench.release()
    assert bench.over(job).outcome is Outcome.SUCCEEDED


def test_launching_a_name_again_gives_the_same_job_while_it_runs_and_after(bench: Bench):
    first = bench.backend.launch(bench.request(bench.slow))
    assert bench.backend.launch(bench.request(bench.slow)).job == first.job
    bench.release()
    bench.over(first.job)
    assert bench.backend.launch(bench.request(bench.slow)).job == first.job


def test_a_job_is_found_by_its_name_whether_it_runs_or_has_ended(bench: Bench):
    request = bench.request(bench.slow)
    assert bench.backend.find(request) is None
    job = bench.backend.launch(request).job
    found = bench.backend.find(request)
    assert found is not None
    assert found.job == job
    bench.release()
    bench.over(job)
    again = bench.backend.find(request)
    assert again is not None
    assert again.job == job


def test_attempts_are_different_jobs(bench: Bench):
    first = bench.backend.launch(bench.request(bench.bad, attempt=1))
    second = bench.backend.launch(bench.request(bench.good, attempt=2))
    assert bench.over(first.job).outcome is Outcome.FAILED
    assert bench.over(second.job).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("bench", STOPPING, ids=lambda make: make.__name__, indirect=True)
def test_a_cancelled_job_ends_cancelled(bench: Bench):
    job = bench.backend.launch(bench.request(bench.slow)).job
    bench.backend.cancel(job)
    bench.backend.cancel(job)
    assert bench.over(job).outcome is Outcome.CANCELLED


@pytest.mark.parametrize("bench", [process, python, isolated], ids=["process", "python", "isolated"], indirect=True)
def test_the_end_of_a_job_is_announced_under_its_name(bench: Bench):
    request = bench.request(bench.good)
    bench.backend.launch(request)
    assert bench.ended.get(timeout=180) == request.name


@pytest.mark.parametrize("bench", [python, scripted], ids=["python", "scripted"], indirect=True)
def test_a_job_that_died_with_its_process_was_interrupted(bench: Bench):
    assert bench.over("orders--unknown").outcome is Outcome.INTERRUPTED


def test_of_many_launches_of_one_attempt_at_once_one_starts_the_command(tmp_path: Path):
    """Each launcher is a backend of its own, as if each were another process."""
    benches = [process(tmp_path) for _ in range(8)]
    ready = threading.Barrier(len(benches))
    jobs: SimpleQueue[str] = SimpleQueue()

    def launch(bench: Bench) -> None:
        ready.wait()
        jobs.put(bench.backend.launch(bench.request(bench.good)).job)

    threads = [threading.Thread(target=launch, args=(bench,)) for bench in benches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {jobs.get() for _ in benches} == {"runs/run-1/steps/000-orders/1"}
    for bench in benches:
        assert bench.over("runs/run-1/steps/000-orders/1").outcome is Outcome.SUCCEEDED
        assert bench.ended.get(timeout=180) == bench.request(bench.good).name
    assert (tmp_path / "count").read_text() == "x\n"


def test_another_process_adopts_a_command_and_learns_how_it_ended(tmp_path: Path):
    first, second = process(tmp_path), process(tmp_path)
    job = first.backend.launch(first.request(first.slow)).job
    assert second.backend.status(job) == JobRunning()
    second.release()
    assert second.ended.get(timeout=180) == second.request(second.slow).name
    assert second.over(job).outcome is Outcome.SUCCEEDED


def test_a_command_that_kills_itself_and_its_shell_has_failed(tmp_path: Path):
    """Or it would be started again for ever."""
    bench = process(tmp_path)
    request = bench.request({"command": "kill -9 0"})
    job = bench.backend.launch(request).job
    assert bench.ended.get(timeout=180) == request.name
    assert bench.over(job).error == "exit status 137"


def test_a_command_that_vanishes_under_another_watcher_is_told_from_one_that_was_lost_before(tmp_path: Path):
    """Nobody was left to write down how it ended: here the watcher is another process than the parent."""
    first, second = process(tmp_path), process(tmp_path)
    job = first.backend.launch(first.request(first.slow)).job
    (tmp_path / "home" / job / "exit").mkdir()  # so that nobody can
    second.backend.status(job)
    pid = written(tmp_path / "home" / job / "pid")
    os.killpg(int(pid), signal.SIGKILL)
    for bench in (first, second):  # the parent too would write it down, if it came to that after the next line
        assert bench.ended.get(timeout=180) == bench.request(bench.slow).name
    (tmp_path / "home" / job / "exit").rmdir()
    for bench, what in ((second, Interruption.VANISHED), (process(tmp_path), Interruption.LOST)):
        over = bench.over(job)
        assert (over.outcome, over.interruption) == (Outcome.INTERRUPTED, what)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_job_whose_folder_was_removed_runs_on_and_ends_as_it_does(tmp_path: Path, stopped: bool):
    """It was taken for interrupted, and started again beside itself."""
    bench = process(tmp_path)
    request = bench.request(bench.slow)
    job = bench.backend.launch(request).job
    written(tmp_path / "home" / job / "pid")
    shutil.rmtree(tmp_path / "home" / job)
    assert bench.backend.status(job) == JobRunning()
    if not stopped:
        bench.release()
    while stopped and bench.ended.empty():  # a shell that has not come to its command hears nothing
        bench.backend.cancel(job)
        time.sleep(0.1)
    assert bench.ended.get(timeout=180) == request.name
    assert bench.over(job).outcome is (Outcome.CANCELLED if stopped else Outcome.SUCCEEDED)


def test_a_command_that_removes_its_folder_at_once_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its claim was gone before it was looked into, so nobody heard of its end."""
    bench, spawn = process(tmp_path), process_jobs._spawn

    def spawned(command: list[str], cwd: Path, environment: dict[str, str], folder: Path, *rest: Any) -> Any:
        child = spawn(command, cwd, environment, folder, *rest)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        shutil.rmtree(folder)
        return child

    monkeypatch.setattr(process_jobs, "_spawn", spawned)
    request = bench.request({"command": "exit 3"})
    job = bench.backend.launch(request).job
    assert bench.ended.get(timeout=180) == request.name
    assert bench.over(job).error == "exit status 3"


def test_a_job_whose_folder_was_removed_while_nobody_watched_is_interrupted(tmp_path: Path):
    bench = process(tmp_path)
    job = bench.backend.launch(bench.request(bench.good)).job
    bench.over(job)
    shutil.rmtree(tmp_path / "home" / job)
    assert process(tmp_path).over(job).outcome is Outcome.INTERRUPTED
    with pytest.raises(BackendError, match="the job cannot be stopped"):
        bench.backend.cancel(job)


def test_a_command_that_was_stopped_before_it_could_start_never_runs(tmp_path: Path):
    bench = process(tmp_path)
    request = bench.request(bench.good)
    folder = tmp_path / "home/runs/run-1/steps/000-orders/1"
    folder.mkdir(parents=True)
    bench.backend.cancel(str(folder.relative_to(tmp_path / "home")))
    assert bench.over(bench.backend.launch(request).job).outcome is Outcome.CANCELLED
    assert not (tmp_path / "count").exists()


def test_a_command_sees_its_run_its_parameters_and_its_own_environment(tmp_path: Path):
    bench = process(tmp_path)
    command = (
        'echo "$ORCHESTRATOR_RUN $ORCHESTRATOR_STEP $ORCHESTRATOR_ATTEMPT $ORCHESTRATOR_PARAM_date $COLOUR" '
        '> "$ORCHESTRATOR_RUN_DIR/seen"; pwd > where'
    )
    (tmp_path / "sub").mkdir()
    request = bench.request({"command": command, "env": {"COLOUR": "blue"}, "cwd": "sub"})
    assert bench.over(bench.backend.launch(request).job).outcome is Outcome.SUCCEEDED
    assert (tmp_path / "home/runs/run-1/data/seen").read_text() == "run-1 orders 1 2026-11-23 blue\n"
    assert (tmp_path / "sub/where").read_text() == f"{tmp_path / 'sub'}\n"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"command": []}, "step 'orders': command: expected a list of words or a shell script, got []"),
        ({"command": ["echo", "a\0b"]}, "step 'orders': command cannot be started: embedded null byte"),
        ({"command": ["true"], "cwd": "nowhere"}, "step 'orders': cwd: there is no folder {}/nowhere"),
    ],
)
def test_a_command_that_cannot_be_started_is_refused(tmp_path: Path, spec: dict[str, Json], message: str):
    bench = process(tmp_path)
    with pytest.raises(LaunchRefusedError) as refusal:
        bench.backend.launch(bench.request(spec))
    assert str(refusal.value) == message.format(tmp_path)


@pytest.mark.parametrize(
    ("command", "error", "permanent"),
    [
        ("echo first; echo last; exit 3", "exit status 3: last", False),
        ("exit 4", "exit status 4", False),
        ("exit 127", "exit status 127", False),  # a program's own, which may be another the next time
        (
            ["no-such-program"],
            "exit status 127: 'no-such-program': not found: there is no program of this name in PATH",
            True,
        ),
    ],
)
def test_a_failed_command_is_explained_by_its_status_and_its_last_line(
    tmp_path: Path, command: Json, error: str, permanent: bool
):
    bench = process(tmp_path)
    over = bench.over(bench.backend.launch(bench.request({"command": command})).job)
    assert (over.error, over.permanent) == (error, permanent)


@pytest.mark.parametrize("make", ["mkdir", "mkfifo"])
def test_outputs_that_are_no_plain_file_fail_the_step(tmp_path: Path, make: str):
    bench = process(tmp_path)
    over = bench.over(bench.backend.launch(bench.request({"command": f'{make} "$ORCHESTRATOR_OUTPUTS"'})).job)
    assert (over.outcome, over.cause, over.permanent) == (Outcome.FAILED, "outputs", True)


@pytest.mark.parametrize("name", ["log", "failure.json", "pid", "stopped", "claim"])
def test_a_pipe_in_the_place_of_a_file_of_ours_makes_nobody_wait(tmp_path: Path, name: str):
    """To open one waits for ever for somebody at its other end, out of reach of Ctrl-C."""
    bench = process(tmp_path)
    command = f'h=${{ORCHESTRATOR_OUTPUTS%/*}}; rm -f "$h/{name}"; mkfifo "$h/{name}"; exit 3'
    over = bench.over(bench.backend.launch(bench.request({"command": command})).job)
    assert over.outcome in (Outcome.FAILED, Outcome.INTERRUPTED)
    assert bench.ended.get(timeout=180) == bench.request({}).name


#: What a command writes beside its outputs, its exit status, and what is said of it then.
_NOT_OURS = "which the orchestrator does not write: the step must leave that file alone"
WRITTEN = [
    ("failure.json", '{"live": true}', 1, "exit status 1: said last"),
    ("failure.json", '{"cause": ["x"]}', 1, "exit status 1: said last"),
    ("failure.json", '{"error": 5, "cause": "exit", "permanent": true}', 1, "exit status 1: said last"),
    ("failure.json", '{"error": "e", "cause": "odd", "permanent": true}', 1, "exit status 1: said last"),
    ("failure.json", '{"error": "e", "cause": "exit", "permanent": 1}', 1, "exit status 1: said last"),
    ("failure.json", '{"error": "e", "patience": 1e400}', 1, "exit status 1: said last"),
    ("failure.json", '["error", "cause", "permanent"]', 1, "exit status 1: said last"),
    ("failure.json", "[" * 100_000, 1, "exit status 1: said last"),
    ("failure.json", '{"error": "mine", "cause": "exit", "permanent": true, "live": true}', 1, "mine"),
    ("failure.json", '{"error": "older", "cause": "exit", "hopeless": true}', 1, "older"),
    ("stopped", "bogus 5", 1, _NOT_OURS),
    ("stopped", "succeeded 5", 1, _NOT_OURS),
    ("stopped", "succeeded 5", 0, _NOT_OURS),
    ("stopped", "failed 5", 0, _NOT_OURS),
    ("stopped", "cancelled 1e400", 1, _NOT_OURS),
    ("stopped", "cancelled nan", 0, _NOT_OURS),
    ("stopped", "cancelled -1", 0, _NOT_OURS),
    ("stopped", "cancelled", 0, _NOT_OURS),
    ("stopped", "interrupted 1 2", 0, _NOT_OURS),
    ("stopped", "\n", 1, "exit status 1: said last"),
    ("pid", "9" * 5_000, 1, "exit status 1: said last"),
    ("pid", "99999999999999999999", 1, "exit status 1: said last"),
    ("exit", "0", 1, "exit status 1: said last"),
]


@pytest.mark.parametrize(("name", "text", "code", "said"), WRITTEN, ids=[f"{n} {t:.20} {c}" for n, t, c, _ in WRITTEN])
@pytest.mark.parametrize("watched", [True, False], ids=["watched", "found"])
def test_what_a_command_writes_into_its_folder_is_a_failure_if_it_is_no_word_of_ours(
    tmp_path: Path, name: str, text: str, code: int, said: str, watched: bool
):
    bench = process(tmp_path)
    (tmp_path / "written").write_text(text)
    line = f'cp written "${{ORCHESTRATOR_OUTPUTS%/*}}/{name}"; echo said last; exit {code}'
    job = bench.backend.launch(bench.request({"command": line})).job
    over = bench.over(job)
    if not watched:  # somebody else comes to see how it ended
        over = process(tmp_path).over(job)
    assert over.outcome is Outcome.FAILED
    assert said in (over.error or "")
    assert len(over.error or "") < 1000
    assert state_from_json(json.loads(json.dumps(state_to_json(_failed(over))))) == _failed(over)


def _failed(over: JobEnd) -> StepState:
    return StepState(Status.FAILED, 1, ended_at=over.at, error=over.error, cause=over.cause)


@pytest.mark.parametrize("text", ["bogus 5", "succeeded 5"])
def test_what_a_command_writes_keeps_nobody_from_cancelling_it(tmp_path: Path, text: str):
    bench = process(tmp_path)
    line = f'h=${{ORCHESTRATOR_OUTPUTS%/*}}; echo {text} > "$h/stopped"; echo yes > "$h/here"; sleep 60'
    job = bench.backend.launch(bench.request({"command": line})).job
    written(tmp_path / "home" / job / "here")
    bench.backend.cancel(job)
    assert bench.over(job).outcome is Outcome.CANCELLED


@pytest.mark.parametrize("name", ["exit", "stopped", "failure.json", "pid"])
@pytest.mark.parametrize("make", ["ln -s {0} {0}", "mkdir {0}"], ids=["loop", "folder"])
def test_a_loop_or_a_folder_in_the_place_of_a_file_of_ours_is_no_word(tmp_path: Path, name: str, make: str):
    bench = process(tmp_path)
    line = f'cd "${{ORCHESTRATOR_OUTPUTS%/*}}"; rm -f {name}; {make.format(name)}; echo said last; exit 3'
    job = bench.backend.launch(bench.request({"command": line})).job
    over = bench.over(job)
    assert over.outcome is Outcome.FAILED
    assert (over.error or "").startswith("exit status 3: ")


@pytest.mark.parametrize(
    "job", ["/etc", "../../evil", "runs/../steps/000-a/1", "runs/r/steps/000-a/../1", "runs/r/steps/000-a/1\n"]
)
def test_a_job_that_leads_out_of_the_home_is_none(tmp_path: Path, job: str):
    bench = process(tmp_path)
    bench.backend.cancel(job)
    over = bench.backend.status(job)
    assert isinstance(over, JobEnd)
    assert over.outcome is Outcome.FAILED
    assert over.error == f"{job}: no job of this home"


def test_a_shell_that_was_killed_has_not_succeeded_because_its_command_wrote_so(tmp_path: Path):
    bench = process(tmp_path)
    line = 'h=${ORCHESTRATOR_OUTPUTS%/*}; echo 0 > "$h/exit"; kill -9 $(cat "$h/pid")'
    job = bench.backend.launch(bench.request({"command": line})).job
    assert bench.over(job).outcome is Outcome.FAILED
    assert process(tmp_path).over(job).outcome is Outcome.FAILED


def test_a_shell_that_cannot_write_its_exit_status_into_a_pipe_can_be_stopped(tmp_path: Path):
    bench = process(tmp_path)
    command = 'h=${ORCHESTRATOR_OUTPUTS%/*}; mkfifo "$h/exit"; echo yes > "$h/here"'
    job = bench.backend.launch(bench.request({"command": command})).job
    written(tmp_path / "home" / job / "here")
    bench.backend.cancel(job)
    bench.backend.cancel(job)
    assert bench.over(job).outcome is Outcome.CANCELLED


BAD_OUTPUTS = ["[1]", "{", '{"a": NaN}', '{"a": "' + "x" * 300_000 + '"}', '{"a": "\\ud800"}', '{"a": ' + "[" * 99_999]


@pytest.mark.parametrize("text", BAD_OUTPUTS, ids=["list", "cut", "NaN", "large", "surrogate", "deep"])
def test_outputs_that_cannot_be_kept_fail_the_step(tmp_path: Path, text: str):
    bench = process(tmp_path)
    (tmp_path / "left").write_text(text)
    over = bench.over(bench.backend.launch(bench.request({"command": 'cp left "$ORCHESTRATOR_OUTPUTS"'})).job)
    assert (over.outcome, over.cause, over.permanent) == (Outcome.FAILED, "outputs", True)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("nowhere:f", "there is no module 'nowhere' in {} or installed"),
        ("needs_what_is_not:f", "ModuleNotFoundError: No module named 'needs' (needs_what_is_not.py:1)"),
        ("json:dunps", "module 'json' has no function 'dunps' (did you mean 'dumps'?)"),
    ],
)
def test_a_function_that_is_not_there_fails_the_step_for_good(tmp_path: Path, function: str, error: str):
    bench = python(tmp_path)
    (tmp_path / "needs_what_is_not.py").write_text("import needs\n")
    over = bench.over(bench.backend.launch(bench.request({"function": function})).job)
    assert over.error == error.format(tmp_path)
    assert over.outcome is Outcome.FAILED


def test_what_a_function_prints_and_its_traceback_go_to_its_own_log(tmp_path: Path, capsys):
    bench = python(tmp_path)
    over = bench.over(bench.backend.launch(bench.request(bench.bad)).job)
    assert over.error is not None
    assert over.error.startswith("ValueError: no such day (module_")
    assert "Traceback" in (tmp_path / "home/runs/run-1/steps/000-orders/1/log").read_text()
    assert capsys.readouterr() == ("", "")
