"""A command that is notified: the event on its standard input, the facts in its environment."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from orchestrator.errors import NotNotifiedError
from orchestrator.ports import Notification
from orchestrator.receivers import command
from orchestrator.receivers.notifier import Notifier
from orchestrator.receivers.receiver import Receiver
from orchestrator.system import process_group as group

TOLD = Notification("k-step-failed-1-2", "step_failed", "sales", "r1", 0.0, "it\nfailed", {"step": "load", "run": "r1"})

PRINTS = (
    "import json, os, pathlib, sys; names = [n for n in os.environ if n.startswith('ORCHESTRATOR_NOTIFICATION')]; "
    "pathlib.Path('told').write_text(json.dumps([json.load(sys.stdin), {n: os.environ[n] for n in names}]))"
)


def desk(line: str | list[str], folder: Path) -> Notifier:
    return Notifier({"desk": Receiver("desk", command=line)}, "/orchestrator/test", folder=folder)


def test_it_gets_the_event_and_the_main_facts(tmp_path: Path):
    assert desk([sys.executable, "-c", PRINTS], tmp_path).told("desk", TOLD) == "exited with 0"
    event, variables = json.loads((tmp_path / "told").read_text())
    assert (event["id"], event["type"], event["subject"]) == (
        "k-step-failed-1-2",
        "orchestrator.step_failed",
        "r1/load",
    )
    assert variables == {
        "ORCHESTRATOR_NOTIFICATION_ID": "k-step-failed-1-2",
        "ORCHESTRATOR_NOTIFICATION_OCCASION": "step_failed",
        "ORCHESTRATOR_NOTIFICATION_GRAPH": "sales",
        "ORCHESTRATOR_NOTIFICATION_RUN": "r1",
        "ORCHESTRATOR_NOTIFICATION_STEP": "load",
        "ORCHESTRATOR_NOTIFICATION_TEXT": "it\nfailed",
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("echo no; echo way >&2; exit 3", "receiver 'desk': its command exited with 3: no way"),
        (
            ["/no/such/program"],
            "receiver 'desk': its command cannot be run: /no/such/program: there is no such file or folder",
        ),
    ],
)
def test_another_exit_status_is_a_failure(tmp_path: Path, line: str | list[str], said: str):
    with pytest.raises(NotNotifiedError) as refused:
        desk(line, tmp_path).notify("desk", TOLD)
    assert str(refused.value).startswith(said[:60])
    assert refused.value.retryable


def test_it_is_killed_with_all_that_it_started_if_it_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(command, "TIMEOUT", 0.2)
    with pytest.raises(NotNotifiedError, match=r"took longer than 0\.2 s, and was killed"):
        desk("sleep 60 & sleep 60", tmp_path).notify("desk", TOLD)


@pytest.mark.parametrize("left", ["sleep 654", "trap '' TERM; echo deaf > up; while :; do sleep 0.01; done"])
def test_what_it_leaves_running_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str):
    monkeypatch.setattr(command, "ALONE", 0.05)
    monkeypatch.setattr(command, "ASKED", 0.05)
    line = f"({left}) & echo $$ > leader; {'' if left == 'sleep 654' else 'until [ -e up ]; do sleep 0.01; done'}"
    assert desk(["sh", "-c", line], tmp_path).told("desk", TOLD) == "exited with 0"
    leader = int((tmp_path / "leader").read_text())
    while group.alive(leader):  # a killed process is gone a moment later
        time.sleep(0.01)


@pytest.mark.skipif(shutil.which("setsid") is None, reason="no setsid on this machine")
@pytest.mark.parametrize(("ends", "lives"), [("sleep 3600", False), ("exit 3", False), ("exit 0", True)])
def test_what_it_starts_in_another_session_lives_on_only_if_it_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str, lives: bool
):
    monkeypatch.setattr(command, "ALONE", 0.05)
    monkeypatch.setattr(command, "ASKED", 0.05)
    if not lives and ends != "exit 3":
        monkeypatch.setattr(command, "TIMEOUT", 0.0)
        monkeypatch.setattr(subprocess.Popen, "wait", begun(tmp_path / "number", subprocess.Popen.wait))
    starts = "setsid sh -c 'echo $$ > n; mv n number; exec sleep 3600' &"
    line = f"{starts} until [ -e number ]; do sleep 0.01; done; {ends}"
    with nullcontext() if lives else pytest.raises(NotNotifiedError):
        desk(line, tmp_path).notify("desk", TOLD)
    number = int((tmp_path / "number").read_text())
    if lives:
        os.kill(number, signal.SIGKILL)
    while any(process.number == number for process in group.running() or ()):  # a killed process is gone a moment later
        time.sleep(0.01)


def begun(file: Path, wait: Callable[..., int]) -> Callable[..., int]:
    """``Popen.wait`` that, given a time, first waits until the command has begun."""

    def waiting(process: "subprocess.Popen[bytes]", timeout: float | None = None) -> int:
        while timeout is not None and not file.exists():
            time.sleep(0.01)
        return wait(process, timeout)

    return waiting


def test_what_it_leaves_running_may_end_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(command, "ALONE", 180.0)
    assert desk("(sleep 0.1; echo done > told) & :", tmp_path).told("desk", TOLD) == "exited with 0"
    assert (tmp_path / "told").read_text() == "done\n"
