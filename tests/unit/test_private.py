"""What is ours is the owner's alone, whatever the umask."""

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.home import Home
from orchestrator.home.database import Database
from orchestrator.system import files


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    found = (folder, *folder.rglob("*"))
    return {str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode) for path in found}


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
def test_a_new_file_and_all_new_folders_above_it_are_the_owners_alone(tmp_path: Path, mask: int):
    top = tmp_path / "a"
    with umask(mask):
        files.make_folder(top / "b" / "c")
        files.write(top / "b" / "c" / "text", "é")
        with open(top / "b" / "log", "ab", opener=files.opener) as log:
            log.write(b"line\n")
    assert modes(top) == {".": 0o700, "b": 0o700, "b/c": 0o700, "b/c/text": 0o600, "b/log": 0o600}
    assert (top / "b" / "c" / "text").read_text(encoding="utf-8") == "é"


def test_many_threads_make_one_folder(tmp_path: Path):
    ready = threading.Barrier(8)

    def make(number: int) -> Path:
        folder = tmp_path / f"{number}" / "b" / "c"
        ready.wait()
        files.make_folder(folder)
        return folder

    with ThreadPoolExecutor(8) as pool:
        for number in range(50):
            assert set(pool.map(make, [number] * 8)) == {tmp_path / f"{number}" / "b" / "c"}


@pytest.mark.parametrize("path", ["/proc/nothing", "/proc/nothing/below"])
def test_a_folder_that_cannot_be_made_where_one_is_above_it_is_an_error(path: str):
    """Linux answers below /proc that there is no such folder, and it was tried again for ever."""
    with pytest.raises(FileNotFoundError):
        files.make_folder(Path(path))


def test_a_folder_that_is_there_stays_as_it_is_and_a_file_in_its_place_is_an_error(tmp_path: Path):
    tmp_path.chmod(0o755)
    files.make_folder(tmp_path)
    assert modes(tmp_path) == {".": 0o755}
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        files.make_folder(tmp_path / "file")


def test_a_file_of_before_is_closed_to_others_when_it_is_opened_and_a_device_is_not(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("before\n")
    log.chmod(0o666)
    with open(log, "a", opener=files.opener) as file:
        file.write("after\n")
    assert (modes(tmp_path)["log"], log.read_text()) == (0o600, "before\nafter\n")
    before = os.stat(os.devnull).st_mode
    files.make_file(Path(os.devnull))
    assert os.stat(os.devnull).st_mode == before


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_a_database_and_its_two_other_files_are_the_owners_alone(tmp_path: Path, mask: int):
    with umask(mask):
        database = Database(tmp_path / "orchestrator.db")
        with database.transaction as connection:
            connection.execute("CREATE TABLE t (a)")
    found = modes(tmp_path)
    database.close()
    assert found == {".": found["."]} | {f"orchestrator.db{suffix}": 0o600 for suffix in ("", "-shm", "-wal")}


KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("CREATE TABLE t (a)")
os._exit(0)
"""


def old_home(path: Path) -> Home:
    """A home as an older version left it, with a log of SQLite's that a killed process left."""
    home = Home(path)
    for folder in (home.attempt("r", 7, "report", 1), home.attempt("data", 0, "data", 1), home.data("r") / "sub"):
        folder.mkdir(parents=True)
    for file in (
        home.attempt("r", 7, "report", 1) / "log",
        home.attempt("data", 0, "data", 1) / "claim",
        home.params("r"),
        home.picture("r"),
        home.data("r") / "sub" / "program",
        home.run("r") / "lock",
        path / "locks" / "r",
        path / ".gitignore",
    ):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    (home.data("r") / "sub" / "program").chmod(0o755)
    subprocess.run([sys.executable, "-c", KILLED, str(home.database)], check=True)
    return home


def test_a_home_of_an_older_version_is_closed_to_others_but_for_what_its_steps_wrote(tmp_path: Path):
    with umask(0o000):
        home = old_home(tmp_path / "home")
    assert {mode & 0o077 for mode in modes(home.path).values()} > {0o077}
    home.make()
    left = {path: mode for path, mode in modes(home.path).items() if mode & 0o077}
    assert left == {"runs/r/data/sub": 0o777, "runs/r/data/sub/program": 0o755}
    assert modes(home.path)["runs/r/data"] == 0o700
    for name in ("runs", "runs/r/steps/007-report/1/log"):  # what was closed once is not looked at again
        (home.path / name).chmod({"runs": 0o700}.get(name, 0o644))
    home.make()
    assert modes(home.path)["runs/r/steps/007-report/1/log"] == 0o644


def test_a_link_is_not_followed_and_a_folder_of_somebody_s_own_stays_open(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    (outside / "file").chmod(0o644)
    home = Home(tmp_path / "project")
    home.run("r").mkdir(parents=True)
    (home.run("r") / "link").symlink_to(outside)
    (home.path / "sales.yaml").touch()
    for path in (home.path, home.path / "runs", outside):
        path.chmod(0o755)
    home.make()
    assert modes(outside) == {".": 0o755, "file": 0o644}
    found = modes(home.path)
    assert (found["."], found["runs"], found["runs/r"]) == (0o755, 0o700, found["runs/r"] & 0o700)
