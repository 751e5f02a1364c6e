"""The reason that a log gives for a failure: the last thing in it that a person can read."""

from pathlib import Path

import pytest

from orchestrator.jobs.outputs import last_line

LOGS = {
    "nothing": (b"", ""),
    "blank": (b" \n\n\t\n", ""),
    "plain": (b"first\nlast\n\n", "last"),
    "windows": (b"first\r\nlast\r\n", "last"),
    "progress": (b"start\n 10%|#\r 50%|##\rValueError: no such day", "ValueError: no such day"),
    "cleared": (b"ValueError: no such day\n 50%|##\r\x1b[K", "ValueError: no such day"),
    "coloured": (b"\x1b[31;1mno such day\x1b[0m\n\x1b[0m\n", "no such day"),
    "titled": (b"no such day\n\x1b]0;title\x07", "no such day"),
    "other letters": ("größer\n".encode(), "größer"),
    "latin": ("no gr\xfc\xdfe today\n".encode("latin-1"), "no gr\ufffd\ufffde today"),
    "binary": (b"start\n" + bytes(range(128, 256)) * 4, "its last output is not text"),
    "long": (b"x" * 1000 + b"\n", "x" * 300 + "…"),
    "longer than is read": (b"x" * 1_000_000 + b"no such day", "…" + "x" * 289 + "no such day"),
    "long progress": (b"".join(b"\r%6d of 99999" % n for n in range(50_000)), "49999 of 99999"),
}


@pytest.mark.parametrize("name", LOGS)
def test_the_last_thing_that_can_be_read_is_the_reason(tmp_path: Path, name: str) -> None:
    text, said = LOGS[name]
    (tmp_path / "log").write_bytes(text)
    assert last_line(tmp_path / "log") == said


def test_no_log_gives_no_reason(tmp_path: Path) -> None:
    assert last_line(tmp_path / "log") == ""
