"""``orchestrator serve``: schedules on one machine, in simulated time."""

import errno
import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from queue import Empty, SimpleQueue
from zoneinfo import ZoneInfo

import pytest

import orchestrator
from orchestrator.core.compiler import compile_plan
from orchestrator.core.graph import Schedule
from orchestrator.core.model import Run, RunStatus
from orchestrator.core.steps import Step
from orchestrator.definition.due import check_due, due_after, parsed_due
from orchestrator.errors import StoreError, UsageError
from orchestrator.home import Home
from orchestrator.local.wiring import writing
from orchestrator.operations.serve.run_processes import RunProcesses
from orchestrator.operations.serve.schedule_of import schedule_of
from orchestrator.operations.serve.server import MAX_CATCH_UP, CatchUp, Ended, Server, due_of
from orchestrator.operations.serve.timetable import Entry, Start, Timetable

PLAN = compile_plan("a", "v1", (Step("x"),))
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


def dues(cron: str, zone: str, after: str, number: int) -> list[str]:
    """The next times, as the clock in the zone shows them, with the offset."""
    found = due_after(Schedule(cron, zone), datetime.fromisoformat(after))
    return [moment.isoformat(timespec="minutes") for moment in islice(found, number)]


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("0 6 * * 1-5", "2026-01-30T06:00+01:00", ["2026-02-02T06:00+01:00", "2026-02-03T06:00+01:00"]),
        ("30 2 * * *", "2026-03-28T03:00+01:00", ["2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"]),
        ("30 2 * * *", "2026-10-25T00:00+02:00", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
        (
            "30 * * * *",
            "2026-10-25T01:40+02:00",
            ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00"],
        ),
        ("30 * * * *", "2026-03-29T01:40+01:00", ["2026-03-29T03:30+02:00", "2026-03-29T04:30+02:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00+01:00", ["2028-02-29T00:00+01:00"]),
    ],
)
def test_the_next_starts_are_by_the_clock_of_the_schedule_also_when_that_changes(
    cron: str, after: str, expected: list[str]
):
    assert dues(cron, "Europe/Berlin", after, len(expected)) == expected


def test_a_time_that_comes_twice_has_two_ids_and_one_that_a_user_writes_is_in_the_schedules_zone():
    schedule = Schedule("30 * * * *", "Europe/Berlin")
    first, second = islice(due_after(schedule, datetime.fromisoformat("2026-10-25T02:00+02:00")), 2)
    ids = [Start(moment.timestamp(), "a", Path()).run_id for moment in (first, second)]
    assert ids == ["a-2026-10-25T003000Z", "a-2026-10-25T013000Z"]
    assert [due_of(run_id, "a") for run_id in ids] == [first.timestamp(), second.timestamp()]
    assert due_of(f"{ids[0]}.2", "a") is None
    assert parsed_due("2026-07-01T06:00", schedule) == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert parsed_due("2026-07-01T06:00:00Z", schedule) == datetime(2026, 7, 1, 6, tzinfo=UTC)
    with pytest.raises(UsageError, match="--due: expected a time"):
        parsed_due("soon", schedule)


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-01-31T06:00", ""),
        ("2026-01-31T06:30", "the nearest are 2026-01-31T06:00:00+01:00 and 2026-01-31T18:00:00+01:00"),
        ("2026-01-31T06:00:01", "is not due at 2026-01-31T06:00:01+01:00: the nearest are 2026-01-31T06:00"),
        ("2026-02-01T06:30", "the nearest are 2026-02-01T06:00:00+01:00$"),
        ("2026-02-01T12:00:30", "the nearest are 2026-02-01T06:00:00+01:00$"),
        ("2026-02-01T18:00", "expected a time that has come, got 2026-02-01T18:00:00[+]01:00"),
        ("9998-12-31T06:00", "expected a time that has come"),
        ("9999-12-31T06:00", "expected a time from the year 1970 to the year 9998"),
        ("1969-12-31T06:00", "expected a time from the year 1970 to the year 9998"),
        ("1970-01-01T02:00", "the nearest are 1970-01-01T06:00:00+01:00$"),
        ("0001-01-01T06:00Z", "expected a time from the year 1970"),
    ],
)
def test_what_was_due_is_a_time_of_the_schedule_that_has_come(due: str, said: str):
    schedule = Schedule("0 6,18 * * *", "Europe/Berlin")
    now = datetime.fromisoformat("2026-02-01T12:00+01:00")
    with pytest.raises(UsageError, match=said.replace("+0", "[+]0")) if said else nullcontext():
        check_due(parsed_due(due, schedule), schedule, now)


def test_what_is_due_in_the_next_minute_has_come():
    schedule, now = Schedule("0 6 * * *"), datetime.fromisoformat("2026-02-01T05:59:01Z")
    check_due(parsed_due("2026-02-01T06:00", schedule), schedule, now)


@pytest.mark.parametrize(
    ("cron", "zone", "due"),
    [
        ("30 2 * * *", "Europe/Berlin", ["2026-10-25T02:30", "2026-10-25T02:30+02:00", "2026-10-25T00:30:00Z"]),
        ("30 * * * *", "Europe/Berlin", ["2026-10-25T02:30", "2026-10-25T02:30+01:00", "2026-10-25T01:30:00Z"]),
        ("30 1 * * *", "America/New_York", ["2026-11-01T01:30", "2026-11-01T05:30:00Z"]),
        ("30 2 * * *", "Europe/Berlin", ["2026-03-29T01:30:00Z"]),
    ],
)
def test_a_start_is_due_however_its_time_is_written_on_a_day_on_which_the_clock_changes(cron, zone, due):
    schedule, now = Schedule(cron, zone), datetime(2027, 1, 1, tzinfo=UTC)
    for written in due:
        moment = parsed_due(written, schedule)
        check_due(moment, schedule, now)
        with pytest.raises(UsageError, match="is not due"):
            check_due(moment + timedelta(minutes=1), schedule, now)


@dataclass
class World:
    """A server whose clock moves when it waits, and whose processes only note what they are asked for.

    ``plan``: what happens at a time, by the time: it may put something into the queue that the server listens to.
    """

    folder: Path
    now: float = NOON
    until: float = NOON + 24 * HOUR
    catch_up: CatchUp = CatchUp.NONE
    plan: dict[float, Callable[[], object]] = field(default_factory=dict)
    heard: list[Ended | None] = field(default_factory=list)
    begun: list[tuple[float, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    waits: int = 0

    def __post_init__(self) -> None:
        self.home = Home(self.folder / ".orchestrator")

    def graph(self, name: str, text: str) -> None:
        path = self.folder / "graphs" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"name: {name}\nsteps: {{x: {{command: 'true'}}}}\n{text}\n")

    def get(self, timeout: float) -> Ended | None:
        """Time passes until something happens, or is over."""
        self.waits += 1
        if not self.heard:
            due = min((at for at in self.plan if at <= self.now + timeout), default=None)
            self.now = self.now + timeout if due is None else max(due, self.now)
            if due is not None:
                self.plan.pop(due)()
        if self.heard:
            return self.heard.pop(0)
        if self.now >= self.until:
            return None
        raise Empty

    def get_nowait(self) -> Ended | None:
        if not self.heard:
            raise Empty
        return self.heard.pop(0)

    def start(self, start: Start) -> None:
        self.begun.append((self.now, start.run_id))
        self.record(start.run_id, RunStatus.SUCCEEDED)
        self.heard.append(Ended(start.run_id, 0, ""))

    def resume(self, run_id: str) -> None:
        self.begun.append((self.now, f"resume {run_id}"))

    def record(self, run_id: str, status: RunStatus) -> None:
        with writing(self.home) as store:
            run = Run(run_id, f"key-{run_id}", "a", "v1", {}, started_at=self.now)
            store.open_run(run, PLAN)
            if status is not RunStatus.RUNNING:
                store.end_run(run.key, status, self.now)

    def server(self) -> Server:
        table = Timetable(self.folder / "graphs", schedule_of)
        return Server(self.home, table, self, self, self.said.append, self.catch_up, lambda: self.now)

    def ids(self) -> list[str]:
        return [run_id for _, run_id in self.begun]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_runs_start_at_their_times_and_the_server_sleeps_in_between(world: World):
    world.graph("a", "schedule: '0 */6 * * *'")
    world.graph("b", "schedule: {cron: 30 6 * * *, time_zone: Europe/Berlin}")
    world.graph("c", "schedule: {cron: '* * * * *', paused: true}")
    world.graph("d", "")
    world.server().go()
    assert world.begun == [
        (NOON + 6 * HOUR, "a-2026-01-31T180000Z"),
        (NOON + 12 * HOUR, "a-2026-02-01T000000Z"),
        (NOON + 17.5 * HOUR, "b-2026-02-01T053000Z"),
        (NOON + 18 * HOUR, "a-2026-02-01T060000Z"),
    ]
    assert world.waits < 24 * 60 + 20  # a look a minute, and no more
    said = [line.partition("  ")[2] for line in world.said]
    assert said[:4] == [
        "a: 0 */6 * * * (Etc/UTC)",
        "b: 30 6 * * * (Europe/Berlin)",
        "c: * * * * * (Etc/UTC, paused)",
        "next: a-2026-01-31T180000Z at " + world.said[3].rpartition(" at ")[2],
    ]
    assert "a-2026-01-31T180000Z  succeeded after 0.0 s" in said


@pytest.mark.parametrize(
    ("cron", "midnight", "number", "some"),
    [
        ("30 2 * * *", "2026-03-29", 1, "a-2026-03-29T013000Z"),  # 03:30, as there is no 02:30
        ("30 2 * * *", "2026-10-25", 1, "a-2026-10-25T003000Z"),
        ("30 * * * *", "2026-03-29", 23, "a-2026-03-29T013000Z"),
        ("30 * * * *", "2026-10-25", 25, "a-2026-10-25T013000Z"),
    ],
)
def test_on_a_day_on_which_the_clock_changes_each_start_happens_once(
    world: World, cron: str, midnight: str, number: int, some: str
):
    zone = ZoneInfo("Europe/Berlin")
    first = datetime.fromisoformat(midnight).replace(tzinfo=zone)
    world.graph("a", f"schedule: {{cron: '{cron}', time_zone: Europe/Berlin}}")
    world.now, world.until = first.timestamp(), (first + timedelta(days=1)).timestamp()
    world.server().go()
    assert (len(world.ids()), len(set(world.ids())), some in world.ids()) == (number, number, True)


def test_a_server_without_any_schedule_says_that_it_waits_for_one(world: World):
    world.graph("a", "")
    world.plan = {NOON + HOUR: lambda: world.graph("b", "schedule: 30 13 * * *")}
    world.server().go()
    said = [line.partition("  ")[2] for line in world.said]
    assert said[0].startswith("no graph in ")
    assert said[0].endswith("graphs has a schedule yet: waiting for one")
    assert world.ids() == ["b-2026-01-31T133000Z"]


def test_two_servers_start_a_run_once(world: World):
    world.graph("a", "schedule: '0 18 * * *'")
    other = World(world.folder)
    other.server().go()
    world.server().go()
    assert (other.ids(), world.ids()) == (["a-2026-01-31T180000Z"], [])


def test_a_graph_that_is_added_changed_or_removed_is_noticed(world: World):
    world.graph("a", "schedule: '0 18 * * *'")
    world.plan = {
        NOON + HOUR: lambda: world.graph("b", "schedule: 30 13 * * *"),
        NOON + 2 * HOUR: lambda: world.graph("a", "schedule: 30 14 * * *  # earlier"),
        NOON + 3 * HOUR: lambda: world.graph("b", "schedule: 61 * * * *"),
        NOON + 4 * HOUR: (world.folder / "graphs/a.yaml").unlink,
    }
    world.server().go()
    assert world.begun == [
        (NOON + 1.5 * HOUR, "b-2026-01-31T133000Z"),
        (NOON + 2.5 * HOUR, "a-2026-01-31T143000Z"),
    ]
    said = [line.partition("  ")[2] for line in world.said]
    assert "a: has no schedule any more" in said
    assert any(line.startswith("b: not served: ") and "the minute: expected 0 to 59" in line for line in said)


def test_a_graph_that_cannot_run_here_is_not_served(world: World):
    world.graph("a", "schedule: '0 * * * *'")
    (world.folder / "graphs/c.yaml").write_text(
        "name: c\nschedule: '0 * * * *'\nsteps: {x: {dataflow: {template: gs://b/t, region: europe-west4}}}\n"
    )
    world.until = NOON + 2.5 * HOUR
    world.server().go()
    assert world.ids() == ["a-2026-01-31T130000Z", "a-2026-01-31T140000Z"]
    assert any("c: not served: Dataflow steps without a local: block" in line for line in world.said)
    assert not any("--fake-dataflow" in line for line in world.said)


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        (CatchUp.NONE, []),
        (CatchUp.NEWEST, ["a-2026-01-31T120000Z"]),
        (CatchUp.ALL, ["a-2026-01-31T100000Z", "a-2026-01-31T110000Z", "a-2026-01-31T120000Z"]),
    ],
)
def test_starts_that_were_missed_before_the_server_began_are_caught_up_if_that_is_wanted(
    world: World, catch_up: CatchUp, expected: list[str]
):
    world.graph("a", "schedule: '0 * * * *'")
    world.graph("b", "schedule: '0 * * * *'")  # it has never run, so nothing of it was missed
    world.record("a-2026-01-31T090000Z", RunStatus.FAILED)
    world.record("a-2027-01-31T090000Z", RunStatus.FAILED)  # somebody's mistake: nothing was due then
    world.catch_up, world.until = catch_up, NOON + 60.0
    world.server().go()
    assert world.ids() == expected


def test_so_many_missed_starts_are_made_up_for(world: World):
    world.graph("a", "schedule: '* * * * *'")
    world.record("a-2026-01-31T101900Z", RunStatus.FAILED)
    world.catch_up, world.until = CatchUp.ALL, NOON
    assert MAX_CATCH_UP == 100
    world.server().go()  # 101 were missed
    assert (len(world.begun), world.ids()[0]) == (MAX_CATCH_UP, "a-2026-01-31T102100Z")


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [(CatchUp.NONE, []), (CatchUp.NEWEST, ["a-2026-01-31T150000Z"]), (CatchUp.ALL, ["a-2026-01-31T130000Z"])],
)
def test_a_machine_that_slept_has_missed_starts(world: World, catch_up: CatchUp, expected: list[str]):
    def sleep() -> None:
        world.now = NOON + 3.5 * HOUR

    world.graph("a", "schedule: '0 * * * *'")
    world.plan = {NOON + 0.5 * HOUR: sleep}
    world.catch_up, world.until = catch_up, NOON + 3.6 * HOUR
    world.server().go()
    assert world.ids()[:1] == expected
    assert any("a: missed" in line for line in world.said) == (catch_up is not CatchUp.ALL)


def test_a_machine_that_slept_for_a_month_has_missed_many_starts(world: World):
    def sleep() -> None:
        world.now = NOON + 720 * HOUR

    world.graph("a", "schedule: '* * * * *'")
    world.plan = {NOON + 90.0: sleep}
    world.until = NOON + 721 * HOUR - 3590.0
    world.server().go()
    assert any("a: missed 43,193 starts" in line for line in world.said)
    assert len(world.begun) == 7  # the first, and those of the last five minutes


def test_a_clock_that_is_set_back_starts_nothing_twice(world: World):
    def back() -> None:
        world.now = NOON + 0.5 * HOUR

    world.graph("a", "schedule: '0 * * * *'")
    world.plan = {NOON + 1.5 * HOUR: back}
    world.until = NOON + 2.5 * HOUR
    world.server().go()
    assert world.ids() == ["a-2026-01-31T130000Z", "a-2026-01-31T140000Z"]


def test_a_clock_that_was_wrong_for_a_while_keeps_nothing_from_starting(world: World):
    """It was taken for the time up to which everything had been started: nothing was, until that time came."""

    def forward() -> None:
        world.now = NOON + 1000 * HOUR
        world.plan = {world.now + 30.0: back}

    def back() -> None:
        world.now = NOON + 0.6 * HOUR
        world.plan = {NOON + 1.5 * HOUR: lambda: world.heard.append(None)}

    world.graph("a", "schedule: '0 * * * *'")
    world.plan, world.until = {NOON + 0.5 * HOUR: forward}, NOON + 2000 * HOUR
    world.server().go()
    assert world.ids()[-1] == "a-2026-01-31T130000Z"


def test_how_long_a_run_took_is_told_from_its_start_also_if_it_was_continued(world: World):
    run_id = "a-2026-01-31T060000Z"
    world.graph("a", "schedule: '0 6 * * *'")
    world.now = NOON - 6 * HOUR
    world.record(run_id, RunStatus.RUNNING)

    def over() -> None:
        with writing(world.home) as store:
            store.end_run(f"key-{run_id}", RunStatus.SUCCEEDED, NOON + HOUR / 2)
        world.heard.append(Ended(run_id, 0, ""))

    world.now, world.plan = NOON, {NOON + HOUR / 2: over}
    world.server().go()
    assert f"{run_id}  succeeded after 6 h 30 m" in [line.partition("  ")[2] for line in world.said]


def test_scheduled_runs_that_were_interrupted_go_on_and_those_of_people_do_not(world: World):
    world.graph("a", "schedule: '0 18 * * *'")
    world.record("a-2026-01-31T060000Z", RunStatus.RUNNING)
    world.record("a-by-hand", RunStatus.RUNNING)
    world.record("a-2026-01-30T060000Z", RunStatus.RUNNING)
    world.until = NOON
    with world.home.driving("a-2026-01-30T060000Z"):
        world.server().go()
    assert world.ids() == ["resume a-2026-01-31T060000Z"]
    assert world.said[-1].endswith("ended: 1 run goes on in the background: a-2026-01-31T060000Z")


def test_a_run_whose_process_is_killed_is_continued_but_not_for_ever(world: World):
    run_id = "a-2026-01-31T060000Z"
    world.graph("a", "schedule: '0 18 * * *'")
    world.record(run_id, RunStatus.RUNNING)
    world.until = NOON
    world.heard = [Ended(run_id, -9, "")] * 9
    world.server().go()
    assert world.ids() == [f"resume {run_id}"] * 4
    assert any(f"{run_id}  was interrupted: orchestrator resume {run_id}" in line for line in world.said)


def test_a_run_that_does_not_start_is_told_and_the_others_go_on(world: World):
    world.graph("a", "schedule: '0 * * * *'")
    world.until = NOON + 1.5 * HOUR
    broken = replace(world)
    broken.start = lambda start: broken.heard.append(Ended(start.run_id, 2, "error: no"))  # type: ignore[method-assign]
    broken.server().go()
    assert any(line.endswith("a-2026-01-31T130000Z  did not start: error: no") for line in broken.said)


def test_a_store_that_fails_and_files_that_cannot_be_read_do_not_end_the_server(world: World):
    world.graph("a", "schedule: '0 * * * *'")
    world.until = NOON + 1.5 * HOUR
    server = world.server()
    server._found = fails  # type: ignore[method-assign]
    good = server._timetable.refresh
    answers = iter([good, unreadable, unreadable])

    def refresh() -> list[Entry]:
        return next(answers, good)()

    server._timetable.refresh = refresh  # type: ignore[method-assign]
    server.go()
    assert world.ids() == ["a-2026-01-31T130000Z"]
    said = [line.partition("  ")[2] for line in world.said]
    assert (
        said.count(
            "not all graphs can be read: g.yaml: permission denied: change its permissions, or give another path"
        )
        == 1
    )
    assert "a-2026-01-31T130000Z  has ended with exit status 0; its record cannot be read: the disk is full" in said


def fails(_: str) -> Run | None:
    raise StoreError("the disk is full")


def unreadable() -> list[Entry]:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "g.yaml")


def test_no_folder_or_file_where_the_server_runs_shadows_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "orchestrator").mkdir()
    for name in ("orchestrator/__init__.py", "click.py", "pydantic.py"):
        (tmp_path / name).write_text("raise SystemExit('shadowed')\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(
        "from orchestrator import Graph, step\n"
        "with Graph('a', deploy=False, schedule='0 6 * * *') as graph:\n    step('x', command='true')\n"
    )
    assert schedule_of(tmp_path / "a.py") == Schedule("0 6 * * *")
    heard: SimpleQueue[Ended | None] = SimpleQueue()
    RunProcesses(Home(tmp_path / "home"), heard).resume("r-1")
    told = heard.get(timeout=180)
    assert told is not None
    assert (told.code, "nothing has run here yet" in told.said) == (2, True)


def test_every_python_that_the_package_starts_ignores_the_current_folder():
    files = Path(orchestrator.__file__).parent.rglob("*.py")
    assert [str(file) for file in files if 'sys.executable, "-m"' in file.read_text()] == []


def test_the_schedule_of_a_python_file_is_read_in_a_process_of_its_own(tmp_path: Path):
    graph = 'from orchestrator import Graph, step\nwith Graph("a", deploy=False, schedule="0 6 * * *") as graph:\n'
    files = {"good": f"{graph}    step('x', command='true')\n", "exits": "import os\nos._exit(0)\n# Graph\n"}
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    assert schedule_of(tmp_path / "good.py") == Schedule("0 6 * * *")
    with pytest.raises(UsageError, match="cannot be read: exit status 0"):
        schedule_of(tmp_path / "exits.py")
