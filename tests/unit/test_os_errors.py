"""What a user is told of an error of the system: the path, the reason and the fix."""

import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from orchestrator.system import files
from orchestrator.system.os_errors import is_path_wrong, reason, told


def an(number: int, path: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize(
    ("error", "says", "wrong"),
    [
        (an(errno.ENOSPC, "x.png"), "x.png: the disk is full: free some space, and try again", False),
        (an(errno.EACCES, "x.png"), "x.png: permission denied: change its permissions, or give another path", True),
        (an(errno.EROFS, "x.png"), "x.png: its file system is read-only: give another path", True),
        (an(errno.ENOTDIR, "a/b"), "a/b: a part of the path is a file: correct the path", True),
        (an(errno.ENOENT, "a"), "a: there is no such file or folder: check the path", False),
        (an(errno.ENOSPC), "the disk is full: free some space, and try again", False),
        (an(errno.EBADF, "a"), "a: Bad file descriptor", False),
        (an(errno.EACCES), "permission denied: change its permissions, or give another path", False),
        (OSError("timed out"), "timed out", False),
        (OSError(errno.ENOENT, "expected a file, got a pipe", "log"), "log: expected a file, got a pipe", False),
    ],
)
def test_an_error_of_the_system_is_one_sentence_with_the_path_and_the_fix(
    error: OSError, says: str, wrong: bool
) -> None:
    assert (told(error), is_path_wrong(error)) == (says, wrong)


def test_another_name_for_the_path_may_be_given_and_the_fix_left_out() -> None:
    error = an(errno.ENOSPC, "/tmp/.x.123")
    assert told(error, "x") == "x: the disk is full: free some space, and try again"
    assert reason(error) == "the disk is full"


def test_a_path_is_shown_up_to_a_bound() -> None:
    assert told(an(errno.ENAMETOOLONG, "x" * 200)) == f"{'x' * 200}: the path is too long: give a shorter one"
    assert told(an(errno.ENAMETOOLONG, "x" * 201)) == f"{'x' * 200}…: the path is too long: give a shorter one"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has it")
@pytest.mark.parametrize("write", [files.write, partial(files.write_whole, private=False)])
def test_a_write_that_fails_names_the_file(write: Callable[[Path, str], object]) -> None:
    """The system tells it of a descriptor, which has no name."""
    with pytest.raises(OSError, match="No space left") as caught:
        write(Path("/dev/full"), "text")
    assert told(caught.value) == "/dev/full: the disk is full: free some space, and try again"


def test_what_is_at_a_path_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    found = {name: files.sort_of(tmp_path / name) for name in ("file", "pipe", "link", "none", "file/x", "")}
    assert found == {"file": "a file", "pipe": "a pipe", "link": "a pipe", "none": "", "file/x": "", "": "a folder"}
    assert files.sort_of("/dev/null") == "a device"
    assert files.sort_of("a\0b") == ""
