"""Where the embedded world keeps its things, and who may drive a run."""

import errno
import fcntl
import os
import shutil
from pathlib import Path

import pytest

from orchestrator.definition.catalog import find_graph, nearest
from orchestrator.errors import NotFoundError, UsageError
from orchestrator.home import Home, check_run_id, default_home
from orchestrator.operations.choose_store import choose_home, home_flag


def test_the_default_home_is_at_the_root_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    graph = tmp_path / "graphs" / "sales.yaml"
    graph.parent.mkdir()
    graph.touch()
    assert default_home(graph) == Home(tmp_path / ".orchestrator")


def test_outside_of_a_repository_it_is_where_we_are_or_else_beside_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = tmp_path / "graphs" / "sales.yaml"
    graph.parent.mkdir()
    graph.touch()
    monkeypatch.chdir(tmp_path)
    assert default_home(graph) == Home(tmp_path / ".orchestrator")
    monkeypatch.chdir("/")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert default_home(graph) == Home(tmp_path / "graphs" / ".orchestrator")


def test_a_home_that_exists_is_taken_whereever_in_it_we_are(tmp_path: Path) -> None:
    (tmp_path / ".orchestrator").mkdir()
    (tmp_path / "deep" / "down").mkdir(parents=True)
    assert default_home(tmp_path / "deep" / "down") == Home(tmp_path / ".orchestrator")


def test_where_nothing_can_be_made_it_is_said_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "locks").touch()
    (tmp_path / "home").touch()
    with pytest.raises(UsageError, match=r"/home: this folder, .*, cannot be made .*: give another place with --home$"):
        Home(tmp_path / "home").make()
    with pytest.raises(UsageError, match=r"/locks: this folder, .*: give another"), Home(tmp_path).driving("r"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("given_away", [".orchestrator", ".orchestrator/orchestrator.db"])
def test_a_home_of_another_user_is_not_taken_unless_it_is_named(
    given_away: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_home(tmp_path)
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "sales.yaml").touch()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.delenv("ORCHESTRATOR_HOME", raising=False)
    assert find_graph("sales").resolve() == tmp_path / "graphs" / "sales.yaml"
    os.chown(tmp_path / given_away, 61234, 61234)
    with pytest.raises(UsageError, match=rf"{given_away} belongs to another user \(uid 61234\).* give --home {home}$"):
        default_home(tmp_path / "work")
    with pytest.raises(NotFoundError):
        find_graph("sales")  # nor are the graphs that lie beside it
    assert choose_home(home, Path()) == Home(home)
    assert home_flag(Home(home)) == f" --home {home}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link away")
def test_a_link_of_another_user_to_a_home_of_ours_is_not_taken(tmp_path: Path) -> None:
    home = make_home(tmp_path / "mine")
    (tmp_path / ".orchestrator").symlink_to(home)
    assert default_home(tmp_path).path.resolve() == home
    os.chown(tmp_path / ".orchestrator", 61234, 61234, follow_symlinks=False)
    with pytest.raises(UsageError, match=r"belongs to another user \(uid 61234\)"):
        default_home(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="the folder is root's")
def test_a_home_of_root_is_taken_by_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = make_home(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 61234)
    assert default_home(tmp_path) == Home(home)


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_home_that_others_can_write_is_not_taken_unless_it_is_named(mode: int, tmp_path: Path) -> None:
    home = make_home(tmp_path)
    home.chmod(0o755)
    assert default_home(tmp_path) == Home(home)
    home.chmod(mode)
    with pytest.raises(UsageError, match=r"can be written by other users \(chmod go-w prevents that\)"):
        default_home(tmp_path)


def make_home(folder: Path) -> Path:
    home = folder / ".orchestrator"
    Home(home).make()
    Home(home).database.touch()
    return home


def test_graphs_are_found_from_a_subfolder_as_the_home_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "repository" / "graphs" / "sales" / "sql"
    deep.mkdir(parents=True)
    graph = tmp_path / "repository" / "graphs" / "sales" / "graph.yaml"
    graph.touch()
    monkeypatch.chdir(deep)
    with pytest.raises(NotFoundError, match=r"^sales: no file and no graph in graphs/ has this name$"):
        find_graph("sales")  # for nothing says that all this belongs together
    (tmp_path / "repository" / ".git").mkdir()
    assert find_graph("sales").resolve() == graph
    assert str(find_graph("sales")) == "../../../graphs/sales/graph.yaml"
    assert find_graph("sales", deep) == graph
    (deep / "graphs").mkdir()
    (deep / "graphs" / "sales.json").touch()
    assert find_graph("sales") == Path("graphs/sales.json")


def test_graphs_of_another_repository_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "sales.json").touch()
    (tmp_path / "inner" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "inner")
    assert nearest() == Path()
    with pytest.raises(NotFoundError):
        find_graph("sales")


def test_git_leaves_a_home_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make()
    home.make()
    assert (home.path / ".gitignore").read_text() == "*\n"


def test_a_full_disk_leaves_no_empty_gitignore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            home.make()
    assert not (home.path / ".gitignore").exists()
    home.make()
    assert (home.path / ".gitignore").read_text() == "*\n"


def test_one_process_at_a_time_drives_a_run(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert not home.driven("r1")
    with home.driving("r1"):
        assert home.driven("r1")
        assert not home.driven("r2")
        with pytest.raises(UsageError, match="run 'r1' is being driven by another process"), home.driving("r1"):
            raise AssertionError("driven twice")
    assert not home.driven("r1")
    with home.driving("r1"):
        assert home.driven("r1")


@pytest.mark.parametrize("run_id", ["", ".", "..", "a/b", "-x", "a b", "a\n", "x" * 101])
def test_a_run_id_that_cannot_be_a_folder_is_refused(run_id: str) -> None:
    with pytest.raises(UsageError, match="run id: expected"):
        check_run_id(run_id)


def test_a_run_is_held_though_somebody_removes_its_folder(tmp_path: Path):
    home = Home(tmp_path / "home")
    with home.driving("r1"):
        shutil.rmtree(home.run("r1"))
        assert home.driven("r1")
        with pytest.raises(UsageError, match="run 'r1' is being driven by another process"), home.driving("r1"):
            raise AssertionError("driven twice")
    assert not home.driven("r1")


@pytest.mark.parametrize("version", ["older", "newer"])
def test_two_versions_do_not_drive_one_run(tmp_path: Path, version: str):
    """An older one has its lock in the run's folder."""
    home = Home(tmp_path / "home")
    home.run("r1").mkdir(parents=True)
    with (home.run("r1") / "lock").open("w") as lock:
        if version == "older":
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(UsageError, match="run 'r1' is being driven by another process"), home.driving("r1"):
                raise AssertionError("driven twice")
        else:
            with home.driving("r1"), pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_a_step_forks_off_holds_no_run(tmp_path: Path):
    """A python step that left a child behind kept its run from being resumed."""
    home, (until, ended), (begun, begins) = Home(tmp_path), os.pipe(), os.pipe()
    with home.driving("r1"):
        child = os.fork()
        if not child:
            os.close(ended)
            os.write(begins, b"x")
            os.read(until, 1)
            os._exit(0)
        os.read(begun, 1)
    assert not home.driven("r1")
    for descriptor in (until, ended, begun, begins):
        os.close(descriptor)
    os.waitpid(child, 0)
