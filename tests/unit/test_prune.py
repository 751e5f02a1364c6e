"""``orchestrator prune``: old runs of a home are deleted whole, and nothing else is."""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.compiler import compile_plan
from orchestrator.core.messages import Check
from orchestrator.core.model import Run, RunStatus, Status, StepState, Transition
from orchestrator.core.rules import Tally
from orchestrator.core.steps import Step, Work
from orchestrator.errors import InUseError, UsageError
from orchestrator.home import Home
from orchestrator.local.wiring import records
from orchestrator.operations import prune as pruning
from orchestrator.operations.prune import Pruned, folder_size, old_families, prune
from orchestrator.ports import CHECKS, Task
from orchestrator.reporting.phrases import size
from tests.e2e.command_line import Place

DAY = 86_400.0
NOW = 1_000 * DAY
PLAN = compile_plan("sales", "v1", (Step("load", Work("command", {"command": "true"})),))
DONE = StepState(Status.SUCCEEDED, 1, outputs={"rows": 3})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / ".git").mkdir()
    return Home(tmp_path / ".orchestrator")


def ran(
    home: Home,
    run_id: str,
    days: float,
    graph: str = "sales",
    of: str | None = None,
    *,
    ended: bool = True,
    state: StepState = DONE,
    version: str = "v1",
) -> Run:
    """A run that ended so many days ago, with files and a task."""
    start = NOW - days * DAY
    run = Run(run_id, f"key-{run_id}", graph, version, {}, start - 60)
    if of is not None:
        run = replace(run, rerun_of=of, family=of.partition(".")[0])
    with records(home) as made:
        made.store.open_run(run, replace(PLAN, version=version))
        made.store.transact(run.key, 0, lambda _: Transition(state, (0,), Tally(succeeded=1)))
        made.queue.put([Task(f"check-{run_id}", CHECKS, Check(run.key, 0, 1, due=NOW))])
        if ended:
            made.store.end_run(run.key, RunStatus.SUCCEEDED, start)
    log = home.attempt(run_id, 0, "load", 1) / "log"
    log.parent.mkdir(parents=True)
    log.write_text("x" * 5000)
    home.data(run_id).mkdir()
    return run


def pruned(home: Home, days: float = 30, graph: str | None = None, keep: int = 0) -> Pruned:
    with records(home) as made:
        return prune(home, made, old_families(made.store, NOW - days * DAY, graph, keep))


def left(home: Home) -> list[str]:
    """The runs that are there, each in the database and as a folder."""
    with records(home) as made:
        ids = sorted(run_id for run_id, _ in made.store.run_ids(99))
    assert sorted(path.name for path in (home.path / "runs").iterdir()) == ids
    return ids


def rows(home: Home) -> dict[str, int]:
    with contextlib.closing(sqlite3.connect(home.database)) as connection:
        tables = ("runs", "states", "counters", "tasks", "plans", "removed")
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}


def test_what_ended_long_ago_is_deleted_whole_and_what_it_freed_is_told(home: Home):
    ran(home, "old", 31, version="v0")
    ran(home, "new", 29)
    ran(home, "open", 99, ended=False)
    done = pruned(home)
    assert (done.runs, done.left, done.notes) == (1, [], [])
    assert done.size >= 5000
    assert left(home) == ["new", "open"]
    assert rows(home) == {"runs": 2, "states": 2, "counters": 2, "tasks": 2, "plans": 1, "removed": 0}
    assert sorted(path.name for path in (home.path / "locks").iterdir()) == []
    assert pruned(home) == Pruned()


def test_a_plan_that_another_run_uses_stays(home: Home):
    ran(home, "old", 31)
    ran(home, "new", 1)
    pruned(home)
    with records(home) as made:
        assert made.store.get_plan("v1") == PLAN


def test_a_run_and_its_reruns_go_together_or_not_at_all(home: Home):
    ran(home, "a", 90)
    ran(home, "a.2", 60, of="a")
    ran(home, "b", 90)
    ran(home, "b.2", 60, of="b")
    ran(home, "b.3", 1, of="b.2")
    ran(home, "c", 90)
    ran(home, "c.2", 60, of="c", ended=False)
    assert pruned(home).runs == 2
    assert left(home) == ["b", "b.2", "b.3", "c", "c.2"]


def test_the_newest_of_each_graph_are_kept_and_only_those_of_one_graph_go(home: Home):
    for day in (40, 50, 60):
        ran(home, f"sales-{day}", day)
        ran(home, f"stock-{day}", day, "stock")
    ran(home, "sales-40.2", 39, of="sales-40")
    pruned(home, graph="stock", keep=2)
    assert left(home) == ["sales-40", "sales-40.2", "sales-50", "sales-60", "stock-40", "stock-50"]
    pruned(home, keep=1)
    assert left(home) == ["sales-40", "sales-40.2", "stock-40"]


def test_what_is_in_use_is_left_and_told(home: Home):
    ran(home, "a", 90)
    ran(home, "a.2", 80, of="a")
    ran(home, "b", 90)
    with home.driving("a"):
        done = pruned(home)
    assert (done.runs, done.left) == (1, ["run a is in use by another process"])
    assert left(home) == ["a", "a.2"]


def test_a_job_or_a_process_that_is_still_running_keeps_its_run(home: Home):
    ran(home, "stream", 90, state=replace(DONE, live=True))
    ran(home, "left", 90)
    claim = home.attempt("left", 0, "load", 1) / "claim"
    with claim.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = pruned(home)
    assert sorted(done.left) == [
        "run left has a command that is still running: end it first",
        "run stream has a job that is still running: cancel it first",
    ]
    assert left(home) == ["left", "stream"]


@pytest.mark.parametrize("at", ["records", "files", "note"])
def test_what_died_in_the_middle_is_finished_by_the_next(home: Home, monkeypatch: pytest.MonkeyPatch, at: str):
    """Before the commit nothing has happened; after it, the note of what is to be removed is in the database."""
    ran(home, "old", 90)

    class Died(BaseException):
        pass

    def die(*_: object) -> None:
        if at == "files":
            (home.attempt("old", 0, "load", 1) / "log").unlink()
        raise Died

    with monkeypatch.context() as patch:
        if at == "records":
            patch.setattr("orchestrator.queues.local.LocalQueue.forget", die)
        elif at == "files":
            patch.setattr(pruning.shutil, "rmtree", die)
        else:
            patch.setattr("orchestrator.stores.sqlite.store.SqliteStore.files_removed", die)
        with pytest.raises(Died):
            pruned(home)
    with records(home) as made:
        assert (made.store.find_run("old") is None) == (at != "records")
        assert dict(made.store.removed()) == ({} if at == "records" else {"key-old": "old"})
    done = pruned(home)
    assert (done.runs, done.left) == (1 if at == "records" else 0, [])
    assert left(home) == []
    assert rows(home)["removed"] == 0


def test_a_run_that_has_taken_the_id_meanwhile_keeps_its_files(home: Home, monkeypatch: pytest.MonkeyPatch):
    ran(home, "r", 90)

    def interrupt(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pruning.shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pruned(home)
    with records(home) as made:
        made.store.open_run(Run("r", "another", "sales", "v1", {}, NOW), PLAN)
    assert pruned(home).left == []
    assert left(home) == ["r"]
    assert (home.attempt("r", 0, "load", 1) / "log").exists()
    assert rows(home)["removed"] == 0


def test_a_folder_that_cannot_be_removed_is_told_and_tried_again(home: Home, monkeypatch: pytest.MonkeyPatch):
    ran(home, "old", 90)
    with monkeypatch.context() as patched:
        patched.setattr(pruning.shutil, "rmtree", refused)
        for runs in (1, 0):
            done = pruned(home)
            assert done.runs == runs
            (why,) = done.left
            assert why.endswith("runs/old cannot be removed: permission denied")
    assert pruned(home).left == []
    assert left(home) == []


def refused(folder: Path) -> None:
    raise PermissionError(errno.EACCES, "Permission denied", str(folder))


def test_of_a_folder_that_is_a_link_the_link_is_deleted_and_the_files_are_named(home: Home):
    ran(home, "old", 90)
    ran(home, "other", 90)
    elsewhere = home.path.parent / "elsewhere"
    home.run("old").rename(elsewhere)
    home.run("old").symlink_to(elsewhere)
    place = Place(home.path.parent)
    assert "2 runs to be deleted" in place.look("prune", "--older-than", "30d", "--dry-run").out
    said = place.look("prune", "--older-than", "30d", "--yes")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("2 runs deleted, ")
    assert f"runs/old was a symbolic link: its files are still in {elsewhere}; delete them there\n" in said.out
    assert (elsewhere / "steps").is_dir()
    assert left(home) == []
    assert pruned(home) == Pruned()


def test_a_run_on_a_disk_that_is_not_there_is_kept_whole(home: Home):
    ran(home, "away", 90)
    ran(home, "old", 90)
    elsewhere = home.path.parent / "elsewhere"
    home.run("away").rename(elsewhere)
    home.run("away").symlink_to(home.path.parent / "disk")
    done = pruned(home)
    assert done.runs == 1
    (why,) = done.left
    assert why.startswith("run away: ")
    assert why.endswith("/disk, which is not there: mount it, or delete the link")
    assert left(home) == ["away"]
    elsewhere.rename(home.path.parent / "disk")
    assert (pruned(home).left, left(home)) == ([], [])


def test_a_link_that_was_left_of_a_deleted_run_is_deleted(home: Home, monkeypatch: pytest.MonkeyPatch):
    """As by a version that could not delete it, after which somebody has deleted the files that it led to."""
    ran(home, "old", 90)
    with monkeypatch.context() as patched:
        patched.setattr(pruning.shutil, "rmtree", refused)
        pruned(home)
    shutil.rmtree(home.run("old"))
    home.run("old").symlink_to(home.path.parent / "deleted")
    assert pruned(home).left == []
    assert (left(home), rows(home)["removed"]) == ([], 0)


def test_two_at_once_delete_each_run_once(home: Home):
    for number in range(12):
        ran(home, f"r{number}", 90)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: pruned(home), range(2)))
    assert sum(one.runs for one in done) == 12
    assert left(home) == []


def test_what_another_process_deletes_in_between_leaves_nothing_behind(home: Home, monkeypatch: pytest.MonkeyPatch):
    """Whoever then takes the run makes its folder again, with a lock in it (found by two processes at once)."""
    ran(home, "r", 90)
    asked = pruning.busy

    def busy(*which: Any) -> str:
        monkeypatch.undo()
        assert pruned(home).runs == 1
        return asked(*which)

    monkeypatch.setattr(pruning, "busy", busy)
    done = pruned(home)
    assert (done.runs, done.left, left(home)) == (0, [], [])
    assert list((home.path / "locks").iterdir()) == []


def test_a_rerun_that_begins_meanwhile_keeps_its_family(home: Home):
    ran(home, "a", 90)
    with records(home) as made:
        old = old_families(made.store, NOW - 30 * DAY, None, 0)
        ran(home, "a.2", 0, of="a")
        done = prune(home, made, old)
    assert (done.runs, done.left) == (0, ["run a has been rerun meanwhile"])
    assert left(home) == ["a", "a.2"]


def test_where_a_record_cannot_be_read_nothing_is_deleted(home: Home):
    """It may be a rerun of any run, and need its files."""
    ran(home, "old", 90)
    with records(home) as made:
        old = old_families(made.store, NOW - 30 * DAY, None, 0)
        with made.database.transaction as connection:
            connection.execute("INSERT INTO runs VALUES ('broken', 1.0, '{')")
        assert prune(home, made, old).runs == 0
    with pytest.raises(UsageError, match=r"runs/broken cannot be read: .*; it may be a rerun of any run"):
        pruned(home)
    with records(home) as made:
        assert made.store.find_run("old") is not None


def test_who_waits_for_a_lock_that_is_deleted_meanwhile_takes_the_new_one(home: Home, monkeypatch: pytest.MonkeyPatch):
    """Otherwise two processes would drive one run: one with the old file, one with the new."""
    home.make()
    opened = os.open
    path = home.path / "locks" / "r"

    def late(name: str, *more: int) -> int:
        descriptor = opened(name, *more)
        if name == str(path):
            monkeypatch.undo()
            path.unlink()  # its last owner has just deleted it
        return descriptor

    monkeypatch.setattr(os, "open", late)
    with home.driving("r"):
        assert home.driven("r")
        with pytest.raises(InUseError), home.driving("r"):
            pass


def test_a_dry_run_counts_the_files_of_the_runs_inside(home: Home):
    outer = ran(home, "old", 90)
    ran(home, "kept", 1)
    for run_id, root in (("a--key-old-0-1", "old"), ("a--key-kept-0-1", "kept")):
        inner = Run(run_id, f"key-{run_id}", "sales", "v1", {}, outer.started_at, parent=f"key-{root}-0-1", root=root)
        with records(home) as made:
            made.store.open_run(inner, PLAN)
            made.store.end_run(inner.key, RunStatus.SUCCEEDED, outer.started_at)
        home.data(run_id).mkdir(parents=True)
        (home.data(run_id) / "rows").write_text("x" * 500_000)
    said = Place(home.path.parent).look("prune", "--older-than", "30d", "--keep", "1", "--dry-run").out
    taken = sum(folder_size(home.run(run_id)) for run_id in ("old", "a--key-old-0-1"))
    assert f"1 run to be deleted, with {size(taken)} of files" in said
    assert taken > 500_000


def test_the_command_lists_asks_and_deletes(home: Home):
    place = Place(home.path.parent)
    ran(home, "old", 90)
    ran(home, "old.2", 80, of="old")
    said = place.look("prune", "--older-than", "30d", "--dry-run")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[1].startswith("old.2  sales  succeeded ")
    assert lines[1].endswith("after old (succeeded)")
    assert lines[2].startswith("2 runs to be deleted, with ")
    said = place.look("prune", "--older-than", "30d")
    assert (said.code, said.err) == (
        2,
        "error: this is not a terminal, so add --yes to confirm; --dry-run only lists the runs\n",
    )
    said = place.look("prune", "--older-than", "9999999d")
    assert (
        said.err == "error: --older-than: expected a duration such as 30d, 12h or 90m, at most 3650d, got '9999999d'\n"
    )
    with home.driving("old"):
        said = place.look("prune", "--older-than", "30d", "--yes")
    assert (said.code, said.out, said.err) == (
        1,
        "0 runs deleted, 0 bytes freed\n",
        "left: run old is in use by another process\n",
    )
    said = place.look("prune", "--older-than", "30d", "--yes")
    assert said.code == 0
    assert said.out.startswith("2 runs deleted, ")
    assert place.look("prune", "--older-than", "30d", "--yes").out == "no run is that old: nothing was deleted\n"
    assert json.loads(place.look("runs", "--json").out) == []
    assert place.look("prune", "--older-than", "3 weeks").err.startswith("error: --older-than: expected a duration")
