"""A command that is notified: the event on its standard input, the facts in its environment."""

import json
import sys
import time
from pathlib import Path

import pytest

from orchestrator.errors import NotNotifiedError
from orchestrator.jobs.process import group
from orchestrator.ports import Notification
from orchestrator.receivers import command
from orchestrator.receivers.notifier import Notifier
from orchestrator.receivers.receiver import Receiver

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


def test_what_it_leaves_running_may_end_by_itself(tmp_path: Path):
    assert desk("(sleep 0.1; echo done > told) & :", tmp_path).told("desk", TOLD) == "exited with 0"
    assert (tmp_path / "told").read_text() == "done\n"
