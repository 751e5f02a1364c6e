"""Text that was written for a terminal, as a person reads it."""

import pytest

from orchestrator.terminal import Cleaner, readable, without_codes

CODES = {
    "colour": "\x1b[31m",
    "many colours": "\x1b[1;38;2;255;0;10m",
    "cursor": "\x1b[2K\x1b[1A",
    "mode": "\x1b[?25l",
    "title": "\x1b]0;a title\x07",
    "link": "\x1b]8;;https://example.com\x1b\\",
    "8 bit": "\x9b31m",
    "8 bit title": "\x9d0;t\x9c",
    "device": "\x1bP1$r0m\x1b\\",
    "letters": "\x1b(B",
    "save": "\x1b7",
    "reset": "\x1bc",
    "clipboard": "\x1b]52;c;AAAA\x07",
    "private": "\x1b_x\x1b\\",
    "bell": "\x07",
    "null": "\x00",
    "delete": "\x7f",
    "next line": "\x85",
    "shift": "\x0e",
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_no_escape_code_is_left_and_the_text_around_it_is(code: str) -> None:
    assert without_codes(f"before {code}after\n\tünd {code}") == "before after\n\tünd "


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_a_code_that_is_cut_in_two_leaves_no_trace(code: str) -> None:
    for cut in range(len(code)):
        clean = Cleaner()
        assert clean(f"before {code[:cut]}") + clean(f"{code[cut:]}after\n") == "before after\n"


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("plain", "plain"),
        ("10 %\r50 %\r100 %", "100 %"),
        ("10 %\r50 %\rno such day\r", "no such day"),
        ("10 %\rno such day\r\r", "no such day"),
        ("100 %\r\x1b[K", ""),
        ("100 %\r\x1b[2Kdone", "done"),
        ("100 %\r     \r", ""),
        ("a long line that stays\r \r", "a long line that stays"),
        ("no such day\r\n", "no such day"),
        ("|\b/\b-\bdone", "done"),
        ("\b\bdone", "done"),
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("\x1b]0;a title without an end", ""),
        ("\x1b[31m\x1b[0m \t", ""),
        ("\u200b\ufeff", ""),
        ("\r\r", ""),
    ],
)
def test_what_was_written_over_is_not_read(line: str, read: str) -> None:
    assert readable(line) == read


def test_long_lines_of_nothing_but_codes_and_backspaces_are_read() -> None:
    for text in ("a" * 50_000 + "\b" * 50_000, "\x1b[" * 50_000, "\x1b]" * 50_000, "\x1b" * 100_000):
        assert (Cleaner()(text).strip("a\b"), readable(text)) == ("", "")
