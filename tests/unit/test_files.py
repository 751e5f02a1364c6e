"""Files that are written whole or not at all."""

import resource
import stat
from pathlib import Path

import pytest

from orchestrator.system.files import write_whole


def test_a_file_that_does_not_fit_leaves_what_was_there(tmp_path: Path):
    path = tmp_path / "graphs.lock"
    path.write_text("before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))  # as if the disk were full
    try:
        with pytest.raises(OSError, match="File too large") as error:
            write_whole(path, "x" * 100_000, private=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.value.filename == str(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_private_keeps_its_mode_and_its_link(tmp_path: Path):
    path, link = tmp_path / "run.png", tmp_path / "newest.png"
    path.write_bytes(b"before")
    path.chmod(0o640)
    link.symlink_to(path)
    write_whole(link, b"after", private=False)
    assert (link.is_symlink(), path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (True, b"after", 0o640)
    write_whole(path, "mine")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_device_is_written_to_and_not_replaced():
    assert write_whole(Path("/dev/null"), "nothing", private=False) == Path("/dev/null")
    assert Path("/dev/null").is_char_device()
