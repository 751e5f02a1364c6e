"""The loop of the embedded world, on a clock that is set, a disk that is full, and steps that look at the database."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator import expressions
from orchestrator.core.compiler import compile_plan
from orchestrator.core.model import Run, RunStatus, Status
from orchestrator.core.names import run_key
from orchestrator.core.steps import Step, Work
from orchestrator.errors import StoreError
from orchestrator.expressions import shell
from orchestrator.home import Home
from orchestrator.home.database import Database
from orchestrator.local import loop
from orchestrator.local.clock import SteadyClock
from orchestrator.local.loop import CANNOT_WRITE, MAX_INSISTS, Loop
from orchestrator.local.wiring import Embedded, embedded

HOUR = 3600.0


class Clocks:
    """The clocks of a machine: the time of day, which anybody sets, and what passes."""

    def __init__(self) -> None:
        self.wall, self.passed = 1_700_000_000.0, 50.0

    def go(self, seconds: float) -> None:
        self.wall += seconds
        self.passed += seconds

    def steady(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.passed)


@contextmanager
def world(home: Path, clock: SteadyClock | None = None, **how: bool) -> Iterator[Embedded]:
    made = embedded(Home(home), 4, clock=clock, **how)
    try:
        yield made
    finally:
        made.database.close()


def started(made: Embedded, folder: Path, *steps: Step) -> Run:
    plan = compile_plan("g", "v", steps)
    run = Run("r", run_key("r"), "g", "v", {"n": 1}, made.clock(), folder=str(folder))
    made.engine.start(run, plan)
    return run


def ended(made: Embedded, run: Run) -> RunStatus | None:
    found = made.store.get_run(run.key)
    return found and found.status


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_clock_that_is_set_does_not_change_how_long_a_wait_takes(jump: float) -> None:
    clocks = Clocks()
    clock = clocks.steady()
    begun = clock()
    clocks.wall += jump
    clocks.go(5.0)
    assert clock() == begun + 5.0


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_wait_of_five_seconds_takes_five_whatever_is_done_to_the_clock(tmp_path: Path, jump: float) -> None:
    clocks = Clocks()
    with world(tmp_path, clocks.steady()) as made:
        run = started(made, tmp_path, Step("a", Work("wait", {"seconds": 5.0})))
        waited: list[float] = []
        begun = clocks.passed

        def tick() -> None:
            if not waited:
                clocks.wall += jump
            clocks.go(1.0)
            waited.append(clocks.passed - begun)
            if len(waited) > 20:
                loop.stop()

        loop = Loop(made, [run.key], 4, tick)
        assert loop.drive(), f"it still waits after {waited[-1]} s"
        assert waited[-1] <= 7.0


def test_a_wait_goes_on_though_the_clock_was_set_back_while_nobody_drove_its_run(tmp_path: Path) -> None:
    clocks = Clocks()
    with world(tmp_path, clocks.steady()) as made:
        run = started(made, tmp_path, Step("a", Work("wait", {"seconds": 5.0})))
        Loop(made, [run.key], 4)._turn()
        assert made.store.load_all(run.key).state(0).status is Status.RUNNING
    clocks.wall -= HOUR
    with world(tmp_path, clocks.steady()) as made:
        ticks = 0

        def tick() -> None:
            nonlocal ticks
            clocks.go(1.0)
            ticks += 1
            if ticks > 20:
                loop.stop()

        loop = Loop(made, [run.key], 4, tick)
        loop.recover()
        assert loop.drive(), "it waits for the hour too"


def test_a_command_that_was_watched_ended_when_it_was_seen_to_and_not_when_its_file_says(tmp_path: Path) -> None:
    """The clock was set forward by an hour meanwhile, and what took a moment was taken for timed out."""
    with world(tmp_path / "home") as made:
        command = "here=${ORCHESTRATOR_OUTPUTS%/*}; exec sleep 0"
        run = started(made, tmp_path, Step("a", Work("command", {"command": command}), timeout=1800.0))
        Loop(made, [run.key], 4)._turn()
        folder = tmp_path / "home" / str(made.store.load_all(run.key).state(0).job)
        made.ended.get(timeout=180)
        later = made.clock() + HOUR
        os.utime(folder / "exit", (later, later))
        made.ended.put(made.store.load_all(run.key).state(0).job_name)
        assert Loop(made, [run.key], 4).drive()
        assert ended(made, run) is RunStatus.SUCCEEDED


def full(database: Database, pages: int) -> None:
    database._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_disk_that_is_full_for_a_while_ends_no_run(tmp_path: Path) -> None:
    """What a turn would have recorded is recorded by a later one, the ends that it had heard of among it.

    However often it is tried in vain, that is said once.
    """
    (tmp_path / "full_steps.py").write_text("def big():\n    return {'text': 'x' * 200_000}\n")
    work = Work("python", {"function": "full_steps:big"})
    with world(tmp_path / "home") as made:
        run = started(made, tmp_path, *(Step(f"s{n}", work, (f"s{n - 1}",) if n % 5 else ()) for n in range(20)))
        full(made.database, 60)
        tries: list[int] = []

        def tick() -> None:
            tries.extend([1] * len(loop.warnings))
            if len(tries) == 3:
                full(made.database, 1_000_000)

        loop = Loop(made, [run.key], 4, tick)
        assert loop.drive()
        assert len(tries) >= 3
        assert [warning.partition(": ")[0] for warning in loop.warnings] == [CANNOT_WRITE]
        assert "SQLite: " in loop.warnings[0]
        assert ended(made, run) is RunStatus.SUCCEEDED
        states = made.store.load_all(run.key).states
        assert [states[node].attempt for node in range(20)] == [1] * 20


def _lost_turn(made: Embedded, loop: Loop) -> Callable[[], None]:
    """A turn of the loop in a transaction that fails after it."""

    def lost() -> None:
        with made.database.transaction as connection:
            assert loop._turn() == 1
            connection.execute("SELECT * FROM nowhere")

    return lost


def test_a_function_whose_launch_was_rolled_back_is_launched_again_and_called_once(tmp_path: Path) -> None:
    """It was remembered as running, and never called: its step ran for ever."""
    (tmp_path / "rolled.py").write_text(
        "CALLS = []\ndef good():\n    CALLS.append(1)\n    return {'calls': len(CALLS)}\n"
    )
    with world(tmp_path / "home") as made:
        run = started(made, tmp_path, Step("a", Work("python", {"function": "rolled:good"})))
        loop = Loop(made, [run.key], 4)
        lost = _lost_turn(made, loop)
        with pytest.raises(StoreError):
            lost()
        assert made.running == 0
        assert made.store.load_all(run.key).states == {}
        assert loop.drive()
        assert made.store.load_all(run.key).state(0).outputs == {"calls": 1}


def free(home: Path | str) -> bool:
    """Whether another process could write now."""
    with closing(sqlite3.connect(Home(Path(home)).database, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        other.execute("ROLLBACK")
    return True


def test_no_expression_is_evaluated_while_others_wait_for_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def looking(of: Callable[..., object]) -> Callable[..., object]:
        def looked(*given: object) -> object:
            seen.append(free(tmp_path))
            return of(*given)

        return looked

    for module, name in ((expressions, "holds"), (expressions, "render"), (shell, "render")):
        monkeypatch.setattr(module, name, looking(getattr(module, name)))
    with world(tmp_path) as made:
        command = Work("command", {"command": ["true", "{{ params.n }}"]})
        run = started(made, tmp_path, *(Step(f"s{n}", command, when="{{ params.n == 1 }}") for n in range(3)))
        assert Loop(made, [run.key], 4).drive()
        assert ended(made, run) is RunStatus.SUCCEEDED
    assert len(seen) >= 6
    assert all(seen)


def test_no_function_of_a_simulated_job_is_called_while_others_wait_for_the_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "simulated_parameters.py").write_text(
        "from tests.contract.test_embedded import free\n"
        f"def made():\n    assert free({str(home)!r}), 'others wait'\n    return {{}}\n"
    )
    with world(home, fake_dataflow=True) as made:
        work = Work("dataflow", {"template": "gs://b/t", "parameters_from": "simulated_parameters:made"})
        run = started(made, tmp_path, Step("a", work), Step("b", work))
        assert Loop(made, [run.key], 4).drive()
        assert [state.error for _, state in sorted(made.store.load_all(run.key).states.items())][:2] == [None, None]
        assert ended(made, run) is RunStatus.SUCCEEDED


class Unkillable:
    """Processes that no signal ends."""

    running = 2
    stops = 0

    def stop_all(self) -> None:
        self.stops += 1


def test_what_cannot_be_killed_is_left_at_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM always ends the process."""
    monkeypatch.setattr(loop, "TIMEOUT", 0.0)
    with world(tmp_path) as made:
        unkillable = Unkillable()
        Loop(replace(made, processes=unkillable), [], 4).end_jobs()  # type: ignore[arg-type]
        assert unkillable.stops == 1 + MAX_INSISTS
