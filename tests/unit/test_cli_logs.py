"""A log on its way to standard output: as it is, and on a terminal so that nothing in it acts."""

import io
import sys

import pytest

from orchestrator.cli.commands.logs import show

PIECES = [b"\x1b[31mred\x1b", b"[0m\x1b]0;a title", b"\x07 gr\xc3", b"\xbc\xc3\x9fe\n10 %\r50 %\r", b"\xff\x00\x9b2J\n"]


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("made", "encoding", "seen"),
    [
        (io.TextIOWrapper, "utf-8", b"".join(PIECES)),
        (_Terminal, "utf-8", "red\\x1b]0;a title\\x07 grüße\n10 %\r50 %\r\ufffd\\x00\ufffd2J\n".encode()),
        (_Terminal, "ascii", b"red\\x1b]0;a title\\x07 gr??e\n10 %\r50 %\r?\\x00?2J\n"),
    ],
)
def test_a_log_is_shown_as_it_is_unless_a_terminal_would_obey_it(
    made: type[io.TextIOWrapper], encoding: str, seen: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", made(written, encoding))
    show(PIECES)
    assert written.getvalue() == seen
