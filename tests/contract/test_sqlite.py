"""What the embedded world's store and queue keep in memory is never truer, or later, than the file."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

from orchestrator.core.codec import run_to_json
from orchestrator.core.compiler import compile_plan
from orchestrator.core.job_end import JobEnd, Outcome
from orchestrator.core.messages import Check, Launch
from orchestrator.core.model import PENDING, Counter, Run, RunStatus, Status, StepState, Transition, View
from orchestrator.core.names import run_key
from orchestrator.core.rules import Tally
from orchestrator.core.run_filter import RunFilter
from orchestrator.core.steps import Step, Work
from orchestrator.errors import NotFoundError, StoreError, StoreShortError
from orchestrator.home import Home, existing_home
from orchestrator.home.database import Database
from orchestrator.home.sqlite_errors import as_told
from orchestrator.jobs.settled import Settled
from orchestrator.local.loop import BATCH, Loop
from orchestrator.local.wiring import embedded, reading, records
from orchestrator.ports import CHECKS, JobRequest, Launched
from orchestrator.queues.local import LocalQueue
from orchestrator.stores.sqlite.store import SqliteStore
from tests.contract.queues import task

PLAN = compile_plan("g", "v1", (Step("a"), Step("b"), Step("c", after=("a", "b"))))
RUN = Run("run-1", "key1", "g", "v1", {}, started_at=100.0)
DONE = StepState(Status.SUCCEEDED, attempt=1, job="j")
FIRST = task(Launch("k", 1, 1))


class Process:
    """A process that has the file open."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self.store = SqliteStore(self.database)
        self.queue = LocalQueue(self.database)

    def end(self, node: int) -> None:
        self.store.transact("key1", node, lambda state: None if state.status.final else TO_DONE)

    def names(self, now: float) -> list[str]:
        return [delivery.name for delivery in self.queue.lease(["k"], CHECKS, now, 9)]


#: The runs of a file as versions before 2026-12 made it, for which a run's key was made of its id (ADR 14).
OLD = """
CREATE TABLE runs (key TEXT PRIMARY KEY, started_at REAL NOT NULL, run TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX runs_by_start ON runs (started_at);
INSERT INTO runs VALUES ('%s', 100.0, '{"id":"run-1","key":"%s","graph":"g","version":"v1","params":{},\
"started_at":100.0,"status":"running"}');
"""
OLD_KEY = run_key("run-1")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that an older version made, with the run ``run-1``, and with a row that is none."""
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(OLD.replace("%s", OLD_KEY))
        connection.execute("INSERT INTO runs VALUES ('broken', 1.0, '{')")
    connection.close()
    return path


def test_the_runs_of_an_older_version_are_found_and_keep_their_ids(old: Path):
    process = Process(old)
    run = replace(RUN, key=OLD_KEY)
    assert process.store.find_run("run-1") == process.store.get_run(OLD_KEY) == run
    assert process.store.open_run(RUN, PLAN) == run
    assert process.store.end_run(OLD_KEY, RunStatus.SUCCEEDED, 200.0)
    assert process.store.find_run("run-1") == replace(run, status=RunStatus.SUCCEEDED, ended_at=200.0)
    process.database.close()


def test_an_older_version_works_on_the_file_of_a_newer_one_and_opens_no_second_run_of_an_id(
    processes: tuple[Process, Process], tmp_path: Path
):
    text = json.dumps(run_to_json(replace(RUN, key=OLD_KEY)))
    with sqlite3.connect(tmp_path / "o.db") as connection:
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            connection.execute("INSERT INTO runs VALUES (?, ?, ?)", (OLD_KEY, 100.0, text))
        other = text.replace("run-1", "run-2").replace(OLD_KEY, run_key("run-2"))
        connection.execute("INSERT INTO runs VALUES (?, ?, ?)", (run_key("run-2"), 100.0, other))
    connection.close()
    assert processes[0].store.find_run("run-2") == replace(RUN, id="run-2", key=run_key("run-2"))


TO_DONE = Transition(DONE, (0,), Tally(succeeded=1))


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    one, two = Process(tmp_path / "o.db"), Process(tmp_path / "o.db")
    one.store.open_run(RUN, PLAN)
    yield one, two
    one.database.close()
    two.database.close()


def test_what_another_process_has_committed_is_seen_by_the_next_transaction(processes: tuple[Process, Process]):
    one, two = processes
    with one.database.transaction:
        assert one.store.load("key1", [0, 1], [0]) == View()
    two.end(0)
    with one.database.transaction:
        assert one.store.load("key1", [0, 1], [0]) == View({0: DONE}, {0: Counter(1, Tally(succeeded=1))})
        one.end(1)
        one.end(0)
    assert two.store.load_all("key1") == View({0: DONE, 1: DONE}, {0: Counter(2, Tally(succeeded=2))})


def test_nobody_else_sees_half_a_transaction_and_it_sees_all_of_itself(processes: tuple[Process, Process]):
    one, two = processes
    with one.database.transaction:
        one.end(0)
        one.queue.put([FIRST])
        assert one.store.load("key1", [0], [0]) == one.store.load_all("key1")
        assert two.store.load("key1", [0], [0]) == View()
        assert one.queue.next_due(["k"], [CHECKS]) == 0.0
        assert two.queue.next_due(["k"], [CHECKS]) is None
    assert two.store.load("key1", [0], [0]) == View({0: DONE}, {0: Counter(1, Tally(succeeded=1))})
    assert two.names(0.0) == [FIRST.name]


def test_a_transaction_that_fails_leaves_nothing_behind(processes: tuple[Process, Process]):
    one, _ = processes
    begun: list[str] = []

    def fail() -> None:
        with one.database.transaction as connection:
            one.end(0)
            one.queue.put([FIRST])
            one.database.afterwards(lambda: begun.append("a"))
            connection.execute("SELECT * FROM nowhere")

    with pytest.raises(StoreError, match="SQLite: no such table: nowhere"):
        fail()
    assert begun == []
    assert one.names(0.0) == []
    seen: list[StepState] = []
    one.store.transact("key1", 0, seen.append)
    assert seen == [PENDING]


def test_what_is_to_begin_afterwards_begins_when_the_commit_is_seen_by_others(processes: tuple[Process, Process]):
    one, two = processes
    seen: list[View] = []
    with one.database.transaction:
        one.end(0)
        one.database.afterwards(lambda: seen.append(two.store.load("key1", [0], ())))
        assert seen == []
    assert seen == [View({0: DONE})]
    one.database.afterwards(lambda: seen.append(View()))
    assert seen == [View({0: DONE}), View()]


class Looking:
    """A backend that says what another process sees when it is told to launch."""

    def __init__(self, other: Process) -> None:
        self.other = other
        self.seen: list[View] = []

    def launch(self, request: JobRequest) -> Launched:
        self.look()
        return Launched(request.name)

    def find(self, request: JobRequest) -> Launched | None:
        return None

    def status(self, job: str) -> JobEnd:
        return JobEnd(Outcome.SUCCEEDED, 1.0)

    def cancel(self, job: str) -> None:
        self.look()

    def look(self) -> None:
        self.seen.append(self.other.store.load("key1", [0], ()))


def test_a_process_begins_when_all_that_led_to_it_is_on_disk(processes: tuple[Process, Process]):
    """Or the step before it, if it is a function, might run again after a ``kill -9``, with its successor under way."""
    one, two = processes
    looking = Looking(two)
    with one.database.transaction:
        one.end(0)
        Settled(looking, one.database).launch(JobRequest(RUN, 1, "b", 1, "b--key1-1-1", "command", {}))
        one.end(1)
        assert two.store.load("key1", [1], ()) == View()
    assert looking.seen == [View({0: DONE})]
    assert two.store.load("key1", [1], ()) == View({1: DONE})


def test_a_process_is_asked_to_stop_when_the_reason_is_on_disk(processes: tuple[Process, Process]):
    """Or one whose time was up would have been cancelled by nobody knows whom, once that commit was lost."""
    one, two = processes
    looking = Looking(two)
    with one.database.transaction:
        one.end(0)
        Settled(looking, one.database).cancel("b--key1-1-1")
    assert looking.seen == [View({0: DONE})]


def test_tasks_that_another_process_put_are_found(processes: tuple[Process, Process]):
    """Somebody who cancels a run puts looks at its jobs, and its driver has seen that nothing is due for minutes."""
    one, two = processes
    assert one.names(0.0) == []
    assert not one.queue.is_due(["k"], [CHECKS], 5.0)
    two.queue.put([FIRST])
    assert one.database.changed()
    assert one.queue.is_due(["k"], [CHECKS], 5.0)
    assert one.names(5.0) == [FIRST.name]
    assert not one.database.changed()


def test_tasks_whose_time_has_come_go_before_those_that_were_due_at_once(processes: tuple[Process, Process]):
    one, _ = processes
    one.queue.put([FIRST, task(Check("k", 2, 1, due=7.0)), task(Check("k", 3, 1, due=6.0))])
    assert one.names(7.0) == ["k-2-check-1-watchdog-0", "k-3-check-1-watchdog-0", FIRST.name]


def test_a_function_begins_when_its_claim_is_on_disk_and_a_great_many_ends_are_all_heard(tmp_path: Path):
    """More jobs end at once than one transaction looks at."""
    count = 2 * BATCH + 5
    (tmp_path / "many_steps.py").write_text(
        "import contextlib, sqlite3\n"
        "def claimed(file, node):\n"
        "    with contextlib.closing(sqlite3.connect(file)) as database:\n"
        "        found = database.execute('SELECT state FROM states WHERE node = ?', (node,)).fetchone()\n"
        "    return {'claimed': found is not None}\n"
    )
    home = Home(tmp_path / "home")
    works = [
        Work("python", {"function": "many_steps:claimed", "args": {"file": str(home.database), "node": number}})
        for number in range(count)
    ]
    plan = compile_plan("many", "v", [Step(f"s{number}", work) for number, work in enumerate(works)])
    run = Run("many", run_key("many"), "many", "v", {}, 0.0, folder=str(tmp_path))
    world = embedded(home, count)
    world.engine.start(run, plan)
    assert Loop(world, [run.key], count).drive()
    ended = world.store.get_run(run.key)
    outputs = [state.outputs for node, state in sorted(world.store.load_all(run.key).states.items()) if node < count]
    world.database.close()
    assert ended is not None
    assert ended.status is RunStatus.SUCCEEDED
    assert outputs == [{"claimed": True}] * count


@pytest.mark.parametrize(
    "wanted",
    [RunFilter(), RunFilter(since=990.0), RunFilter("g", since=990.0), RunFilter(statuses={RunStatus.RUNNING})],
)
def test_a_list_of_the_newest_runs_does_not_read_the_old_ones(tmp_path: Path, wanted: RunFilter):
    """As many instructions of SQLite's machine for 1,000 runs as for the newest 100 of them."""
    spent = []
    for first in (900, 0):
        process = Process(tmp_path / f"{first}.db")
        with process.database.transaction:
            for number in range(first, 1000):
                run = replace(RUN, id=f"r{number}", key=f"k{number:04}", started_at=float(number))
                process.store.open_run(run, PLAN)
        steps = []
        with process.database.read() as connection:
            connection.set_progress_handler(lambda steps=steps: steps.append(1), 1)
            assert [run.started_at for run in process.store.list_runs(3, wanted=wanted)] == [999.0, 998.0, 997.0]
            connection.set_progress_handler(None, 0)
        spent.append(len(steps))
        process.database.close()
    assert spent[0] == spent[1] > 0


def test_a_record_that_cannot_be_read_may_be_of_any_graph(old: Path):
    process, left_out = Process(old), []
    runs = process.store.list_runs(9, left_out.append, RunFilter("g", {RunStatus.RUNNING}))
    assert [run.id for run in runs] == ["run-1"]
    assert [error.path for error in left_out] == ["runs/broken"]
    assert process.store.list_runs(9, left_out.append, RunFilter("h")) == []
    process.database.close()


def test_a_home_is_read_and_made_by_many_at_the_same_moment(tmp_path: Path) -> None:
    rounds, readers, makers = 15, 4, 4
    barrier = Barrier(readers + makers)
    wrong: list[str] = []

    def take_part(does: Callable[[Home], None]) -> None:
        for number in range(rounds):
            home = Home(tmp_path / str(number) / ".orchestrator")
            barrier.wait()
            for _ in range(5):
                try:
                    does(home)
                except NotFoundError:  # it is not there yet
                    continue
                except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
                    wrong.append(f"{does.__name__}: {error}")

    threads = [Thread(target=take_part, args=(does,)) for does in (*[reads] * readers, *[makes] * makers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def reads(home: Home) -> None:
    with reading(existing_home(home)) as store:
        assert store.list_runs(5) == []


def makes(home: Home) -> None:
    with records(home) as opened:
        assert opened.store.list_runs(5) == []


def test_a_file_without_tables_is_an_empty_store_and_stays_as_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.database.touch()

    with reading(home) as store:
        assert (store.list_runs(5), store.find_run("x"), store.load_all("k")) == ([], None, View({}, {}))

    assert home.database.read_bytes() == b""


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (
            sqlite3.SQLITE_FULL,
            StoreShortError,
            "the disk is full, or a quota is used up: free some space, and try again",
        ),
        (sqlite3.SQLITE_IOERR_WRITE, StoreShortError, "the disk reports an error: check it, and try again"),
        (sqlite3.SQLITE_BUSY, StoreShortError, "another process has kept it locked for too long: try again"),
        (
            sqlite3.SQLITE_CORRUPT,
            StoreError,
            "the database is damaged: move it away, or give another place with --home",
        ),
    ],
)
def test_what_sqlite_refuses_is_told_with_the_path_the_reason_and_the_fix(
    tmp_path: Path, code: int, kind: type[StoreError], text: str
) -> None:
    error = sqlite3.OperationalError("its own words")
    error.sqlite_errorcode = code

    told = as_told(error, f"{tmp_path}/orchestrator.db")

    assert (type(told), str(told)) == (kind, f"{tmp_path}/orchestrator.db: {text} (SQLite: its own words)")


def test_a_home_whose_disk_is_full_can_still_be_looked_at(tmp_path: Path) -> None:
    """Reading makes two files beside the database, which a full disk does not take; here they cannot be made at all."""
    home = Home(tmp_path)
    with records(home) as opened:
        opened.store.open_run(RUN, PLAN)
    (tmp_path / "orchestrator.db-shm").mkdir()

    with reading(home) as store:
        assert store.list_runs(5) == [RUN]
