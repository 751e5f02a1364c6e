"""A log on its way to standard output: as it is, and on a terminal so that nothing in it acts."""

import io
import shutil
import sys
from pathlib import Path

import pytest

from orchestrator.cli.log_text import show
from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run, RunStatus, Status, StepState, Transition
from orchestrator.core.steps import Step, Work
from orchestrator.home import Home
from orchestrator.local.wiring import writing
from tests.e2e.command_line import Place, Said

PIECES = [b"\x1b[31mred\x1b", b"[0m\x1b]0;a title", b"\x07 gr\xc3", b"\xbc\xc3\x9fe\n10 %\r50 %\r", b"\xff\x00\x9b2J\n"]


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("made", "encoding", "seen"),
    [
        (io.TextIOWrapper, "utf-8", b"".join(PIECES)),
        (_Terminal, "utf-8", "red\\x1b]0;a title\\x07 grüße\n10 %\r50 %\r\ufffd\\x00\ufffd2J\n".encode()),
        (_Terminal, "ascii", b"red\\x1b]0;a title\\x07 gr??e\n10 %\r50 %\r?\\x00?2J\n"),
    ],
)
def test_a_log_is_shown_as_it_is_unless_a_terminal_would_obey_it(
    made: type[io.TextIOWrapper], encoding: str, seen: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", made(written, encoding))
    show(PIECES)
    assert written.getvalue() == seen


ENDS = {
    "good": StepState(Status.SUCCEEDED, 1, job="j"),
    "bad": StepState(Status.FAILED, 2, job="j", error="exit status 7", cause="exit"),
    "silent": StepState(Status.FAILED, 1, job="j", error="exit status 3"),
    "late": StepState(Status.UP_FOR_RETRY, 1, job="j", error="exit status 4"),
    "never": StepState(Status.CANCELLED),
    "mail": StepState(Status.UPSTREAM_FAILED),
}


def ran(folder: Path, ends: dict[str, StepState], status: RunStatus) -> Place:
    """A home with the run ``r1``, whose steps ended so. The newest attempt of each has a log, except ``silent``'s."""
    (folder / ".git").mkdir()
    home, plan = Home(folder / ".orchestrator"), compile_plan("g", "v", [Step(name, Work("command")) for name in ends])
    with writing(home) as store:
        store.open_run(Run("r1", "key1", "g", "v", {}, 1.0), plan)
        for node, (name, state) in enumerate(ends.items()):
            store.transact("key1", node, lambda _, state=state: Transition(state))
            if state.attempt:
                log = home.attempt("r1", node, name, state.attempt) / "log"
                log.parent.mkdir(parents=True)
                log.write_text("" if name == "silent" else f"{name} says")
        if status is not RunStatus.RUNNING:
            store.end_run("key1", status, 2.0)
    return Place(folder)


def test_without_a_step_the_logs_of_all_that_did_not_succeed_are_printed(tmp_path: Path) -> None:
    place = ran(tmp_path, ENDS, RunStatus.FAILED)
    shown = (
        "==> bad, attempt 2: failed: exit status 7 <==\nbad says\n"
        "\n==> silent, attempt 1: failed: exit status 3 <==\n"
        "\n==> late, attempt 1: up for retry: exit status 4 <==\nlate says\n"
    )
    assert place.look("logs", "r1") == Said(0, shown, "step 'silent' wrote nothing in attempt 1\n")
    shutil.rmtree(tmp_path / ".orchestrator/runs/r1/steps/001-bad")
    said = place.look("logs", "r1")
    assert (said.code, said.out) == (1, shown.replace("bad says\n", ""))
    assert "the log of step 'bad', attempt 2, is missing: " in said.err
    for option in (["--attempt", "1"], ["--follow"]):
        assert place.look("logs", "r1", *option) == Said(2, "", f"error: {option[0]}: expected STEP too\n")


@pytest.mark.parametrize(("status", "so_far"), [(RunStatus.SUCCEEDED, ""), (RunStatus.RUNNING, " so far")])
def test_where_no_step_failed_that_is_told(tmp_path: Path, status: RunStatus, so_far: str) -> None:
    place = ran(tmp_path, {"good": ENDS["good"]}, status)
    assert place.look("logs", "g") == Said(
        0, "", f"run r1 is the newest of graph 'g'\nrun r1: no step has failed{so_far}\n"
    )
