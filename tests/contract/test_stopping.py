"""How an attempt of a command ends: a stop decides, nothing of it outlives it, and a crash forgets neither."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from orchestrator.core.job_end import Interruption, JobEnd, Outcome
from orchestrator.core.steps import Json
from orchestrator.errors import BackendError
from orchestrator.jobs.process import attempt, claim, watcher
from orchestrator.jobs.process.environment import marks
from orchestrator.ports import JobRunning
from orchestrator.system import process_group as group
from tests.contract.benches import Bench, process, written

JOB = "runs/run-1/steps/000-orders/1"

#: Stops in good order when it is told to, and says so by its exit status.
TRAPPED = "trap 'exit 0' TERM; echo up > up; while :; do sleep 0.01; done"

#: Leaves a process that is deaf to SIGTERM and writes on; ``then`` is what its parent does.
DEAF = (
    "(trap '' TERM; echo up > up; while :; do echo x >> count; sleep 0.01; done) & until [ -e up ]; do :; done; {then}"
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return process(tmp_path)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "ALONE", 0.02)
    monkeypatch.setattr(watcher, "ASKED", 0.02)


def launched(bench: Bench, command: Json) -> Path:
    """The folder of an attempt that has come so far as to say that it is up."""
    assert bench.backend.launch(bench.request({"command": command})).job == JOB
    written(bench.folder / "up")
    return bench.folder / "home" / JOB


def nothing_is_left(folder: Path) -> None:
    """No process of the attempt runs: whatever wrote has stopped writing."""
    number = attempt.group_of(folder)
    assert number is not None
    assert not group.alive(number)


def abandoned(folder: Path, command: str) -> None:
    """Launch ``command`` from a process that is gone at once, as a driver is that is killed with ``kill -9``."""
    code = (
        "import os, sys; from pathlib import Path; from tests.contract.benches import process; "
        "bench = process(Path(sys.argv[1])); bench.backend.launch(bench.request({'command': sys.argv[2]})); os._exit(0)"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(folder), command], cwd=root, check=True)


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.INTERRUPTED])
def test_a_command_that_ends_well_when_it_is_told_to_stop_has_not_succeeded(bench: Bench, outcome: Outcome) -> None:
    launched(bench, TRAPPED)
    asked = time.time()
    bench.backend.stop(JOB, outcome)
    over = bench.over(JOB)
    assert (over.outcome, over.outputs, over.error) == (outcome, None, None)
    assert over.at >= asked, "a stop at a time-out must not seem to have come before it"
    assert process(bench.folder).over(JOB).outcome is outcome


@pytest.mark.usefixtures("impatient")
def test_that_an_attempt_was_asked_to_stop_outlives_whoever_asked(bench: Bench) -> None:
    """The driver was killed between its mark and its signal: the next one insists, and judges as it would have."""
    abandoned(bench.folder, TRAPPED)
    written(bench.folder / "up")
    folder = bench.folder / "home" / JOB
    attempt.ask_to_stop(folder, Outcome.INTERRUPTED, time.time())
    assert bench.backend.status(JOB) == JobRunning()
    assert bench.over(JOB).outcome is Outcome.INTERRUPTED
    nothing_is_left(folder)


def test_what_had_ended_before_it_was_asked_to_stop_has_ended_as_it_did(bench: Bench) -> None:
    bench.over(bench.backend.launch(bench.request(bench.good)).job)
    bench.backend.cancel(JOB)
    assert bench.over(JOB).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("code", [0, 3])
def test_a_command_that_ended_while_its_driver_stood_still_has_ended_when_it_did(
    bench: Bench, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, looks = threading.Event(), watcher.Watcher._wait
    monkeypatch.setattr(watcher.Watcher, "_wait", lambda self, seconds: goes_on.wait() and looks(self, seconds))
    daemon = "import os, time; os.setsid(); open('up', 'w').write(str(os.getpid())); time.sleep(60)"
    folder = launched(bench, f'python -c "{daemon}" & until [ -s up ]; do sleep 0.01; done; exit {code}')
    while claim.locked(folder):
        time.sleep(0.01)
    time.sleep(0.05)
    woken = time.time()
    bench.backend.cancel(JOB)  # its timeout comes first: the driver does not know yet that it has ended
    goes_on.set()
    end = bench.over(JOB)
    assert (end.outcome, end.at < woken) == (Outcome.FAILED if code else Outcome.SUCCEEDED, True)
    number = int(written(bench.folder / "up"))
    assert any(process.number == number for process in group.running() or ()) is (code == 0)
    if code == 0:
        os.killpg(number, signal.SIGKILL)


def test_the_time_in_a_file_counts_only_between_the_last_look_and_the_one_that_found_the_end(tmp_path: Path) -> None:
    now = time.time()
    assert attempt.ended_at(tmp_path, 10.0, 20.0, now) == 20.0  # nothing says when it was
    (tmp_path / "exit").write_text("0")
    for written_at, at in ((now - 15, now - 15), (now - 99, now - 20), (now - 1, now - 5), (now + 99, now - 5)):
        os.utime(tmp_path / "exit", (written_at, written_at))
        assert attempt.ended_at(tmp_path, now - 20, now - 5, time.time()) == pytest.approx(at, abs=0.1)


def test_an_interruption_becomes_a_cancelling_and_not_the_other_way_round(tmp_path: Path) -> None:
    attempt.ask_to_stop(tmp_path, Outcome.INTERRUPTED, 1.0)
    assert attempt.ask_to_stop(tmp_path, Outcome.CANCELLED, 2.0)
    assert attempt.ask_to_stop(tmp_path, Outcome.INTERRUPTED, 3.0)
    assert (tmp_path / "stopped").read_text() == "cancelled 2.0"
    (tmp_path / "exit").write_text("0\n")
    os.utime(tmp_path / "exit", (1.0, 1.0))
    assert attempt.over(tmp_path, 9.0) == JobEnd(Outcome.CANCELLED, 2.0, interruption=Interruption.ASKED)


@pytest.mark.parametrize("then", ["wait", "exit 0", "exit 3"])
@pytest.mark.usefixtures("impatient")
def test_a_stopped_attempt_is_over_when_the_last_of_its_processes_is(bench: Bench, then: str) -> None:
    folder = launched(bench, DEAF.format(then=then))
    bench.backend.cancel(JOB)
    bench.over(JOB)
    nothing_is_left(folder)


@pytest.mark.usefixtures("impatient")
def test_what_is_asked_to_stop_again_is_killed_with_all_that_it_started(bench: Bench) -> None:
    folder = launched(bench, "trap '' TERM; " + DEAF.format(then="wait"))
    bench.backend.cancel(JOB)
    bench.backend.cancel(JOB)
    assert bench.over(JOB).outcome is Outcome.CANCELLED
    nothing_is_left(folder)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="without /proc nobody can tell who belongs to a session")
@pytest.mark.parametrize("deaf", ["", "trap '' TERM; "])
@pytest.mark.usefixtures("impatient")
def test_a_stopped_attempt_takes_those_along_that_went_into_groups_of_their_own(bench: Bench, deaf: str) -> None:
    """As what ``timeout`` starts."""
    moved = "import os, sys; os.setpgid(0, 0); os.execvp('sh', ['sh', '-c', sys.argv[1]])"
    loop = f"{deaf}echo up > up; while :; do echo x >> count; sleep 0.01; done"
    folder = launched(bench, ["python", "-c", moved, loop])
    bench.backend.cancel(JOB)
    if deaf:
        bench.backend.cancel(JOB)
    assert bench.over(JOB).outcome is Outcome.CANCELLED
    number = attempt.group_of(folder)
    assert number is not None
    assert not group.alive(number)


@pytest.mark.parametrize(("then", "outcome"), [("exit 0", Outcome.SUCCEEDED), ("exit 3", Outcome.FAILED)])
@pytest.mark.usefixtures("impatient")
def test_what_a_command_leaves_running_ends_before_its_attempt_does(bench: Bench, then: str, outcome: Outcome) -> None:
    """Or the next attempt, or the next step, would run beside it."""
    folder = launched(bench, DEAF.format(then=then))
    assert bench.ended.get(timeout=180) == bench.request({}).name
    nothing_is_left(folder)
    assert bench.over(JOB).outcome is outcome


def test_what_a_command_leaves_running_has_a_moment_to_end_by_itself(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what ``exec > >(tee log)`` starts in bash, which ends a little after the script."""
    monkeypatch.setattr(watcher, "ALONE", 30.0)
    os.mkfifo(bench.folder / "go")
    bench.backend.launch(bench.request({"command": "(read word < go; echo $word > late) & exit 0"}))
    written(bench.folder / "home" / JOB / "exit")
    assert bench.backend.status(JOB) == JobRunning()
    (bench.folder / "go").write_text("written\n")
    assert bench.over(JOB).outcome is Outcome.SUCCEEDED
    assert (bench.folder / "late").read_text() == "written\n"


@pytest.mark.usefixtures("impatient")
def test_what_is_left_of_an_attempt_that_ended_while_nobody_watched_ends_before_the_next_begins(bench: Bench) -> None:
    abandoned(bench.folder, DEAF.format(then="exit 3"))
    folder = bench.folder / "home" / JOB
    written(folder / "exit")
    while isinstance(bench.backend.status(JOB), JobRunning):
        threading.Event().wait(0.005)
    nothing_is_left(folder)
    assert bench.over(JOB).error == "exit status 3"


def test_a_group_whose_number_is_somebody_elses_by_now_is_left_alone(bench: Bench) -> None:
    bench.over(bench.backend.launch(bench.request(bench.good)).job)
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as other:
        (bench.folder / "home" / JOB / "pid").write_text(f"{other.pid}\n")
        assert bench.over(JOB).outcome is Outcome.SUCCEEDED
        bench.backend.cancel(JOB)
        assert other.poll() is None
        other.kill()


@pytest.mark.usefixtures("impatient")
def test_a_command_that_kills_only_its_shell_has_failed_and_does_not_go_on(bench: Bench) -> None:
    folder = launched(bench, "kill -9 $PPID; echo up > up; while :; do sleep 0.01; done")
    over = bench.over(JOB)
    assert (over.outcome, over.error) == (Outcome.FAILED, "exit status 137")
    nothing_is_left(folder)


def test_an_attempt_is_known_wherever_its_home_is_and_no_copy_of_it_is(bench: Bench, tmp_path: Path) -> None:
    folder = launched(bench, "echo up > up; while :; do sleep 0.01; done")
    number = int(written(folder / "pid"))
    copied, moved = tmp_path / "copied", tmp_path / "moved"
    shutil.copytree(folder, copied)
    assert not group.left_behind(number, marks(copied))
    folder.rename(moved)
    assert group.left_behind(number, marks(moved))
    moved.rename(folder)
    (folder / "claim").write_text("")  # somebody took its name: where its outputs go is left
    assert group.left_behind(number, marks(folder))
    bench.backend.cancel(JOB)
    bench.backend.cancel(JOB)
    assert bench.over(JOB).outcome is Outcome.CANCELLED


def test_zombies_that_nobody_reaps_are_not_waited_for() -> None:
    """In a container whose first process reaps nothing they stay for ever."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as child:
        assert group.alive(child.pid)
        child.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not group.alive(child.pid)


DAEMON = """import os, sys, time
if os.fork(): time.sleep(60)
os.setsid()
if os.fork(): os._exit(0)
os.execvp("sh", ["sh", "-c", sys.argv[1]])"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="without /proc nobody can tell who belongs to an attempt")
@pytest.mark.parametrize(
    "way",
    [
        ["python", "-c", DAEMON],
        ["python", "-c", "import os, sys; os.setsid(); os.execvp('sh', ['sh', '-c', sys.argv[1]])"],
    ],
    ids=["a daemon", "a session of its own"],
)
@pytest.mark.usefixtures("impatient")
def test_a_stopped_attempt_takes_those_along_that_left_its_session(bench: Bench, way: list[str]) -> None:
    loop = "trap '' TERM; echo $$ > up; while :; do sleep 0.01; done"
    command = [way[0], "-c", f"import os; os.fork() or os.execvp({way[0]!r}, {[*way, loop]!r}); os.wait()"]
    launched(bench, [*command])
    number = int(written(bench.folder / "up"))
    bench.backend.cancel(JOB)
    assert bench.over(JOB).outcome is Outcome.CANCELLED
    assert not any(process.number == number for process in group.running() or ())


@pytest.mark.parametrize(("code", "left"), [(0, True), (3, False)])
@pytest.mark.usefixtures("impatient")
def test_only_what_succeeded_may_leave_a_daemon(bench: Bench, code: int, left: bool) -> None:
    """A server is meant to outlive its step; what a failed attempt leaves would run beside the next one."""
    daemon = "import os, sys; os.setsid(); os.execvp('sh', ['sh', '-c', 'echo \\$\\$ > up; sleep 60'])"
    launched(bench, f'python -c "{daemon}" & until [ -s up ]; do sleep 0.01; done; exit {code}')
    number = int(written(bench.folder / "up"))
    bench.over(JOB)
    assert any(process.number == number for process in group.running() or ()) is left
    if left:
        os.killpg(number, signal.SIGKILL)


def test_a_shortage_at_a_launch_takes_no_claim_and_is_no_refusal(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error said that no process could be made, and the step had failed."""

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    request = bench.request(bench.good)
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", refuse)
        with pytest.raises(BackendError, match="cannot be started now, and will be retried"):
            bench.backend.launch(request)
    assert bench.backend.find(request) is None
    assert bench.over(bench.backend.launch(request).job).outcome is Outcome.SUCCEEDED


def test_a_command_that_cannot_be_marked_as_stopped_is_stopped_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full, and so nothing could be stopped."""

    def full(*_: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    launched(bench, TRAPPED)
    monkeypatch.setattr(attempt, "ask_to_stop", full)
    bench.backend.stop(JOB, Outcome.INTERRUPTED)
    assert bench.over(JOB).outcome is Outcome.INTERRUPTED
