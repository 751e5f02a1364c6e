"""The live view and the line view, frame by frame, with a clock of their own."""

import io
from contextlib import suppress
from dataclasses import replace

from rich.console import Console

from orchestrator.cli.views.console import step_lines
from orchestrator.cli.views.lines import LineView
from orchestrator.cli.views.live import LiveView
from orchestrator.core.graph import Graph
from orchestrator.core.model import Run, RunStatus, Status, StepState, View
from orchestrator.core.names import run_key
from orchestrator.core.steps import Retry, Step, Work
from orchestrator.reporting.rows import rows, telling
from orchestrator.reporting.times import clock
from orchestrator.reporting.watch import Watch

NOW = 1_000.0


def watch(*steps: Step, status: RunStatus = RunStatus.RUNNING) -> Watch:
    plan = Graph("sales", steps).compile()
    return Watch(Run("sales-1", run_key("sales-1"), "sales", plan.version, {}, NOW - 75, status), plan, View())


def saw(seen: Watch, name: str, status: Status, **fields: object) -> None:
    state = StepState(status, **fields)  # type: ignore[arg-type]
    seen.saw(seen.run.key, seen.plan.numbers[name], state)


def screen(width: int = 80, height: int = 24, **options: object) -> Console:
    return Console(file=io.StringIO(), width=width, height=height, force_terminal=True, **options)  # type: ignore[arg-type]


def step(name: str, *after: str) -> Step:
    return Step(name, Work("command"), tuple(sorted(after)), retry=Retry(3))


def test_the_live_view_shows_every_step_that_there_is_room_for() -> None:
    seen = watch(step("extract"), step("clean", "extract"), step("load", "extract"), step("mail", "clean", "load"))
    saw(seen, "extract", Status.SUCCEEDED, attempt=1, started_at=NOW - 75, ended_at=NOW - 71.8)
    saw(seen, "clean", Status.RUNNING, attempt=2, started_at=NOW - 61)
    saw(
        seen,
        "load",
        Status.UP_FOR_RETRY,
        attempt=1,
        due=NOW + 4,
        error="exit status 1: a long story about a table that is not there",
    )
    view = LiveView(seen, screen(), lambda: NOW)
    assert [line.plain.replace("\N{NO-BREAK SPACE}", " ").rstrip() for line in view.picture()] == [
        f"run sales-1{'1 m 15 s':>69}",
        "",
        "✓ extract  succeeded          3.2 s",
        "● clean    running         1 m 01 s  attempt 2 of 3",
        "↻ load     up for retry              attempt 2 of 3 in 4.0 s: exit status 1: a …",
        "· mail     pending                   waiting for clean and load",
        "",
        f"{'━' * 18}{'─' * 54}  1 of 4",
        "✓ 1 succeeded  ● 1 running  ↻ 1 up for retry  · 1 pending",
    ]


def test_a_screen_that_is_too_low_shows_what_is_worth_it() -> None:
    names = [f"s{number:02}" for number in range(30)]
    seen = watch(*map(step, names))
    for name in names[:10]:
        saw(seen, name, Status.SUCCEEDED, attempt=1, started_at=NOW - 3, ended_at=NOW - 1)
    saw(seen, "s10", Status.FAILED, attempt=1, started_at=NOW - 3, ended_at=NOW - 1, error="no")
    saw(seen, "s11", Status.UP_FOR_RETRY, attempt=1, due=NOW + 1, error="no")
    for name in names[12:15]:
        saw(seen, name, Status.RUNNING, attempt=1, started_at=NOW - 1)
    view = LiveView(seen, screen(height=16), lambda: NOW)
    shown = [line.plain.split()[1] for line in view.picture()[2:9]]
    assert shown == ["s12", "s13", "s14", "s11", "s10", "s09", "s08"]
    assert view.picture()[9].plain == "  7 of 30 steps are shown"
    assert [seen.plan.steps[node].name for node in telling(seen, 3)] == ["s12", "s11", "s10"]


def test_a_screen_without_unicode_gets_plain_letters() -> None:
    seen = watch(step("a"), step("b"))
    saw(seen, "a", Status.SUCCEEDED, attempt=1, started_at=NOW - 3, ended_at=NOW - 1)
    file = io.TextIOWrapper(io.BytesIO(), "ascii")
    view = LiveView(seen, Console(file=file, width=40, height=24, force_terminal=True), lambda: NOW)
    assert [line.plain.rstrip() for line in view.picture()[2:6]] == [
        "+ a  succeeded          2.0 s",
        ". b  pending                   ready",
        "",
        "================----------------  1 of 2",
    ]


def test_the_line_view_writes_a_line_for_every_change_but_not_for_a_launch() -> None:
    seen, stream = watch(step("a"), step("b", "a")), io.StringIO()
    with LineView(seen, stream):
        saw(seen, "a", Status.LAUNCHING, attempt=1)
        saw(seen, "a", Status.RUNNING, attempt=1, started_at=NOW - 3)
        saw(seen, "a", Status.FAILED, attempt=1, started_at=NOW - 3, ended_at=NOW - 1, error="exit status 1")
        saw(seen, "b", Status.UPSTREAM_FAILED, ended_at=NOW, cause="trigger")
    assert [line[10:] for line in stream.getvalue().splitlines()] == [
        "run sales-1: 2 steps",
        "a  running",
        "a  failed           2.0 s  exit status 1",
        "b  upstream failed  because of a",
    ]


def test_a_step_whose_time_is_up_is_told_with_the_reason_and_no_line_is_repeated() -> None:
    """It said twice that the step was running."""
    slow, call = Step("a", Work("command"), timeout=1.0), Step("f", Work("python", {"function": "m:f"}), timeout=1.0)
    seen, stream = watch(slow, call), io.StringIO()
    with LineView(seen, stream):
        for name in ("a", "f"):
            for overdue, due in ((None, None), (None, NOW + 9), (NOW, None), (NOW, NOW + 9)):
                saw(seen, name, Status.RUNNING, attempt=1, started_at=NOW - 3, overdue=overdue, due=due)
    assert [line[10:] for line in stream.getvalue().splitlines()] == [
        "run sales-1: 2 steps",
        "a  running",
        "a  running          took longer than its timeout of 1 s, is being stopped",
        "f  running",
        "f  running          took longer than its timeout of 1 s, ends when its function returns",
    ]


def test_that_the_run_itself_is_late_is_told_once_and_stays_in_the_live_view() -> None:
    seen, stream = watch(step("a")), io.StringIO()
    seen.plan = replace(seen.plan, deadline=60.0)
    due, end = clock(NOW - 15, "%Y-%m-%d %H:%M:%S"), seen.plan.end
    with LineView(seen, stream):
        for state in (StepState(missed_at=NOW), StepState(Status.FAILED, missed_at=NOW)):
            seen.saw(seen.run.key, end, state)
    assert [line[10:] for line in stream.getvalue().splitlines()] == [
        "run sales-1: 1 step",
        f"run sales-1 is late: its deadline was {due}",
    ]
    assert seen.state(end).missed_at == NOW
    assert LiveView(seen, screen(), lambda: NOW).picture()[0].plain.split() == [
        "run",
        "sales-1",
        "late",
        "1",
        "m",
        "15",
        "s",
    ]


def test_an_error_of_several_lines_is_one_line_among_others() -> None:
    seen, stream = watch(step("a"), step("b", "a")), io.StringIO()
    error = "ValueError: first\r\n\tsecond \x1b[31mred\x1b[0m\n\n(m.py:2)"
    with LineView(seen, stream):
        saw(seen, "a", Status.FAILED, attempt=1, started_at=NOW - 3, ended_at=NOW - 1, error=error)
    assert [line[10:] for line in stream.getvalue().splitlines()] == [
        "run sales-1: 2 steps",
        "a  failed           2.0 s  ValueError: first second red (m.py:2)",
    ]
    (line,) = step_lines(rows(seen.plan, seen.states, [0], NOW), screen())
    assert line.plain == "✗ a  failed             2.0 s  ValueError: first second red (m.py:2)"


def test_the_watch_counts_and_leaves_out_gates_and_other_runs() -> None:
    seen = watch(step("a"), step("b"))
    saw(seen, "a", Status.RUNNING, attempt=1)
    seen.saw("another", 1, StepState(Status.RUNNING))
    seen.saw(seen.run.key, 2, StepState(Status.SUCCEEDED))
    assert +seen.counts == {Status.RUNNING: 1, Status.PENDING: 1}
    assert seen.over == 0


def test_the_last_word_of_a_view_that_is_broken_off_stays_on_the_screen():
    """A second Ctrl-C: no summary follows."""
    file = io.StringIO()
    console = Console(file=file, width=80, height=24, force_terminal=True)
    with suppress(KeyboardInterrupt), LiveView(watch(step("slow")), console, lambda: NOW) as view:
        view.say("interrupted: 1 process is left running")
        raise KeyboardInterrupt
    assert "interrupted: 1 process is left running" in file.getvalue()
