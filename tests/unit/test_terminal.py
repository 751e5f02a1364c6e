"""Text that somebody else wrote, as a person reads it."""

import ast
import json
from pathlib import Path

import pytest

from orchestrator.system.terminal import Cleaner, json_shown, one_line, readable, shown

#: What colours and moves: it is left out.
QUIET = {
    "colour": "\x1b[31m",
    "many colours": "\x1b[1;38;2;255;0;10m",
    "cursor": "\x1b[2K\x1b[1A",
    "mode": "\x1b[?25l",
    "8 bit": "\x9b31m",
}

#: Whatever else acts, and as what it is shown.
ACTS = {
    "title": ("\x1b]0;a title\x07", r"\x1b]0;a title\x07"),
    "link": ("\x1b]8;;https://example.com\x1b\\", r"\x1b]8;;https://example.com\x1b\\"[:-1]),
    "8 bit title": ("\x9d0;t\x9c", r"\x9d0;t\x9c"),
    "device": ("\x1bP1$r0m\x1b\\", r"\x1bP1$r0m\x1b\\"[:-1]),
    "letters": ("\x1b(B", r"\x1b(B"),
    "save": ("\x1b7", r"\x1b7"),
    "reset": ("\x1bc", r"\x1bc"),
    "clipboard": ("\x1b]52;c;AAAA\x07", r"\x1b]52;c;AAAA\x07"),
    "a colour in a code": ("\x1b\x1b[31m[31m", r"\x1b[31m"),
    "unfinished": ("\x1b[31é", r"\x1b[31é"),
    "bell": ("\x07", r"\x07"),
    "null": ("\x00", r"\x00"),
    "delete": ("\x7f", r"\x7f"),
    "next line": ("\x85", r"\x85"),
    "shift": ("\x0e", r"\x0e"),
    "from the right": ("\u202egpj.exe", r"\u202egpj.exe"),
    "isolate": ("\u2066x\u2069", r"\u2066x\u2069"),
    "mark": ("\u200f", r"\u200f"),
    "Arabic mark": ("\u061c", r"\u061c"),
    "end of line": ("\u2028", r"\u2028"),
    "no width": ("\u200b", r"\u200b"),
    "a tag": ("\U000e0041", r"\U000e0041"),
    "half a letter": ("\udc80", r"\udc80"),
}

#: Only in a log may a line be written over.
OVER = {"back": ("\b", r"\x08"), "return": ("\r", r"\r")}

LEFT = ["é", "日本語", "שלום", "👩\u200d👩\u200d👧", "a\tb\nc", "\xa0", r"\x1b"]


@pytest.mark.parametrize("code", QUIET.values(), ids=QUIET)
def test_what_colours_and_moves_is_left_out(code: str) -> None:
    assert shown(f"before {code}after\n\tünd {code}") == "before after\n\tünd "


@pytest.mark.parametrize(("code", "seen"), [*ACTS.values(), *OVER.values()], ids=[*ACTS, *OVER])
def test_what_acts_is_shown_escaped(code: str, seen: str) -> None:
    assert shown(f"before\r\n{code}.\nafter") == f"before\n{seen}.\nafter"
    assert one_line(f" before\r\n{code}.\n  after ") == f"before {seen}. after"


@pytest.mark.parametrize("text", LEFT)
def test_text_of_any_language_stays_as_it_is(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize("code", [code for code, _ in [*ACTS.values(), *OVER.values()]], ids=[*ACTS, *OVER])
def test_json_means_the_same_with_what_acts_escaped(code: str) -> None:
    said = json_shown({"é": [code, "é"]})
    assert json.loads(said) == {"é": [code, "é"]}
    assert shown(said) == said
    assert '"é"' in said


@pytest.mark.parametrize("code", QUIET.values(), ids=QUIET)
def test_a_colour_that_is_cut_in_two_leaves_no_trace(code: str) -> None:
    for cut in range(len(code)):
        clean = Cleaner()
        assert clean(f"before {code[:cut]}") + clean(f"{code[cut:]}after\n") == "before after\n"


@pytest.mark.parametrize(("code", "seen"), ACTS.values(), ids=ACTS)
def test_a_code_in_a_log_that_is_cut_in_two_is_shown(code: str, seen: str) -> None:
    for cut in range(len(code) + 1):
        clean = Cleaner()
        assert clean(f"\r{code[:cut]}") + clean(code[cut:]) + clean("", last=True) == f"\r{seen}"


def test_a_log_may_write_over_its_own_line() -> None:
    assert Cleaner()("10 %\r20 %|\b/") == "10 %\r20 %|\b/"


#: Who prints: nobody else does, so all that is printed has been made fit to be read.
PRINT = {
    "orchestrator/cli/output.py": {"echo"},
    "orchestrator/cli/failure.py": {"print"},
    "orchestrator/cli/views/console.py": {"print", "Text"},
    "orchestrator/cli/views/live.py": {"Text"},  # signs, bars and counts
    "orchestrator/cli/app.py": {"echo"},  # the help and the version
    "orchestrator/cli/commands/lock.py": {"echo"},  # the lock, which is ASCII
    "orchestrator/cli/__init__.py": {"print"},  # before anything can be imported
    "orchestrator/cli/log_text.py": {"write"},  # bytes; to a terminal cleaned
    "orchestrator/cli/views/backfill.py": {"Text", "write"},  # ids and counts; messages by shown
    "orchestrator/cli/views/lines.py": {"write"},
}


def test_all_that_the_command_line_prints_goes_by_one_of_these_ways() -> None:
    root = Path(__file__).resolve().parents[2]
    found: dict[str, set[str]] = {}
    for path in sorted((root / "orchestrator" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="print" | "Text" as name)):
                    found.setdefault(str(path.relative_to(root)), set()).add(name)
                case ast.Call(func=ast.Attribute(value=ast.Name(id="click"), attr="echo" | "secho" as name)):
                    found.setdefault(str(path.relative_to(root)), set()).add(name)
                case ast.Call(func=ast.Attribute(attr="write" as name)):
                    found.setdefault(str(path.relative_to(root)), set()).add(name)
    assert found == PRINT


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
        assert readable(text) == ""
        assert shown(shown(text)) == shown(text)
        assert "\x1b" not in Cleaner()(text)
